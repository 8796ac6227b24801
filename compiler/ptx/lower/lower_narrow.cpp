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
  Type element, pair, four;
  unsigned bits, mantissa;
  int least;        // exponent of the least normal number
  unsigned most;    // code of the largest finite number
  unsigned nan;     // code of NaN; 0: there is none, NaN becomes the largest number
  unsigned stride;  // bits from one element to the next in packed ones
};

constexpr Format Formats[] = {
    {Type::E4M3, Type::E4M3X2, Type::E4M3X4, 8, 3, -6, 0x7e, 0x7f, 8},
    {Type::E5M2, Type::E5M2X2, Type::E5M2X4, 8, 2, -14, 0x7b, 0x7f, 8},
    {Type::E2M3, Type::E2M3X2, Type::E2M3X4, 6, 3, 0, 0x1f, 0, 8},
    {Type::E3M2, Type::E3M2X2, Type::E3M2X4, 6, 2, -2, 0x1f, 0, 8},
    {Type::E2M1, Type::E2M1X2, Type::E2M1X4, 4, 1, 0, 0x7, 0, 4},
};

const Format *formatOf(Type type) {
  for (const Format &format : Formats)
    if (format.element == type || format.pair == type || format.four == type) return &format;
  return nullptr;
}

// A float as a code of the format, too large ones as the largest. To nearest even; with `random` (.rs, 9.7.9.21) that
// many bits are added to the top ones of those cut off, and their carry rounds away from zero.
struct Random {
  Value *bits = nullptr;
  unsigned count = 0;
};

Value *encode(BodyLowering &lo, const Format &format, Value *value, bool relu, Random random = {}) {
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
  Value *rounded = b.CreateUnaryIntrinsic(random.bits ? llvm::Intrinsic::trunc : llvm::Intrinsic::roundeven, scaled);
  auto whole = [&](Value *number) {
    return b.CreateIntrinsic(llvm::Intrinsic::fptoui_sat, {b.getInt32Ty(), b.getFloatTy()}, {number});
  };
  Value *significand =
      b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, whole(rounded), b.getInt32(1u << 16));  // an infinity
  if (random.bits) {
    Value *one = llvm::ConstantFP::get(b.getFloatTy(), std::ldexp(1.0, int(random.count)));
    Value *cut = whole(b.CreateFMul(b.CreateFSub(scaled, rounded), one));  // NaN of an infinity gives 0
    significand = b.CreateAdd(significand, b.CreateLShr(b.CreateAdd(cut, random.bits), random.count));
  }
  Value *code = b.CreateAdd(b.CreateShl(b.CreateSub(exponent, b.getInt32(least)), format.mantissa), significand);
  code = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, code, b.getInt32(format.most));
  Value *negative = b.CreateICmpSLT(raw, b.getInt32(0));
  code = relu ? lo.select(negative, b.getInt32(0), code)
              : b.CreateOr(code, b.CreateShl(b.CreateLShr(raw, 31), format.bits - 1));
  return lo.select(isNan, b.getInt32(format.nan ? format.nan : format.most), code);
}

// A code as a float: the bits of a half with the same exponent field, scaled by the difference of the biases.
Value *decode(BodyLowering &lo, const Format &format, Value *code) {
  auto &b = lo.b;
  Value *magnitude = b.CreateAnd(code, (1u << (format.bits - 1)) - 1);
  Value *sign = b.CreateShl(b.CreateAnd(b.CreateLShr(code, format.bits - 1), 1), 15);
  Value *moved = b.CreateOr(b.CreateShl(magnitude, 10 - format.mantissa), sign);
  Value *value = b.CreateFPExt(lo.fromBits(b.CreateTrunc(moved, b.getInt16Ty()), Type::F16), b.getFloatTy());
  if (format.least != -14)
    value = b.CreateFMul(value, llvm::ConstantFP::get(value->getType(), std::ldexp(1.0, 14 + format.least)));
  if (!format.nan) return value;
  // e4m3 has one NaN and no infinity; those of e5m2 are a half's
  Value *isNan = format.element == Type::E4M3 ? b.CreateICmpEQ(magnitude, b.getInt32(format.nan))
                                              : b.CreateICmpUGT(magnitude, b.getInt32(0x7c));
  return lo.select(isNan, lo.fromBits(b.getInt32(0x7fffffff), Type::F32), value);
}

}  // namespace

bool isNarrow(Type type) {
  return formatOf(type) != nullptr;
}

