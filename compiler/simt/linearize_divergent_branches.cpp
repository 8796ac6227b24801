// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// linearize-divergent-branches: control flow that lanes of a gang take differently becomes straight code under masks, so that
// one program counter serves the gang. docs/simt.md, section 3. Shapes and plan are found together: what is divergent decides
// where lanes join, and joins decide what is divergent.
//
// Before: one thread's code as scalar-cleanup leaves it, with a gang width. After: every conditional branch is gang-uniform.
// Memory operations then happen under the mask that `block.mask` names at the top of their block: no LLVM pass that
// moves or forwards memory may run until widen-to-gang has made those masks part of the operations.
#include "compiler/simt/linearize_divergent_branches.h"

#include <llvm/Analysis/CFG.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/block_uniformity.h"
#include "compiler/simt/linearize_plan.h"
#include "compiler/simt/linearize_rewrite.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/shapes.h"

using namespace llvm;

namespace cutrans::simt {

bool needsExited(const Instruction &instruction) {
  using enum ir::Intrinsic;
  auto *call = dyn_cast<CallInst>(&instruction);
  ir::Intrinsic id = call ? ir::intrinsicOf(call) : None;
  return id == WarpSync || (id >= ShflIdx && id <= Elect);
}

bool isBarrier(const Instruction &instruction) {
  using enum ir::Intrinsic;
  ir::Intrinsic id = ir::intrinsicOf(&instruction);
  return id >= BarrierSync && id <= BarrierRedOr;
}

namespace {

// The plan rests on natural loops with a preheader, one latch and exits of their own.
bool isCanonical(LoopInfo &loops, DominatorTree &dominators, Function &kernel) {
  for (Loop *loop : loops.getLoopsInPreorder())
    if (!loop->isLoopSimplifyForm() || !loop->isLCSSAForm(dominators)) return false;
  for (BasicBlock &block : kernel)
    if (dominators.isReachableFromEntry(&block) && !isa<BranchInst, ReturnInst>(block.getTerminator())) return false;
  SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 8> backEdges;
  FindFunctionBackedges(kernel, backEdges);
  return all_of(backEdges, [&](auto edge) { return dominators.dominates(edge.second, edge.first); });
}

}  // namespace

bool canLinearize(Function &kernel) {
  DominatorTree dominators(kernel);
  LoopInfo loops(dominators);
  return isCanonical(loops, dominators, kernel);
}

LinearPlan settlePlan(Function &kernel, LoopInfo &loops, const LaunchIds &ids) {
  LinearPlan plan;
  SmallPtrSet<const PHINode *, 32> joins;
  SmallPtrSet<BasicBlock *, 8> forced;
  for (;;) {
    size_t known = joins.size() + forced.size();
    Shapes shapes(kernel, ids, [&](const PHINode &phi) { return joins.contains(&phi); });
    BlockUniformity uniformity(kernel, shapes);
    plan = planLinearization(kernel, loops, shapes, uniformity, forced);
    joins.insert(plan.joins.begin(), plan.joins.end());
    if (joins.size() + forced.size() == known) break;
  }
  plan.joins.insert(joins.begin(), joins.end());
  return plan;
}

Error linearizeDivergentBranches(Function &kernel, const SimtOptions &options) {
  LaunchIds ids = LaunchIds::of(kernel);
  if (ids.width() == 1) return Error::success();
  DominatorTree dominators(kernel);
  LoopInfo loops(dominators);
  if (!isCanonical(loops, dominators, kernel))
    return refuse(Diag::simt_control_flow, "loops with several ways in, or another shape that the compiler cannot bring in order");
  if (any_of(instructions(kernel), isBarrier)) {
    Shapes shapes(kernel, ids);
    hoistBlockUniform(kernel, BlockUniformity(kernel, shapes));
  }
  LinearPlan plan = settlePlan(kernel, loops, ids);
  bool trackExits = any_of(instructions(kernel), needsExited);
  LinearRewrite(kernel, loops, plan, ids.fullGangs(), trackExits).run();
  return Error::success();
}

}  // namespace cutrans::simt
