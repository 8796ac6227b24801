// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// split-phases, part one: barriers cut the control flow into single-entry regions with one place to go next.
//
// A branch that a barrier is control dependent on (iterated) must decide the same for all gangs; it is evaluated once, at
// block level. Where two regions meet, a new one starts.
#include "compiler/simt/split_phases.h"

#include <llvm/Analysis/IteratedDominanceFrontier.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "compiler/simt/gang_uniformity.h"
#include "compiler/simt/widened.h"

namespace cutrans::simt::phases {
namespace {

bool isBarrier(const llvm::Instruction &instruction) {
  auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
  const llvm::Function *callee = call ? call->getCalledFunction() : nullptr;
  return callee && (callee->getName() == widened::BarrierSync || callee->getName() == widened::BarrierReduce);
}

// Barriers and the return get blocks of their own; block-level blocks hold nothing that a gang does.
void isolate(Plan &plan) {
  llvm::Function &kernel = *plan.kernel;
  plan.blockLevel.insert(&kernel.getEntryBlock());
  for (llvm::Instruction &instruction : llvm::instructions(kernel))
    if (isBarrier(instruction)) plan.barriers.push_back(llvm::cast<llvm::CallInst>(&instruction));
  for (llvm::CallInst *barrier : plan.barriers) {
    llvm::BasicBlock *block = barrier->getParent()->splitBasicBlock(barrier, "barrier");
    block->splitBasicBlock(std::next(barrier->getIterator()), "behind.barrier");
    plan.blockLevel.insert(block);
  }
  llvm::SmallVector<llvm::ReturnInst *, 4> returns;
  for (llvm::BasicBlock &block : kernel)
    if (auto *ret = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator())) returns.push_back(ret);
  if (returns.empty()) return;
  llvm::BasicBlock *merge = returns[0]->getParent();
  if (returns.size() > 1) {
    merge = llvm::BasicBlock::Create(kernel.getContext(), "done", &kernel);
    for (llvm::ReturnInst *ret : returns) {
      llvm::BranchInst::Create(merge, ret->getParent());
      ret->eraseFromParent();
    }
    llvm::ReturnInst::Create(kernel.getContext(), merge);
  }
  plan.blockLevel.insert(merge->splitBasicBlock(merge->getTerminator(), "return"));
}

// Entries, to a fixpoint: what follows block-level code, and where blocks of different regions meet.
void label(Plan &plan) {
  llvm::SetVector<llvm::BasicBlock *> entries;
  for (llvm::BasicBlock *block : plan.blockLevel)
    for (llvm::BasicBlock *next : llvm::successors(block))
      if (!plan.blockLevel.contains(next)) entries.insert(next);
  llvm::ReversePostOrderTraversal<llvm::Function *> order(plan.kernel);
  for (bool changed = true; changed;) {
    changed = false;
    plan.entryOf.clear();
    for (bool moved = true; moved;) {
      moved = false;
      for (llvm::BasicBlock *block : order) {
        if (plan.blockLevel.contains(block) || plan.entryOf.contains(block)) continue;
        llvm::BasicBlock *entry = entries.contains(block) ? block : nullptr;
        for (llvm::BasicBlock *before : llvm::predecessors(block))
          if (auto found = plan.entryOf.find(before); !entry && found != plan.entryOf.end()) entry = found->second;
        if (entry) plan.entryOf[block] = entry, moved = true;
      }
    }
    for (llvm::BasicBlock *block : order) {
      if (changed) break;  // one at a time: what follows it may then be all of one region
      if (plan.blockLevel.contains(block) || entries.contains(block)) continue;
      for (llvm::BasicBlock *before : llvm::predecessors(block))
        if (plan.entryOf.lookup(before) != plan.entryOf.lookup(block)) entries.insert(block), changed = true;
    }
  }
}

// After this an entry has no edge from its own region, and at most one from each other region.
void normalise(Plan &plan) {
  llvm::SmallSetVector<llvm::BasicBlock *, 16> entries;
  for (auto [block, entry] : plan.entryOf) entries.insert(entry);
  for (llvm::BasicBlock *entry : entries) {
    llvm::SmallVector<llvm::BasicBlock *, 8> outer;
    bool loops = false;
    for (llvm::BasicBlock *before : llvm::predecessors(entry)) {
      if (plan.entryOf.lookup(before) == entry) loops = true;
      else if (!llvm::is_contained(outer, before)) outer.push_back(before);
    }
    if (loops) {
      llvm::BasicBlock *outside = llvm::SplitBlockPredecessors(entry, outer, ".enter");
      for (auto &item : plan.entryOf)
        if (item.second == entry) item.second = outside;
      plan.entryOf[outside] = outside;
    }
  }
  entries.clear();
  for (auto [block, entry] : plan.entryOf) entries.insert(entry);
  for (llvm::BasicBlock *entry : entries) {
    llvm::MapVector<llvm::BasicBlock *, llvm::SmallSetVector<llvm::BasicBlock *, 4>> from;
    for (llvm::BasicBlock *before : llvm::predecessors(entry))
      if (auto found = plan.entryOf.find(before); found != plan.entryOf.end()) from[found->second].insert(before);
    for (auto &[region, blocks] : from) {
      // A block with two edges to the entry (a switch) counts as two.
      unsigned edges = 0;
      for (llvm::BasicBlock *before : llvm::predecessors(entry)) edges += blocks.contains(before);
      if (edges > 1) plan.entryOf[llvm::SplitBlockPredecessors(entry, blocks.getArrayRef(), ".merge")] = region;
    }
  }
}

bool collect(Plan &plan, std::string &reason) {
  for (llvm::BasicBlock &block : *plan.kernel) {
    auto found = plan.entryOf.find(&block);
    if (found == plan.entryOf.end()) continue;
    Region &region = plan.regions[found->second];
    region.entry = found->second;
    region.blocks.push_back(&block);
    for (llvm::BasicBlock *next : llvm::successors(&block)) {
      if (plan.entryOf.lookup(next) == region.entry && next != region.entry) continue;
      if (region.target && region.target != next) {
        reason = "gangs may take different ways to the next barrier";
        return false;
      }
      region.target = next;
    }
  }
  return true;
}

}  // namespace

bool findRegions(llvm::Function &kernel, Plan &plan, std::string &reason) {
  plan.kernel = &kernel;
  isolate(plan);
  if (!plan.barriers.empty()) {
    llvm::PostDominatorTree postDominators(kernel);
    GangUniformity uniformity(kernel, postDominators);
    llvm::SmallPtrSet<llvm::BasicBlock *, 8> barrierBlocks;
    for (llvm::CallInst *barrier : plan.barriers) barrierBlocks.insert(barrier->getParent());
    llvm::ReverseIDFCalculator controls(postDominators);
    controls.setDefiningBlocks(barrierBlocks);
    llvm::SmallVector<llvm::BasicBlock *, 16> deciding;
    controls.calculate(deciding);
    for (llvm::BasicBlock *block : deciding)
      if (block->getTerminator()->getNumSuccessors() > 1 && !uniformity.isBlockUniform(block->getTerminator())) {
        reason = "a barrier depends on a branch that may differ between the gangs of a block";
        return false;
      }
    for (llvm::BasicBlock *block : deciding)
      if (block->getTerminator()->getNumSuccessors() > 1)
        plan.blockLevel.insert(block->splitBasicBlock(block->getTerminator(), block->getName() + ".decide"));
  }
  label(plan);
  normalise(plan);
  return collect(plan, reason);
}

}  // namespace cutrans::simt::phases
