// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expand-math for AMD's chips. The approximate functions are the polynomials of the host's (emit/native/expand_math.cpp), whose
// bounds are tested there: v_exp_f32 and its kin flush subnormals or miss PTX's bounds near the ends of their ranges.
//
// Directed rounding. The sums, products and conversions of floats are one instruction between two writes of the MODE register's
// rounding bits (0-1: float, 2-3: half and double; ISA manuals, "MODE register"), in one piece of inline assembly, so that nothing else is ever rounded
// that way. The rest is made of those: a quotient or root of floats is computed in double, rounded to odd there by the sign of its
// exact remainder, and narrowed with direction; those of doubles are moved by one unit in the last place where the remainder says
// so, on scaled operands, and scaled back by directed products, which compose.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/amdgcn/amdgcn.h"
#include "compiler/emit/native/expand_math.h"
#include "compiler/emit/native/lower_native.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::amdgcn {
namespace {

using ir::Intrinsic;
using ir::Rounding;
using llvm::Value;

class Expansion {
 public:
  Expansion(llvm::CallInst &call, Rounding direction) : b_(&call), call_(call), direction_(direction) {}

  Value *run(Intrinsic rz) {
    using enum Intrinsic;
    Value *x = call_.getArgOperand(0);
    Value *y = call_.arg_size() > 1 ? call_.getArgOperand(1) : nullptr, *z = call_.arg_size() > 2 ? call_.getArgOperand(2) : nullptr;
    switch (rz) {
      case AddF32Rz: return directed("v_add_f32", {x, y});
      case SubF32Rz: return directed("v_sub_f32", {x, y});
      case MulF32Rz: return directed("v_mul_f32", {x, y});
      case FmaF32Rz: return directed("v_fma_f32", {x, y, z});
      case AddF64Rz: return directed("v_add_f64", {x, y});
      case SubF64Rz: return directed("v_add_f64", {x, b_.CreateFNeg(y)});
      case MulF64Rz: return directed("v_mul_f64", {x, y});
      case FmaF64Rz: return directed("v_fma_f64", {x, y, z});
      case DivF32Rz: return narrow(quotient(wide(x), wide(y)));
      case RcpF32Rz: return narrow(quotient(number(1), wide(x)));
      case SqrtF32Rz: return narrow(root(wide(x)));
      case DivF64Rz: return divide(x, y);
      case RcpF64Rz: return divide(number(1), x);
      case SqrtF64Rz: return squareRoot(x);
      case CvtF32F64Rz: return narrow(x);
      case CvtF16F32Rz: return directed("v_cvt_f16_f32", {x});
      case CvtF32S32Rz: return narrow(b_.CreateSIToFP(x, doubleType()));
      case CvtF32U32Rz: return narrow(b_.CreateUIToFP(x, doubleType()));
      case CvtF32S64Rz: return narrow(fromWord(x, true));
      case CvtF32U64Rz: return narrow(fromWord(x, false));
      case CvtF64S64Rz: return sumOfHalves(x, true);
      case CvtF64U64Rz: return sumOfHalves(x, false);
      default: return nullptr;
    }
  }

 private:
  llvm::Type *doubleType() { return b_.getDoubleTy(); }
  Value *number(double value) { return llvm::ConstantFP::get(doubleType(), value); }
  Value *wide(Value *x) { return b_.CreateFPExt(x, doubleType()); }
  Value *bits(Value *x) { return b_.CreateBitCast(x, b_.getInt64Ty()); }
  Value *real(Value *x) { return b_.CreateBitCast(x, doubleType()); }
  Value *fma(Value *x, Value *y, Value *z) { return b_.CreateIntrinsic(llvm::Intrinsic::fma, {x->getType()}, {x, y, z}); }
  Value *abs(Value *x) { return b_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x); }
  Value *zero() { return number(0); }

  Value *instruction(const char *mnemonic, llvm::Type *result, llvm::ArrayRef<Value *> operands) {
    // Rounding bits: 1 up, 2 down, 3 to zero; both pairs are set, so that it does not matter which one an instruction looks at.
    unsigned mode = direction_ == Rounding::Zero ? 3 : direction_ == Rounding::Down ? 2 : 1;
    std::string text = "s_setreg_imm32_b32 hwreg(1, 0, 4), " + std::to_string(mode | mode << 2) + "\n\t" + mnemonic + " $0", constraints = "=v";
    llvm::SmallVector<llvm::Type *, 3> types;
    for (unsigned i = 0; i < operands.size(); ++i) {
      text += ", $" + std::to_string(i + 1);
      constraints += ",v";
      types.push_back(operands[i]->getType());
    }
    text += "\n\ts_setreg_imm32_b32 hwreg(1, 0, 4), 0";
    auto *code = llvm::InlineAsm::get(llvm::FunctionType::get(result, types, false), text, constraints, /*hasSideEffects=*/false);
    llvm::CallInst *call = b_.CreateCall(code, operands);
    call->setDoesNotAccessMemory();
    call->setDoesNotThrow();
    return call;
  }
  Value *directed(const char *mnemonic, llvm::ArrayRef<Value *> operands) { return instruction(mnemonic, call_.getType(), operands); }
  Value *product(Value *x, Value *y) { return instruction("v_mul_f64", doubleType(), {x, y}); }
  Value *narrow(Value *x) { return instruction("v_cvt_f32_f64", b_.getFloatTy(), {x}); }

