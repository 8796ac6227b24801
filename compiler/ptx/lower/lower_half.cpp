// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exact half precision on top of wider types, because LLVM's own lowering of it is not exact on every processor: bf16
// conversions may flush subnormals, a bf16 fma is rounded twice, and f16 fma needs a library call.
//
// The tool is rounding to odd: cut off, and set the last bit where something was lost. A second rounding to at least
// two bits fewer then gives what one rounding would have given.
#include <llvm/IR/Constants.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

// bf16 by its bits: LLVM would move operations to the other side of an extension and do them in bfloat, which x86 flushes.
Value *widened(BodyLowering &lo, Value *value, llvm::Type *to) {
  auto &b = lo.b;
  if (value->getType()->isBFloatTy())
    value = lo.fromBits(b.CreateShl(b.CreateZExt(lo.toBits(value), b.getInt32Ty()), 16), Type::F32);
  return value->getType() == to ? value : b.CreateFPExt(value, to);
}

Value *roundToOddF32(BodyLowering &lo, Value *wide) {
  auto &b = lo.b;
  Value *cut = lo.call(IrIntrinsic::CvtF32F64Rz, {wide});
  Value *lost = b.CreateFCmpONE(b.CreateFPExt(cut, wide->getType()), wide);
  return lo.fromBits(b.CreateOr(lo.toBits(cut), b.CreateZExt(lost, b.getInt32Ty())), Type::F32);
}

Value *roundToBf16(BodyLowering &lo, Value *value, Mod rounding) {
  auto &b = lo.b;
  Value *raw = lo.toBits(value);
  if (rounding == Mod::Rm || rounding == Mod::Rp) {  // away from zero on one side
    Value *negative = b.CreateICmpSLT(raw, b.getInt32(0));
    bool down = rounding == Mod::Rm;
    raw = b.CreateAdd(raw, lo.select(negative, b.getInt32(down ? 0xffff : 0), b.getInt32(down ? 0 : 0xffff)));
  } else if (rounding != Mod::Rz) {  // to nearest even
    Value *odd = b.CreateAnd(b.CreateLShr(raw, 16), 1);
    raw = b.CreateAdd(raw, b.CreateAdd(odd, b.getInt32(0x7fff)));
  }
  Value *high = b.CreateTrunc(b.CreateLShr(raw, 16), b.getInt16Ty());
  Value *isNan = b.CreateFCmpUNO(value, value);
  return lo.fromBits(lo.select(isNan, b.getInt16(0x7fff), high), Type::BF16);
}

namespace {

// x + y rounded to odd: the error of the sum to nearest is exact (Knuth's TwoSum), its sign says where the cut-off
// value is.
Value *addToOdd(BodyLowering &lo, Value *x, Value *y) {
  auto &b = lo.b;
  Value *sum = b.CreateFAdd(x, y);
  Value *yPart = b.CreateFSub(sum, x);
  Value *error = b.CreateFAdd(b.CreateFSub(x, b.CreateFSub(sum, yPart)), b.CreateFSub(y, yPart));
  Value *raw = lo.toBits(sum);
  Value *beyond = b.CreateICmpSLT(b.CreateXor(raw, lo.toBits(error)), llvm::ConstantInt::get(raw->getType(), 0));
  Value *cut = b.CreateSub(raw, b.CreateZExt(beyond, raw->getType()));
  Value *odd = b.CreateOr(cut, llvm::ConstantInt::get(raw->getType(), 1));
  // False where the sum is infinite or NaN: the error is NaN.
  Value *lost = b.CreateFCmpONE(error, llvm::ConstantFP::get(error->getType(), 0.0));
  return b.CreateBitCast(lo.select(lost, odd, raw), sum->getType());
}

}  // namespace

Value *fmaF16(BodyLowering &lo, Value *x, Value *y, Value *z) {
  auto &b = lo.b;
  llvm::Type *wide = b.getFloatTy();  // holds the product exactly: 22 bits, exponents from -48 to 32
  Value *product = b.CreateFMul(widened(lo, x, wide), widened(lo, y, wide));
  return b.CreateFPTrunc(addToOdd(lo, product, widened(lo, z, wide)), x->getType());
}

Value *fmaBf16(BodyLowering &lo, Value *x, Value *y, Value *z) {
  auto &b = lo.b;
  llvm::Type *wide = b.getDoubleTy();  // f32 holds the 16 bits of the product, but not its exponent
  Value *product = b.CreateFMul(widened(lo, x, wide), widened(lo, y, wide));
  return roundToOddF32(lo, addToOdd(lo, product, widened(lo, z, wide)));
}

}  // namespace cutrans::ptx::lowering
