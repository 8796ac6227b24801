// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Carries out a plan of linearize-divergent-branches (linearize_plan.h).
//
// Every edge between parts that are laid out one after the other becomes code at its source: "or my lanes into the mask of
// where I want to go, and select my values into its phis' variables". Masks and phis are stack variables until the end.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/MapVector.h>
#include <llvm/IR/IRBuilder.h>

#include "compiler/simt/linearize_plan.h"

namespace llvm {
class AllocaInst;
class LoopInfo;
}  // namespace llvm

namespace cutrans::simt {

class LinearRewrite {
 public:
  // `fullGangs`: all lanes have a thread. `trackExits`: warp operations need to know which lanes have ended.
  LinearRewrite(llvm::Function &kernel, llvm::LoopInfo &loops, const LinearPlan &plan, bool fullGangs, bool trackExits);
  void run();

 private:
  // What an edge stores to.
  struct Landing {
    llvm::AllocaInst *mask = nullptr;  // null: nobody asks
    bool accumulates = false;          // several turns of a loop store here
    llvm::SmallMapVector<llvm::PHINode *, llvm::AllocaInst *, 4> values;
  };
  struct LoopState {
    llvm::AllocaInst *active = nullptr;  // lanes in this turn
    llvm::BasicBlock *turn = nullptr;    // end of a turn; mask loops only
    llvm::BasicBlock *after = nullptr;   // where all lanes come out
    Landing back;
    llvm::SmallMapVector<llvm::BasicBlock *, Landing, 2> exits;
  };
  struct Context {
    llvm::AllocaInst *mask = nullptr;  // null: all lanes that have a thread
    bool live = true;                  // at least one lane is
  };
  // The state of one region while its edges are rewritten.
  struct Work {
    const LinearRegion &region;
    llvm::SmallMapVector<llvm::BasicBlock *, Landing, 4> items;  // by entry
    Landing end;
    llvm::SmallPtrSet<llvm::BasicBlock *, 8> stops;
  };
  using ValueOf = llvm::function_ref<llvm::Value *(llvm::PHINode *)>;

  void findContexts();
  void findReturns();
  void prepareLoop(llvm::Loop &loop);
  void finishLoop(llvm::Loop &loop);
  void rewriteRegion(const LinearRegion &region);
  void rewriteItem(Work &work, const LinearItem &item, llvm::BasicBlock *next);
  void markMasks();
  void promote();

  llvm::AllocaInst *variable(llvm::Type *type, const llvm::Twine &name);
  llvm::Value *maskOf(llvm::IRBuilderBase &builder, llvm::BasicBlock *block);
  Landing landingFor(llvm::BasicBlock *target, const llvm::Twine &name, bool withMask);
  Landing *find(Work &work, llvm::BasicBlock *target);
  void clear(llvm::IRBuilderBase &builder, Landing &landing);
  void land(llvm::IRBuilderBase &builder, Landing &landing, llvm::BasicBlock *target, llvm::Value *mask, ValueOf valueOf);
  // Turns the CFG edge into stores at its source and a branch to `next`.
  void divert(llvm::BasicBlock *from, llvm::BasicBlock *target, Landing *landing, llvm::BasicBlock *next);
  // The same for the branch of a linear block, both ways at once.
  void divertBranch(Work &work, llvm::BasicBlock *from, llvm::BasicBlock *next);
  void divertLoop(Work &work, llvm::Loop *loop, llvm::BasicBlock *next);

  llvm::Function &kernel_;
  llvm::LoopInfo &loops_;
  const LinearPlan &plan_;
  llvm::Value *entryMask_ = nullptr;
  llvm::AllocaInst *exited_ = nullptr;
  llvm::SmallPtrSet<llvm::BasicBlock *, 4> returns_;  // the return block, and blocks that only lead there
  llvm::SmallVector<llvm::AllocaInst *, 32> variables_;
  llvm::DenseMap<llvm::BasicBlock *, Context> contexts_;
  llvm::DenseMap<llvm::BasicBlock *, llvm::AllocaInst *> itemMasks_;  // by entry
  llvm::DenseMap<llvm::Loop *, LoopState> loopStates_;
  llvm::DenseMap<llvm::Loop *, llvm::BasicBlock *> guardedExits_;  // of loops that are only guarded
  llvm::DenseMap<llvm::BasicBlock *, llvm::Loop *> openLoops_;  // `after` of loops whose ways out are still masks
};

}  // namespace cutrans::simt