  // Whether the exact value behind a nearest one is larger, and smaller, in magnitude. `beyond` has the sign of exact - nearest.
  struct Side {
    Value *larger, *smaller;
  };
  Side sideOf(Value *nearest, Value *beyond) {
    Value *up = b_.CreateFCmpOGT(beyond, zero()), *down = b_.CreateFCmpOLT(beyond, zero());
    Value *negative = b_.CreateICmpSLT(bits(nearest), b_.getInt64(0));
    return {b_.CreateSelect(negative, down, up), b_.CreateSelect(negative, up, down)};
  }
  // Inexact and even: the odd neighbour on the exact value's side, which tells a later rounding that something was cut off.
  Value *toOdd(Value *nearest, Value *beyond) {
    Side side = sideOf(nearest, beyond);
    Value *word = bits(nearest);
    Value *even = b_.CreateNot(b_.CreateTrunc(word, b_.getInt1Ty()));
    Value *step = b_.CreateSelect(side.larger, b_.getInt64(1), b_.CreateSelect(side.smaller, b_.getInt64(~0ull), b_.getInt64(0)));
    return real(b_.CreateAdd(word, b_.CreateSelect(even, step, b_.getInt64(0))));
  }
  // The neighbour in the direction of this rounding, where the exact value lies on the other side of it.
  Value *toDirection(Value *nearest, Value *beyond) {
    Side side = sideOf(nearest, beyond);
    Value *word = bits(nearest), *negative = b_.CreateICmpSLT(word, b_.getInt64(0));
    Value *inward = direction_ == Rounding::Zero ? b_.getTrue() : direction_ == Rounding::Down ? b_.CreateNot(negative) : negative;
    Value *in = b_.CreateSelect(side.smaller, b_.getInt64(~0ull), b_.getInt64(0)), *out = b_.CreateSelect(side.larger, b_.getInt64(1), b_.getInt64(0));
    return real(b_.CreateAdd(word, b_.CreateSelect(inward, in, out)));
  }

