// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cvt and cvt.pack (manual 9.7.9.21, 9.7.9.22). f64 to f16 and bf16 goes through f32 rounded to odd (lower_half.cpp).
#include <llvm/ADT/APFloat.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

Value *isNan(BodyLowering &lo, Value *value) {
  return lo.b.CreateFCmpUNO(value, value);
}

Value *number(Value *like, const llvm::APInt &value) {
  return llvm::ConstantInt::get(like->getType(), value);
}

// ---- integer to integer -----------------------------------------------------------------------------------------

Value *clampInteger(BodyLowering &lo, Value *value, bool fromSigned, unsigned to, bool toSigned) {
  using llvm::APInt;
  auto &b = lo.b;
  unsigned from = value->getType()->getIntegerBitWidth();
  if (fromSigned) {
    APInt least = toSigned ? APInt::getSignedMinValue(to).sext(std::max(from, to)) : APInt(std::max(from, to), 0);
    APInt most = (toSigned ? APInt::getSignedMaxValue(to) : APInt::getMaxValue(to)).zext(std::max(from, to));
    if (!toSigned) value = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, value, number(value, APInt(from, 0)));
    if (to >= from) return value;
    if (toSigned) value = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, value, number(value, least));
    return b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, value, number(value, most));
  }
  unsigned room = toSigned ? to - 1 : to;
  if (room >= from) return value;
  return b.CreateBinaryIntrinsic(llvm::Intrinsic::umin, value, number(value, APInt::getLowBitsSet(from, room)));
}

Value *resize(BodyLowering &lo, Value *value, unsigned to, bool is_signed) {
  return is_signed ? lo.b.CreateSExtOrTrunc(value, lo.intType(to)) : lo.b.CreateZExtOrTrunc(value, lo.intType(to));
}

void integerToInteger(BodyLowering &lo, const Instruction &in, Type to, Type from) {
  Value *value = lo.read(lo.operand(1), from);
  if (in.has(Mod::Sat)) value = clampInteger(lo, value, isSigned(from), bits(to), isSigned(to));
  lo.write(lo.operand(0), resize(lo, value, bits(to), isSigned(from)), to);
}

// ---- narrowing of floats ----------------------------------------------------------------------------------------

std::optional<ir::Rounding> directed(Mod rounding) {
  switch (rounding) {
    case Mod::Rz:
      return ir::Rounding::Zero;
    case Mod::Rm:
      return ir::Rounding::Down;
    case Mod::Rp:
      return ir::Rounding::Up;
    default:
      return std::nullopt;
  }
}

// Any float to a narrower or equal one.
Value *narrow(BodyLowering &lo, const Instruction &in, Value *value, Type to, Mod rounding) {
  auto &b = lo.b;
  auto mode = directed(rounding);
  llvm::Type *target = lo.type(to);
  if (value->getType() == target) return value;
  if (to == Type::F32)
    return mode ? lo.call(ir::rounded(IrIntrinsic::CvtF32F64Rz, *mode), {value}) : b.CreateFPTrunc(value, target);
  if (value->getType()->isDoubleTy()) value = roundToOddF32(lo, value);
  if (!value->getType()->isFloatTy()) value = widened(lo, value, b.getFloatTy());  // f16 to bf16 and back
  Value *result;
  if (to == Type::BF16) {
    result = roundToBf16(lo, value, rounding);
  } else {
    result = mode ? lo.call(ir::rounded(IrIntrinsic::CvtF16F32Rz, *mode), {value}) : b.CreateFPTrunc(value, target);
  }
  if (in.has(Mod::Satfinite)) {  // infinities become the largest finite value
    Value *raw = lo.toBits(result);
    uint64_t infinity = llvm::APFloat::getInf(target->getFltSemantics()).bitcastToAPInt().getZExtValue();
    Value *infinite = b.CreateICmpEQ(b.CreateAnd(raw, 0x7fff), b.getInt16(uint16_t(infinity)));
    result = lo.fromBits(b.CreateSub(raw, b.CreateZExt(infinite, b.getInt16Ty())), to);
  }
  return result;
}

Value *finishFloat(BodyLowering &lo, const Instruction &in, Value *value) {
  if (value->getType()->isBFloatTy()) {  // in f32: nothing but bits may be done to a bfloat
    if (!in.has(Mod::Sat) && !in.has(Mod::Relu)) return value;
    Value *raw = lo.toBits(finishFloat(lo, in, widened(lo, value, lo.b.getFloatTy())));
    return lo.fromBits(lo.b.CreateTrunc(lo.b.CreateLShr(raw, 16), lo.b.getInt16Ty()), Type::BF16);
  }
  if (in.has(Mod::Sat)) value = saturated(lo, value);
  if (in.has(Mod::Relu)) value = rectified(lo, value);
  if (in.has(Mod::Ftz) && value->getType()->isFloatTy()) value = flushed(lo, value);
  return value;
}

