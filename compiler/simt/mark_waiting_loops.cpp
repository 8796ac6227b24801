// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mark-waiting-loops: finds loops that end only when another thread of the grid writes something, and lets others run
// on their back edges. Such a kernel needs resumable gangs: run to completion, the first gang would wait for ever.
//
// In: scalar SPMD IR. Out: calls of cutrans.gang.yield and the attribute "cutrans.resumable". A loop waits where an exit
// condition depends on a volatile or atomic read made in the loop (any read, where the loop only reads and has a fence), or on the old value of an atomic operation - unless each such value comes from a
// compare-and-swap whose expected operand is what the loop saw last: then a failure means that another thread got on,
// and the next turn succeeds without it (lock-free). nanosleep in a loop says that it waits.
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/phases.h"
#include "compiler/simt/widened.h"

namespace cutrans::simt {
namespace {

using Values = llvm::SmallPtrSet<const llvm::Value *, 32>;

// All that `value` is computed from inside `loop`.
void collectSources(const llvm::Value *value, const llvm::Loop &loop, Values &seen) {
  auto *instruction = llvm::dyn_cast<llvm::Instruction>(value);
  if (!instruction || !loop.contains(instruction) || !seen.insert(value).second) return;
  for (const llvm::Value *operand : instruction->operands()) collectSources(operand, loop, seen);
}

// The expected value is the loop's own last sight of the word: what a cmpxchg or load in the loop returned.
bool isLockFree(const llvm::AtomicCmpXchgInst &exchange, const llvm::Loop &loop) {
  Values sources;
  collectSources(exchange.getCompareOperand(), loop, sources);
  for (const llvm::Value *source : sources) {
    if (source == &exchange) return true;
    if (auto *load = llvm::dyn_cast<llvm::LoadInst>(source); load && load->getPointerOperand() == exchange.getPointerOperand())
      return true;
  }
  return false;
}

// Nothing but looking: with a fence in it even a plain read is one that waits.
bool onlyLooks(const llvm::Loop &loop) {
  bool fence = false;
  for (const llvm::BasicBlock *block : loop.blocks())
    for (const llvm::Instruction &instruction : *block) {
      fence |= llvm::isa<llvm::FenceInst>(instruction);
      if (llvm::isa<llvm::StoreInst, llvm::AtomicRMWInst, llvm::AtomicCmpXchgInst>(instruction)) return false;
    }
  return fence;
}

bool comesFromOutside(const llvm::Instruction &instruction, const llvm::Loop &loop) {
  if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) return !isLockFree(*exchange, loop);
  if (llvm::isa<llvm::AtomicRMWInst>(instruction)) return true;
  auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
  if (!load || load->hasMetadata(llvm::LLVMContext::MD_invariant_load)) return false;
  return load->isVolatile() || load->isAtomic() || onlyLooks(loop);
}

// A word that this loop itself changes each turn is no wait: a ticket counter taken by atomic add is work to share out.
bool isTicket(const llvm::Instruction &instruction) {
  auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction);
  return rmw && (rmw->getOperation() == llvm::AtomicRMWInst::Add || rmw->getOperation() == llvm::AtomicRMWInst::Sub ||
                 rmw->getOperation() == llvm::AtomicRMWInst::UIncWrap) &&
         !(llvm::isa<llvm::ConstantInt>(rmw->getValOperand()) &&
           llvm::cast<llvm::ConstantInt>(rmw->getValOperand())->isZero());
}

// Ids of clusters alone need no company: any block knows its own.
bool usesCluster(const llvm::Instruction &instruction) {
  using enum ir::Intrinsic;
  ir::Intrinsic id = ir::intrinsicOf(&instruction);
  return id == ClusterMap || id == ClusterRankOf || id == IsSharedCluster || id == ClusterArrive || id == ClusterWait;
}

