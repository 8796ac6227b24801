// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// widen-to-gang: atomics and fences. One lane after the other, in lane order; where nobody asks for the old value and all lanes
// go to one place, the gang's lanes are combined first. Memory that only one block can see needs no atomic instruction:
// one thread of the machine runs the block.
#include <llvm/Transforms/Utils/LowerAtomic.h>

#include "compiler/ir/spmd.h"
#include "compiler/simt/widen_to_gang.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

template <class Atomic>
bool staysInBlock(const Atomic &atomic) {
  if (atomic.getPointerOperand()->getType()->getPointerAddressSpace() == ir::space::Shared) return true;
  if (atomic.getPointerOperand()->getType()->getPointerAddressSpace() == ir::space::Local) return true;
  return atomic.getContext().getSyncScopeName(atomic.getSyncScopeID()) == StringRef(ir::ScopeBlock);
}

}  // namespace

// One lane's update; the old value.
Value *Widener::updateMemory(AtomicRMWInst &atomic, Value *address, Value *operand) {
  if (!staysInBlock(atomic)) {
    return builder_.CreateAtomicRMW(atomic.getOperation(), address, operand, atomic.getAlign(), atomic.getOrdering());
  }
  Value *old = builder_.CreateAlignedLoad(operand->getType(), address, atomic.getAlign());
  builder_.CreateAlignedStore(buildAtomicRMWValue(atomic.getOperation(), builder_, old, operand), address, atomic.getAlign());
  return old;
}

bool Widener::reduceAtomic(AtomicRMWInst &atomic) {
  Type *type = atomic.getType();
  if (width_ == 1 || !atomic.use_empty() || !isUniform(atomic.getPointerOperand()) || type->isVectorTy()) return false;
  Intrinsic::ID reduction;
  Constant *neutral;
  switch (atomic.getOperation()) {
    case AtomicRMWInst::Add:
    case AtomicRMWInst::Sub: reduction = Intrinsic::vector_reduce_add; neutral = ConstantInt::get(type, 0); break;
    case AtomicRMWInst::Or: reduction = Intrinsic::vector_reduce_or; neutral = ConstantInt::get(type, 0); break;
    case AtomicRMWInst::Xor: reduction = Intrinsic::vector_reduce_xor; neutral = ConstantInt::get(type, 0); break;
    case AtomicRMWInst::And: reduction = Intrinsic::vector_reduce_and; neutral = Constant::getAllOnesValue(type); break;
    case AtomicRMWInst::UMax: reduction = Intrinsic::vector_reduce_umax; neutral = ConstantInt::get(type, 0); break;
    case AtomicRMWInst::UMin: reduction = Intrinsic::vector_reduce_umin; neutral = Constant::getAllOnesValue(type); break;
    case AtomicRMWInst::Max: reduction = Intrinsic::vector_reduce_smax; neutral = ConstantInt::get(type, APInt::getSignedMinValue(type->getIntegerBitWidth())); break;
    case AtomicRMWInst::Min: reduction = Intrinsic::vector_reduce_smin; neutral = ConstantInt::get(type, APInt::getSignedMaxValue(type->getIntegerBitWidth())); break;
    default: return false;  // floating point: the order of additions is part of the result
  }
  emitIf(someLane() ? nullptr : anyLane(), builder_.getVoidTy(), [&]() -> Value * {
    Value *operand = vectorOf(atomic.getValOperand());
    if (!allLanes()) operand = builder_.CreateSelect(mask(), operand, splat(neutral));
    return updateMemory(atomic, scalarOf(atomic.getPointerOperand()), builder_.CreateUnaryIntrinsic(reduction, operand));
  });
  return true;
}

void Widener::widenAtomic(AtomicRMWInst &atomic) {
  if (reduceAtomic(atomic)) return;
  Type *type = atomic.use_empty() ? builder_.getVoidTy() : atomic.getType();
  Value *old = forEachLane(type, [&](Value *lane) {
    return updateMemory(atomic, laneOf(atomic.getPointerOperand(), lane), laneOf(atomic.getValOperand(), lane));
  }, /*small=*/true);
  if (old) set(atomic, old);
}

void Widener::widenCompareExchange(AtomicCmpXchgInst &exchange) {
  Value *result = forEachLane(exchange.getType(), [&](Value *lane) -> Value * {
    Value *address = laneOf(exchange.getPointerOperand(), lane);
    Value *expected = laneOf(exchange.getCompareOperand(), lane), *desired = laneOf(exchange.getNewValOperand(), lane);
    if (!staysInBlock(exchange)) {
      return builder_.CreateAtomicCmpXchg(address, expected, desired, exchange.getAlign(), exchange.getSuccessOrdering(), exchange.getFailureOrdering());
    }
    Value *old = builder_.CreateAlignedLoad(expected->getType(), address, exchange.getAlign());
    Value *same = builder_.CreateICmpEQ(old, expected);
    builder_.CreateAlignedStore(builder_.CreateSelect(same, desired, old), address, exchange.getAlign());
    Value *both = builder_.CreateInsertValue(PoisonValue::get(exchange.getType()), old, 0);
    return builder_.CreateInsertValue(both, same, 1);
  });
  set(exchange, result);
}

// Within a block the order of the program is enough.
void Widener::widenFence(FenceInst &fence) {
  bool inBlock = fence.getContext().getSyncScopeName(fence.getSyncScopeID()) == StringRef(ir::ScopeBlock);
  builder_.CreateFence(fence.getOrdering(), inBlock ? SyncScope::SingleThread : SyncScope::System);
}

}  // namespace cutrans::simt