Value *toIntegral(BodyLowering &lo, Value *value, Mod rounding) {
  llvm::Intrinsic::ID id;
  switch (rounding) {
    case Mod::Rni:
      id = llvm::Intrinsic::roundeven;
      break;
    case Mod::Rzi:
      id = llvm::Intrinsic::trunc;
      break;
    case Mod::Rmi:
      id = llvm::Intrinsic::floor;
      break;
    case Mod::Rpi:
      id = llvm::Intrinsic::ceil;
      break;
    default:
      return nullptr;
  }
  return lo.b.CreateUnaryIntrinsic(id, value);
}

void floatToFloat(BodyLowering &lo, const Instruction &in, Type to, Type from) {
  Mod rounding = in.find(ModGroup::Rounding);
  Value *value = lo.read(lo.operand(1), from);
  if (in.has(Mod::Ftz) && from == Type::F32) value = flushed(lo, value);
  if (Value *integral = toIntegral(lo, value, rounding)) value = integral;
  if (bits(to) > bits(from))
    value = widened(lo, value, lo.type(to));
  else
    value = narrow(lo, in, value, to, rounding);
  lo.write(lo.operand(0), finishFloat(lo, in, value), to);
}

// cvt.rn.f16x2.f32 d, a, b: a is the upper half
void twoToPacked(BodyLowering &lo, const Instruction &in, Type to) {
  auto &b = lo.b;
  Mod rounding = in.find(ModGroup::Rounding);
  if (rounding == Mod::Rs) return toHalvesAtRandom(lo, in, to);
  auto half = [&](size_t index) {
    Value *value =
        finishFloat(lo, in, narrow(lo, in, lo.read(lo.operand(index), Type::F32), elementType(to), rounding));
    return b.CreateZExt(lo.toBits(value), b.getInt32Ty());
  };
  Value *high = half(1), *low = half(2);
  lo.writeInteger(lo.operand(0), b.CreateOr(b.CreateShl(high, 16), low));
}

// cvt to .tf32: a f32 whose last 13 bits are zero
void toTf32(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Value *value = lo.read(lo.operand(1), Type::F32), *raw = lo.toBits(value), *moved;
  switch (in.find(ModGroup::Rounding)) {
    case Mod::Rna:
      moved = b.CreateAdd(raw, b.getInt32(0x1000));
      break;
    case Mod::Rn:
      moved = b.CreateAdd(raw, b.CreateAdd(b.getInt32(0xfff), b.CreateAnd(b.CreateLShr(raw, 13), 1)));
      break;
    case Mod::Rz:
      moved = raw;
      break;
    default:
      return lo.refuseForm("this rounding to tf32");
  }
  Value *result = b.CreateAnd(moved, 0xffffe000u);
  if (in.has(Mod::Satfinite)) {
    Value *magnitude = b.CreateAnd(result, 0x7fffffffu), *sign = b.CreateAnd(result, 0x80000000u);
    result = b.CreateSelect(b.CreateICmpEQ(magnitude, b.getInt32(0x7f800000)), b.CreateOr(sign, b.getInt32(0x7f7fe000)),
                            result);
  }
  result = b.CreateSelect(isNan(lo, value), b.getInt32(0x7fffffff), result);
  lo.writeInteger(lo.operand(0), lo.toBits(in.has(Mod::Relu) ? rectified(lo, lo.fromBits(result, Type::F32)) : result));
}

// ---- between integers and floats --------------------------------------------------------------------------------

Value *plain(BodyLowering &lo, Value *value, bool is_signed, llvm::Type *to) {
  return is_signed ? lo.b.CreateSIToFP(value, to) : lo.b.CreateUIToFP(value, to);
}

// Values that need more than 53 bits: the low 32 collapse into one sticky bit, which keeps every rounding to fewer
// than 21 bits as it was.
Value *toExactF64(BodyLowering &lo, Value *value, bool is_signed) {
  auto &b = lo.b;
  if (value->getType()->getIntegerBitWidth() < 64) return plain(lo, value, is_signed, b.getDoubleTy());
  Value *negative = is_signed ? b.CreateICmpSLT(value, b.getInt64(0)) : b.getFalse();
  Value *magnitude = is_signed ? b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, value, b.getFalse()) : value;
  Value *sticky = b.CreateSelect(b.CreateICmpNE(b.CreateTrunc(magnitude, b.getInt32Ty()), b.getInt32(0)),
                                 b.getInt64(0x80000000u), b.getInt64(0));
  Value *reduced = b.CreateOr(b.CreateAnd(magnitude, ~0xffffffffull), sticky);
  magnitude = b.CreateSelect(b.CreateICmpUGE(magnitude, b.getInt64(1ull << 53)), reduced, magnitude);
  Value *result = b.CreateUIToFP(magnitude, b.getDoubleTy());
  return b.CreateSelect(negative, b.CreateFNeg(result), result);
}