// Whether the loop reads shared memory until it changes, and does nothing else that anyone could see: what an exit depends on
// is read from places that stay the same, and nothing is written.
bool onlyWatchesShared(const llvm::Loop &loop) {
  for (const llvm::BasicBlock *block : loop.blocks())
    for (const llvm::Instruction &instruction : *block) {
      ir::Intrinsic id = ir::intrinsicOf(&instruction);
      bool harmless = llvm::isa<llvm::LoadInst>(instruction) || id == ir::Intrinsic::Nanosleep ||
                      (id != ir::Intrinsic::None && ir::info(id).effects == ir::Effects::state);
      if (instruction.mayWriteToMemory() && !harmless) return false;
      if (ir::isConvergent(id)) return false;
    }
  llvm::SmallVector<llvm::BasicBlock *, 4> exiting;
  loop.getExitingBlocks(exiting);
  for (const llvm::BasicBlock *block : exiting) {
    Values sources;
    for (const llvm::Value *operand : block->getTerminator()->operands()) collectSources(operand, loop, sources);
    for (const llvm::Value *source : sources) {
      if (llvm::isa<llvm::PHINode, llvm::CallInst>(source)) return false;
      auto *load = llvm::dyn_cast<llvm::LoadInst>(source);
      if (load && load->getPointerAddressSpace() != ir::space::Shared) return false;
    }
  }
  return !exiting.empty();
}

const char *whyItWaits(const llvm::Loop &loop) {
  for (const llvm::BasicBlock *block : loop.blocks())
    for (const llvm::Instruction &instruction : *block)
      if (ir::intrinsicOf(&instruction) == ir::Intrinsic::Nanosleep) return "a loop sleeps";
  llvm::SmallVector<llvm::BasicBlock *, 4> exiting;
  loop.getExitingBlocks(exiting);
  for (const llvm::BasicBlock *block : exiting) {
    Values sources;
    for (const llvm::Value *operand : block->getTerminator()->operands()) collectSources(operand, loop, sources);
    // A compare-and-swap among the sources decides alone: the plain re-read of its word beside it is its expected value.
    bool lockFree = false, waits = false;
    for (const llvm::Value *source : sources) {
      auto &instruction = *llvm::cast<llvm::Instruction>(source);
      if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) lockFree |= isLockFree(*exchange, loop);
      waits |= comesFromOutside(instruction, loop) && !isTicket(instruction);
    }
    if (waits && !lockFree) return "a loop waits for another thread";
  }
  return nullptr;
}

}  // namespace

bool markWaitingLoops(llvm::Function &kernel) {
  if (llvm::any_of(llvm::instructions(kernel), usesCluster)) kernel.addFnAttr(widened::ClusterAttr);
  llvm::DominatorTree dominators(kernel);
  llvm::LoopInfo loops(dominators);
  const char *why = nullptr;
  llvm::SmallVector<llvm::Instruction *, 4> backEdges;
  llvm::SmallVector<llvm::Loop *, 4> watching;
  for (llvm::Loop *loop : loops.getLoopsInPreorder()) {
    const char *reason = whyItWaits(*loop);
    if (!reason) continue;
    why = reason;
    llvm::BasicBlock *latch = loop->getLoopLatch();
    if (latch && loop->getLoopPreheader() && loop->isInnermost() && onlyWatchesShared(*loop)) {
      watching.push_back(loop);
      continue;
    }
    llvm::SmallVector<llvm::BasicBlock *, 4> latches;
    loop->getLoopLatches(latches);
    for (llvm::BasicBlock *latch : latches) backEdges.push_back(latch->getTerminator());
  }
  if (!why) return false;
  for (llvm::Loop *loop : watching) {
    llvm::IRBuilder<> builder(&loop->getHeader()->front());
    llvm::PHINode *turns = builder.CreatePHI(builder.getInt32Ty(), 2, "turns");
    auto *back = llvm::cast<llvm::BranchInst>(loop->getLoopLatch()->getTerminator());
    builder.SetInsertPoint(back);
    llvm::Value *next = builder.CreateAdd(turns, builder.getInt32(1)), *told = next;
    // A turn that has seen its change and is about to leave counts as a first one.
    if (back->isConditional()) {
      bool first = back->getSuccessor(0) == loop->getHeader();
      told = builder.CreateSelect(back->getCondition(), first ? next : builder.getInt32(1), first ? builder.getInt32(1) : next);
    }
    turns->addIncoming(builder.getInt32(0), loop->getLoopPreheader());
    turns->addIncoming(next, loop->getLoopLatch());
    llvm::Function *yield = ir::declaration(*kernel.getParent(), ir::Intrinsic::GangYield);
    builder.CreateCall(yield, {}, {llvm::OperandBundleDef(widened::TurnBundle, told)});
  }
  for (llvm::Instruction *backEdge : backEdges) {
    llvm::IRBuilder<> builder(backEdge);
    ir::call(builder, ir::Intrinsic::GangYield);
  }
  kernel.addFnAttr(widened::ResumableAttr, why);
  return true;
}

}  // namespace cutrans::simt
