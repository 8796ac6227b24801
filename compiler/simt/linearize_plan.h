// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What linearize-divergent-branches is going to do, decided before anything is changed: the shape analysis and the rewrite
// look at one plan, so that they cannot disagree about which phis join lanes that came different ways. docs/simt.md, section 3.
#pragma once

#include <vector>

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/ADT/SmallVector.h>

namespace llvm {
class BasicBlock;
class Function;
class Loop;
class LoopInfo;
class PHINode;
}  // namespace llvm

namespace cutrans::simt {

class BlockUniformity;
class LaunchIds;
class Shapes;

// A part of a region that is laid out as one: entered only at `entry`, its own control flow kept where that is uniform. Its
// mask says which lanes want to run it.
struct LinearItem {
  llvm::BasicBlock *entry = nullptr;
  llvm::SmallVector<llvm::BasicBlock *, 4> blocks;  // those of inner loops too
  bool guarded = false;                              // skipped when no lane wants it
};

// From a divergent branch to where its lanes meet again: items in topological order, each under its mask.
struct LinearRegion {
  llvm::BasicBlock *start = nullptr;  // ends in the branch; or
  llvm::Loop *startLoop = nullptr;    // lanes leave it by several ways
  llvm::BasicBlock *end = nullptr;    // not part of the region; null: the turn of `level` ends
  llvm::Loop *level = nullptr;        // innermost loop around the region
  llvm::SmallVector<LinearItem, 4> items;
};

struct LinearPlan {
  std::vector<LinearRegion> regions;  // inner before outer
  llvm::SmallPtrSet<llvm::BasicBlock *, 16> linearBlocks;  // their branches become masks
  llvm::SmallPtrSet<llvm::Loop *, 4> linearLoops;          // several exits, told apart by masks
  llvm::SmallPtrSet<llvm::Loop *, 4> maskLoops;            // lanes leave at different turns: runs while any is active
  llvm::SmallPtrSet<llvm::Loop *, 4> guardedLoops;         // entered only if the mask around it is not empty
  llvm::SmallPtrSet<const llvm::PHINode *, 32> joins;      // of lanes that came different ways, or at different turns
};

// `forced` holds branches that are to be linearised although they are uniform; grows when the plan needs more of them.
LinearPlan planLinearization(llvm::Function &kernel, llvm::LoopInfo &loops, const Shapes &shapes,
                             const BlockUniformity &blockUniformity, llvm::SmallPtrSetImpl<llvm::BasicBlock *> &forced);

// The plan for gangs of `ids`, with the shapes that it makes: found together until both stand.
LinearPlan settlePlan(llvm::Function &kernel, llvm::LoopInfo &loops, const LaunchIds &ids);

}  // namespace cutrans::simt
