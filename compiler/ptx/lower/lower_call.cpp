// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls (manual 9.7.12.5), by the address of the caller's storage for each result and argument. A call through a pointer is a
// switch over the functions that it may name. And the stack (9.7.18): cutrans.stack.*, which later passes make memory of.

#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

// Storage of the caller for one actual parameter: its own .param variable, or a temporary for a register or constant.
Value *actual(BodyLowering &lo, const Operand &operand, const Variable &formal, bool isResult) {
  if (operand.kind == OperandKind::Symbol && operand.symbol.kind != SymbolKind::Variable &&
      operand.symbol.kind != SymbolKind::Function) {
    if (operand.symbol.kind == SymbolKind::Param && lo.source.entry) {
      lo.refuseForm("a kernel's own parameter as an argument");
      return llvm::PoisonValue::get(llvm::PointerType::get(lo.context, ir::space::Local));
    }
    return lo.localPointer(operand.symbol);
  }
  Type type = formal.type == Type::None ? Type::B64 : formal.type;
  llvm::Type *held = lo.type(type);
  if (held->isIntegerTy(1)) held = lo.intType(8);
  llvm::AllocaInst *slot = lo.temporary(held, ir::space::Local, isResult ? "result" : "argument");
  if (!isResult) {
    Value *value = lo.read(operand, type);
    if (value->getType() != held) value = lo.b.CreateZExt(value, held);
    lo.b.CreateStore(value, slot);
  }
  return slot;
}

// The parts of a call instruction.
struct Site {
  std::span<const Operand> results, arguments;
  std::span<const Variable> result_formals, formals;
  const Function *callee = nullptr;           // direct
  const Operand *pointer = nullptr;           // indirect
  std::vector<const Function *> candidates;   // of an indirect one
};

bool readSite(BodyLowering &lo, const Instruction &in, Site &site) {
  site.results = in.operands[0].elements;
  site.arguments = in.operands[2].elements;
  const Operand &called = in.operands[1];
  if (called.kind == OperandKind::Symbol) {
    site.callee = called.symbol.function;
    site.result_formals = site.callee->results;
    site.formals = site.callee->params;
  } else {
    site.pointer = &called;
    const Operand &list = in.operands[3];
    if (list.kind == OperandKind::CallTargets) {
      for (const Function *f : lo.body.call_targets[list.reg])
        if (f->has_body) site.candidates.push_back(f);
      if (site.candidates.empty()) return lo.refuse(Diag::ptx_indirect_call, "no function of .calltargets has a body"), false;
      site.result_formals = site.candidates.front()->results;
      site.formals = site.candidates.front()->params;
      Prototype first{site.result_formals, site.formals};
      for (const Function *f : site.candidates)
        if (!fits(first, *f)) return lo.refuse(Diag::ptx_operand, "the functions of .calltargets have different signatures"), false;
    } else {
      const Prototype &prototype = lo.body.prototypes[list.reg];
      site.result_formals = prototype.results;
      site.formals = prototype.params;
      for (const Function *f : lo.state.program.targets)
        if (fits(prototype, *f)) site.candidates.push_back(f);
    }
  }
  if (site.results.size() != site.result_formals.size() || site.arguments.size() != site.formals.size())
    return lo.refuse(Diag::ptx_operand, "the count of arguments is not that of the function"), false;
  return true;
}

// A switch over all functions that the pointer may hold, so that what follows sees direct calls only. Any other number is
// found out at run time.
void callThroughPointer(BodyLowering &lo, const Site &site, llvm::ArrayRef<Value *> storage) {
  auto &b = lo.b;
  Value *target = lo.readBits(*site.pointer, 64);
  llvm::BasicBlock *done = lo.newBlock("called"), *wrong = lo.newBlock("no.function");
  llvm::SwitchInst *choice = b.CreateSwitch(target, wrong, site.candidates.size());
  b.SetInsertPoint(wrong);
  lo.call(IrIntrinsic::Fault, {b.getInt32(unsigned(Diag::simt_wrong_function))});
  b.CreateBr(done);
  for (const Function *f : site.candidates) {
    llvm::BasicBlock *block = lo.newBlock("call");
    choice->addCase(llvm::cast<llvm::ConstantInt>(lo.constant(64, functionAddress(lo.state.program.function_base, f->number))), block);
    b.SetInsertPoint(block);
    b.CreateCall(lo.state.function(*f), storage);
    b.CreateBr(done);
  }
  b.SetInsertPoint(done);
}

void call(BodyLowering &lo, const Instruction &in) {
  Site site;
  if (!readSite(lo, in, site)) return;
  llvm::SmallVector<Value *, 8> storage;
  for (size_t i = 0; i < site.results.size(); ++i) storage.push_back(actual(lo, site.results[i], site.result_formals[i], true));
  for (size_t i = 0; i < site.arguments.size(); ++i) storage.push_back(actual(lo, site.arguments[i], site.formals[i], false));
  if (site.pointer)
    callThroughPointer(lo, site, storage);
  else if (site.callee->has_body)
    lo.b.CreateCall(lo.state.function(*site.callee), storage);
  else
    runtimeCall(lo, *site.callee, llvm::ArrayRef(storage).take_front(site.results.size()),
                llvm::ArrayRef(storage).drop_front(site.results.size()));
  for (size_t i = 0; i < site.results.size(); ++i) {
    if (site.results[i].kind != OperandKind::Register) continue;
    auto *slot = llvm::cast<llvm::AllocaInst>(storage[i]);
    lo.writeInteger(site.results[i], lo.b.CreateLoad(slot->getAllocatedType(), slot), isSigned(site.result_formals[i].type));
  }
}

// 9.7.18.3 alloca; the address is one of the local window. Without an alignment it is 8 bytes'.
void allocateStack(BodyLowering &lo, const Instruction &in) {
  const Operand &align = lo.operand(2);
  uint64_t bytes = align.kind == OperandKind::Integer ? align.bits : 8;
  if (!llvm::isPowerOf2_64(bytes)) return lo.refuse(Diag::ptx_operand, "the alignment is no power of two");
  Value *size = lo.b.CreateZExt(lo.readBits(lo.operand(1), bits(in.type())), lo.b.getInt64Ty());
  lo.releaseStackAtReturn();
  Value *made = lo.call(IrIntrinsic::StackAlloc, {size, lo.b.getInt64(bytes)});
  lo.writeInteger(lo.operand(0), lo.b.CreateTrunc(made, lo.type(in.type())));
}

// 9.7.18.1 stacksave, 9.7.18.2 stackrestore
void saveStack(BodyLowering &lo, const Instruction &in) {
  lo.writeInteger(lo.operand(0), lo.b.CreateTrunc(lo.call(IrIntrinsic::StackSave), lo.type(in.type())));
}
void restoreStack(BodyLowering &lo, const Instruction &in) {
  if (bits(in.type()) != 64) return lo.refuseForm("a stack pointer of 32 bits");
  lo.call(IrIntrinsic::StackRestore, {lo.readBits(lo.operand(0), 64)});
}

}  // namespace

void addCallRules(RuleTable &table) {
  set(table, Opcode::Call, call);
  set(table, Opcode::Alloca, allocateStack);
  set(table, Opcode::Stacksave, saveStack);
  set(table, Opcode::Stackrestore, restoreStack);
}

}  // namespace cutrans::ptx::lowering
