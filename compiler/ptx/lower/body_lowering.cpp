// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One body, instruction by instruction: registers become allocas, labels become blocks, guards become branches.
//
// Registers start as zero. PTX leaves them undefined, but an undefined value in a branch is undefined behaviour in LLVM
// and only an arbitrary one in PTX.
#include "compiler/ptx/lower/lowering.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/Utils/Local.h>

namespace cutrans::ptx::lowering {

namespace {

llvm::StringRef view(std::string_view text) {
  return {text.data(), text.size()};
}

bool endsBlock(Opcode opcode) {
  return opcode == Opcode::Bra || opcode == Opcode::BrxIdx || opcode == Opcode::Ret || opcode == Opcode::Exit;
}

// What later passes may have to refuse or report by its PTX line.
bool wantsLine(const llvm::Instruction &instruction) {
  if (const auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    return !llvm::isa<llvm::AllocaInst>(load->getPointerOperand());
  if (const auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction))
    return !llvm::isa<llvm::AllocaInst>(store->getPointerOperand());
  if (const auto *branch = llvm::dyn_cast<llvm::BranchInst>(&instruction)) return branch->isConditional();
  if (const auto *site = llvm::dyn_cast<llvm::CallInst>(&instruction))
    return !site->doesNotAccessMemory() || site->isConvergent();
  return llvm::isa<llvm::AtomicRMWInst, llvm::AtomicCmpXchgInst, llvm::FenceInst, llvm::SwitchInst>(instruction);
}

}  // namespace

BodyLowering::BodyLowering(ModuleState &state, const Function &source)
    : state(state),
      source(source),
      body(*source.body()),
      function(*state.function(source)),
      context(state.context),
      b(context, llvm::ConstantFolder(), llvm::IRBuilderCallbackInserter([this](llvm::Instruction *made) {
          if (!current || !wantsLine(*made)) return;
          llvm::SmallVector<llvm::Metadata *, 2> numbers = {
              llvm::ConstantAsMetadata::get(constant(32, current->location.line))};
          if (current->location.unit)
            numbers.push_back(llvm::ConstantAsMetadata::get(constant(32, current->location.unit)));
          made->setMetadata(lineKind, llvm::MDNode::get(context, numbers));
        })),
      slots(body.registers.size()),
      storage(body.variables.size()),
      lineKind(context.getMDKindID(ir::LineMetadata)) {}

void BodyLowering::run() {
  entry = llvm::BasicBlock::Create(context, "entry", &function);
  makeBlocks();
  llvm::BasicBlock *first = blocks.lookup(0);
  b.SetInsertPoint(entry);
  afterSlots = b.CreateBr(first);
  b.SetInsertPoint(afterSlots);
  // Formals in .reg space arrive in the caller's storage like all others.
  for (size_t i = 0; i < body.param_registers.size(); ++i)
    if (body.param_registers[i] != kNoIndex) {
      llvm::AllocaInst *slot = registerSlot(body.param_registers[i]);
      b.SetInsertPoint(afterSlots);
      b.CreateStore(b.CreateLoad(slot->getAllocatedType(), function.getArg(source.results.size() + i)), slot);
    }
  b.SetInsertPoint(first);
  for (index = 0; index < body.instructions.size(); ++index) lowerInstruction(index);
  current = nullptr;
  if (auto found = blocks.find(index); found != blocks.end() && b.GetInsertBlock() != found->second) {
    if (!b.GetInsertBlock()->getTerminator()) b.CreateBr(found->second);
    b.SetInsertPoint(found->second);
  }
  if (!b.GetInsertBlock()->getTerminator()) finish();  // falling off the end is a return
  for (llvm::BasicBlock &block : function)
    if (!block.getTerminator()) {
      b.SetInsertPoint(&block);
      b.CreateUnreachable();
    }
  llvm::removeUnreachableBlocks(function);
}

// A block for each label's instruction and for what follows a jump.
void BodyLowering::makeBlocks() {
  std::vector<llvm::StringRef> names(body.instructions.size() + 1);
  std::vector<bool> leads(body.instructions.size() + 1);
  leads[0] = true;
  for (const Label &label : body.labels) {
    leads[label.instruction] = true;
    if (names[label.instruction].empty()) names[label.instruction] = view(label.name);
  }
  for (size_t i = 0; i < body.instructions.size(); ++i)
    if (endsBlock(body.instructions[i].opcode)) leads[i + 1] = true;
  for (size_t i = 0; i < leads.size(); ++i)
    if (leads[i]) {
      llvm::StringRef name = names[i].empty() ? (i ? "next" : "begin") : names[i];
      blocks[i] = llvm::BasicBlock::Create(context, name, &function);
    }
}

void BodyLowering::lowerInstruction(uint32_t at) {
  const Instruction &instruction = body.instructions[at];
  if (auto found = blocks.find(at); found != blocks.end() && b.GetInsertBlock() != found->second) {
    if (!b.GetInsertBlock()->getTerminator()) b.CreateBr(found->second);
    b.SetInsertPoint(found->second);
  }
  current = &instruction;
  Rule rule = rules()[size_t(instruction.opcode)];
  if (!rule) {
    MissingRule missing = missingRule(instruction.opcode);
    return refuse(missing.code, missing.reason);
  }
  if (!instruction.guarded || endsBlock(instruction.opcode)) return rule(*this, instruction);
  llvm::BasicBlock *after = newBlock("after"), *then = newBlock("then");  // the later one comes first
  branchIf(then, after);
  b.SetInsertPoint(then);
  rule(*this, instruction);
  if (!b.GetInsertBlock()->getTerminator()) b.CreateBr(after);
  b.SetInsertPoint(after);
}

void BodyLowering::branchIf(llvm::BasicBlock *taken, llvm::BasicBlock *otherwise) {
  if (!current->guarded) {
    b.CreateBr(taken);
    return;
  }
  llvm::AllocaInst *slot = registerSlot(current->guard);
  Value *holds = b.CreateLoad(slot->getAllocatedType(), slot);
  if (!holds->getType()->isIntegerTy(1)) {
    refuse(Diag::ptx_operand, "the guard is not a predicate");
    holds = b.getFalse();
  }
  if (current->guard_negated) std::swap(taken, otherwise);
  b.CreateCondBr(holds, taken, otherwise);
}

// What alloca took is given back when the function returns (manual 9.7.18.3), also at the returns that were lowered before.
void BodyLowering::releaseStackAtReturn() {
  if (stackTop || source.entry) return;
  stackTop = temporary(b.getInt64Ty(), ir::space::Generic, "stack.entry");
  llvm::IRBuilder<> atEntry(afterSlots);
  atEntry.CreateStore(ir::call(atEntry, IrIntrinsic::StackSave), stackTop);
  for (llvm::BasicBlock &block : function)
    if (auto *end = llvm::dyn_cast_or_null<llvm::ReturnInst>(block.getTerminator())) {
      llvm::IRBuilder<> before(end);
      ir::call(before, IrIntrinsic::StackRestore, {before.CreateLoad(before.getInt64Ty(), stackTop)});
    }
}

void BodyLowering::finish() {
  if (stackTop) call(IrIntrinsic::StackRestore, {b.CreateLoad(b.getInt64Ty(), stackTop)});
  for (size_t i = 0; i < body.result_registers.size(); ++i)
    if (body.result_registers[i] != kNoIndex) {
      llvm::AllocaInst *slot = registerSlot(body.result_registers[i]);
      b.CreateStore(b.CreateLoad(slot->getAllocatedType(), slot), function.getArg(i));
    }
  b.CreateRetVoid();
}

llvm::BasicBlock *BodyLowering::labelBlock(uint32_t label) {
  return blocks.lookup(body.labels[label].instruction);
}

llvm::BasicBlock *BodyLowering::newBlock(const llvm::Twine &name) {
  llvm::BasicBlock *here = b.GetInsertBlock();
  return llvm::BasicBlock::Create(context, name, &function, here->getNextNode());
}

llvm::AllocaInst *BodyLowering::temporary(llvm::Type *type, unsigned space, const llvm::Twine &name) {
  auto *slot = new llvm::AllocaInst(type, space, name, afterSlots->getIterator());
  return slot;
}

llvm::AllocaInst *BodyLowering::registerSlot(uint32_t index) {
  llvm::AllocaInst *&slot = slots[index];
  if (slot) return slot;
  const Register &declared = body.registers[index];
  llvm::StringRef name = view(declared.name);
  name.consume_front("%");
  // f16 registers hold bits: most of their instructions want them as .b16.
  llvm::Type *type = declared.type == Type::F32 || declared.type == Type::F64
                         ? valueType(declared.type, context)
                         : intType(std::max(1u, bits(declared.type)));
  slot = temporary(type, ir::space::Generic, name);
  new llvm::StoreInst(llvm::Constant::getNullValue(type), slot, afterSlots->getIterator());
  return slot;
}

llvm::AllocaInst *BodyLowering::carryFlag() {
  if (!carry) {
    carry = temporary(intType(1), ir::space::Generic, "cc.cf");
    new llvm::StoreInst(constant(1, 0), carry, afterSlots->getIterator());
  }
  return carry;
}

Value *BodyLowering::localPointer(const SymbolRef &symbol) {
  switch (symbol.kind) {
    case SymbolKind::Param:
      return function.getArg(source.results.size() + symbol.index);
    case SymbolKind::Result:
      return function.getArg(symbol.index);
    default:
      break;
  }
  const Variable &variable = body.variables[symbol.index];
  llvm::AllocaInst *&slot = storage[symbol.index];
  if (!slot) {
    llvm::StringRef name = view(variable.name);
    name.consume_front("%");
    slot = temporary(llvm::ArrayType::get(intType(8), std::max<uint64_t>(1, variable.size)), ir::space::Local, name);
    slot->setAlignment(llvm::Align(std::max<uint64_t>(1, variable.align)));
  }
  return slot;
}

const Operand &BodyLowering::operand(size_t index) const {
  static const Operand none;
  return index < current->operands.size() ? current->operands[index] : none;
}

void BodyLowering::refuse(Diag code, std::string_view reason) {
  state.refuse(code, current ? current->location : source.location, current ? current->text : source.name, reason);
}

void BodyLowering::refuseForm(std::string_view reason) {
  refuse(Diag::ptx_form, std::string(reason) + " is not supported");
}

Value *BodyLowering::toBits(Value *value) {
  llvm::Type *type = value->getType();
  return type->isIntegerTy() ? value : b.CreateBitCast(value, intType(type->getPrimitiveSizeInBits()));
}

}  // namespace cutrans::ptx::lowering
