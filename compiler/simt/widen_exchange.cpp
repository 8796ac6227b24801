// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// widen-to-gang: operations between the lanes of a warp where a gang is less than a warp. Each gang brings its lanes to a
// rendezvous of the target's (ct_native_exchange), where it is suspended until all members have come that have not ended; then it
// knows what each brought, and computes its own results. So members may come on different ways.
#include <cstddef>

#include "compiler/simt/shuffle_source.h"
#include "compiler/simt/widen_to_gang.h"
#include "compiler/simt/widened.h"
#include "cutrans/native_kernel.h"

using namespace llvm;

namespace cutrans::simt {

// The gang's first lane in its warp.
Value *Widener::firstLane() { return builder_.CreateAnd(builder_.CreateMul(gang_, builder_.getInt32(width_)), builder_.getInt32(31)); }

// Bits of the gang's lanes as bits of the warp.
Value *Widener::warpBits(Value *lanes) {
  Value *wide = builder_.CreateZExtOrTrunc(bits(lanes), builder_.getInt32Ty());
  return width_ == 32 ? wide : builder_.CreateShl(wide, firstLane());
}

Value *Widener::exchangeField(size_t offset, unsigned bytes, Value *lane) {
  Value *field = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), exchange_, offset);
  if (!lane) return field;
  return builder_.CreateInBoundsGEP(builder_.getIntNTy(8 * bytes), field, builder_.CreateZExt(lane, builder_.getInt64Ty()));
}

void Widener::exchangeWarp(CallInst &call, ir::Intrinsic id) {
  using enum ir::Intrinsic;
  Type *i32 = builder_.getInt32Ty(), *i64 = builder_.getInt64Ty();
  if (!exchange_) {
    IRBuilder<> entry(&*result_->getEntryBlock().getFirstInsertionPt());
    auto *space = entry.CreateAlloca(ArrayType::get(entry.getInt8Ty(), sizeof(ct_native_exchange)), nullptr, "exchange");
    space->setAlignment(Align(64));
    exchange_ = space;
  }
  bool hasValue = id != ActiveMask && id != WarpSync && id != Elect;
  emitIf(anyLane(), builder_.getVoidTy(), [&]() -> Value * {
    Value *first = firstLane();
    forEachLane(builder_.getVoidTy(), [&](Value *lane) -> Value * {
      Value *place = builder_.CreateAdd(first, lane);
      if (id != ActiveMask) builder_.CreateStore(laneOf(call.getArgOperand(0), lane), exchangeField(offsetof(ct_native_exchange, members), 4, place));
      if (hasValue) {
        Value *value = builder_.CreateFreeze(laneOf(call.getArgOperand(1), lane));
        Value *raw = builder_.CreateBitCast(value, builder_.getIntNTy(value->getType()->getPrimitiveSizeInBits()));
        builder_.CreateStore(builder_.CreateZExt(raw, i64), exchangeField(offsetof(ct_native_exchange, values), 8, place));
      }
      return nullptr;
    });
    auto store = [&](Value *value, size_t offset) { builder_.CreateStore(value, exchangeField(offset, 4)); };
    store(warpBits(mask()), offsetof(ct_native_exchange, lanes));
    store(exitedValue_ ? warpBits(vectorOf(exitedValue_)) : builder_.getInt32(0), offsetof(ct_native_exchange, exited));
    store(builder_.getInt32(id == ActiveMask ? CT_NATIVE_EXCHANGE_WHO_IS_HERE | ++places_ : unsigned(id)), offsetof(ct_native_exchange, operation));
    FunctionCallee callee = external(widened::WarpExchange, builder_.getVoidTy(), {builder_.getPtrTy()});
    cast<Function>(callee.getCallee())->addFnAttr(Attribute::Convergent);
    builder_.CreateCall(callee, {exchange_});
    return nullptr;
  });
  if (call.getType()->isVoidTy()) return;
  auto result = [&](Value *lane) { return exchanged(call, id, lane, builder_.CreateAdd(firstLane(), lane)); };
  if (!isUniform(&call)) return setVector(&call, forEachLane(call.getType(), result));
  // One value for all lanes that are here: the first one's.
  if (width_ == 1) return setScalar(&call, result(builder_.getInt32(0)));
  setScalar(&call, emitIf(anyLane(), call.getType(), [&] {
    return result(builder_.CreateZExtOrTrunc(builder_.CreateBinaryIntrinsic(Intrinsic::cttz, maskBits(), builder_.getFalse()), i32));
  }));
}

