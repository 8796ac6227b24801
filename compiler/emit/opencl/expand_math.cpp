// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Directed rounding where the rounding mode cannot be set. A float result is computed in double, exactly or rounded to odd (which keeps on which
// side of every float the exact value lies), and then brought to the float next to it in the wanted direction. Double results: device code,
// compiler/emit/device/rounding.c.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/native/expand_math.h"
#include "compiler/emit/native/lower_native.h"
#include "compiler/emit/opencl/opencl.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::opencl {
namespace {

using ir::Intrinsic;
using llvm::Value;

enum Direction : unsigned { ToZero, Down, Up };

class Rounding {
 public:
  Rounding(llvm::CallInst &call, Direction direction) : b_(&call), call_(call), direction_(direction), type_(call.getType()) {}

  // x: exact or rounded to odd; to a narrower type.
  Value *narrowed(Value *x) {
    Value *nearest = b_.CreateFPTrunc(x, type_);
    Value *back = b_.CreateFPExt(nearest, x->getType());
    return corrected(nearest, b_.CreateFCmpOLT(back, x), b_.CreateFCmpOGT(back, x));
  }
  Value *wide(unsigned i) { return b_.CreateFPExt(call_.getArgOperand(i), doubles()); }

  Value *sum(Value *a, Value *c) {
    Value *s = b_.CreateFAdd(a, c);
    Value *shadow = b_.CreateFSub(s, a);
    Value *error = b_.CreateFAdd(b_.CreateFSub(a, b_.CreateFSub(s, shadow)), b_.CreateFSub(c, shadow));
    Value *result = narrowed(odd(s, error));
    if (direction_ != Down) return result;
    // x - x is -0 when rounding down; +0 + +0 is not.
    Value *minus = b_.CreateICmpSLT(b_.CreateOr(bits(a), bits(c)), zeroLike(bits(a)));
    Value *none = b_.CreateFCmpOEQ(s, llvm::ConstantFP::get(s->getType(), 0.0));
    return b_.CreateSelect(b_.CreateAnd(minus, none), llvm::ConstantFP::get(type_, -0.0), result);
  }
  Value *quotient(Value *a, Value *b) {
    Value *q = b_.CreateFDiv(a, b);
    Value *rest = fma(b_.CreateFNeg(q), b, a);
    Value *turned = b_.CreateICmpSLT(bits(b), zeroLike(bits(b)));
    return narrowed(odd(q, b_.CreateSelect(turned, b_.CreateFNeg(rest), rest)));
  }
  Value *root(Value *a) {
    Value *q = b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, a);
    return narrowed(odd(q, fma(b_.CreateFNeg(q), q, a)));
  }
  // A 64-bit integer as high + low, both exact; to float or double.
  Value *integer(bool isSigned) {
    Value *x = call_.getArgOperand(0);
    Value *high = isSigned ? b_.CreateAShr(x, 32) : b_.CreateLShr(x, 32);
    high = b_.CreateFMul(isSigned ? b_.CreateSIToFP(high, doubles()) : b_.CreateUIToFP(high, doubles()), number(0x1p32));
    Value *low = b_.CreateUIToFP(b_.CreateAnd(x, llvm::ConstantInt::get(x->getType(), 0xffffffff)), doubles());
    Value *s = b_.CreateFAdd(high, low);
    Value *error = b_.CreateFSub(low, b_.CreateFSub(s, high));
    if (type_->getScalarType()->isFloatTy()) return narrowed(odd(s, error));
    return corrected(s, b_.CreateFCmpOGT(error, number(0)), b_.CreateFCmpOLT(error, number(0)));
  }
  // One lane after the other.
  Value *deviceCode(const char *name, llvm::ArrayRef<Value *> operands) {
    llvm::SmallVector<llvm::Type *, 4> types(operands.size(), b_.getDoubleTy());
    types.push_back(b_.getInt32Ty());
    llvm::FunctionCallee function = call_.getModule()->getOrInsertFunction(name, llvm::FunctionType::get(b_.getDoubleTy(), types, false));
    auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type_);
    Value *result = llvm::PoisonValue::get(type_);
    for (unsigned lane = 0; lane < (vector ? vector->getNumElements() : 1); ++lane) {
      llvm::SmallVector<Value *, 4> arguments;
      for (Value *operand : operands) arguments.push_back(vector ? b_.CreateExtractElement(operand, lane) : operand);
      arguments.push_back(b_.getInt32(direction_));
      Value *value = b_.CreateCall(function, arguments);
      if (!vector) return value;
      result = b_.CreateInsertElement(result, value, lane);
    }
    return result;
  }
  Value *number(double value) { return llvm::ConstantFP::get(doubles(), value); }
  llvm::IRBuilder<> &builder() { return b_; }
  llvm::Type *doubles() { return type_->getWithNewType(b_.getDoubleTy()); }
  llvm::Type *type() { return type_; }

 private:
  static llvm::Type *integers(llvm::Type *type) {
    return type->getWithNewType(llvm::Type::getIntNTy(type->getContext(), type->getScalarSizeInBits()));
  }
  Value *bits(Value *x) { return b_.CreateBitCast(x, integers(x->getType())); }
  static Value *zeroLike(Value *x) { return llvm::Constant::getNullValue(x->getType()); }
  Value *fma(Value *a, Value *b, Value *c) { return b_.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, b, c}); }

  // s is not exact where error, of the sign of exact - s, is not 0: then its last bit becomes one, on the side of the exact value.
  Value *odd(Value *s, Value *error) {
    Value *number = bits(s), *zero = llvm::ConstantFP::get(s->getType(), 0.0);
    Value *one = llvm::ConstantInt::get(number->getType(), 1);
    Value *inexact = b_.CreateFCmpONE(error, zero);
    Value *even = b_.CreateICmpEQ(b_.CreateAnd(number, one), zeroLike(number));
    Value *outwards = b_.CreateICmpSGE(b_.CreateXor(number, bits(error)), zeroLike(number));
    Value *moved = b_.CreateSelect(outwards, b_.CreateAdd(number, one), b_.CreateSub(number, one));
    return b_.CreateBitCast(b_.CreateSelect(b_.CreateAnd(inexact, even), moved, number), s->getType());
  }

  // The next number in the direction, where the nearest one lies on the other side of the exact value.
  Value *corrected(Value *nearest, Value *tooLow, Value *tooHigh) {
    Value *number = bits(nearest), *zero = zeroLike(number);
    auto constant = [&](uint64_t value) { return llvm::ConstantInt::get(number->getType(), value); };
    Value *negative = b_.CreateICmpSLT(number, zero), *one = constant(1);
    Value *grown = b_.CreateAdd(number, one), *shrunk = b_.CreateSub(number, one), *result = nullptr;
    Value *none = b_.CreateICmpEQ(b_.CreateShl(number, one), zero);
    const uint64_t sign = uint64_t(1) << (type_->getScalarSizeInBits() - 1);
    if (direction_ == ToZero) {
      Value *beyond = b_.CreateSelect(negative, tooLow, tooHigh);
      result = b_.CreateSelect(b_.CreateAnd(beyond, b_.CreateNot(none)), shrunk, number);
    } else if (direction_ == Down) {
      Value *next = b_.CreateSelect(none, constant(sign | 1), b_.CreateSelect(negative, grown, shrunk));
      result = b_.CreateSelect(tooHigh, next, number);
    } else {
      Value *next = b_.CreateSelect(none, one, b_.CreateSelect(negative, shrunk, grown));
      result = b_.CreateSelect(tooLow, next, number);
    }
    return b_.CreateBitCast(result, nearest->getType());
  }

  llvm::IRBuilder<> b_;
  llvm::CallInst &call_;
  Direction direction_;
  llvm::Type *type_;
};

