// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mark-divergent-barriers: finds barriers at which threads meet that came different ways.
//
// `if (t < 32) { bar; A } else { B; bar; }` is legal: the warps meet though their calls differ. Linearised code
// would pass one call after the other, and run A before B. Such a kernel needs resumable gangs, in which each gang makes
// just its own call. Threads that leave for good do not count: from where they go no barrier can be reached.
//
// In: scalar SPMD IR, before linearize-divergent-branches. Out: the attribute "cutrans.divergent-barriers".
#include <llvm/Analysis/IteratedDominanceFrontier.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/InstIterator.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/gang_uniformity.h"
#include "compiler/simt/phases.h"

namespace cutrans::simt {
namespace {

bool isBarrier(const llvm::Instruction &instruction) {
  ir::Intrinsic id = ir::intrinsicOf(&instruction);
  return id >= ir::Intrinsic::BarrierSync && id <= ir::Intrinsic::BarrierRedOr;
}

bool reaches(llvm::BasicBlock *from, const llvm::SmallPtrSetImpl<llvm::BasicBlock *> &targets) {
  llvm::SmallPtrSet<llvm::BasicBlock *, 32> seen;
  llvm::SmallVector<llvm::BasicBlock *, 32> work{from};
  while (!work.empty()) {
    llvm::BasicBlock *block = work.pop_back_val();
    if (!seen.insert(block).second) continue;
    if (targets.contains(block)) return true;
    work.append(llvm::succ_begin(block), llvm::succ_end(block));
  }
  return false;
}

}  // namespace

bool markDivergentBarriers(llvm::Function &kernel) {
  llvm::SmallPtrSet<llvm::BasicBlock *, 8> barriers;
  for (llvm::Instruction &instruction : llvm::instructions(kernel))
    if (isBarrier(instruction)) barriers.insert(instruction.getParent());
  if (barriers.empty()) return false;
  llvm::PostDominatorTree postDominators(kernel);
  GangUniformity uniformity(kernel, postDominators);
  llvm::ReverseIDFCalculator controls(postDominators);
  controls.setDefiningBlocks(barriers);
  llvm::SmallVector<llvm::BasicBlock *, 16> deciding;
  controls.calculate(deciding);
  for (llvm::BasicBlock *block : deciding) {
    if (uniformity.isBlockUniform(block->getTerminator())) continue;
    unsigned ways = 0;
    for (llvm::BasicBlock *next : llvm::successors(block)) ways += reaches(next, barriers);
    if (ways < 2) continue;
    kernel.addFnAttr(DivergentBarriersAttr);
    return true;
  }
  return false;
}

}  // namespace cutrans::simt
