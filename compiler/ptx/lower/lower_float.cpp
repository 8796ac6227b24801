// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Floating point (manual 9.7.3 - 9.7.5). Round to nearest is LLVM's own instruction, without fast-math flags, so that
// nothing is contracted or reordered; other roundings, .ftz and approximate functions are intrinsics of the IR.
#include <llvm/ADT/APFloat.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

using Operands = llvm::ArrayRef<Value *>;

Value *zeroLike(Value *value) {
  return llvm::ConstantFP::get(value->getType(), 0.0);
}

Value *isNan(BodyLowering &lo, Value *value) {
  return lo.b.CreateFCmpUNO(value, value);
}

// 0x7fff.. of the type: what PTX calls the canonical NaN.
Value *canonicalNan(Value *like) {
  const llvm::fltSemantics &form = like->getType()->getFltSemantics();
  unsigned width = llvm::APFloat::getSizeInBits(form);
  return llvm::ConstantFP::get(like->getContext(), llvm::APFloat(form, llvm::APInt::getSignedMaxValue(width)));
}

std::optional<ir::Rounding> directed(const Instruction &in) {
  switch (in.find(ModGroup::Rounding)) {
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

// Reads the sources in the instruction's type (the addend's, where the others are narrower), flushes them, applies `f`
// to each element, then .sat or .relu, flushes, and writes. Elements of bf16 reach `f` as floats, exactly, and its
// result is rounded.
void map(BodyLowering &lo, const Instruction &in, size_t sources, llvm::function_ref<Value *(Operands)> f) {
  Type type = in.type();
  if (in.find(ModGroup::Sat) == Mod::Oob) return lo.refuseForm(".oob");
  llvm::SmallVector<Value *, 4> values;
  for (size_t i = 1; i <= sources; ++i) {
    // add.f32.f16 and the like: all sources but the last are narrower, and exact in the wider type.
    Type narrow = in.types.size() > 1 && i < sources ? in.type(1) : type;
    Value *value = lo.read(lo.operand(i), narrow);
    values.push_back(narrow == type ? value : widened(lo, value, lo.type(type)));
  }
  Value *result = lo.eachElement(type, values, [&](Operands elements) {
    llvm::SmallVector<Value *, 4> inputs(elements);
    bool brain = elementType(type) == Type::BF16;
    if (brain)
      for (Value *&input : inputs) input = widened(lo, input, lo.b.getFloatTy());
    if (in.has(Mod::Ftz))
      for (Value *&input : inputs) input = flushed(lo, input);
    Value *value = f(inputs);
    if (in.has(Mod::Sat)) value = saturated(lo, value);
    if (in.has(Mod::Relu)) value = rectified(lo, value);
    if (in.has(Mod::Ftz)) value = flushed(lo, value);
    return brain ? roundToBf16(lo, value) : value;
  });
  lo.write(lo.operand(0), result, type);
}

// `nearest` for .rn and no rounding, else the intrinsic of the mode; `rz32` and `rz64` are the first of three rows.
void rounded(BodyLowering &lo, const Instruction &in, size_t sources, IrIntrinsic rz32, IrIntrinsic rz64,
             llvm::function_ref<Value *(Operands)> nearest) {
  auto mode = directed(in);
  Type element = elementType(in.type());
  if (mode && element != Type::F32 && element != Type::F64) return lo.refuseForm("this rounding");
  map(lo, in, sources, [&](Operands v) {
    if (!mode) return nearest(v);
    return lo.call(ir::rounded(element == Type::F32 ? rz32 : rz64, *mode), v);
  });
}

// An approximate function of one argument; f16 and bf16 go through f32, whose error is far below theirs.
void approximate(BodyLowering &lo, const Instruction &in, IrIntrinsic id) {
  Type element = elementType(in.type());
  if (element == Type::F64) return lo.refuseForm("this type");
  map(lo, in, 1, [&](Operands v) -> Value * {
    if (element != Type::F16) return lo.call(id, v);
    Value *wide = lo.call(id, {lo.b.CreateFPExt(v[0], lo.type(Type::F32))});
    return lo.b.CreateFPTrunc(wide, lo.type(element));
  });
}

}  // namespace

Value *flushed(BodyLowering &lo, Value *value) {
  if (value->getType()->isFloatTy()) return lo.call(IrIntrinsic::FtzF32, {value});
  if (value->getType()->isDoubleTy()) return value;
  const llvm::fltSemantics &form = value->getType()->getFltSemantics();
  Value *least = llvm::ConstantFP::get(lo.context, llvm::APFloat::getSmallestNormalized(form));
  Value *small = lo.b.CreateFCmpOLT(lo.b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value), least);
  Value *zero = lo.b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, zeroLike(value), value);
  return lo.b.CreateSelect(small, zero, value);
}