void integerToFloat(BodyLowering &lo, const Instruction &in, Type to, Type from) {
  auto &b = lo.b;
  bool is_signed = isSigned(from);
  Mod rounding = in.find(ModGroup::Rounding);
  auto mode = directed(rounding);
  Value *value = lo.read(lo.operand(1), from), *result;
  unsigned width = std::max(32u, bits(from));
  value = resize(lo, value, width, is_signed);
  switch (to) {
    case Type::F64:
      result =
          mode && width == 64
              ? lo.call(ir::rounded(is_signed ? IrIntrinsic::CvtF64S64Rz : IrIntrinsic::CvtF64U64Rz, *mode), {value})
              : plain(lo, value, is_signed, b.getDoubleTy());
      break;
    case Type::F32: {
      auto id = width == 64 ? (is_signed ? IrIntrinsic::CvtF32S64Rz : IrIntrinsic::CvtF32U64Rz)
                            : (is_signed ? IrIntrinsic::CvtF32S32Rz : IrIntrinsic::CvtF32U32Rz);
      result = mode ? lo.call(ir::rounded(id, *mode), {value}) : plain(lo, value, is_signed, b.getFloatTy());
      break;
    }
    case Type::F16: {  // beyond 2^20 all are infinite (or the largest): exact in f32 after the clamp
      if (is_signed)
        value = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, value, lo.constant(width, uint64_t(-(1ll << 20))));
      value = b.CreateBinaryIntrinsic(is_signed ? llvm::Intrinsic::smin : llvm::Intrinsic::umin, value,
                                      lo.constant(width, 1 << 20));
      value = b.CreateTrunc(value, b.getInt32Ty());
      result = narrow(lo, in, b.CreateSIToFP(value, b.getFloatTy()), to, rounding);
      break;
    }
    default:
      result = narrow(lo, in, toExactF64(lo, value, is_signed), to, rounding);
  }
  lo.write(lo.operand(0), finishFloat(lo, in, result), to);
}

// Out of range: the nearest value. NaN: zero, or the top bit alone where the source is f64 or the result has 64 bits.
void floatToInteger(BodyLowering &lo, const Instruction &in, Type to, Type from) {
  auto &b = lo.b;
  Value *value = lo.read(lo.operand(1), from);
  if (bits(from) == 16) value = widened(lo, value, b.getFloatTy());
  if (in.has(Mod::Ftz) && from == Type::F32) value = flushed(lo, value);
  Mod rounding = in.find(ModGroup::Rounding);
  Value *integral = toIntegral(lo, value, rounding);
  if (!integral) return lo.refuse(Diag::ptx_operand, "a conversion to an integer without .rni, .rzi, .rmi or .rpi");
  unsigned width = bits(to);
  auto id = isSigned(to) ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
  // The conversion itself truncates.
  Value *source = rounding == Mod::Rzi ? value : integral;
  Value *result = b.CreateIntrinsic(id, {lo.intType(width), source->getType()}, {source});
  if (from == Type::F64 || width == 64)
    result = b.CreateSelect(isNan(lo, value), number(result, llvm::APInt::getSignedMinValue(width)), result);
  lo.write(lo.operand(0), result, to);
}

bool isInteger(Type type) {
  TypeClass c = type_class(type);
  return c == TypeClass::Signed || c == TypeClass::Unsigned || c == TypeClass::Bits;
}

void cvt(BodyLowering &lo, const Instruction &in) {
  Type to = in.type(0), from = in.type(1);
  if ((to == Type::F16X2 || to == Type::BF16X2) && from == Type::F32) return twoToPacked(lo, in, to);
  if (to == Type::TF32 && from == Type::F32) return toTf32(lo, in);
  if (in.find(ModGroup::Scaled) != Mod::None) return lo.refuseForm("a scaled conversion (PTX 9.1)");
  if (isNarrow(to)) return toNarrow(lo, in, to, from);
  if (isNarrow(from) && to == Type::F16X2) return fromNarrow(lo, in, from);
  if (to == Type::UE8M0X2 && (from == Type::F32 || from == Type::BF16X2)) return toScales(lo, in, from);
  if (to == Type::BF16X2 && from == Type::UE8M0X2) return fromScales(lo, in);
  if (isInteger(to) && isInteger(from)) return integerToInteger(lo, in, to, from);
  if (isFloat(to) && isFloat(from)) return floatToFloat(lo, in, to, from);
  if (isFloat(to) && isInteger(from)) return integerToFloat(lo, in, to, from);
  if (isInteger(to) && isFloat(from)) return floatToInteger(lo, in, to, from);
  lo.refuseForm("a conversion between these types");
}

// 9.7.9.22 cvt.pack: a and b clamped into the low elements of d, c moved up to make room
void cvtPack(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  Type to = in.type(0), from = in.type(1);
  unsigned width = bits(to);
  auto element = [&](size_t index) {
    Value *value = clampInteger(lo, lo.read(lo.operand(index), from), isSigned(from), width, isSigned(to));
    return b.CreateZExt(b.CreateTrunc(value, lo.intType(width)), b.getInt32Ty());
  };
  Value *high = element(1), *low = element(2);
  Value *result = b.CreateOr(b.CreateShl(high, width), low);
  if (in.operands.size() > 3) result = b.CreateOr(result, b.CreateShl(lo.readBits(lo.operand(3), 32), 2 * width));
  lo.writeInteger(lo.operand(0), result);
}

}  // namespace

void addConvertRules(RuleTable &table) {
  set(table, Opcode::Cvt, cvt);
  set(table, Opcode::CvtPack, cvtPack);
}

}  // namespace cutrans::ptx::lowering
