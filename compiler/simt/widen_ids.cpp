// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// widen-to-gang: thread ids as functions of the gang's number and the lane (launch_ids.h).
#include "compiler/simt/widen_to_gang.h"

using namespace llvm;

namespace cutrans::simt {

Value *Widener::blockCount(ir::Intrinsic id) {
  unsigned dimension = unsigned(id) - unsigned(ir::Intrinsic::NtidX);
  if (!ids_.anyShape()) return builder_.getInt32(ids_.block()[dimension]);
  return ir::call(builder_, id, {}, "ntid");
}

// Which lanes have a thread: all but those of the last gang.
Value *Widener::entryLanes() {
  if (entryLanes_) return entryLanes_;
  IRBuilder<>::InsertPointGuard guard(builder_);
  builder_.SetInsertPoint(entryEnd_);
  using enum ir::Intrinsic;
  Value *threads = builder_.CreateMul(builder_.CreateMul(blockCount(NtidX), blockCount(NtidY)), blockCount(NtidZ));
  Value *left = builder_.CreateSub(threads, builder_.CreateMul(gang_, builder_.getInt32(width_)), "left");
  SmallVector<Constant *, 32> lanes;
  for (unsigned i = 0; i < width_; ++i) lanes.push_back(builder_.getInt32(i));
  return entryLanes_ = builder_.CreateICmpULT(ConstantVector::get(lanes), builder_.CreateVectorSplat(width_, left), "entry");
}

Value *Widener::widenId(CallInst &call, ir::Intrinsic id) {
  using enum ir::Intrinsic;
  auto constant = [&](unsigned value) { return builder_.getInt32(value); };
  if (std::optional<IdForm> form = ids_.form(id)) {
    if (form->multiply == 0) return constant(0);
    Value *base = form->multiply == 1 ? gang_ : builder_.CreateMul(gang_, constant(form->multiply), "", true, true);
    if (form->divide != 1) base = builder_.CreateUDiv(base, constant(form->divide));
    if (form->modulo) base = builder_.CreateURem(base, constant(form->modulo));
    return base;
  }
  SmallVector<Constant *, 32> lanes;
  for (unsigned i = 0; i < width_; ++i) lanes.push_back(constant(i));
  Value *lane = width_ == 1 ? constant(0) : (Value *)ConstantVector::get(lanes);
  auto all = [&](Value *value) { return width_ == 1 ? value : builder_.CreateVectorSplat(width_, value); };
  Value *thread = builder_.CreateAdd(all(builder_.CreateMul(gang_, constant(width_))), lane);
  switch (id) {
    case TidX: return builder_.CreateURem(thread, all(blockCount(NtidX)));
    case TidY: return builder_.CreateURem(builder_.CreateUDiv(thread, all(blockCount(NtidX))), all(blockCount(NtidY)));
    case TidZ: return builder_.CreateUDiv(thread, all(builder_.CreateMul(blockCount(NtidX), blockCount(NtidY))));
    default: break;
  }
  Value *laneId = builder_.CreateAnd(thread, all(constant(31)));
  Value *one = builder_.CreateShl(all(constant(1)), laneId);
  switch (id) {
    case LanemaskEq: return one;
    case LanemaskLt: return builder_.CreateSub(one, all(constant(1)));
    case LanemaskLe: return builder_.CreateOr(one, builder_.CreateSub(one, all(constant(1))));
    case LanemaskGe: return builder_.CreateNeg(one);
    default: return builder_.CreateXor(builder_.CreateNeg(one), one);  // LanemaskGt
  }
}

}  // namespace cutrans::simt
