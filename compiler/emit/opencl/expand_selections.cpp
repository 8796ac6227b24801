// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Newer intrinsics of LLVM as comparisons and selections, for readers that do not know them (LLVM 15) or get them wrong (LLVM 22's SPIR-V back end
// makes fmin of minimum).
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compiler/emit/opencl/opencl.h"

namespace cutrans::emit::opencl {
namespace {

using llvm::Intrinsic::ID;
namespace in = llvm::Intrinsic;
using llvm::Value;

// -1, 0 or 1.
Value *expandCompare(llvm::IntrinsicInst &call) {
  llvm::IRBuilder<> b(&call);
  const bool isSigned = call.getIntrinsicID() == in::scmp;
  Value *x = call.getArgOperand(0), *y = call.getArgOperand(1);
  Value *less = isSigned ? b.CreateICmpSLT(x, y) : b.CreateICmpULT(x, y), *more = isSigned ? b.CreateICmpSGT(x, y) : b.CreateICmpUGT(x, y);
  return b.CreateSub(b.CreateZExt(more, call.getType()), b.CreateZExt(less, call.getType()));
}

// IEEE 754-2019's, for which LLVM 15 has no code on every machine: -0 is less than +0; of one NaN the other operand (minimumNumber) or a NaN.
Value *expandExtreme(llvm::IntrinsicInst &call) {
  llvm::IRBuilder<> b(&call);
  const ID id = call.getIntrinsicID();
  const bool least = id == in::minimumnum || id == in::minimum, number = id == in::minimumnum || id == in::maximumnum;
  Value *x = call.getArgOperand(0), *y = call.getArgOperand(1);
  llvm::Type *type = x->getType(), *integers = type->getWithNewType(b.getIntNTy(type->getScalarSizeInBits()));
  Value *xBits = b.CreateBitCast(x, integers), *yBits = b.CreateBitCast(y, integers);
  Value *same = b.CreateBitCast(least ? b.CreateOr(xBits, yBits) : b.CreateAnd(xBits, yBits), type);
  Value *result = b.CreateSelect(least ? b.CreateFCmpOLT(x, y) : b.CreateFCmpOGT(x, y), x, b.CreateSelect(b.CreateFCmpOEQ(x, y), same, y));
  Value *nan = llvm::ConstantFP::getQNaN(type);
  if (!number) return b.CreateSelect(b.CreateFCmpUNO(x, y), nan, result);
  return b.CreateSelect(b.CreateFCmpUNO(y, y), b.CreateSelect(b.CreateFCmpUNO(x, x), nan, x), result);
}

}  // namespace

bool expandToSelections(llvm::IntrinsicInst &call) {
  Value *value = nullptr;
  switch (call.getIntrinsicID()) {
    case in::scmp: case in::ucmp: value = expandCompare(call); break;
    case in::minimumnum: case in::maximumnum: case in::minimum: case in::maximum: value = expandExtreme(call); break;
    default: return false;
  }
  call.replaceAllUsesWith(value);
  call.eraseFromParent();
  return true;
}

}  // namespace cutrans::emit::opencl
