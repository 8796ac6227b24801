// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expand-math: PTX's approximate functions, ftz and sat as plain IR, on scalars and vectors alike. Directed rounding is in
// expand_rounding.cpp.
//
// The bounds are those of "Floating Point Instructions" in the PTX manual; tests/passes/emit/accuracy_test.cpp measures them. Polynomials
// are minimax fits (Remez, in double; the worst relative error is noted). Where an exact machine instruction is fast enough, it
// is used: rcp, sqrt and div are correctly rounded, which is within every bound.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/native/expand_math.h"
#include "compiler/emit/native/lower_native.h"
#include "compiler/emit/native/native.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit {
namespace {

using ir::Intrinsic;
using llvm::Value;

constexpr double Ex2[] = {0x1.0p+0, 0x1.62e430d034702p-1, 0x1.ebfbe045f4d3cp-3, 0x1.c6aecc669b6ddp-5, 0x1.3b2a1b7152befp-7,
                          0x1.5f48c04f62e50p-10, 0x1.443fffc90db59p-13};  // 2^x on [-1/2, 1/2]: 2^-28
constexpr double Lg2[] = {0x1.7154764ee5de8p+0, -0x1.715470c116066p-1, 0x1.ec70a965f253ap-2, -0x1.715a6f2b5fc6ap-2,
                          0x1.277a529a342d2p-2, -0x1.eab7a9bba9285p-3, 0x1.a38c680c9e4ecp-3, -0x1.87f6a111824a5p-3,
                          0x1.7a63a0350f8a9p-3, -0x1.b84fb63e54244p-4};  // log2(1+x)/x, 1+x on [sqrt(1/2), sqrt(2)]: 2^-27
constexpr double Sin[] = {-0x1.555555545e0acp-3, 0x1.11110def2e1c9p-7, -0x1.a013a793b98cep-13,
                          0x1.6dbe0838a06e9p-19};  // (sin(x)/x - 1)/x^2 in x^2, |x| <= pi/4
constexpr double Cos[] = {0x1.5555544178832p-5, -0x1.6c12d2ef379dcp-10,
                          0x1.9bd89bc2b0a75p-16};  // (cos(x) - 1 + x^2/2)/x^4 in x^2, |x| <= pi/4
constexpr double Tanh[] = {-0x1.5555526346510p-2, 0x1.110e1c9ed53c1p-3, -0x1.b9258aeffc781p-5, 0x1.58048d46fe82ap-6,
                           -0x1.8f8de3f4a4895p-8};  // (tanh(x)/x - 1)/x^2 in x^2, |x| <= 0.625

// Writes one function at one place, for one type: float or <n x float>.
class Writer {
 public:
  explicit Writer(llvm::CallInst &call) : b_(&call), type_(call.getType()) {}

  Value *ex2(Value *x);
  Value *lg2(Value *x);
  Value *sinCos(Value *x, bool cosine);
  Value *tanh(Value *x);
  Value *rsqrt(Value *x);
  Value *ftz(Value *x);
  Value *sat(Value *x);
  Value *reciprocal(Value *x) { return b_.CreateFDiv(number(1.0), x); }
  Value *squareRoot(Value *x) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, x); }
  Value *divide(Value *x, Value *y);
  Value *upperWord(Value *x);
  Value *upperHalf(Value *x);
  llvm::IRBuilder<> &builder() { return b_; }

 private:
  Value *number(double value) { return llvm::ConstantFP::get(type_, value); }
  llvm::Type *bitsType() { return type_->getWithNewType(b_.getInt32Ty()); }
  Value *integer(uint32_t value) { return llvm::ConstantInt::get(bitsType(), value); }
  Value *bits(Value *x) { return b_.CreateBitCast(x, bitsType()); }
  Value *fromBits(Value *x) { return b_.CreateBitCast(x, type_); }
  Value *fma(Value *a, Value *b, Value *c) { return b_.CreateIntrinsic(llvm::Intrinsic::fma, {type_}, {a, b, c}); }
  Value *abs(Value *x) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x); }
  Value *copySign(Value *magnitude, Value *sign) { return b_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, magnitude, sign); }
  Value *polynomial(llvm::ArrayRef<double> coefficients, Value *x);
  Value *nearest(Value *x, Value *&asInteger);

  llvm::IRBuilder<> b_;
  llvm::Type *type_;
};

Value *Writer::polynomial(llvm::ArrayRef<double> coefficients, Value *x) {
  Value *sum = number(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back())) sum = fma(sum, x, number(coefficient));
  return sum;
}

