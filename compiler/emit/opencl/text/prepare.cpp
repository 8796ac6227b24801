// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/emit/opencl/text/prepare.h"

#include <llvm/CodeGen/AtomicExpandUtils.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>

namespace cutrans::emit::text {
namespace {

// A constant that holds expressions, as instructions.
llvm::Value *plainConstant(llvm::Constant *constant, llvm::Instruction *before) {
  if (auto *expression = llvm::dyn_cast<llvm::ConstantExpr>(constant)) {
    llvm::Instruction *instruction = expression->getAsInstruction();
    instruction->insertBefore(before->getIterator());
    for (llvm::Use &use : instruction->operands())
      if (auto *operand = llvm::dyn_cast<llvm::Constant>(use.get())) use.set(plainConstant(operand, instruction));
    return instruction;
  }
  auto *vector = llvm::dyn_cast<llvm::ConstantVector>(constant);
  if (!vector || llvm::none_of(vector->operands(), [](const llvm::Use &use) { return llvm::isa<llvm::ConstantExpr>(use); })) return constant;
  llvm::IRBuilder<> builder(before);
  llvm::Value *result = llvm::PoisonValue::get(vector->getType());
  for (unsigned i = 0; i < vector->getNumOperands(); ++i)
    result = builder.CreateInsertElement(result, plainConstant(vector->getOperand(i), before), i);
  return result;
}

bool isNative(const llvm::AtomicRMWInst &atomic) {
  using Rmw = llvm::AtomicRMWInst;
  if (atomic.getType()->getPrimitiveSizeInBits() < 32 && !atomic.getType()->isPointerTy()) return false;
  switch (atomic.getOperation()) {
    case Rmw::Xchg: case Rmw::Add: case Rmw::Sub: case Rmw::And: case Rmw::Or: case Rmw::Xor:
    case Rmw::UMax: case Rmw::UMin: case Rmw::Max: case Rmw::Min: return true;
    default: return false;
  }
}

// As integers, because OpenCL compares and swaps nothing else.
void createExchange(llvm::IRBuilderBase &builder, llvm::Value *address, llvm::Value *loaded, llvm::Value *made, llvm::Align align,
                    llvm::AtomicOrdering ordering, llvm::SyncScope::ID scope, llvm::Value *&success, llvm::Value *&next, llvm::Instruction *) {
  llvm::Type *type = made->getType(), *bits = builder.getIntNTy(unsigned(type->getPrimitiveSizeInBits()));
  bool cast = !type->isIntegerTy();
  if (cast) made = builder.CreateBitCast(made, bits), loaded = builder.CreateBitCast(loaded, bits);
  auto *exchange = builder.CreateAtomicCmpXchg(address, loaded, made, align, ordering, llvm::AtomicCmpXchgInst::getStrongestFailureOrdering(ordering), scope);
  success = builder.CreateExtractValue(exchange, 1);
  next = builder.CreateExtractValue(exchange, 0);
  if (cast) next = builder.CreateBitCast(next, type);
}

}  // namespace

void prepareForText(llvm::Module &module) {
  for (llvm::Function &function : module) {
    llvm::SmallVector<llvm::AtomicRMWInst *, 8> atomics;
    for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
      if (auto *atomic = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction); atomic && !isNative(*atomic)) atomics.push_back(atomic);
      for (llvm::Use &use : instruction.operands())
        if (auto *constant = llvm::dyn_cast<llvm::Constant>(use.get()); constant && !llvm::isa<llvm::GlobalValue>(constant)) {
          auto *phi = llvm::dyn_cast<llvm::PHINode>(&instruction);
          llvm::Value *plain = plainConstant(constant, phi ? phi->getIncomingBlock(use)->getTerminator() : &instruction);
          if (plain == constant) continue;
          if (!phi) {
            use.set(plain);
          } else {  // several edges from one block bring one value
            llvm::BasicBlock *from = phi->getIncomingBlock(use);
            for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i)
              if (phi->getIncomingBlock(i) == from) phi->setIncomingValue(i, plain);
          }
        }
    }
    if (!function.isDeclaration()) expandWideIntegers(function);
    for (llvm::AtomicRMWInst *atomic : atomics) llvm::expandAtomicRMWToCmpXchg(atomic, createExchange);
  }
}

}  // namespace cutrans::emit::text
