// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What LLVM 22's SPIR-V back end gets wrong or has no code for, as other operations. Wrong there: fshl and fshr by 0 (a shift by all bits), signed
// multiplication with overflow, saturating conversions (no saturation), minimum and maximum (fmin, fmax). OpenCL divides floats and takes their roots to 2.5 and 3
// units in the last place only; in doubles both are exact, and a result of 53 bits rounds to 24 as the exact one does.
#include <llvm/Analysis/TargetTransformInfo.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/Utils/LowerMemIntrinsics.h>
#include <llvm/Transforms/Utils/LowerSwitch.h>

#include "compiler/emit/opencl/opencl.h"
#include "compiler/emit/spirv/spirv.h"

namespace cutrans::emit::spirv {
namespace {

namespace in = llvm::Intrinsic;
using llvm::Value;

class Expansion {
 public:
  explicit Expansion(llvm::Instruction &instruction) : b_(&instruction) {}

  Value *funnel(llvm::IntrinsicInst &call) {
    const bool left = call.getIntrinsicID() == in::fshl;
    Value *x = call.getArgOperand(0), *y = call.getArgOperand(1), *amount = call.getArgOperand(2);
    const unsigned bits = x->getType()->getScalarSizeInBits();
    auto constant = [&](uint64_t value) { return llvm::ConstantInt::get(x->getType(), value); };
    amount = b_.CreateAnd(amount, constant(bits - 1));
    Value *rest = b_.CreateXor(amount, constant(bits - 1));  // bits - 1 - amount
    if (left) return b_.CreateOr(b_.CreateShl(x, amount), b_.CreateLShr(b_.CreateLShr(y, constant(1)), rest));
    return b_.CreateOr(b_.CreateShl(b_.CreateShl(x, constant(1)), rest), b_.CreateLShr(y, amount));
  }

  Value *reversed(Value *x) {
    const unsigned bits = x->getType()->getScalarSizeInBits();
    for (unsigned step = 1; step < bits; step *= 2) {
      llvm::APInt low = llvm::APInt::getSplat(bits, llvm::APInt::getLowBitsSet(2 * step, step));
      llvm::Constant *mask = llvm::ConstantInt::get(x->getType(), low), *by = llvm::ConstantInt::get(x->getType(), step);
      x = b_.CreateOr(b_.CreateShl(b_.CreateAnd(x, mask), by), b_.CreateAnd(b_.CreateLShr(x, by), mask));
    }
    return x;
  }

  // The result and whether it overflowed.
  std::pair<Value *, Value *> overflowing(llvm::WithOverflowInst &call) {
    Value *x = call.getLHS(), *y = call.getRHS(), *zero = llvm::Constant::getNullValue(x->getType());
    const unsigned bits = x->getType()->getScalarSizeInBits();
    switch (call.getIntrinsicID()) {
      case in::uadd_with_overflow: {
        Value *sum = b_.CreateAdd(x, y);
        return {sum, b_.CreateICmpULT(sum, x)};
      }
      case in::usub_with_overflow: return {b_.CreateSub(x, y), b_.CreateICmpULT(x, y)};
      case in::sadd_with_overflow: {
        Value *sum = b_.CreateAdd(x, y);
        return {sum, b_.CreateICmpSLT(b_.CreateAnd(b_.CreateXor(x, sum), b_.CreateXor(y, sum)), zero)};
      }
      case in::ssub_with_overflow: {
        Value *rest = b_.CreateSub(x, y);
        return {rest, b_.CreateICmpSLT(b_.CreateAnd(b_.CreateXor(x, y), b_.CreateXor(x, rest)), zero)};
      }
      default: break;
    }
    if (bits > 32) return {};
    const bool isSigned = call.getIntrinsicID() == in::smul_with_overflow;
    llvm::Type *i64 = x->getType()->getWithNewBitWidth(64);
    auto wide = [&](Value *value) { return isSigned ? b_.CreateSExt(value, i64) : b_.CreateZExt(value, i64); };
    Value *product = b_.CreateMul(wide(x), wide(y)), *narrow = b_.CreateTrunc(product, x->getType());
    return {narrow, b_.CreateICmpNE(product, wide(narrow))};
  }

  // Of what fits; the ends for the rest, 0 for a NaN.
  Value *saturated(llvm::IntrinsicInst &call) {
    const bool isSigned = call.getIntrinsicID() == in::fptosi_sat;
    Value *x = call.getArgOperand(0);
    llvm::Type *from = x->getType(), *to = call.getType();
    const unsigned bits = to->getScalarSizeInBits();
    const llvm::fltSemantics &kind = from->getScalarType()->getFltSemantics();
    // 2^bits, or 2^(bits - 1): the first that does not fit. A half's largest is less than that of all but 8 bits.
    llvm::APFloat beyond(kind, 1);
    beyond = llvm::scalbn(beyond, int(isSigned ? bits - 1 : bits), llvm::APFloat::rmNearestTiesToEven);
    Value *zero = llvm::ConstantFP::get(from, 0.0);
    Value *above = b_.CreateFCmpOGE(x, llvm::ConstantFP::get(from, beyond));
    Value *below = isSigned ? b_.CreateFCmpOLT(x, llvm::ConstantFP::get(from, llvm::neg(beyond))) : b_.CreateFCmpOLE(x, zero);
    Value *fits = b_.CreateNot(b_.CreateOr(b_.CreateOr(above, below), b_.CreateFCmpUNO(x, zero)));
    Value *inside = b_.CreateSelect(fits, x, zero);
    Value *number = isSigned ? b_.CreateFPToSI(inside, to) : b_.CreateFPToUI(inside, to);
    Value *most = llvm::ConstantInt::get(to, isSigned ? llvm::APInt::getSignedMaxValue(bits) : llvm::APInt::getMaxValue(bits));
    Value *least = llvm::ConstantInt::get(to, isSigned ? llvm::APInt::getSignedMinValue(bits) : llvm::APInt(bits, 0));
    return b_.CreateSelect(above, most, b_.CreateSelect(below, least, number));
  }