// The nearest integer of |x| < 2^22, both ways. Elsewhere some number; a NaN stays one. Adding 1.5 * 2^23 leaves the integer
// in the low bits, and needs no conversion that is undefined for NaN.
Value *Writer::nearest(Value *x, Value *&asInteger) {
  Value *moved = b_.CreateFAdd(x, number(0x1.8p23));
  asInteger = b_.CreateSub(bits(moved), integer(0x4b400000));
  return b_.CreateFSub(moved, number(0x1.8p23));
}

Value *Writer::ex2(Value *x) {
  // Beyond these bounds the result is infinity or zero; a NaN passes both selects.
  Value *bounded = b_.CreateSelect(b_.CreateFCmpOGT(x, number(160)), number(160), x);
  bounded = b_.CreateSelect(b_.CreateFCmpOLT(bounded, number(-160)), number(-160), bounded);
  Value *exponent = nullptr;
  Value *whole = nearest(bounded, exponent);
  Value *mantissa = polynomial(Ex2, b_.CreateFSub(bounded, whole));
  // Two factors, so that each is a normal number and a subnormal result is rounded once.
  Value *half = b_.CreateAShr(exponent, integer(1));
  auto power = [&](Value *e) { return fromBits(b_.CreateShl(b_.CreateAdd(e, integer(127)), integer(23))); };
  return b_.CreateFMul(b_.CreateFMul(mantissa, power(half)), power(b_.CreateSub(exponent, half)));
}

Value *Writer::lg2(Value *x) {
  Value *small = b_.CreateFCmpOLT(x, number(0x1p-126));
  Value *scaled = b_.CreateSelect(small, b_.CreateFMul(x, number(0x1p24)), x);
  // x = 2^e * m with m in [sqrt(1/2), sqrt(2)).
  Value *raw = b_.CreateSub(bits(scaled), integer(0x3f3504f3));
  Value *e = b_.CreateAShr(raw, integer(23));
  Value *m = fromBits(b_.CreateSub(bits(scaled), b_.CreateShl(e, integer(23))));
  Value *whole = b_.CreateFAdd(b_.CreateSIToFP(e, type_), b_.CreateSelect(small, number(-24), number(0)));
  Value *t = b_.CreateFSub(m, number(1));
  Value *result = fma(t, polynomial(Lg2, t), whole);
  result = b_.CreateSelect(b_.CreateFCmpOEQ(x, number(0)), llvm::ConstantFP::getInfinity(type_, true), result);
  result = b_.CreateSelect(b_.CreateFCmpOEQ(x, llvm::ConstantFP::getInfinity(type_)), x, result);
  Value *valid = b_.CreateFCmpOGE(x, number(0));
  return b_.CreateSelect(valid, result, llvm::ConstantFP::getQNaN(type_));
}

// Range reduction by pi/2 in three parts; good to |x| of about 10^5, beyond that only bounded.
Value *Writer::sinCos(Value *x, bool cosine) {
  Value *quadrant = nullptr;
  Value *turns = nearest(b_.CreateFMul(x, number(0x1.45f306p-1)), quadrant);
  Value *minus = b_.CreateFNeg(turns);
  Value *r = fma(minus, number(0x1.921fb6p+0), x);
  r = fma(minus, number(-0x1.777a5cp-25), r);
  r = fma(minus, number(-0x1.ee59dap-50), r);
  r = b_.CreateSelect(b_.CreateFCmpOGT(abs(r), number(1)), copySign(number(1), r), r);
  Value *z = b_.CreateFMul(r, r);
  Value *sine = fma(b_.CreateFMul(r, z), polynomial(Sin, z), r);
  Value *cosineValue = fma(b_.CreateFMul(z, z), polynomial(Cos, z), fma(z, number(-0.5), number(1)));
  if (cosine) quadrant = b_.CreateAdd(quadrant, integer(1));
  Value *odd = b_.CreateICmpNE(b_.CreateAnd(quadrant, integer(1)), integer(0));
  Value *value = b_.CreateSelect(odd, cosineValue, sine);
  Value *sign = b_.CreateShl(b_.CreateAnd(quadrant, integer(2)), integer(30));
  Value *result = fromBits(b_.CreateXor(bits(value), sign));
  return cosine ? result : b_.CreateSelect(b_.CreateFCmpOEQ(x, number(0)), x, result);  // the sign of zero
}

Value *Writer::tanh(Value *x) {
  Value *z = b_.CreateFMul(x, x);
  Value *near = fma(b_.CreateFMul(x, z), polynomial(Tanh, z), x);
  // 1 - 2/(e^2|x| + 1), with e^2|x| = 2^(|x| * 2 log2(e)).
  Value *power = ex2(b_.CreateFMul(abs(x), number(0x1.715476p+1)));
  Value *far = b_.CreateFSub(number(1), b_.CreateFDiv(number(2), b_.CreateFAdd(power, number(1))));
  Value *isNear = b_.CreateFCmpOLT(abs(x), number(0.625));
  return copySign(b_.CreateSelect(isNear, near, far), x);
}

