// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What lanes do between leaving a loop that waits and the place where they must meet the others again.
//
// In step, a lane that has left a loop stands still until all have left it. That is what the chip does too if the lane comes to
// a warp operation or barrier at which those in the loop take part, before it does anything that others can see. Where it does
// something first, others may wait for just that; then the loop can be rewritten so that a lane does it in the turn in which it
// leaves. docs/simt.md, section 7.
#pragma once

namespace llvm {
class Function;
class Loop;
class LoopInfo;
}  // namespace llvm

namespace cutrans::simt {

class Shapes;

enum class Leaving {
  Meets,    // nothing that others see before the lanes meet
  Acts,     // something; leaveInTurn makes it part of the loop
  Turns,    // they go on with the loop around; joinTurns makes one loop of the two
  Unknown,  // another loop, or no place to meet
};

Leaving whatLanesDoOnLeaving(const llvm::Loop &loop, const llvm::LoopInfo &loops, const Shapes &shapes);

// Both leave the function's loops in the form that linearize-divergent-branches takes; `loop` and `loops` are not valid afterwards.
// What lanes do up to the meeting becomes part of the loop.
void leaveInTurn(llvm::Function &kernel, llvm::Loop &loop, const llvm::LoopInfo &loops);
// A turn of the loop becomes one of the loop around it.
void joinTurns(llvm::Function &kernel, llvm::Loop &loop);

}  // namespace cutrans::simt