Value *saturated(BodyLowering &lo, Value *value) {
  if (value->getType()->isFloatTy()) return lo.call(IrIntrinsic::SatF32, {value});
  Value *one = llvm::ConstantFP::get(value->getType(), 1.0);
  Value *positive = lo.b.CreateFCmpOGT(value, zeroLike(value));  // false for NaN and both zeros
  Value *capped = lo.b.CreateSelect(lo.b.CreateFCmpOLT(value, one), value, one);
  return lo.b.CreateSelect(positive, capped, zeroLike(value));
}

Value *rectified(BodyLowering &lo, Value *value) {
  Value *positive = lo.b.CreateFCmpOGT(value, zeroLike(value));
  Value *clamped = lo.b.CreateSelect(positive, value, zeroLike(value));
  return lo.b.CreateSelect(isNan(lo, value), canonicalNan(value), clamped);
}

// 9.7.3.1 add, 9.7.4.1, 9.7.5.1
void floatAdd(BodyLowering &lo, const Instruction &in) {
  rounded(lo, in, 2, IrIntrinsic::AddF32Rz, IrIntrinsic::AddF64Rz,
          [&](Operands v) { return lo.b.CreateFAdd(v[0], v[1]); });
}

// 9.7.3.2 sub
void floatSub(BodyLowering &lo, const Instruction &in) {
  rounded(lo, in, 2, IrIntrinsic::SubF32Rz, IrIntrinsic::SubF64Rz,
          [&](Operands v) { return lo.b.CreateFSub(v[0], v[1]); });
}

// 9.7.3.3 mul
void floatMul(BodyLowering &lo, const Instruction &in) {
  rounded(lo, in, 2, IrIntrinsic::MulF32Rz, IrIntrinsic::MulF64Rz,
          [&](Operands v) { return lo.b.CreateFMul(v[0], v[1]); });
}

// 9.7.3.4 fma; 9.7.3.5 mad is the same since sm_20
void floatFma(BodyLowering &lo, const Instruction &in) {
  Type element = elementType(in.type());
  rounded(lo, in, 3, IrIntrinsic::FmaF32Rz, IrIntrinsic::FmaF64Rz, [&](Operands v) -> Value * {
    if (element == Type::F16) return fmaF16(lo, v[0], v[1], v[2]);
    if (element == Type::BF16) return fmaBf16(lo, v[0], v[1], v[2]);
    return lo.b.CreateIntrinsic(llvm::Intrinsic::fma, {v[0]->getType()}, {v[0], v[1], v[2]});
  });
}

// 9.7.3.6 div. .full has an error bound that the exact quotient is within.
void floatDiv(BodyLowering &lo, const Instruction &in) {
  if (in.has(Mod::Approx)) return map(lo, in, 2, [&](Operands v) { return lo.call(IrIntrinsic::DivApprox, v); });
  rounded(lo, in, 2, IrIntrinsic::DivF32Rz, IrIntrinsic::DivF64Rz,
          [&](Operands v) { return lo.b.CreateFDiv(v[0], v[1]); });
}

// 9.7.3.7 abs, 9.7.3.8 neg: the sign bit of each element; bf16 as bits
static void signBit(BodyLowering &lo, const Instruction &in, bool clear) {
  Type type = in.type(), element = elementType(type);
  if (element != Type::BF16)
    return map(lo, in, 1, [&](Operands v) {
      return clear ? lo.b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, v[0]) : lo.b.CreateFNeg(v[0]);
    });
  Value *sign = lo.constant(bits(type), type == Type::BF16X2 ? 0x80008000u : 0x8000u);
  Value *raw = lo.readBits(lo.operand(1), bits(type));
  lo.writeInteger(lo.operand(0), clear ? lo.b.CreateAnd(raw, lo.b.CreateNot(sign)) : lo.b.CreateXor(raw, sign));
}

void floatAbs(BodyLowering &lo, const Instruction &in) {
  signBit(lo, in, true);
}
void floatNeg(BodyLowering &lo, const Instruction &in) {
  signBit(lo, in, false);
}

