// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the lowering rules share: the module under construction and the cursor in one body.
//
// A rule reads operands as values of the instruction's type, builds LLVM instructions and writes the result; read() and
// write() hold PTX's operand size rules (manual 9.4.1), so that no rule deals with register types. A rule that cannot
// be exact calls refuse() and may leave the IR in any valid state: a module with refusals is thrown away.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/ptx/ast.h"
#include "compiler/ptx/lower/lower.h"

namespace cutrans::ptx::lowering {

using llvm::Value;
using IrIntrinsic = ir::Intrinsic;

// The module, its variables and functions, and the refusals so far.
struct ModuleState {
  ModuleState(const Program &program, llvm::Module &module);

  const Program &program;
  llvm::Module &module;
  llvm::LLVMContext &context;
  std::vector<Refusal> refusals;

  llvm::Function *function(const Function &function);        // declared on first use
  llvm::GlobalVariable *variable(const Variable &variable);  // module scope or .shared in a body
  void refuse(Diag code, const Location &location, std::string_view text, std::string_view reason);

 private:
  llvm::GlobalVariable *dynamicShared(uint64_t align);

  llvm::DenseMap<const Function *, llvm::Function *> functions;
  llvm::DenseMap<const Variable *, llvm::GlobalVariable *> variables;
  llvm::GlobalVariable *dynamic = nullptr;
};

// The type in which values of a PTX type are computed: i1, iN, half, bfloat, float, double. Packed types are integers
// of their size; their elements are taken apart by eachElement().
llvm::Type *valueType(Type type, llvm::LLVMContext &context);
bool isFloat(Type type);  // f16, bf16, f32, f64: has arithmetic of its own
bool isSigned(Type type);
bool isPacked(Type type);
Type elementType(Type packed);  // F16 for F16X2
Type integerType(unsigned bits, bool is_signed);

class BodyLowering {
 public:
  BodyLowering(ModuleState &state, const Function &function);
  void run();

  ModuleState &state;
  const Function &source;
  const Body &body;
  llvm::Function &function;
  llvm::LLVMContext &context;
  llvm::IRBuilder<llvm::ConstantFolder, llvm::IRBuilderCallbackInserter> b;

  void refuse(Diag code, std::string_view reason);
  void refuseForm(std::string_view reason = "this form of the instruction");  // Diag::ptx_form

  // ---- operands ----
  llvm::Type *type(Type t) { return valueType(t, context); }
  llvm::IntegerType *intType(unsigned bits) { return llvm::IntegerType::get(context, bits); }
  Value *read(const Operand &operand, Type t);
  Value *readBits(const Operand &operand, unsigned bits);  // raw, zero-extended or cut to `bits`
  Value *readPredicate(const Operand &operand);
  void write(const Operand &operand, Value *value, Type t);  // extended to a wider register by the sign of `t`
  void writeInteger(const Operand &operand, Value *value, bool is_signed = false);
  void writePredicate(const Operand &operand, Value *value);
  const Operand &operand(size_t index) const;

  // [address] as a pointer. `space` is the instruction's; None means generic, or the space of the symbol named.
  Value *address(const Operand &operand, Space space);
  // The number that `mov` gives for a symbol: its address in its own space, in `bits` bits.
  Value *symbolAddress(const Operand &operand, unsigned bits);
  Value *localPointer(const SymbolRef &symbol);  // .param and .local storage of the body
  unsigned addressSpace(Space space) const;
  static Space spaceOf(const Variable &variable) { return variable.space; }

  // ---- values ----
  llvm::ConstantInt *constant(unsigned bits, uint64_t value) {
    return llvm::ConstantInt::get(context, llvm::APInt(64, value).zextOrTrunc(bits));
  }
  Value *bitcastTo(Value *value, llvm::Type *to) { return value->getType() == to ? value : b.CreateBitCast(value, to); }
  Value *toBits(Value *value);
  Value *fromBits(Value *bits, Type t) { return bitcastTo(bits, type(t)); }
  Value *call(IrIntrinsic id, llvm::ArrayRef<Value *> arguments = {}) { return ir::call(b, id, arguments); }
  Value *select(Value *condition, Value *yes, Value *no) {
    if (auto *known = llvm::dyn_cast<llvm::ConstantInt>(condition)) return known->isOne() ? yes : no;
    return b.CreateSelect(condition, yes, no);
  }
  // Applies `f` to each element of packed values (as values of the element type) and packs the results again.
  Value *eachElement(Type packed, llvm::ArrayRef<Value *> values,
                     llvm::function_ref<Value *(llvm::ArrayRef<Value *>)> f);

  // ---- control flow ----
  llvm::BasicBlock *labelBlock(uint32_t label);
  llvm::BasicBlock *newBlock(const llvm::Twine &name);
  llvm::BasicBlock *following();                                        // the block of the next instruction
  void branchIf(llvm::BasicBlock *taken, llvm::BasicBlock *otherwise);  // by the guard; without one: taken
  void finish();                                                        // stores .reg results and returns

  llvm::AllocaInst *carryFlag();
  void releaseStackAtReturn();  // what this body takes from the stack by alloca
  llvm::AllocaInst *temporary(llvm::Type *type, unsigned space, const llvm::Twine &name);