Value *round(llvm::CallInst &call, Intrinsic id) {
  auto is = [&](Intrinsic rz) { return id >= rz && uint16_t(id) < uint16_t(rz) + 3; };
  auto with = [&](Intrinsic rz) { return Rounding(call, Direction(uint16_t(id) - uint16_t(rz))); };
  Value *a = call.getArgOperand(0), *b = call.arg_size() > 1 ? call.getArgOperand(1) : nullptr, *c = call.arg_size() > 2 ? call.getArgOperand(2) : nullptr;
  auto product = [](Rounding &r) { return r.builder().CreateFMul(r.wide(0), r.wide(1)); };
  if (is(Intrinsic::AddF32Rz)) { auto r = with(Intrinsic::AddF32Rz); Value *x = r.wide(0), *y = r.wide(1); return r.sum(x, y); }
  if (is(Intrinsic::SubF32Rz)) { auto r = with(Intrinsic::SubF32Rz); Value *x = r.wide(0), *y = r.builder().CreateFNeg(r.wide(1)); return r.sum(x, y); }
  if (is(Intrinsic::MulF32Rz)) { auto r = with(Intrinsic::MulF32Rz); return r.narrowed(product(r)); }
  if (is(Intrinsic::FmaF32Rz)) { auto r = with(Intrinsic::FmaF32Rz); Value *x = product(r), *y = r.wide(2); return r.sum(x, y); }
  if (is(Intrinsic::DivF32Rz)) { auto r = with(Intrinsic::DivF32Rz); Value *x = r.wide(0), *y = r.wide(1); return r.quotient(x, y); }
  if (is(Intrinsic::RcpF32Rz)) { auto r = with(Intrinsic::RcpF32Rz); return r.quotient(r.number(1), r.wide(0)); }
  if (is(Intrinsic::SqrtF32Rz)) { auto r = with(Intrinsic::SqrtF32Rz); return r.root(r.wide(0)); }
  if (is(Intrinsic::CvtF32F64Rz)) return with(Intrinsic::CvtF32F64Rz).narrowed(a);
  if (is(Intrinsic::CvtF16F32Rz)) return with(Intrinsic::CvtF16F32Rz).narrowed(a);
  if (is(Intrinsic::CvtF32S32Rz)) { auto r = with(Intrinsic::CvtF32S32Rz); return r.narrowed(r.builder().CreateSIToFP(a, r.doubles())); }
  if (is(Intrinsic::CvtF32U32Rz)) { auto r = with(Intrinsic::CvtF32U32Rz); return r.narrowed(r.builder().CreateUIToFP(a, r.doubles())); }
  if (is(Intrinsic::CvtF32S64Rz)) return with(Intrinsic::CvtF32S64Rz).integer(true);
  if (is(Intrinsic::CvtF32U64Rz)) return with(Intrinsic::CvtF32U64Rz).integer(false);
  if (is(Intrinsic::CvtF64S64Rz)) return with(Intrinsic::CvtF64S64Rz).integer(true);
  if (is(Intrinsic::CvtF64U64Rz)) return with(Intrinsic::CvtF64U64Rz).integer(false);
  if (is(Intrinsic::AddF64Rz)) return with(Intrinsic::AddF64Rz).deviceCode("cutrans_device_add_f64", {a, b});
  if (is(Intrinsic::SubF64Rz)) {
    auto r = with(Intrinsic::SubF64Rz);
    return r.deviceCode("cutrans_device_add_f64", {a, r.builder().CreateFNeg(b)});
  }
  if (is(Intrinsic::MulF64Rz)) return with(Intrinsic::MulF64Rz).deviceCode("cutrans_device_mul_f64", {a, b});
  if (is(Intrinsic::FmaF64Rz)) return with(Intrinsic::FmaF64Rz).deviceCode("cutrans_device_fma_f64", {a, b, c});
  if (is(Intrinsic::DivF64Rz)) return with(Intrinsic::DivF64Rz).deviceCode("cutrans_device_div_f64", {a, b});
  if (is(Intrinsic::RcpF64Rz)) { auto r = with(Intrinsic::RcpF64Rz); return r.deviceCode("cutrans_device_div_f64", {r.number(1), a}); }
  if (is(Intrinsic::SqrtF64Rz)) return with(Intrinsic::SqrtF64Rz).deviceCode("cutrans_device_sqrt_f64", {a});
  return nullptr;
}

}  // namespace

llvm::Error expandMath(llvm::Module &module) {
  for (llvm::Function &function : llvm::make_early_inc_range(module)) {
    if (!function.isDeclaration()) continue;
    Intrinsic id = baseIntrinsic(function.getName());
    if (!isMath(id)) continue;
    for (llvm::User *user : llvm::make_early_inc_range(function.users())) {
      auto &call = *llvm::cast<llvm::CallInst>(user);
      Value *value = expandApproximate(call, id);
      if (!value) value = round(call, id);
      if (!value) return simt::refuse(Diag::codegen_intrinsic, call, ("the code generator has no rule for " + function.getName()).str());
      value->takeName(&call);
      call.replaceAllUsesWith(value);
      call.eraseFromParent();
    }
    function.eraseFromParent();
  }
  return llvm::Error::success();
}

}  // namespace cutrans::emit::opencl