Value *narrowToF32(BodyLowering &lo, Value *code, Type element) {
  auto &b = lo.b;
  if (element == Type::UE4M3) return decode(lo, *formatOf(Type::E4M3), b.CreateAnd(code, 0x7f));
  if (element != Type::UE8M0) return decode(lo, *formatOf(element), code);
  Value *field = b.CreateShl(code, 23);  // 2^-127 is subnormal, 255 is NaN
  field = lo.select(b.CreateICmpEQ(code, b.getInt32(0)), b.getInt32(0x00400000), field);
  field = lo.select(b.CreateICmpEQ(code, b.getInt32(0xff)), b.getInt32(0x7fffffff), field);
  return lo.fromBits(field, Type::F32);
}

namespace {

// Elements of packed f16 as floats, lowest first.
llvm::SmallVector<Value *, 2> halves(BodyLowering &lo, const Operand &operand, Type element) {
  auto &b = lo.b;
  Value *packed = lo.readBits(operand, 32);
  llvm::SmallVector<Value *, 2> values;
  for (unsigned at : {0u, 16u}) {
    Value *part = b.CreateTrunc(b.CreateLShr(packed, at), b.getInt16Ty());
    values.push_back(widened(lo, lo.fromBits(part, element), b.getFloatTy()));
  }
  return values;
}

// The f32 sources of a packed conversion, lowest element first: {a, b, e, f} or a, b; a goes up.
llvm::SmallVector<Value *, 4> sources(BodyLowering &lo, const Instruction &in, unsigned count) {
  llvm::SmallVector<Value *, 4> values;
  const Operand &first = lo.operand(1);
  if (count == 4 && (first.kind != OperandKind::Vector || first.elements.size() != 4)) {
    lo.refuse(Diag::ptx_operand, "the sources are not a vector of four");
    return values;
  }
  for (unsigned i = count; i-- > 0;)
    values.push_back(lo.read(count == 4 ? first.elements[i] : lo.operand(1 + i), Type::F32));
  return values;
}

void writePacked(BodyLowering &lo, llvm::ArrayRef<Value *> codes, unsigned stride) {
  auto &b = lo.b;
  Value *packed = nullptr;
  for (unsigned i = 0; i < codes.size(); ++i) {
    Value *code = i ? b.CreateShl(codes[i], uint64_t(i) * stride) : codes[i];
    packed = packed ? b.CreateOr(packed, code) : code;
  }
  lo.writeInteger(lo.operand(0), b.CreateTrunc(packed, lo.intType(unsigned(codes.size()) * stride)));
}

}  // namespace

// cvt.rn.satfinite{.relu}.PAIR.f32 d, a, b and .PAIR.f16x2 d, a;
// cvt.rs{.relu}.satfinite.FOUR.f32 d, {a, b, e, f}, rbits. The manual says only which half of rbits two elements share:
// each takes eight bits of it, in the order of the elements.
void toNarrow(BodyLowering &lo, const Instruction &in, Type to, Type from) {
  auto &b = lo.b;
  const Format &format = *formatOf(to);
  bool relu = in.has(Mod::Relu), four = to == format.four;
  llvm::SmallVector<Value *, 4> values, codes;
  if (from == Type::F32 && in.has(four ? Mod::Rs : Mod::Rn))
    values = sources(lo, in, four ? 4 : 2);
  else if (from == Type::F16X2 && !four && in.has(Mod::Rn))
    values.append(halves(lo, lo.operand(1), Type::F16));
  else
    return lo.refuseForm("a conversion between these types");
  Value *random = four ? lo.readBits(lo.operand(2), 32) : nullptr;
  for (unsigned i = 0; i < values.size(); ++i) {
    // The four of e2m1 take the low bytes of both halves first, then the high ones.
    unsigned byte = format.element == Type::E2M1 ? (i & 1) * 2 + i / 2 : i;
    Random bits;
    if (four) bits = {b.CreateAnd(b.CreateLShr(random, uint64_t(8 * byte)), 0xff), 8};
    codes.push_back(encode(lo, format, values[i], relu, bits));
  }
  if (!values.empty()) writePacked(lo, codes, format.stride);
}

// cvt.rn{.relu}.f16x2.PAIR d, a
void fromNarrow(BodyLowering &lo, const Instruction &in, Type from) {
  auto &b = lo.b;
  const Format &format = *formatOf(from);
  if (from != format.pair) return lo.refuseForm("a conversion between these types");
  Value *packed = b.CreateZExt(lo.readBits(lo.operand(1), 2 * format.stride), b.getInt32Ty());
  llvm::SmallVector<Value *, 2> results;
  for (unsigned at : {0u, format.stride}) {
    Value *code = b.CreateAnd(b.CreateLShr(packed, at), (1u << format.bits) - 1);
    Value *value = decode(lo, format, code);
    Value *half = b.CreateFPTrunc(value, lo.type(Type::F16));
    if (format.nan)  // the canonical NaN, which a conversion would shorten
      half = lo.select(b.CreateFCmpUNO(value, value), lo.fromBits(b.getInt16(0x7fff), Type::F16), half);
    if (in.has(Mod::Relu)) half = rectified(lo, half);
    results.push_back(b.CreateZExt(lo.toBits(half), b.getInt32Ty()));
  }
  writePacked(lo, results, 16);
}