// 9.7.3.9 min, 9.7.3.10 max: -0 < +0; a NaN loses, or with .NaN wins as the canonical one
void floatMinMax(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  bool is_min = in.opcode == Opcode::Min;
  size_t sources = in.operands.size() > 3 ? 3 : 2;
  auto id = in.has(Mod::NaN) ? (is_min ? llvm::Intrinsic::minimum : llvm::Intrinsic::maximum)
                             : (is_min ? llvm::Intrinsic::minimumnum : llvm::Intrinsic::maximumnum);
  map(lo, in, sources, [&](Operands v) {
    llvm::SmallVector<Value *, 3> values(v);
    bool magnitudes = in.has(Mod::Abs);  // .xorsign.abs, or .abs with three sources
    Value *sign = nullptr;
    if (in.has(Mod::XorSign)) sign = b.CreateXor(lo.toBits(v[0]), lo.toBits(v[1]));
    if (magnitudes)
      for (Value *&value : values) value = b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value);
    Value *result = b.CreateBinaryIntrinsic(id, values[0], values[1]);
    if (sources == 3) result = b.CreateBinaryIntrinsic(id, result, values[2]);
    Value *canonical = b.CreateSelect(isNan(lo, result), canonicalNan(result), result);
    if (!sign) return canonical;
    Value *signedResult =
        b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, result, b.CreateBitCast(sign, result->getType()));
    return b.CreateSelect(isNan(lo, result), canonicalNan(result), signedResult);
  });
}

namespace {

// 9.7.3.12 rcp, 9.7.3.13 rcp.approx.ftz.f64
void rcp(BodyLowering &lo, const Instruction &in) {
  bool wide = in.type() == Type::F64;
  if (in.has(Mod::Approx)) {
    auto id = wide ? IrIntrinsic::RcpApproxFtzF64 : IrIntrinsic::RcpApprox;
    return map(lo, in, 1, [&](Operands v) { return lo.call(id, v); });
  }
  rounded(lo, in, 1, IrIntrinsic::RcpF32Rz, IrIntrinsic::RcpF64Rz,
          [&](Operands v) { return lo.b.CreateFDiv(llvm::ConstantFP::get(v[0]->getType(), 1.0), v[0]); });
}

// 9.7.3.14 sqrt
void sqrt(BodyLowering &lo, const Instruction &in) {
  if (in.has(Mod::Approx)) return approximate(lo, in, IrIntrinsic::SqrtApprox);
  rounded(lo, in, 1, IrIntrinsic::SqrtF32Rz, IrIntrinsic::SqrtF64Rz,
          [&](Operands v) { return lo.b.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, v[0]); });
}

// 9.7.3.15 rsqrt, 9.7.3.16 rsqrt.approx.ftz.f64
void rsqrt(BodyLowering &lo, const Instruction &in) {
  auto id = in.type() == Type::F32 ? IrIntrinsic::RsqrtApprox
            : in.has(Mod::Ftz)     ? IrIntrinsic::RsqrtApproxFtzF64
                                   : IrIntrinsic::RsqrtApproxF64;
  map(lo, in, 1, [&](Operands v) { return lo.call(id, v); });
}

// 9.7.3.5 copysign: the sign of a on the magnitude of b
void copysign(BodyLowering &lo, const Instruction &in) {
  map(lo, in, 2, [&](Operands v) { return lo.b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, v[1], v[0]); });
}

// 9.7.3.1 testp
void testp(BodyLowering &lo, const Instruction &in) {
  using llvm::FPClassTest;
  unsigned classes = 0;
  switch (in.find(ModGroup::TestProperty)) {
    case Mod::Finite:
      classes = llvm::fcFinite;
      break;
    case Mod::Infinite:
      classes = llvm::fcInf;
      break;
    case Mod::Number:
      classes = llvm::fcAllFlags & ~llvm::fcNan;
      break;
    case Mod::Notanumber:
      classes = llvm::fcNan;
      break;
    case Mod::Normal:  // zero is normal to PTX
      classes = llvm::fcNormal | llvm::fcZero;
      break;
    case Mod::Subnormal:
      classes = llvm::fcSubnormal;
      break;
    default:
      return lo.refuseForm();
  }
  lo.writePredicate(lo.operand(0), lo.b.createIsFPClass(lo.read(lo.operand(1), in.type()), classes));
}

template <IrIntrinsic Id>
void approximateRule(BodyLowering &lo, const Instruction &in) {
  approximate(lo, in, Id);
}

}  // namespace

void addFloatRules(RuleTable &table) {
  set(table, Opcode::Fma, floatFma);
  set(table, Opcode::Rcp, rcp);
  set(table, Opcode::Sqrt, sqrt);
  set(table, Opcode::Rsqrt, rsqrt);
  set(table, Opcode::Copysign, copysign);
  set(table, Opcode::Testp, testp);
  // 9.7.3.17 - 9.7.3.21
  set(table, Opcode::Sin, approximateRule<IrIntrinsic::SinApprox>);
  set(table, Opcode::Cos, approximateRule<IrIntrinsic::CosApprox>);
  set(table, Opcode::Lg2, approximateRule<IrIntrinsic::Lg2Approx>);
  set(table, Opcode::Ex2, approximateRule<IrIntrinsic::Ex2Approx>);
  set(table, Opcode::Tanh, approximateRule<IrIntrinsic::TanhApprox>);
}

}  // namespace cutrans::ptx::lowering
