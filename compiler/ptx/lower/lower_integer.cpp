// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integer arithmetic (manual 9.7.1). Opcodes that serve floating point too hand over to lower_float.cpp.
//
// Division: the manual leaves a zero divisor unspecified, the chips give all ones; LLVM's instructions are undefined
// there and for the most negative number by -1, so the divisor is made harmless and the result selected.
#include <llvm/IR/Intrinsics.h>

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

namespace {

using Operands = llvm::ArrayRef<Value *>;

bool floating(const Instruction &in) {
  return isFloat(in.type()) || isFloat(elementType(in.type()));
}

// d = f(a, b, ..) on the instruction's type, element by element where it is packed.
void map(BodyLowering &lo, const Instruction &in, size_t sources, llvm::function_ref<Value *(Operands)> f) {
  llvm::SmallVector<Value *, 4> values;
  for (size_t i = 1; i <= sources; ++i) values.push_back(lo.read(lo.operand(i), in.type()));
  lo.write(lo.operand(0), lo.eachElement(in.type(), values, f), in.type());
}

llvm::Intrinsic::ID saturating(bool add, bool is_signed) {
  if (add) return is_signed ? llvm::Intrinsic::sadd_sat : llvm::Intrinsic::uadd_sat;
  return is_signed ? llvm::Intrinsic::ssub_sat : llvm::Intrinsic::usub_sat;
}

// 9.7.1.1 add, 9.7.1.2 sub; 9.7.2 with .cc
void addOrSub(BodyLowering &lo, const Instruction &in, bool add) {
  if (floating(in)) return add ? floatAdd(lo, in) : floatSub(lo, in);
  if (in.has(Mod::Cc)) return carryAdd(lo, in);
  bool is_signed = isSigned(elementType(in.type()));
  map(lo, in, 2, [&](Operands v) -> Value * {
    if (in.has(Mod::Sat)) return lo.b.CreateBinaryIntrinsic(saturating(add, is_signed), v[0], v[1]);
    return add ? lo.b.CreateAdd(v[0], v[1]) : lo.b.CreateSub(v[0], v[1]);
  });
}

Value *widen(BodyLowering &lo, Value *value, unsigned bits, bool is_signed) {
  return is_signed ? lo.b.CreateSExt(value, lo.intType(bits)) : lo.b.CreateZExt(value, lo.intType(bits));
}

}  // namespace

// The .lo, .hi or .wide product; lower_carry.cpp uses it too.
Value *product(BodyLowering &lo, const Instruction &in, Value *x, Value *y) {
  unsigned width = x->getType()->getIntegerBitWidth();
  bool is_signed = isSigned(in.type());
  if (in.has(Mod::Wide) || in.has(Mod::Hi)) {
    Value *wide = lo.b.CreateMul(widen(lo, x, 2 * width, is_signed), widen(lo, y, 2 * width, is_signed), "",
                                 /*HasNUW=*/!is_signed, /*HasNSW=*/is_signed);
    return in.has(Mod::Wide) ? wide : lo.b.CreateTrunc(lo.b.CreateLShr(wide, width), lo.intType(width));
  }
  return lo.b.CreateMul(x, y);
}

namespace {

Type resultType(const Instruction &in) {
  return in.has(Mod::Wide) ? integerType(2 * bits(in.type()), isSigned(in.type())) : in.type();
}

// 9.7.1.3 mul
void mul(BodyLowering &lo, const Instruction &in) {
  if (floating(in)) return floatMul(lo, in);
  Value *result = product(lo, in, lo.read(lo.operand(1), in.type()), lo.read(lo.operand(2), in.type()));
  lo.write(lo.operand(0), result, resultType(in));
}

// 9.7.1.4 mad
void mad(BodyLowering &lo, const Instruction &in) {
  if (floating(in)) return floatFma(lo, in);
  if (in.has(Mod::Cc)) return carryAdd(lo, in);
  Value *high = product(lo, in, lo.read(lo.operand(1), in.type()), lo.read(lo.operand(2), in.type()));
  Value *addend = lo.read(lo.operand(3), resultType(in));
  Value *sum = in.has(Mod::Sat) ? lo.b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, high, addend)
                                : lo.b.CreateAdd(high, addend);
  lo.write(lo.operand(0), sum, resultType(in));
}

// 9.7.1.5 mul24, 9.7.1.6 mad24: 48 bits of product; .hi is its upper 32 bits
void mul24(BodyLowering &lo, const Instruction &in) {
  bool is_signed = isSigned(in.type());
  auto low24 = [&](Value *value) {
    value = widen(lo, lo.b.CreateTrunc(value, lo.intType(24)), 64, is_signed);
    return value;
  };
  Value *wide = lo.b.CreateMul(low24(lo.read(lo.operand(1), in.type())), low24(lo.read(lo.operand(2), in.type())));
  Value *result = lo.b.CreateTrunc(in.has(Mod::Hi) ? lo.b.CreateLShr(wide, 16) : wide, lo.intType(32));
  if (in.opcode == Opcode::Mad24) {
    Value *addend = lo.read(lo.operand(3), in.type());
    result = in.has(Mod::Sat) ? lo.b.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, result, addend)
                              : lo.b.CreateAdd(result, addend);
  }
  lo.write(lo.operand(0), result, in.type());
}

