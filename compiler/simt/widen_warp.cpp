// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// widen-to-gang: operations between the lanes of a warp where a gang is a warp, 32 lanes; narrower ones: widen_exchange.cpp. PTX ISA, "Warp Level Matrix" excepted:
// shfl.sync, vote.sync, match.sync, redux.sync, elect.sync, activemask, bar.warp.sync.
//
// Members are exact: a lane named in the member mask must be here or must have ended. One that is elsewhere would have to be
// waited for, which code in lock step cannot do: that is refused at run time, never guessed.
#include <llvm/IR/IntrinsicsX86.h>

#include "compiler/simt/refusal.h"
#include "compiler/simt/shuffle_source.h"
#include "compiler/simt/widen_to_gang.h"
#include "compiler/simt/widened.h"

using namespace llvm;

namespace cutrans::simt {

void Widener::checkMembers(CallInst &call) {
  Value *members = call.getArgOperand(0);
  if (!maskValue_ || allLanes()) return;  // all that have a thread are here
  Value *here = maskBits();
  Value *present = here;
  if (!ids_.fullGangs()) present = builder_.CreateOr(present, builder_.CreateNot(bits(entryLanes())));
  if (exitedValue_ && !isa<Constant>(exitedValue_)) present = builder_.CreateOr(present, bits(vectorOf(exitedValue_)));
  Value *absent = warpBits(builder_.CreateNot(present));
  Value *missing;
  if (isUniform(members)) {
    missing = builder_.CreateICmpNE(builder_.CreateAnd(scalarOf(members), absent), builder_.getInt32(0));
    if (!someLane()) missing = builder_.CreateAnd(missing, anyLane());
  } else {
    Value *wanted = builder_.CreateICmpNE(builder_.CreateAnd(vectorOf(members), builder_.CreateVectorSplat(width_, absent)), splat(builder_.getInt32(0)));
    missing = builder_.CreateICmpNE(bits(builder_.CreateSelect(mask(), wanted, splat(builder_.getFalse()))), builder_.getIntN(width_, 0));
  }
  MDBuilder weights(context_);
  BasicBlock *after = newBlock("members"), *trap = newBlock("members.missing");
  builder_.CreateCondBr(missing, trap, after, weights.createUnlikelyBranchWeights());
  builder_.SetInsertPoint(trap);
  Value *lane = builder_.CreateBinaryIntrinsic(Intrinsic::cttz, here, builder_.getTrue());
  Type *i32 = builder_.getInt32Ty();
  builder_.CreateCall(external(widened::Refuse, builder_.getVoidTy(), {i32, i32}), {linearThread(builder_.CreateZExtOrTrunc(lane, i32)), builder_.getInt32(withLine(unsigned(Diag::simt_warp_members), call))});
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
}

void Widener::widenWarp(CallInst &call, ir::Intrinsic id) {
  using enum ir::Intrinsic;
  if (id == ActiveMask && width_ == 32) return setScalar(&call, maskBits());
  if (id != ActiveMask) checkMembers(call);
  if (width_ < 32) return exchangeWarp(call, id);
  switch (id) {
    case WarpSync: return;
    case ShflIdx:
      if (isUniform(&call)) return setScalar(&call, broadcast(call));
      [[fallthrough]];
    case ShflUp:
    case ShflDown:
    case ShflBfly: return setVector(&call, shuffle(call, id));
    case VoteAll:
    case VoteAny:
    case VoteUni:
    case VoteBallot: return set(call, vote(call, id));
    case MatchAnyB32:
    case MatchAnyB64: return setVector(&call, match(call, false));
    case MatchAllB32:
    case MatchAllB64: return set(call, match(call, true));
    case Elect: return setVector(&call, elect(call));
    default: return set(call, reduceMembers(call, id));
  }
}

// Lane i gets element indices[i] & 31.
Value *Widener::permute(Value *vector, Value *indices) {
  if (auto *constant = dyn_cast<Constant>(indices)) {
    SmallVector<int, 32> order;
    for (unsigned i = 0; i < width_; ++i) order.push_back(cast<ConstantInt>(constant->getAggregateElement(i))->getZExtValue() & 31);
    return elements(vector, order);
  }
  auto half = [&](Value *value, unsigned from) {
    SmallVector<int, 16> order;
    for (unsigned i = 0; i < 16; ++i) order.push_back(from + i);
    return elements(value, order);
  };
  if (!options_.x86) {
    // Through memory: what takes lanes one by one costs a store of the vector for each of them.
    BasicBlock &entry = builder_.GetInsertBlock()->getParent()->getEntryBlock();
    auto *cells = new AllocaInst(vector->getType(), 0, nullptr, Align(64), "lanes", entry.getFirstInsertionPt());
    builder_.CreateAlignedStore(vector, cells, Align(64));
    Value *index = builder_.CreateZExt(builder_.CreateAnd(indices, splat(builder_.getInt32(31))), FixedVectorType::get(builder_.getInt64Ty(), width_));
    Value *places = builder_.CreateGEP(vector->getType()->getScalarType(), cells, index);
    return builder_.CreateMaskedGather(vector->getType(), places, Align(4), Constant::getAllOnesValue(FixedVectorType::get(builder_.getInt1Ty(), width_)));
  }
  if (options_.vectorBits >= 512) {
    Value *low = half(vector, 0), *high = half(vector, 16);
    auto pick = [&](unsigned from) { return builder_.CreateIntrinsic(Intrinsic::x86_avx512_vpermi2var_d_512, {}, {low, half(indices, from), high}); };
    return concat(pick(0), pick(16));
  }
  Value *result = PoisonValue::get(vector->getType());
  Value *inRange = builder_.CreateAnd(indices, splat(builder_.getInt32(31)));
  for (unsigned i = 0; i < width_; ++i)
    result = builder_.CreateInsertElement(result, builder_.CreateExtractElement(vector, builder_.CreateExtractElement(inRange, i)), i);
  return result;
}

// A source that is not here gives 0, where the manual leaves it open.
Value *Widener::shuffle(CallInst &call, ir::Intrinsic id) {
  SmallVector<Constant *, 32> lanes;
  for (unsigned i = 0; i < width_; ++i) lanes.push_back(builder_.getInt32(i));
  auto [source, valid] = shuffleSource(builder_, id, ConstantVector::get(lanes), vectorOf(call.getArgOperand(2)), vectorOf(call.getArgOperand(3)));
  Value *value = builder_.CreateFreeze(vectorOf(call.getArgOperand(1)));
  if (!allLanes()) value = builder_.CreateSelect(mask(), value, splat(builder_.getInt32(0)));
  Value *both = builder_.CreateInsertValue(PoisonValue::get(widened(call.getType())), permute(value, source), 0);
  return builder_.CreateInsertValue(both, valid, 1);
}

Value *Widener::broadcast(CallInst &call) {
  Value *from = builder_.CreateAnd(scalarOf(call.getArgOperand(2)), builder_.getInt32(31)), *given = call.getArgOperand(1);
  Value *value = isUniform(given) ? scalarOf(given) : builder_.CreateExtractElement(vectorOf(given), from);
  value = builder_.CreateFreeze(value);
  if (!allLanes()) {
    Value *here = builder_.CreateTrunc(builder_.CreateLShr(maskBits(), from), builder_.getInt1Ty());
    value = builder_.CreateSelect(here, value, builder_.getInt32(0));
  }
  Value *both = builder_.CreateInsertValue(PoisonValue::get(call.getType()), value, 0);
  return builder_.CreateInsertValue(both, builder_.getTrue(), 1);
}

Value *Widener::vote(CallInst &call, ir::Intrinsic id) {
  using enum ir::Intrinsic;
  Value *members = call.getArgOperand(0);
  bool same = isUniform(members);
  auto spread = [&](Value *value) { return same ? value : builder_.CreateVectorSplat(width_, value); };
  Value *named = same ? scalarOf(members) : vectorOf(members);
  Value *here = builder_.CreateAnd(named, spread(maskBits()));
  Value *predicate = builder_.CreateSelect(mask(), vectorOf(call.getArgOperand(1)), splat(builder_.getFalse()));
  Value *yes = builder_.CreateAnd(named, spread(bits(predicate)));
  Value *zero = ConstantInt::get(yes->getType(), 0);
  switch (id) {
    case VoteBallot: return yes;
    case VoteAny: return builder_.CreateICmpNE(yes, zero);
    case VoteAll: return builder_.CreateICmpEQ(yes, here);
    default: return builder_.CreateOr(builder_.CreateICmpEQ(yes, here), builder_.CreateICmpEQ(yes, zero));
  }
}

Value *Widener::match(CallInst &call, bool all) {
  Value *members = call.getArgOperand(0);
  Value *value = builder_.CreateFreeze(vectorOf(call.getArgOperand(1)));
  Value *live = maskBits();
  if (all && isUniform(members)) {
    Value *here = builder_.CreateAnd(scalarOf(members), live);
    Value *first = builder_.CreateAnd(builder_.CreateBinaryIntrinsic(Intrinsic::cttz, here, builder_.getFalse()), builder_.getInt32(31));
    Value *equal = bits(builder_.CreateICmpEQ(value, builder_.CreateVectorSplat(width_, builder_.CreateExtractElement(value, first))));
    Value *holds = builder_.CreateICmpEQ(builder_.CreateAnd(here, equal), here);
    Value *both = builder_.CreateInsertValue(PoisonValue::get(call.getType()), builder_.CreateSelect(holds, here, builder_.getInt32(0)), 0);
    return builder_.CreateInsertValue(both, holds, 1);
  }
  Value *equal = splat(builder_.getInt32(0));
  for (unsigned i = 0; i < width_; ++i) {
    SmallVector<int, 32> order(width_, int(i));
    Value *same = builder_.CreateICmpEQ(value, elements(value, order));
    equal = builder_.CreateOr(equal, builder_.CreateSelect(same, splat(builder_.getInt32(1u << i)), splat(builder_.getInt32(0))));
  }
  Value *here = builder_.CreateAnd(vectorOf(members), builder_.CreateVectorSplat(width_, live));
  Value *matching = builder_.CreateAnd(equal, here);
  if (!all) return matching;
  Value *holds = builder_.CreateICmpEQ(matching, here);
  Value *both = builder_.CreateInsertValue(PoisonValue::get(widened(call.getType())), builder_.CreateSelect(holds, here, splat(builder_.getInt32(0))), 0);
  return builder_.CreateInsertValue(both, holds, 1);
}

Value *Widener::reduceLanes(ir::Intrinsic id, Value *values, Value *here) {
  using enum ir::Intrinsic;
  Intrinsic::ID reduction = Intrinsic::vector_reduce_add;
  uint32_t neutral = 0;
  switch (id) {
    case ReduxMinS32: reduction = Intrinsic::vector_reduce_smin; neutral = 0x7fffffff; break;
    case ReduxMinU32: reduction = Intrinsic::vector_reduce_umin; neutral = 0xffffffff; break;
    case ReduxMaxS32: reduction = Intrinsic::vector_reduce_smax; neutral = 0x80000000; break;
    case ReduxMaxU32: reduction = Intrinsic::vector_reduce_umax; break;
    case ReduxAnd: reduction = Intrinsic::vector_reduce_and; neutral = 0xffffffff; break;
    case ReduxOr: reduction = Intrinsic::vector_reduce_or; break;
    case ReduxXor: reduction = Intrinsic::vector_reduce_xor; break;
    default: break;
  }
  return builder_.CreateUnaryIntrinsic(reduction, builder_.CreateSelect(here, values, ConstantInt::get(values->getType(), neutral)));
}

Value *Widener::reduceMembers(CallInst &call, ir::Intrinsic id) {
  Value *members = call.getArgOperand(0);
  auto over = [&](Value *named) {
    Value *here = builder_.CreateBitCast(builder_.CreateAnd(named, maskBits()), widened(builder_.getInt1Ty()));
    return reduceLanes(id, vectorOf(call.getArgOperand(1)), here);
  };
  if (isUniform(members)) return over(scalarOf(members));
  return forEachLane(call.getType(), [&](Value *lane) { return over(laneOf(members, lane)); });
}

// The lowest member that is here leads.
Value *Widener::elect(CallInst &call) {
  SmallVector<Constant *, 32> lanes;
  for (unsigned i = 0; i < width_; ++i) lanes.push_back(builder_.getInt32(i));
  Value *here = builder_.CreateAnd(vectorOf(call.getArgOperand(0)), builder_.CreateVectorSplat(width_, maskBits()));
  Value *leader = builder_.CreateBinaryIntrinsic(Intrinsic::cttz, here, builder_.getFalse());
  Value *both = builder_.CreateInsertValue(PoisonValue::get(widened(call.getType())), leader, 0);
  return builder_.CreateInsertValue(both, builder_.CreateICmpEQ(leader, ConstantVector::get(lanes)), 1);
}

}  // namespace cutrans::simt
