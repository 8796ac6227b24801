// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A 32-bit shared address counts from the block's window, whose place is known to the launch only. What is added and taken away again stands
// where pointers and numbers meet. In block form pointers into space 3 become generic ones; in thread form they are pointers into the kernel's argument.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>

#include "compiler/emit/opencl/opencl.h"
#include "compiler/ir/spmd.h"

namespace cutrans::emit::opencl {
namespace {

using llvm::Value;

bool isShared(const llvm::Type *type) {
  const llvm::Type *scalar = type->getScalarType();
  return scalar->isPointerTy() && scalar->getPointerAddressSpace() == ir::space::Shared;
}

bool holdsShared(const llvm::Constant &constant) {
  if (isShared(constant.getType())) return true;
  if (!llvm::isa<llvm::ConstantExpr>(constant) && !llvm::isa<llvm::ConstantVector>(constant)) return false;
  return llvm::any_of(constant.operands(), [](const llvm::Use &use) {
    auto *operand = llvm::dyn_cast<llvm::Constant>(use.get());
    return operand && holdsShared(*operand);
  });
}

class Window {
 public:
  // `start`: a number, then pointers become generic; or the pointer that is number `first`.
  explicit Window(Value *start, uint32_t first = 0) : start_(start), first_(first) {}

  // Of a number's type: scalar or vector of any width.
  Value *toPointer(llvm::IRBuilderBase &b, Value *number, llvm::Type *type) {
    llvm::Type *i32 = number->getType()->getWithNewBitWidth(32), *i64 = number->getType()->getWithNewBitWidth(64);
    if (keepsSpace()) {
      Value *index = b.CreateSub(b.CreateZExt(b.CreateZExtOrTrunc(number, i32), i64), llvm::ConstantInt::get(i64, first_));
      return b.CreateGEP(b.getInt8Ty(), start_, index);
    }
    Value *sum = b.CreateAdd(b.CreateZExt(b.CreateZExtOrTrunc(number, i32), i64), startLike(b, i64));
    return b.CreateAddrSpaceCast(b.CreateIntToPtr(sum, generic(type)), type);
  }
  Value *toNumber(llvm::IRBuilderBase &b, Value *pointer, llvm::Type *type) {
    llvm::Type *i64 = type->getWithNewBitWidth(64);
    if (keepsSpace()) {
      Value *index = b.CreateSub(b.CreatePtrToInt(pointer, i64), b.CreatePtrToInt(start_, b.getInt64Ty()));
      return b.CreateZExtOrTrunc(b.CreateTrunc(b.CreateAdd(index, llvm::ConstantInt::get(i64, first_)), type->getWithNewBitWidth(32)), type);
    }
    Value *place = b.CreatePtrToInt(b.CreateAddrSpaceCast(pointer, generic(pointer->getType())), i64);
    Value *number = b.CreateTrunc(b.CreateSub(place, startLike(b, i64)), type->getWithNewBitWidth(32));
    return b.CreateZExtOrTrunc(number, type);
  }
  // Null: it needs no instruction.
  Value *constant(llvm::Constant &constant, llvm::Instruction *before) {
    if (!holdsShared(constant) || llvm::isa<llvm::UndefValue>(constant)) return nullptr;
    llvm::IRBuilder<> b(before);
    if (constant.isNullValue()) {
      return toPointer(b, llvm::Constant::getNullValue(numbers(constant.getType())), constant.getType());
    }
    if (auto *expression = llvm::dyn_cast<llvm::ConstantExpr>(&constant)) {
      llvm::Instruction *instruction = expression->getAsInstruction();
      instruction->insertBefore(before->getIterator());
      operands(*instruction);
      return replace(*instruction);
    }
    Value *all = llvm::PoisonValue::get(constant.getType());
    for (unsigned i = 0; i < llvm::cast<llvm::FixedVectorType>(constant.getType())->getNumElements(); ++i) {
      llvm::Constant *element = constant.getAggregateElement(i);
      Value *value = this->constant(*element, before);
      all = b.CreateInsertElement(all, value ? value : element, i);
    }
    return all;
  }
  void operands(llvm::Instruction &instruction) {
    auto *phi = llvm::dyn_cast<llvm::PHINode>(&instruction);
    for (llvm::Use &use : instruction.operands())
      if (auto *value = llvm::dyn_cast<llvm::Constant>(use.get()))
        if (Value *made = constant(*value, phi ? phi->getIncomingBlock(use)->getTerminator() : &instruction)) use.set(made);
  }
  // The instruction, or what stands for it now.
  Value *replace(llvm::Instruction &instruction) {
    llvm::IRBuilder<> b(&instruction);
    Value *value = &instruction;
    if (llvm::isa<llvm::IntToPtrInst>(instruction) && isShared(instruction.getType()))
      value = toPointer(b, instruction.getOperand(0), instruction.getType());
    else if (llvm::isa<llvm::PtrToIntInst>(instruction) && isShared(instruction.getOperand(0)->getType()))
      value = toNumber(b, instruction.getOperand(0), instruction.getType());
    if (value == &instruction) return value;
    instruction.replaceAllUsesWith(value);
    instruction.eraseFromParent();
    return value;
  }

 private:
  static llvm::Type *generic(llvm::Type *type) { return type->getWithNewType(llvm::PointerType::get(type->getContext(), 0)); }
  static llvm::Type *numbers(llvm::Type *type) { return type->getWithNewType(llvm::Type::getInt32Ty(type->getContext())); }
  Value *startLike(llvm::IRBuilderBase &b, llvm::Type *type) {
    auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
    return vector ? b.CreateVectorSplat(vector->getNumElements(), start_) : start_;
  }

  bool keepsSpace() const { return start_->getType()->isPointerTy(); }

  Value *start_;
  uint32_t first_;
};

}  // namespace

void addSharedWindow(llvm::Function &kernel, Value *start, uint32_t first) {
  Window window(start, first);
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(kernel))) {
    window.operands(instruction);
    window.replace(instruction);
  }
}

}  // namespace cutrans::emit::opencl