Value *minMax(BodyLowering &lo, bool is_min, bool is_signed, Value *x, Value *y) {
  auto id = is_min ? (is_signed ? llvm::Intrinsic::smin : llvm::Intrinsic::umin)
                   : (is_signed ? llvm::Intrinsic::smax : llvm::Intrinsic::umax);
  return lo.b.CreateBinaryIntrinsic(id, x, y);
}

// 9.7.1.7 sad: c + |a - b|
void sad(BodyLowering &lo, const Instruction &in) {
  bool is_signed = isSigned(in.type());
  map(lo, in, 3, [&](Operands v) {
    Value *distance = lo.b.CreateSub(minMax(lo, false, is_signed, v[0], v[1]), minMax(lo, true, is_signed, v[0], v[1]));
    return lo.b.CreateAdd(v[2], distance);
  });
}

// 9.7.1.8 div, 9.7.1.9 rem
void divOrRem(BodyLowering &lo, const Instruction &in) {
  if (floating(in)) return floatDiv(lo, in);
  auto &b = lo.b;
  bool is_signed = isSigned(in.type()), is_div = in.opcode == Opcode::Div;
  map(lo, in, 2, [&](Operands v) -> Value * {
    Value *x = v[0], *y = v[1];
    llvm::Type *type = x->getType();
    Value *zero = llvm::ConstantInt::get(type, 0), *ones = llvm::Constant::getAllOnesValue(type);
    Value *isZero = b.CreateICmpEQ(y, zero);
    Value *isMinusOne = is_signed ? b.CreateICmpEQ(y, ones) : nullptr;
    Value *harmful = is_signed ? b.CreateOr(isZero, isMinusOne) : isZero;
    Value *divisor = lo.select(harmful, llvm::ConstantInt::get(type, 1), y);
    Value *result = is_div ? (is_signed ? b.CreateSDiv(x, divisor) : b.CreateUDiv(x, divisor))
                           : (is_signed ? b.CreateSRem(x, divisor) : b.CreateURem(x, divisor));
    if (is_signed && is_div) result = lo.select(isMinusOne, b.CreateNeg(x), result);
    return lo.select(isZero, ones, result);
  });
}

// 9.7.1.10 abs, 9.7.1.11 neg
void abs(BodyLowering &lo, const Instruction &in) {
  if (floating(in)) return floatAbs(lo, in);
  map(lo, in, 1, [&](Operands v) { return lo.b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, v[0], lo.b.getFalse()); });
}

void neg(BodyLowering &lo, const Instruction &in) {
  if (floating(in)) return floatNeg(lo, in);
  map(lo, in, 1, [&](Operands v) { return lo.b.CreateNeg(v[0]); });
}

// 9.7.1.12 min, 9.7.1.13 max; .relu clamps a signed result at zero
void minOrMax(BodyLowering &lo, const Instruction &in) {
  if (floating(in)) return floatMinMax(lo, in);
  bool is_signed = isSigned(elementType(in.type()));
  map(lo, in, 2, [&](Operands v) {
    Value *result = minMax(lo, in.opcode == Opcode::Min, is_signed, v[0], v[1]);
    if (in.has(Mod::Relu)) result = minMax(lo, false, true, result, llvm::ConstantInt::get(result->getType(), 0));
    return result;
  });
}

// 9.7.1.23 dp4a, 9.7.1.24 dp2a: c + sum of products; a has the first type, b the second, the sum is signed if one is
void dot(BodyLowering &lo, const Instruction &in) {
  auto &b = lo.b;
  bool four = in.opcode == Opcode::Dp4a;
  Value *x = lo.readBits(lo.operand(1), 32), *y = lo.readBits(lo.operand(2), 32);
  Value *sum = lo.readBits(lo.operand(3), 32);
  bool xSigned = isSigned(in.type(0)), ySigned = isSigned(in.type(1));
  auto part = [&](Value *value, unsigned width, unsigned index, bool is_signed) {
    value = b.CreateTrunc(index ? b.CreateLShr(value, index * width) : value, lo.intType(width));
    return widen(lo, value, 32, is_signed);
  };
  for (unsigned i = 0; i < (four ? 4 : 2); ++i) {
    unsigned yIndex = four ? i : i + (in.has(Mod::Hi) ? 2 : 0);
    sum = b.CreateAdd(sum, b.CreateMul(part(x, four ? 8 : 16, i, xSigned), part(y, 8, yIndex, ySigned)));
  }
  lo.writeInteger(lo.operand(0), sum);
}

}  // namespace

void addIntegerRules(RuleTable &table) {
  set(table, Opcode::Add, [](BodyLowering &lo, const Instruction &in) { addOrSub(lo, in, true); });
  set(table, Opcode::Sub, [](BodyLowering &lo, const Instruction &in) { addOrSub(lo, in, false); });
  set(table, Opcode::Mul, mul);
  set(table, Opcode::Mad, mad);
  set(table, Opcode::Mul24, mul24);
  set(table, Opcode::Mad24, mul24);
  set(table, Opcode::Sad, sad);
  set(table, Opcode::Div, divOrRem);
  set(table, Opcode::Rem, divOrRem);
  set(table, Opcode::Abs, abs);
  set(table, Opcode::Neg, neg);
  set(table, Opcode::Min, minOrMax);
  set(table, Opcode::Max, minOrMax);
  set(table, Opcode::Dp4a, dot);
  set(table, Opcode::Dp2a, dot);
}

}  // namespace cutrans::ptx::lowering
