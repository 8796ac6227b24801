// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/LowerAtomic.h>

#include "compiler/emit/native/lower_native.h"
#include "compiler/ir/spmd.h"

namespace cutrans::emit {
namespace {

llvm::Type *plain(llvm::Type *type) {
  llvm::Type *scalar = type->getScalarType();
  if (!scalar->isPointerTy() || scalar->getPointerAddressSpace() == 0) return type;
  llvm::Type *pointer = llvm::PointerType::get(type->getContext(), 0);
  auto *vector = llvm::dyn_cast<llvm::VectorType>(type);
  return vector ? llvm::VectorType::get(pointer, vector->getElementCount()) : pointer;
}

bool isSpaced(llvm::Type *type) { return plain(type) != type; }

// A constant of a spaced type, or one that holds such a constant, as an instruction; simple ones translate at once.
llvm::Value *plainConstant(llvm::Constant *constant, llvm::Instruction *before) {
  if (auto *expression = llvm::dyn_cast<llvm::ConstantExpr>(constant)) {
    llvm::Instruction *instruction = expression->getAsInstruction();
    instruction->insertBefore(before->getIterator());
    for (llvm::Use &use : instruction->operands())
      if (auto *operand = llvm::dyn_cast<llvm::Constant>(use.get()))
        if (llvm::Value *value = plainConstant(operand, before); value != operand) use.set(value);
    return instruction;
  }
  llvm::Type *type = plain(constant->getType());
  if (type == constant->getType()) return constant;
  if (llvm::isa<llvm::PoisonValue>(constant)) return llvm::PoisonValue::get(type);
  if (llvm::isa<llvm::UndefValue>(constant)) return llvm::UndefValue::get(type);
  if (constant->isNullValue()) return llvm::Constant::getNullValue(type);
  llvm::IRBuilder<> builder(before);
  llvm::Value *result = llvm::PoisonValue::get(type);
  for (unsigned i = 0; i < llvm::cast<llvm::FixedVectorType>(type)->getNumElements(); ++i)
    result = builder.CreateInsertElement(result, plainConstant(constant->getAggregateElement(i), before), i);
  return result;
}

bool holdsSpaced(const llvm::Constant *constant) {
  if (isSpaced(constant->getType())) return true;
  if (!llvm::isa<llvm::ConstantExpr>(constant)) return false;
  return llvm::any_of(constant->operands(), [](const llvm::Use &use) {
    auto *operand = llvm::dyn_cast<llvm::Constant>(use.get());
    return operand && holdsSpaced(operand);
  });
}

void simplifyAtomics(llvm::Function &kernel) {
  llvm::SyncScope::ID block = kernel.getContext().getOrInsertSyncScopeID(ir::ScopeBlock);
  auto own = [&](llvm::Value *pointer, llvm::SyncScope::ID scope) {
    return pointer->getType()->getPointerAddressSpace() == ir::space::Shared || scope == block ||
           scope == llvm::SyncScope::SingleThread;
  };
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(kernel))) {
    if (auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) {
      if (own(rmw->getPointerOperand(), rmw->getSyncScopeID())) llvm::lowerAtomicRMWInst(rmw);
      else rmw->setSyncScopeID(llvm::SyncScope::System);
    } else if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
      if (own(exchange->getPointerOperand(), exchange->getSyncScopeID())) llvm::lowerAtomicCmpXchgInst(exchange);
      else exchange->setSyncScopeID(llvm::SyncScope::System);
    } else if (auto *fence = llvm::dyn_cast<llvm::FenceInst>(&instruction)) {
      fence->setSyncScopeID(fence->getSyncScopeID() == block ? llvm::SyncScope::SingleThread : llvm::SyncScope::System);
    } else if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
      if (load->isAtomic()) load->setSyncScopeID(llvm::SyncScope::System);
    } else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
      if (store->isAtomic()) store->setSyncScopeID(llvm::SyncScope::System);
    }
  }
}

// An overloaded intrinsic whose arguments changed their types needs the declaration of its new name.
void redeclare(llvm::IntrinsicInst &call) {
  llvm::SmallVector<llvm::Type *, 8> types;
  for (llvm::Value *argument : call.args()) types.push_back(argument->getType());
  auto *type = llvm::FunctionType::get(call.getType(), types, call.getFunctionType()->isVarArg());
  if (type == call.getFunctionType()) return;
  llvm::SmallVector<llvm::Type *, 4> overloads;
  if (!llvm::Intrinsic::getIntrinsicSignature(call.getIntrinsicID(), type, overloads)) return;
  call.setCalledFunction(llvm::Intrinsic::getOrInsertDeclaration(call.getModule(), call.getIntrinsicID(), overloads));
}

}  // namespace

void dropAddressSpaces(llvm::Function &kernel) {
  simplifyAtomics(kernel);
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(kernel)))
    for (llvm::Use &use : instruction.operands())
      if (auto *constant = llvm::dyn_cast<llvm::Constant>(use.get()); constant && holdsSpaced(constant)) {
        auto *phi = llvm::dyn_cast<llvm::PHINode>(&instruction);
        use.set(plainConstant(constant, phi ? phi->getIncomingBlock(use)->getTerminator() : &instruction));
      }
  for (llvm::Instruction &instruction : llvm::instructions(kernel)) instruction.mutateType(plain(instruction.getType()));
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(kernel))) {
    if (auto *cast = llvm::dyn_cast<llvm::AddrSpaceCastInst>(&instruction)) {
      cast->replaceAllUsesWith(cast->getOperand(0));
      cast->eraseFromParent();
    } else if (auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction)) {
      redeclare(*call);
    }
  }
  llvm::Module &module = *kernel.getParent();
  for (llvm::GlobalVariable &variable : llvm::make_early_inc_range(module.globals())) {
    variable.removeDeadConstantUsers();
    if (variable.use_empty() && variable.getAddressSpace() != 0) variable.eraseFromParent();
  }
}

}  // namespace cutrans::emit
