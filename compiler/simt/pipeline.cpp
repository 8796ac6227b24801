// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every pass that the formats share, in order, with the reason for its place.
#include "compiler/simt/pipeline.h"

#include <llvm/IR/Function.h>

#include "compiler/simt/phases.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/widened.h"

namespace cutrans::simt {

llvm::Error makeThread(PassDriver &driver, const SimtOptions &simt) {
  if (!driver.kernel) return refuse(Diag::codegen_kernel, "no function is marked as a kernel");
  auto run = [&](const char *pass, auto body) { return driver.run(pass, Form::Scalar, body); };
  llvm::Function &kernel = *driver.kernel;
  // One thread. Before inlining, which needs an end.
  if (auto e = run("turn-recursion-into-loops", [&] { return turnRecursionIntoLoops(kernel); })) return e;
  // Because every later pass looks at one function only.
  if (auto e = run("inline-device-functions", [&] { return inlineDeviceFunctions(kernel); })) return e;
  // The stack pointer is one of the whole kernel; the clean-up makes a value of it.
  if (auto e = run("lower-stack", [&] { return lowerStack(kernel), llvm::Error::success(); })) return e;
  // Before the clean-up, which folds the constants and uses the ranges.
  if (auto e = run("specialize-launch-shape", [&] { return specializeLaunchShape(kernel, simt); })) return e;
  // Leaves the forms that the rest relies on: reducible, simplified loops, LCSSA.
  return run("scalar-cleanup", [&] { return scalarCleanup(kernel); });
}

llvm::Expected<BlockForm> makeBlock(PassDriver &driver, const SimtOptions &simt) {
  auto run = [&](const char *pass, Form form, auto body) { return driver.run(pass, form, body); };
  auto done = [] { return llvm::Error::success(); };
  llvm::Function *&kernel = driver.kernel;
  // On scalar code, where a loop's exit condition is one value; widened code hides it behind masks.
  if (auto e = run("mark-waiting-loops", Form::Scalar, [&] { return markWaitingLoops(*kernel), done(); })) return e;
  // Likewise: linearised, all gangs pass every barrier.
  if (auto e = run("mark-divergent-barriers", Form::Scalar, [&] { return markDivergentBarriers(*kernel), done(); })) return e;
  // Both of the next two need the width.
  if (auto e = run("choose-gang-width", Form::Scalar, [&] { return chooseGangWidth(*kernel, simt); })) return e;
  // Widening takes every branch for uniform.
  if (auto e = run("linearize-divergent-branches", Form::Scalar, [&] { return linearizeDivergentBranches(*kernel, simt); })) return e;
  auto widen = [&]() -> llvm::Error {
    auto result = widenToGang(*kernel, simt);
    if (!result) return result.takeError();
    kernel = *result;
    return done();
  };
  if (auto e = run("widen-to-gang", Form::Widened, widen)) return e;
  // The two forms exclude each other. The first is the rule, the second always works.
  std::string reason;
  if (kernel->hasFnAttribute(widened::ResumableAttr) || kernel->hasFnAttribute(widened::ClusterAttr) || !barriersAllowPhases(*kernel, reason)) return BlockForm::Gangs;
  auto split = [&]() -> llvm::Error {
    kernel = splitPhases(*kernel);
    return kernel ? done() : refuse(Diag::codegen_verify, "split-phases refused what its own check allowed");
  };
  if (auto e = run("split-phases", Form::Widened, split)) return e;
  return BlockForm::Whole;
}

}  // namespace cutrans::simt