Value *Writer::rsqrt(Value *x) { return b_.CreateFDiv(number(1.0), squareRoot(x)); }

Value *Writer::ftz(Value *x) {
  return b_.CreateSelect(b_.CreateFCmpOLT(abs(x), number(0x1p-126)), copySign(number(0), x), x);
}

Value *Writer::sat(Value *x) {
  Value *low = b_.CreateSelect(b_.CreateFCmpOGT(x, number(0)), x, number(0));
  return b_.CreateSelect(b_.CreateFCmpOLT(low, number(1)), low, number(1));
}

// div.approx is x * (1/y) to the manual: beyond 2^126 the reciprocal is zero, and infinity times that a NaN.
Value *Writer::divide(Value *x, Value *y) {
  Value *magnitude = abs(y);
  Value *large = b_.CreateAnd(b_.CreateFCmpOGT(magnitude, number(0x1p126)),
                              b_.CreateFCmpOLT(magnitude, llvm::ConstantFP::getInfinity(type_)));
  return b_.CreateSelect(large, b_.CreateFMul(x, copySign(number(0), y)), b_.CreateFDiv(x, y));
}

Value *Writer::upperWord(Value *x) {
  llvm::Type *i64 = type_->getWithNewType(b_.getInt64Ty());
  return b_.CreateBitCast(b_.CreateAnd(b_.CreateBitCast(x, i64), llvm::ConstantInt::get(i64, 0xffffffff00000000u)), type_);
}

// What the .approx.ftz.f64 instructions return: the low word is zero, subnormals are flushed, one NaN.
Value *Writer::upperHalf(Value *x) {
  Value *flushed = b_.CreateSelect(b_.CreateFCmpOLT(abs(x), number(0x1p-1022)), copySign(number(0), x), x);
  llvm::Type *i64 = type_->getWithNewType(b_.getInt64Ty());
  Value *canonical = b_.CreateBitCast(llvm::ConstantInt::get(i64, 0x7fffffff00000000u), type_);
  return b_.CreateSelect(b_.CreateFCmpUNO(x, x), canonical, upperWord(flushed));
}

}  // namespace

llvm::Value *expandApproximate(llvm::CallInst &call, Intrinsic id) {
  Writer w(call);
  Value *x = call.getArgOperand(0);
  llvm::IRBuilder<> &b = w.builder();
  auto flushed = [&](Value *v) {
    Value *tiny = b.CreateFCmpOLT(b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, v), llvm::ConstantFP::get(v->getType(), 0x1p-1022));
    return b.CreateSelect(tiny, b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, llvm::ConstantFP::get(v->getType(), 0.0), v), v);
  };
  switch (id) {
    case Intrinsic::FtzF32: return w.ftz(x);
    case Intrinsic::SatF32: return w.sat(x);
    case Intrinsic::Ex2Approx: return w.ex2(x);
    case Intrinsic::Lg2Approx: return w.lg2(x);
    case Intrinsic::SinApprox: return w.sinCos(x, false);
    case Intrinsic::CosApprox: return w.sinCos(x, true);
    case Intrinsic::TanhApprox: return w.tanh(x);
    case Intrinsic::RsqrtApprox:
    case Intrinsic::RsqrtApproxF64: return w.rsqrt(x);
    case Intrinsic::RcpApprox: return w.reciprocal(x);
    case Intrinsic::SqrtApprox: return w.squareRoot(x);
    case Intrinsic::DivApprox: return w.divide(x, call.getArgOperand(1));
    case Intrinsic::RcpApproxFtzF64: return w.upperHalf(w.reciprocal(flushed(w.upperWord(x))));
    case Intrinsic::RsqrtApproxFtzF64: return w.upperHalf(w.rsqrt(flushed(w.upperWord(x))));
    default: return nullptr;
  }
}

llvm::Error expandMath(llvm::Module &module, const Machine &machine) {
  for (llvm::Function &function : llvm::make_early_inc_range(module)) {
    if (!function.isDeclaration()) continue;
    Intrinsic id = baseIntrinsic(function.getName());
    if (!isMath(id)) continue;
    for (llvm::User *user : llvm::make_early_inc_range(function.users())) {
      auto &call = *llvm::cast<llvm::CallInst>(user);
      llvm::Value *value = expandApproximate(call, id);
      if (!value) value = expandRounding(call, id, machine);
      if (!value)
        return simt::refuse(Diag::codegen_intrinsic, call, ("the native code generator has no rule for " + function.getName()).str());
      value->takeName(&call);
      call.replaceAllUsesWith(value);
      call.eraseFromParent();
    }
    function.eraseFromParent();
  }
  return llvm::Error::success();
}

}  // namespace cutrans::emit