// What `lane` of the gang, `place` of the warp, gets.
Value *Widener::exchanged(CallInst &call, ir::Intrinsic id, Value *lane, Value *place) {
  using enum ir::Intrinsic;
  Type *i32 = builder_.getInt32Ty();
  auto *values = FixedVectorType::get(builder_.getInt64Ty(), 32);
  auto all = [&] { return builder_.CreateAlignedLoad(values, exchangeField(offsetof(ct_native_exchange, values), 8), Align(8)); };
  auto word = [&](Value *flags) { return builder_.CreateBitCast(flags, i32); };
  auto pair = [&](Value *value, Value *flag) {
    return builder_.CreateInsertValue(builder_.CreateInsertValue(PoisonValue::get(call.getType()), value, 0), flag, 1);
  };
  Value *present = builder_.CreateLoad(i32, exchangeField(offsetof(ct_native_exchange, present), 4, place), "present");
  switch (id) {
    case ActiveMask: return present;
    case Elect: {
      Value *leader = builder_.CreateBinaryIntrinsic(Intrinsic::cttz, present, builder_.getFalse());
      return pair(leader, builder_.CreateICmpEQ(leader, place));
    }
    case ShflIdx:
    case ShflUp:
    case ShflDown:
    case ShflBfly: {
      auto [source, valid] = shuffleSource(builder_, id, place, laneOf(call.getArgOperand(2), lane), laneOf(call.getArgOperand(3), lane));
      source = builder_.CreateAnd(source, builder_.getInt32(31));
      Value *value = builder_.CreateLoad(builder_.getInt64Ty(), exchangeField(offsetof(ct_native_exchange, values), 8, source));
      Value *here = builder_.CreateTrunc(builder_.CreateLShr(present, source), builder_.getInt1Ty());
      return pair(builder_.CreateSelect(here, builder_.CreateTrunc(value, i32), builder_.getInt32(0)), valid);
    }
    case VoteAll:
    case VoteAny:
    case VoteUni:
    case VoteBallot: {
      Value *yes = builder_.CreateAnd(word(builder_.CreateICmpNE(all(), Constant::getNullValue(values))), present);
      Value *none = builder_.CreateIsNull(yes), *full = builder_.CreateICmpEQ(yes, present);
      if (id == VoteBallot) return yes;
      return id == VoteAny ? builder_.CreateNot(none) : id == VoteAll ? full : builder_.CreateOr(none, full);
    }
    case MatchAnyB32:
    case MatchAnyB64:
    case MatchAllB32:
    case MatchAllB64: {
      Value *own = builder_.CreateLoad(builder_.getInt64Ty(), exchangeField(offsetof(ct_native_exchange, values), 8, place));
      Value *equal = builder_.CreateAnd(word(builder_.CreateICmpEQ(all(), builder_.CreateVectorSplat(32, own))), present);
      if (id == MatchAnyB32 || id == MatchAnyB64) return equal;
      Value *holds = builder_.CreateICmpEQ(equal, present);
      return pair(builder_.CreateSelect(holds, present, builder_.getInt32(0)), holds);
    }
    default: {
      Type *type = call.getArgOperand(1)->getType();
      Value *raw = builder_.CreateTrunc(all(), FixedVectorType::get(builder_.getIntNTy(type->getPrimitiveSizeInBits()), 32));
      return reduceLanes(id, builder_.CreateBitCast(raw, FixedVectorType::get(type, 32)), builder_.CreateBitCast(present, FixedVectorType::get(builder_.getInt1Ty(), 32)));
    }
  }
}

}  // namespace cutrans::simt
