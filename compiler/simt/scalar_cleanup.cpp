// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// scalar-cleanup: LLVM's own scalar passes, while the code is still one thread's and they are valid as they are. What
// talks to other lanes is `convergent`, which keeps it under the same control. Ends with the forms that the analysis of
// divergence wants.
//
// Before: inlined kernel. After: no switch, reducible control flow, simplified loops, LCSSA, one return block, an exit from
// every loop (a loop that has none gets one whose condition, gang.any(true), is not known to be true yet).
#include <llvm/Analysis/CFG.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/CorrelatedValuePropagation.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/Scalarizer.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/LowerSwitch.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/prepare.h"
#include "compiler/simt/refusal.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

SimplifyCFGOptions cfgOptions() {
  // Loops keep their own latch and preheader: the shape analysis treats the header of such a loop as no join.
  return SimplifyCFGOptions().needCanonicalLoops(true).convertSwitchRangeToICmp(true);
}

struct Analyses {
  LoopAnalysisManager loop;
  FunctionAnalysisManager function;
  CGSCCAnalysisManager cgscc;
  ModuleAnalysisManager module;
  Analyses() {
    PassBuilder builder;
    builder.registerModuleAnalyses(module);
    builder.registerCGSCCAnalyses(cgscc);
    builder.registerFunctionAnalyses(function);
    builder.registerLoopAnalyses(loop);
    builder.crossRegisterProxies(loop, function, cgscc, module);
  }
};

void simplify(Function &kernel) {
  Analyses analyses;
  FunctionPassManager passes;
  passes.addPass(SROAPass(SROAOptions::ModifyCFG));
  passes.addPass(EarlyCSEPass(true));
  passes.addPass(InstCombinePass());
  passes.addPass(SimplifyCFGPass(cfgOptions()));
  passes.addPass(CorrelatedValuePropagationPass());
  passes.addPass(LoopSimplifyPass());
  LoopPassManager loops;
  loops.addPass(LoopRotatePass(/*EnableHeaderDuplication=*/true));
  // No LICM: what it moves out of a loop with barriers has to be kept for every gang of the block (split-phases).
  passes.addPass(createFunctionToLoopPassAdaptor(std::move(loops)));
  passes.addPass(GVNPass());
  passes.addPass(InstCombinePass());
  passes.addPass(CorrelatedValuePropagationPass());
  passes.addPass(SimplifyCFGPass(cfgOptions()));
  passes.addPass(ADCEPass());
  passes.run(kernel, analyses.function);
}

}  // namespace

void simplifyFunction(Function &function) {
  Analyses analyses;
  FunctionPassManager passes;
  passes.addPass(SROAPass(SROAOptions::ModifyCFG));
  passes.addPass(EarlyCSEPass(true));
  passes.addPass(InstCombinePass());
  passes.addPass(SimplifyCFGPass(cfgOptions()));
  passes.run(function, analyses.function);
}

namespace {

void canonicalize(Function &kernel) {
  {
    Analyses analyses;
    FunctionPassManager passes;
    passes.addPass(LowerSwitchPass());
    passes.run(kernel, analyses.function);
  }
  fixIrreducible(kernel);
  Analyses analyses;
  FunctionPassManager passes;
  passes.addPass(LoopSimplifyPass());
  passes.addPass(ScalarizerPass({.ScalarizeVariableInsertExtract = true, .ScalarizeLoadStore = true}));
  passes.addPass(EarlyCSEPass());
  passes.addPass(LCSSAPass());
  passes.run(kernel, analyses.function);
}

// Post-dominance, and with it the end of every divergent region, needs a way out of each loop.
void giveEveryLoopAnExit(Function &kernel) {
  BasicBlock *exit = nullptr;
  for (BasicBlock &block : kernel)
    if (isa<ReturnInst>(block.getTerminator())) exit = &block;
  for (;;) {
    SmallPtrSet<BasicBlock *, 16> reaches{exit};  // blocks from which the return can be reached
    SmallVector<BasicBlock *, 16> work{exit};
    while (!work.empty())
      for (BasicBlock *before : predecessors(work.pop_back_val()))
        if (reaches.insert(before).second) work.push_back(before);
    SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 4> backEdges;
    FindFunctionBackedges(kernel, backEdges);
    bool changed = false;
    for (auto [from, to] : backEdges) {
      if (reaches.contains(from)) continue;
      auto *latch = const_cast<BasicBlock *>(from);
      auto *header = const_cast<BasicBlock *>(to);
      auto *middle = SplitEdge(latch, header);
      middle->getTerminator()->eraseFromParent();
      IRBuilder<> builder(middle);
      Value *forever = ir::call(builder, ir::Intrinsic::GangAny, {builder.getTrue()}, "forever");
      builder.CreateCondBr(forever, header, exit);
      changed = true;
      break;
    }
    if (!changed) return;
  }
}

}  // namespace

Error scalarCleanup(Function &kernel) {
  simplify(kernel);
  unifyReturns(kernel);
  EliminateUnreachableBlocks(kernel);
  giveEveryLoopAnExit(kernel);
  canonicalize(kernel);
  widenIndexArithmetic(kernel);
  unifyReturns(kernel);
  return Error::success();
}

}  // namespace cutrans::simt