  const Instruction *current = nullptr;

 private:
  llvm::AllocaInst *registerSlot(uint32_t index);
  void lowerInstruction(uint32_t index);
  void makeBlocks();

  std::vector<llvm::AllocaInst *> slots;                // by register
  std::vector<llvm::AllocaInst *> storage;              // by body variable, null for .shared
  llvm::DenseMap<uint32_t, llvm::BasicBlock *> blocks;  // by instruction index
  llvm::BasicBlock *entry = nullptr;
  llvm::Instruction *afterSlots = nullptr;  // the branch out of the entry block
  llvm::AllocaInst *carry = nullptr, *stackTop = nullptr;
  uint32_t index = 0;
  unsigned lineKind = 0;
};

using Rule = void (*)(BodyLowering &lower, const Instruction &instruction);

inline constexpr size_t OpcodeCount = 1
#define CT_PTX_INSTRUCTION(...) +1
#include "compiler/ptx/instructions.def"
    ;

// Null where an opcode has no rule: it is refused by name.
using RuleTable = std::array<Rule, OpcodeCount>;
const RuleTable &rules();

// Why an instruction without a rule is refused.
struct MissingRule {
  Diag code;
  const char *reason;
};
MissingRule missingRule(Opcode opcode);

// Each file of rules fills its rows.
void addIntegerRules(RuleTable &table);
void addBitRules(RuleTable &table);
void addCarryRules(RuleTable &table);
void addFloatRules(RuleTable &table);
void addCompareRules(RuleTable &table);
void addConvertRules(RuleTable &table);
void addMoveRules(RuleTable &table);
void addMemoryRules(RuleTable &table);
void addAtomicRules(RuleTable &table);
void addControlRules(RuleTable &table);
void addCallRules(RuleTable &table);
void addWarpRules(RuleTable &table);
void addMbarrierRules(RuleTable &table);
void addClusterRules(RuleTable &table);
void addBulkRules(RuleTable &table);
void addTensorRules(RuleTable &table);
void addVideoRules(RuleTable &table);
void addTextureRules(RuleTable &table);
void addSurfaceRules(RuleTable &table);

inline void set(RuleTable &table, Opcode opcode, Rule rule) {
  table[size_t(opcode)] = rule;
}

// ---- shared by several files of rules ----
Value *specialRegister(BodyLowering &lower, const Operand &operand);    // lower_special.cpp
Value *flushed(BodyLowering &lower, Value *value);                      // lower_float.cpp: .ftz of any width
Value *saturated(BodyLowering &lower, Value *value);                    // lower_float.cpp: .sat of any width
Value *rectified(BodyLowering &lower, Value *value);                    // lower_float.cpp: .relu of any width
Value *widened(BodyLowering &lower, Value *value, llvm::Type *to);    // lower_half.cpp: to a wider float, exactly
Value *roundToOddF32(BodyLowering &lower, Value *f64);                  // lower_half.cpp
Value *roundToBf16(BodyLowering &lower, Value *f32, Mod rounding = Mod::Rn);  // .rn .rz .rm .rp
Value *fmaF16(BodyLowering &lower, Value *x, Value *y, Value *z);       // of halves
Value *fmaBf16(BodyLowering &lower, Value *x, Value *y, Value *z);      // of bf16 as floats; a float yet to be rounded
void floatAdd(BodyLowering &lower, const Instruction &instruction);     // lower_float.cpp
void floatSub(BodyLowering &lower, const Instruction &instruction);
void floatMul(BodyLowering &lower, const Instruction &instruction);
void floatFma(BodyLowering &lower, const Instruction &instruction);
void floatDiv(BodyLowering &lower, const Instruction &instruction);
void floatAbs(BodyLowering &lower, const Instruction &instruction);
void floatNeg(BodyLowering &lower, const Instruction &instruction);
void floatMinMax(BodyLowering &lower, const Instruction &instruction);
void carryAdd(BodyLowering &lower, const Instruction &instruction);  // lower_carry.cpp
bool isNarrow(Type type);                                            // lower_narrow.cpp: e4m3, e4m3x2 and their kin
Value *narrowToF32(BodyLowering &lower, Value *code, Type element);  // a code in an i32, ue8m0 and ue4m3 too
void toNarrow(BodyLowering &lower, const Instruction &instruction, Type to, Type from);
void fromNarrow(BodyLowering &lower, const Instruction &instruction, Type from);
void toScales(BodyLowering &lower, const Instruction &instruction, Type from);
void fromScales(BodyLowering &lower, const Instruction &instruction);
void toHalvesAtRandom(BodyLowering &lower, const Instruction &instruction, Type to);
llvm::SyncScope::ID syncScope(BodyLowering &lower, const Instruction &instruction);  // lower_atomic.cpp
Value *atomicUpdate(BodyLowering &lower, const Instruction &instruction, Value *pointer, const Operand &operand);
void storeTo(BodyLowering &lower, const Instruction &instruction, Value *pointer);  // lower_memory.cpp: st of operand 1
void runtimeCall(BodyLowering &lower, const Function &callee, llvm::ArrayRef<Value *> results,
                 llvm::ArrayRef<Value *> arguments);  // lower_runtime.cpp

}  // namespace cutrans::ptx::lowering
