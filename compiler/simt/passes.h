// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The passes from one thread's code to a block's, one declaration each, in the order of the pipeline. docs/simt.md says
// what each does; pipeline.cpp runs them. A pass that refuses leaves the module unusable.
#pragma once

#include <array>

#include <llvm/Support/Error.h>

namespace llvm {
class Function;
class Module;
class TargetMachine;
}  // namespace llvm

namespace cutrans::simt {

struct SimtOptions {
  std::array<unsigned, 3> block{0, 0, 0};  // the launch shape; zeros: any
  bool anyGrid = false;                    // false: grid*block < 2^31 in each dimension
  bool cooperative = false;                // grid-wide waits are legal
  unsigned gangWidth = 0;                  // 0: chosen; else 1, 8, 16 or 32, where the kernel allows it
  unsigned vectorBits = 512;               // widest vector registers of the machine
  bool x86 = true;                         // LLVM's operations for x86 may be used

  bool anyShape() const { return block[0] == 0; }
  unsigned threads() const { return block[0] * block[1] * block[2]; }
};

// On the kernel: it had recursion; it needs stacks (native_kernel.h).
inline constexpr char RecursiveAttr[] = "cutrans.recursive", UsesStackAttr[] = "cutrans.uses-stack";

// ---- scalar: one thread ----
// No function of the module calls itself any more, directly or through others.
llvm::Error turnRecursionIntoLoops(llvm::Function &kernel);
// After it the module defines no function but the kernel; `exit` is gone, the kernel has one return block.
llvm::Error inlineDeviceFunctions(llvm::Function &kernel);
// No cutrans.stack.alloc, save and restore. Sets UsesStackAttr where there were some.
void lowerStack(llvm::Function &kernel);
// Sets the attribute "cutrans.block-shape"; ntid is constant, tid and ctaid have ranges.
llvm::Error specializeLaunchShape(llvm::Function &kernel, const SimtOptions &options);
// No switch, reducible, loops simplified, LCSSA.
llvm::Error scalarCleanup(llvm::Function &kernel);
// Sets the attribute "cutrans.gang-width" (widened.h).
llvm::Error chooseGangWidth(llvm::Function &kernel, const SimtOptions &options);

// ---- from threads to gangs ----
// After it every conditional branch is gang-uniform. Needs the forms that scalarCleanup gives, and the gang width.
llvm::Error linearizeDivergentBranches(llvm::Function &kernel, const SimtOptions &options);
// Replaces the kernel by `void @kernel(ptr %block, i32 %gang)`, widened.h. Returns the new function; the old one is gone.
llvm::Expected<llvm::Function *> widenToGang(llvm::Function &kernel, const SimtOptions &options);

}  // namespace cutrans::simt
