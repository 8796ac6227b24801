// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mbarrier objects (manual 9.7.13.15): every operation that changes one is an increment of its word (ir/mbarrier.h), every
// wait is a load of it. Waiting is left to the program's own loop, whose atomic load tells compiler/simt that it waits.
#include <llvm/IR/Constants.h>

#include "compiler/ir/mbarrier.h"
#include "compiler/ptx/lower/transactions.h"

namespace cutrans::ptx::lowering {

namespace mbarrier = ir::mbarrier;

Value *sharedAddress(BodyLowering &lo, const Operand &operand, Space space) {
  Value *pointer = lo.address(operand, space == Space::Shared ? Space::Shared : Space::None);
  llvm::Type *shared = llvm::PointerType::get(lo.context, ir::space::Shared);
  if (pointer->getType()->getPointerAddressSpace() != ir::space::Shared) pointer = lo.b.CreateAddrSpaceCast(pointer, shared);
  return lo.b.CreatePtrToInt(pointer, lo.intType(32));
}

void completeTransaction(BodyLowering &lo, Value *address, Value *bytes) {
  Value *count = lo.b.CreateShl(lo.b.CreateZExtOrTrunc(bytes, lo.intType(64)), mbarrier::TxShift);
  lo.call(IrIntrinsic::MbarrierUpdate, {address, lo.b.CreateNeg(count)});
}

namespace {

// `fields` times a count, which is a constant mostly.
Value *times(BodyLowering &lo, const Operand &operand, uint64_t fields) {
  return lo.b.CreateMul(lo.b.CreateZExt(lo.readBits(operand, 32), lo.intType(64)), lo.constant(64, fields));
}

constexpr uint64_t Tx = uint64_t{1} << mbarrier::TxShift;
constexpr uint64_t Arrival = uint64_t(-1);
constexpr uint64_t Drop = Arrival - (uint64_t{1} << mbarrier::ExpectedShift);

llvm::Value *wordPointer(BodyLowering &lo, const Operand &operand, Space space) {
  Value *address = sharedAddress(lo, operand, space);
  return lo.b.CreateIntToPtr(address, llvm::PointerType::get(lo.context, ir::space::Shared));
}

// 9.7.13.15.9 mbarrier.init
void init(BodyLowering &lo, const Instruction &in) {
  Value *word = times(lo, lo.operand(1), 1 | uint64_t{1} << mbarrier::ExpectedShift);
  lo.b.CreateAlignedStore(word, wordPointer(lo, lo.operand(0), in.space), llvm::Align(8));
}

// 9.7.13.15.10 mbarrier.inval: its memory may be used for anything else from here on.
void invalidate(BodyLowering &lo, const Instruction &in) {}

// 9.7.13.15.11, .12 mbarrier.expect_tx, mbarrier.complete_tx
void changeTx(BodyLowering &lo, const Instruction &in) {
  bool expects = in.opcode == Opcode::MbarrierExpectTx;
  Value *address = sharedAddress(lo, lo.operand(0), in.space);
  lo.call(IrIntrinsic::MbarrierUpdate, {address, times(lo, lo.operand(1), expects ? Tx : -Tx)});
}

// 9.7.13.15.13, .14 mbarrier.arrive, mbarrier.arrive_drop. The state is the word before, so that pending_count finds the count
// before the arrival in it. .noComplete promises that no phase ends, and needs no care.
void arrive(BodyLowering &lo, const Instruction &in) {
  size_t at = lo.operand(0).kind == OperandKind::Address ? 0 : 1;
  if (at && in.has(Mod::SharedCluster) && lo.operand(0).kind != OperandKind::Sink)
    return lo.refuse(Diag::ptx_operand, "an arrival at another block's mbarrier has no state");
  uint64_t one = in.opcode == Opcode::MbarrierArriveDrop ? Drop : Arrival;
  bool counted = in.operands.size() > at + 1;
  Value *increment = lo.constant(64, one);
  if (in.has(Mod::ExpectTx)) {
    if (!counted) return lo.refuse(Diag::ptx_operand, "the count of bytes is missing");
    increment = lo.b.CreateAdd(increment, times(lo, lo.operand(at + 1), Tx));
  } else if (counted) {
    increment = times(lo, lo.operand(at + 1), one);
  }
  Value *before = lo.call(IrIntrinsic::MbarrierUpdate, {sharedAddress(lo, lo.operand(at), in.space), increment});
  if (at) lo.writeInteger(lo.operand(0), before);
}

// 9.7.13.15.15 cp.async.mbarrier.arrive: the copies of this thread are done. Without .noinc the arrival adds to the pending count what
// it takes away again.
void arriveAfterCopies(BodyLowering &lo, const Instruction &in) {
  if (!in.has(Mod::Noinc)) return;
  lo.call(IrIntrinsic::MbarrierUpdate, {sharedAddress(lo, lo.operand(0), in.space), lo.constant(64, Arrival)});
}

// 9.7.13.15.16 mbarrier.test_wait, mbarrier.try_wait, which may give up at any time: whether the phase of the state, or of that parity,
// is over.
void wait(BodyLowering &lo, const Instruction &in) {
  auto *load = lo.b.CreateAlignedLoad(lo.intType(64), wordPointer(lo, lo.operand(1), in.space), llvm::Align(8));
  bool relaxed = in.has(Mod::Relaxed);
  load->setAtomic(relaxed ? llvm::AtomicOrdering::Monotonic : llvm::AtomicOrdering::Acquire,
                  lo.context.getOrInsertSyncScopeID(in.has(Mod::ClusterScope) ? ir::ScopeCluster : ir::ScopeBlock));
  Value *then;
  if (in.has(Mod::Parity))
    then = lo.b.CreateShl(lo.b.CreateZExt(lo.readBits(lo.operand(2), 32), lo.intType(64)), mbarrier::PhaseShift);
  else
    then = lo.readBits(lo.operand(2), 64);
  Value *turned = lo.b.CreateAnd(lo.b.CreateXor(load, then), lo.constant(64, mbarrier::PhaseBit));
  lo.writePredicate(lo.operand(0), lo.b.CreateIsNotNull(turned));
}

// 9.7.13.15.17 mbarrier.pending_count
void pendingCount(BodyLowering &lo, const Instruction &in) {
  Value *count = lo.b.CreateAnd(lo.readBits(lo.operand(1), 64), lo.constant(64, mbarrier::CountMask));
  lo.writeInteger(lo.operand(0), lo.b.CreateTrunc(count, lo.intType(32)));
}

}  // namespace

void addMbarrierRules(RuleTable &table) {
  set(table, Opcode::MbarrierInit, init);
  set(table, Opcode::MbarrierInval, invalidate);
  set(table, Opcode::MbarrierExpectTx, changeTx);
  set(table, Opcode::MbarrierCompleteTx, changeTx);
  set(table, Opcode::MbarrierArrive, arrive);
  set(table, Opcode::MbarrierArriveDrop, arrive);
  set(table, Opcode::CpAsyncMbarrierArrive, arriveAfterCopies);
  set(table, Opcode::MbarrierTestWait, wait);
  set(table, Opcode::MbarrierTryWait, wait);
  set(table, Opcode::MbarrierPendingCount, pendingCount);
}

}  // namespace cutrans::ptx::lowering