// cvt.{rz,rp}{.satfinite}.ue8m0x2.f32 d, a, b and .bf16x2 d, a: the power of two at or below, or above, the magnitude
void toScales(BodyLowering &lo, const Instruction &in, Type from) {
  auto &b = lo.b;
  llvm::SmallVector<Value *, 4> values, codes;
  if (from == Type::F32)
    values = sources(lo, in, 2);
  else
    values.append(halves(lo, lo.operand(1), Type::BF16));
  if (!in.has(Mod::Rz) && !in.has(Mod::Rp)) return lo.refuseForm("this rounding to ue8m0");
  unsigned most = in.has(Mod::Satfinite) ? 0xfe : 0xff;
  for (Value *value : values) {
    Value *magnitude = b.CreateAnd(lo.toBits(value), 0x7fffffffu);
    Value *code = b.CreateLShr(magnitude, 23), *rest = b.CreateAnd(magnitude, 0x7fffffu);
    if (in.has(Mod::Rp)) {
      // Up to 2^-127 the least power serves: half of the smallest normal number.
      Value *low = b.CreateICmpULE(magnitude, b.getInt32(0x400000));
      Value *up = b.CreateAnd(b.CreateICmpNE(rest, b.getInt32(0)), b.CreateNot(low));
      code = b.CreateAdd(code, b.CreateZExt(up, b.getInt32Ty()));
    }
    code = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, code, b.getInt32(most));
    Value *isNan = b.CreateICmpUGT(magnitude, b.getInt32(0x7f800000));
    codes.push_back(lo.select(isNan, b.getInt32(0xff), code));
  }
  writePacked(lo, codes, 8);
}

// cvt.rn.bf16x2.ue8m0x2 d, a
void fromScales(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *packed = b.CreateZExt(lo.readBits(lo.operand(1), 16), b.getInt32Ty());
  llvm::SmallVector<Value *, 2> results;
  for (unsigned at : {0u, 8u}) {
    Value *value = narrowToF32(lo, b.CreateAnd(b.CreateLShr(packed, at), 0xff), Type::UE8M0);
    results.push_back(b.CreateLShr(lo.toBits(value), 16));
  }
  writePacked(lo, results, 16);
}

// cvt.rs{.relu}{.satfinite}.f16x2.f32 and .bf16x2.f32 d, a, b, rbits
void toHalvesAtRandom(BodyLowering &lo, const Instruction &in, Type to) {
  auto &b = lo.b;
  bool brain = to == Type::BF16X2, finite = in.has(Mod::Satfinite), relu = in.has(Mod::Relu);
  auto values = sources(lo, in, 2);
  Value *random = lo.readBits(lo.operand(3), 32);
  const Format half{Type::F16, to, to, 16, 10, -14, finite ? 0x7bffu : 0x7c00u, 0x7fff, 16};
  llvm::SmallVector<Value *, 2> codes;
  for (unsigned i = 0; i < 2; ++i) {
    Value *bits = b.CreateAnd(b.CreateLShr(random, uint64_t(16 * i)), brain ? 0xffff : 0x1fff);
    if (!brain) {
      codes.push_back(encode(lo, half, values[i], relu, {bits, 13}));
      continue;
    }
    // All that is cut off are the lower 16 bits, so that the random ones are added in place.
    Value *raw = lo.toBits(values[i]), *magnitude = b.CreateAnd(raw, 0x7fffffffu);
    Value *code = b.CreateLShr(b.CreateAdd(magnitude, bits), 16);
    code = b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, code, b.getInt32(finite ? 0x7f7f : 0x7f80));
    Value *negative = b.CreateICmpSLT(raw, b.getInt32(0));
    code = relu ? lo.select(negative, b.getInt32(0), code) : b.CreateOr(code, b.CreateShl(b.CreateLShr(raw, 31), 15));
    codes.push_back(lo.select(b.CreateICmpUGT(magnitude, b.getInt32(0x7f800000)), b.getInt32(0x7fff), code));
  }
  writePacked(lo, codes, 16);
}

}  // namespace cutrans::ptx::lowering
