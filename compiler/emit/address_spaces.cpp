// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/emit/address_spaces.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

namespace cutrans::emit {
namespace {

class Mapping {
 public:
  explicit Mapping(llvm::function_ref<unsigned(unsigned)> to) : to_(to) {}

  llvm::Type *of(llvm::Type *type) const {
    llvm::Type *scalar = type->getScalarType();
    if (!scalar->isPointerTy() || to_(scalar->getPointerAddressSpace()) == scalar->getPointerAddressSpace()) return type;
    llvm::Type *pointer = llvm::PointerType::get(type->getContext(), to_(scalar->getPointerAddressSpace()));
    auto *vector = llvm::dyn_cast<llvm::VectorType>(type);
    return vector ? llvm::VectorType::get(pointer, vector->getElementCount()) : pointer;
  }

  // A constant of a type that changes, or one that holds such a constant, as an instruction; simple ones translate at once.
  llvm::Value *of(llvm::Constant *constant, llvm::Instruction *before) const {
    if (auto *expression = llvm::dyn_cast<llvm::ConstantExpr>(constant)) {
      llvm::Instruction *instruction = expression->getAsInstruction();
      instruction->insertBefore(before->getIterator());
      for (llvm::Use &use : instruction->operands())
        if (auto *operand = llvm::dyn_cast<llvm::Constant>(use.get()))
          if (llvm::Value *value = of(operand, before); value != operand) use.set(value);
      return instruction;
    }
    llvm::Type *type = of(constant->getType());
    if (type == constant->getType()) return constant;
    if (llvm::isa<llvm::PoisonValue>(constant)) return llvm::PoisonValue::get(type);
    if (llvm::isa<llvm::UndefValue>(constant)) return llvm::UndefValue::get(type);
    if (constant->isNullValue()) return llvm::Constant::getNullValue(type);
    llvm::IRBuilder<> builder(before);
    llvm::Value *result = llvm::PoisonValue::get(type);
    for (unsigned i = 0; i < llvm::cast<llvm::FixedVectorType>(type)->getNumElements(); ++i)
      result = builder.CreateInsertElement(result, of(constant->getAggregateElement(i), before), i);
    return result;
  }

  bool changes(const llvm::Constant *constant) const {
    if (llvm::isa<llvm::GlobalValue>(constant)) return false;  // functions that are called
    if (of(constant->getType()) != constant->getType()) return true;
    if (!llvm::isa<llvm::ConstantExpr>(constant)) return false;
    return llvm::any_of(constant->operands(), [&](const llvm::Use &use) {
      auto *operand = llvm::dyn_cast<llvm::Constant>(use.get());
      return operand && changes(operand);
    });
  }

 private:
  llvm::function_ref<unsigned(unsigned)> to_;
};

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

void mapAddressSpaces(llvm::Function &kernel, llvm::function_ref<unsigned(unsigned)> to) {
  const Mapping mapping(to);
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(kernel)))
    for (llvm::Use &use : instruction.operands())
      if (auto *constant = llvm::dyn_cast<llvm::Constant>(use.get()); constant && mapping.changes(constant)) {
        auto *phi = llvm::dyn_cast<llvm::PHINode>(&instruction);
        use.set(mapping.of(constant, phi ? phi->getIncomingBlock(use)->getTerminator() : &instruction));
      }
  llvm::SmallVector<llvm::AllocaInst *, 8> allocas;
  for (llvm::Instruction &instruction : llvm::instructions(kernel)) {
    auto *variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
    if (variable && mapping.of(variable->getType()) != variable->getType()) allocas.push_back(variable);
    else instruction.mutateType(mapping.of(instruction.getType()));
  }
  for (llvm::AllocaInst *variable : allocas) {
    llvm::SmallVector<llvm::Use *, 8> uses;
    for (llvm::Use &use : variable->uses()) uses.push_back(&use);
    llvm::IRBuilder<> builder(variable->getParent(), std::next(variable->getIterator()));
    llvm::Value *cast = builder.CreateAddrSpaceCast(variable, mapping.of(variable->getType()), variable->getName());
    for (llvm::Use *use : uses) use->set(cast);
  }
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(kernel))) {
    if (auto *cast = llvm::dyn_cast<llvm::AddrSpaceCastInst>(&instruction)) {
      if (cast->getOperand(0)->getType() != cast->getType()) continue;
      cast->replaceAllUsesWith(cast->getOperand(0));
      cast->eraseFromParent();
    } else if (auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction)) {
      redeclare(*call);
    }
  }
}

}  // namespace cutrans::emit