  // Of doubles that hold floats: neither overflows, and remainders are exact. Infinities and NaNs have NaN remainders, which say nothing.
  Value *quotient(Value *x, Value *y) {
    Value *nearest = b_.CreateFDiv(x, y), *rest = fma(b_.CreateFNeg(nearest), y, x);
    return toOdd(nearest, b_.CreateSelect(b_.CreateICmpSLT(bits(y), b_.getInt64(0)), b_.CreateFNeg(rest), rest));
  }
  Value *root(Value *x) {
    Value *nearest = b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, x);
    return toOdd(nearest, fma(b_.CreateFNeg(nearest), nearest, x));
  }

  struct Parts {
    Value *mantissa, *exponent;  // 1/2 <= |mantissa| < 1, i32
  };
  Parts split(Value *x) {
    Value *both = b_.CreateIntrinsic(llvm::Intrinsic::frexp, {doubleType(), b_.getInt32Ty()}, {x});
    return {b_.CreateExtractValue(both, 0), b_.CreateExtractValue(both, 1)};
  }
  // 2^e for a normal result.
  Value *power(Value *e) { return real(b_.CreateShl(b_.CreateZExt(b_.CreateAdd(e, b_.getInt32(1023)), b_.getInt64Ty()), 52)); }
  Value *isPlain(Value *x) {  // finite and not 0
    Value *size = abs(x);
    return b_.CreateAnd(b_.CreateFCmpOGT(size, zero()), b_.CreateFCmpOLT(size, llvm::ConstantFP::getInfinity(doubleType())));
  }

  Value *divide(Value *x, Value *y) {
    Value *plain = b_.CreateAnd(isPlain(x), isPlain(y));
    Parts above = split(b_.CreateSelect(plain, x, number(1))), below = split(b_.CreateSelect(plain, y, number(1)));
    Value *nearest = b_.CreateFDiv(above.mantissa, below.mantissa), *rest = fma(b_.CreateFNeg(nearest), below.mantissa, above.mantissa);
    rest = b_.CreateSelect(b_.CreateICmpSLT(bits(below.mantissa), b_.getInt64(0)), b_.CreateFNeg(rest), rest);
    Value *result = toDirection(nearest, rest);
    // Up to 2^2100 either way: three factors of one sign, each product directed.
    Value *e = b_.CreateSub(above.exponent, below.exponent);
    Value *first = b_.CreateSDiv(e, b_.getInt32(3)), *second = b_.CreateSDiv(b_.CreateSub(e, first), b_.getInt32(2));
    Value *third = b_.CreateSub(b_.CreateSub(e, first), second);
    for (Value *part : {first, second, third}) result = product(result, power(part));
    return b_.CreateSelect(plain, result, b_.CreateFDiv(x, y));
  }
  Value *squareRoot(Value *x) {
    Value *plain = b_.CreateAnd(isPlain(x), b_.CreateFCmpOGT(x, zero()));
    Parts parts = split(b_.CreateSelect(plain, x, number(1)));
    Value *odd = b_.CreateTrunc(parts.exponent, b_.getInt1Ty());
    Value *scaled = b_.CreateSelect(odd, b_.CreateFAdd(parts.mantissa, parts.mantissa), parts.mantissa);
    Value *half = b_.CreateAShr(b_.CreateSub(parts.exponent, b_.CreateZExt(odd, b_.getInt32Ty())), 1);
    Value *nearest = b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, scaled);
    Value *result = toDirection(nearest, fma(b_.CreateFNeg(nearest), nearest, scaled));
    return b_.CreateSelect(plain, b_.CreateFMul(result, power(half)), b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, x));
  }

  // A 64-bit integer as the sum of two exact doubles.
  Value *sumOfHalves(Value *x, bool isSigned) {
    Value *top = isSigned ? b_.CreateAShr(x, 32) : b_.CreateLShr(x, 32);
    top = b_.CreateTrunc(top, b_.getInt32Ty());
    Value *high = isSigned ? b_.CreateSIToFP(top, doubleType()) : b_.CreateUIToFP(top, doubleType());
    Value *low = b_.CreateUIToFP(b_.CreateTrunc(x, b_.getInt32Ty()), doubleType());
    return instruction("v_add_f64", doubleType(), {b_.CreateFMul(high, number(0x1p32)), low});
  }
  // A double for a later rounding to float: exact up to 2^53, above it the odd one of the two multiples of 2^11 around the value.
  Value *fromWord(Value *x, bool isSigned) {
    Value *low = b_.CreateAnd(x, 0x7ff);
    Value *odd = b_.CreateOr(b_.CreateAnd(x, ~0x7ffull), b_.CreateShl(b_.CreateZExt(b_.CreateIsNotNull(low), b_.getInt64Ty()), 11));
    constexpr uint64_t Limit = uint64_t{1} << 53;
    Value *fits = isSigned ? b_.CreateICmpULT(b_.CreateAdd(x, b_.getInt64(Limit)), b_.getInt64(2 * Limit)) : b_.CreateICmpULT(x, b_.getInt64(Limit));
    Value *word = b_.CreateSelect(fits, x, odd);
    return isSigned ? b_.CreateSIToFP(word, doubleType()) : b_.CreateUIToFP(word, doubleType());
  }

  llvm::IRBuilder<> b_;
  llvm::CallInst &call_;
  Rounding direction_;
};

Value *expandRounding(llvm::CallInst &call, Intrinsic id) {
  if (id < Intrinsic::AddF32Rz || id > Intrinsic::CvtF64U64Rp) return nullptr;
  unsigned index = unsigned(id) - unsigned(Intrinsic::AddF32Rz);
  return Expansion(call, Rounding(index % 3)).run(Intrinsic(unsigned(id) - index % 3));
}

}  // namespace

llvm::Error expandMath(llvm::Module &module) {
  for (llvm::Function &function : llvm::make_early_inc_range(module)) {
    Intrinsic id = ir::intrinsicOf(&function);
    if (!function.isDeclaration() || !isMath(id)) continue;
    for (llvm::User *user : llvm::make_early_inc_range(function.users())) {
      auto &call = *llvm::cast<llvm::CallInst>(user);
      Value *value = expandApproximate(call, id);
      if (!value) value = expandRounding(call, id);
      if (!value) return simt::refuse(Diag::codegen_amdgpu, call, (function.getName() + " has no rule for AMD's chips").str());
      value->takeName(&call);
      call.replaceAllUsesWith(value);
      call.eraseFromParent();
    }
    function.eraseFromParent();
  }
  return llvm::Error::success();
}

}  // namespace cutrans::emit::amdgcn
