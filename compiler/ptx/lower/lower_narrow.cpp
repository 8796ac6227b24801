// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between f32, f16x2 and packed pairs of floats of 4 to 8 bits (cvt, manual 9.7.9.21; formats 5.2.3).
//
// Encoding works on the exponent and an integer significand: both grow together, so carries and subnormals need no case
// of their own. All of these formats are exact in f16.
#include <cmath>

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

struct Format {
  Type pair;
  unsigned bits, mantissa;
  int least;        // exponent of the least normal number
  unsigned most;    // code of the largest finite number
  unsigned nan;     // code of NaN; 0: there is none, NaN becomes the largest number
  unsigned stride;  // bits between the two elements of the pair
};

constexpr Format Formats[] = {
    {Type::E4M3X2, 8, 3, -6, 0x7e, 0x7f, 8}, {Type::E5M2X2, 8, 2, -14, 0x7b, 0x7f, 8},
    {Type::E2M3X2, 6, 3, 0, 0x1f, 0, 8},     {Type::E3M2X2, 6, 2, -2, 0x1f, 0, 8},
    {Type::E2M1X2, 4, 1, 0, 0x7, 0, 4},
};

const Format *formatOf(Type type) {
  for (const Format &format : Formats)
    if (format.pair == type) return &format;
  return nullptr;
}

// A float as a code of the format, to nearest even, too large ones as the largest.
Value *encode(BodyLowering &lo, const Format &format, Value *value, bool relu) {
  auto &b = lo.b;
  Value *raw = lo.toBits(value);
  Value *magnitude = b.CreateAnd(raw, 0x7fffffffu);
  Value *isNan = b.CreateICmpUGT(magnitude, b.getInt32(0x7f800000));
  unsigned least = unsigned(127 + format.least);
  Value *exponent = b.CreateLShr(magnitude, 23);
  exponent = b.CreateBinaryIntrinsic(llvm::Intrinsic::umax, exponent, b.getInt32(least));
  exponent = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, exponent, b.getInt32(254));
  // 2^(mantissa - exponent) makes the significand an integer of mantissa + 1 bits.
  Value *scale = b.CreateShl(b.CreateSub(b.getInt32(254 + format.mantissa), exponent), 23);
  Value *scaled = b.CreateFMul(lo.fromBits(magnitude, Type::F32), lo.fromBits(scale, Type::F32));
  Value *rounded = b.CreateUnaryIntrinsic(llvm::Intrinsic::roundeven, scaled);
  Value *significand = b.CreateIntrinsic(llvm::Intrinsic::fptoui_sat, {b.getInt32Ty(), b.getFloatTy()}, {rounded});
  significand = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, significand, b.getInt32(1u << 16));  // an infinity
  Value *code = b.CreateAdd(b.CreateShl(b.CreateSub(exponent, b.getInt32(least)), format.mantissa), significand);
  code = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, code, b.getInt32(format.most));
  Value *negative = b.CreateICmpSLT(raw, b.getInt32(0));
  code = relu ? lo.select(negative, b.getInt32(0), code)
              : b.CreateOr(code, b.CreateShl(b.CreateLShr(raw, 31), format.bits - 1));
  return lo.select(isNan, b.getInt32(format.nan ? format.nan : format.most), code);
}

// A code as a half.
Value *decode(BodyLowering &lo, const Format &format, Value *code, bool relu) {
  auto &b = lo.b;
  Value *magnitude = b.CreateAnd(code, (1u << (format.bits - 1)) - 1);
  Value *sign = b.CreateShl(b.CreateAnd(b.CreateLShr(code, format.bits - 1), 1), 15);
  // As the bits of a half with the same exponent field, then scaled by the difference of the biases: exact.
  Value *moved = b.CreateTrunc(b.CreateShl(magnitude, 10 - format.mantissa), b.getInt16Ty());
  Value *half = lo.fromBits(moved, Type::F16);
  if (format.least != -14) {
    int shift = 14 + format.least;
    half = b.CreateFMul(half, llvm::ConstantFP::get(half->getType(), std::ldexp(1.0, shift)));
  }
  Value *raw = b.CreateOr(b.CreateZExt(lo.toBits(half), b.getInt32Ty()), sign);
  if (format.pair == Type::E4M3X2)  // its NaN looks like a number to a half; that of e5m2 is one already
    raw = lo.select(b.CreateICmpEQ(magnitude, b.getInt32(format.nan)), b.getInt32(0x7fff), raw);
  if (format.pair == Type::E5M2X2)
    raw = lo.select(b.CreateICmpUGT(magnitude, b.getInt32(0x7c)), b.getInt32(0x7fff), raw);
  half = lo.fromBits(b.CreateTrunc(raw, b.getInt16Ty()), Type::F16);
  return relu ? rectified(lo, half) : half;
}

}  // namespace

bool isNarrowPair(Type type) {
  return formatOf(type) != nullptr;
}

// cvt.rn.satfinite{.relu}.PAIR.f32 d, a, b and .PAIR.f16x2 d, a: a or the high half goes up
void toNarrowPair(BodyLowering &lo, const Instruction &in, Type to, Type from) {
  auto &b = lo.b;
  const Format &format = *formatOf(to);
  if (in.find(ModGroup::Rounding) != Mod::Rn || (from != Type::F32 && from != Type::F16X2))
    return lo.refuseForm("a conversion between these types");
  Value *high, *low;
  if (from == Type::F32) {
    high = lo.read(lo.operand(1), Type::F32);
    low = lo.read(lo.operand(2), Type::F32);
  } else {
    Value *packed = lo.readBits(lo.operand(1), 32);
    auto half = [&](unsigned at) {
      Value *part = lo.fromBits(b.CreateTrunc(b.CreateLShr(packed, at), b.getInt16Ty()), Type::F16);
      return b.CreateFPExt(part, b.getFloatTy());
    };
    high = half(16);
    low = half(0);
  }
  bool relu = in.has(Mod::Relu);
  Value *code = b.CreateOr(b.CreateShl(encode(lo, format, high, relu), format.stride), encode(lo, format, low, relu));
  lo.writeInteger(lo.operand(0), b.CreateTrunc(code, lo.intType(2 * format.stride)));
}

// cvt.rn{.relu}.f16x2.PAIR d, a
void fromNarrowPair(BodyLowering &lo, const Instruction &in, Type from) {
  auto &b = lo.b;
  const Format &format = *formatOf(from);
  Value *packed = b.CreateZExt(lo.readBits(lo.operand(1), 2 * format.stride), b.getInt32Ty());
  auto half = [&](unsigned at) {
    Value *code = b.CreateAnd(b.CreateLShr(packed, at), (1u << format.bits) - 1);
    return b.CreateZExt(lo.toBits(decode(lo, format, code, in.has(Mod::Relu))), b.getInt32Ty());
  };
  Value *high = half(format.stride), *low = half(0);
  lo.writeInteger(lo.operand(0), b.CreateOr(b.CreateShl(high, 16), low));
}

}  // namespace cutrans::ptx::lowering
