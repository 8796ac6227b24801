// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mark-waiting-loops: finds loops that end only when another thread of the grid writes something, and lets others run
// on their back edges. Such a kernel needs resumable gangs: run to completion, the first gang would wait for ever.
//
// In: scalar SPMD IR. Out: calls of cutrans.gang.yield and the attribute "cutrans.resumable". A loop waits where an exit
// condition depends on a volatile or atomic read made in the loop, or on the old value of an atomic operation - unless each such value comes from a
// compare-and-swap whose expected operand is what the loop saw last: then a failure means that another thread got on,
// and the next turn succeeds without it (lock-free). nanosleep in a loop says that it waits.
#include <llvm/Analysis/IteratedDominanceFrontier.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/gang_uniformity.h"
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

bool comesFromOutside(const llvm::Instruction &instruction, const llvm::Loop &loop) {
  if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) return !isLockFree(*exchange, loop);
  if (llvm::isa<llvm::AtomicRMWInst>(instruction)) return true;
  auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
  return load && (load->isVolatile() || load->isAtomic());
}

// A word that this loop itself changes each turn is no wait: a ticket counter taken by atomic add is work to share out.
bool isTicket(const llvm::Instruction &instruction) {
  auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction);
  return rmw && (rmw->getOperation() == llvm::AtomicRMWInst::Add || rmw->getOperation() == llvm::AtomicRMWInst::Sub ||
                 rmw->getOperation() == llvm::AtomicRMWInst::UIncWrap) &&
         !(llvm::isa<llvm::ConstantInt>(rmw->getValOperand()) &&
           llvm::cast<llvm::ConstantInt>(rmw->getValOperand())->isZero());
}

// `one == only` and the like: true for one thread, or for few that are no neighbours by intent (thread 0 of each warp).
bool picksOneThread(const llvm::Value *condition, const GangUniformity &uniformity) {
  if (auto *compare = llvm::dyn_cast<llvm::ICmpInst>(condition))
    return compare->isEquality() && uniformity.isBlockUniform(compare->getOperand(0)) != uniformity.isBlockUniform(compare->getOperand(1));
  auto *both = llvm::dyn_cast<llvm::Instruction>(condition);
  if (!both || !both->getType()->isIntegerTy(1)) return false;
  return llvm::any_of(both->operands(), [&](const llvm::Value *part) { return part != condition && picksOneThread(part, uniformity); });
}

// A lock that each thread takes for itself: it waits for a compare-and-swap or exchange, and no branch around the loop picks
// one thread.
bool lanesWait(llvm::Loop &loop, llvm::PostDominatorTree &postDominators, const GangUniformity &uniformity) {
  bool takes = llvm::any_of(loop.blocks(), [](const llvm::BasicBlock *block) {
    return llvm::any_of(*block, [](const llvm::Instruction &instruction) {
      auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction);
      return llvm::isa<llvm::AtomicCmpXchgInst>(instruction) || (rmw && rmw->getOperation() == llvm::AtomicRMWInst::Xchg);
    });
  });
  if (!takes) return false;
  llvm::ReverseIDFCalculator controls(postDominators);
  llvm::SmallPtrSet<llvm::BasicBlock *, 1> header{loop.getHeader()};
  controls.setDefiningBlocks(header);
  llvm::SmallVector<llvm::BasicBlock *, 8> deciding;
  controls.calculate(deciding);
  return llvm::none_of(deciding, [&](llvm::BasicBlock *block) {
    auto *branch = llvm::dyn_cast<llvm::BranchInst>(block->getTerminator());
    return !loop.contains(block) && branch && branch->isConditional() && picksOneThread(branch->getCondition(), uniformity);
  });
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
  llvm::DominatorTree dominators(kernel);
  llvm::LoopInfo loops(dominators);
  llvm::PostDominatorTree postDominators(kernel);
  GangUniformity uniformity(kernel, postDominators);
  const char *why = nullptr;
  llvm::SmallVector<llvm::Instruction *, 4> backEdges;
  for (llvm::Loop *loop : loops.getLoopsInPreorder()) {
    const char *reason = whyItWaits(*loop);
    if (!reason) continue;
    why = reason;
    if (lanesWait(*loop, postDominators, uniformity)) kernel.addFnAttr(widened::LanesWaitAttr);
    llvm::SmallVector<llvm::BasicBlock *, 4> latches;
    loop->getLoopLatches(latches);
    for (llvm::BasicBlock *latch : latches) backEdges.push_back(latch->getTerminator());
  }
  if (!why) return false;
  for (llvm::Instruction *backEdge : backEdges) {
    llvm::IRBuilder<> builder(backEdge);
    ir::call(builder, ir::Intrinsic::GangYield);
  }
  kernel.addFnAttr(widened::ResumableAttr, why);
  return true;
}

}  // namespace cutrans::simt