  Value *throughDouble(Value *result, llvm::function_ref<Value *(llvm::IRBuilderBase &, llvm::Type *)> make) {
    return b_.CreateFPTrunc(make(b_, result->getType()->getWithNewType(b_.getDoubleTy())), result->getType());
  }

  llvm::IRBuilder<> b_;
};

void replace(llvm::Instruction &instruction, Value *value) {
  instruction.replaceAllUsesWith(value);
  instruction.eraseFromParent();
}

void replaceParts(llvm::Instruction &instruction, Value *first, Value *second) {
  llvm::IRBuilder<> b(&instruction);
  for (llvm::User *user : llvm::make_early_inc_range(instruction.users()))
    if (auto *part = llvm::dyn_cast<llvm::ExtractValueInst>(user)) replace(*part, part->getIndices()[0] == 0 ? first : second);
  if (!instruction.use_empty())
    instruction.replaceAllUsesWith(b.CreateInsertValue(b.CreateInsertValue(llvm::PoisonValue::get(instruction.getType()), first, 0), second, 1));
  instruction.eraseFromParent();
}

// True: it is gone.
bool expandCall(llvm::IntrinsicInst &call, const Device &device) {
  Expansion expansion(call);
  switch (call.getIntrinsicID()) {
    case in::fshl:
    case in::fshr: return replace(call, expansion.funnel(call)), true;
    case in::bitreverse: return replace(call, expansion.reversed(call.getArgOperand(0))), true;
    case in::uadd_with_overflow:
    case in::usub_with_overflow:
    case in::sadd_with_overflow:
    case in::ssub_with_overflow:
    case in::umul_with_overflow:
    case in::smul_with_overflow: {
      auto [result, over] = expansion.overflowing(llvm::cast<llvm::WithOverflowInst>(call));
      if (!result) return false;
      replaceParts(call, result, over);
      return true;
    }
    case in::fptosi_sat:
    case in::fptoui_sat: return replace(call, expansion.saturated(call)), true;
    case in::sqrt:
      if (!call.getType()->getScalarType()->isFloatTy() || !device.fp64) return false;
      replace(call, expansion.throughDouble(&call, [&](llvm::IRBuilderBase &b, llvm::Type *wide) {
        return b.CreateUnaryIntrinsic(in::sqrt, b.CreateFPExt(call.getArgOperand(0), wide));
      }));
      return true;
    case in::assume:
    case in::lifetime_start:
    case in::lifetime_end:
    case in::experimental_noalias_scope_decl:
      call.eraseFromParent();
      return true;
    default: return opencl::expandToSelections(call);
  }
}

}  // namespace

llvm::Error expandOperations(llvm::Function &kernel, const Device &device) {
  {
    // Numbers of labels stand among a switch's literals, whose width is another's type's (number_labels.cpp).
    llvm::FunctionAnalysisManager analyses;
    llvm::PassBuilder().registerFunctionAnalyses(analyses);
    llvm::LowerSwitchPass().run(kernel, analyses);
  }
  const llvm::TargetTransformInfo costs(kernel.getDataLayout());
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(kernel))) {
    if (auto *copy = llvm::dyn_cast<llvm::MemCpyInst>(&instruction)) {
      llvm::expandMemCpyAsLoop(copy, costs);
      copy->eraseFromParent();
    } else if (auto *set = llvm::dyn_cast<llvm::MemSetInst>(&instruction)) {
      llvm::expandMemSetAsLoop(set);
      set->eraseFromParent();
    } else if (auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction)) {
      expandCall(*call, device);
    } else if (instruction.getOpcode() == llvm::Instruction::FDiv && instruction.getType()->getScalarType()->isFloatTy() && device.fp64) {
      replace(instruction, Expansion(instruction).throughDouble(&instruction, [&](llvm::IRBuilderBase &b, llvm::Type *wide) {
        return b.CreateFDiv(b.CreateFPExt(instruction.getOperand(0), wide), b.CreateFPExt(instruction.getOperand(1), wide));
      }));
    } else if (auto *freeze = llvm::dyn_cast<llvm::FreezeInst>(&instruction)) {
      // Each value of SPIR-V is one, if an unknown one.
      replace(*freeze, freeze->getOperand(0));
    }
  }
  return llvm::Error::success();
}

}  // namespace cutrans::emit::spirv
