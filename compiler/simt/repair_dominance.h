// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// After control flow was rewired: values that do not reach all their uses any more go through stack variables.
#pragma once

#include <llvm/ADT/SmallVector.h>

namespace llvm {
class AllocaInst;
class Function;
}  // namespace llvm

namespace cutrans::simt {

// Adds the variables to `slots`, for PromoteMemToReg. `clearEachTurn`: no use wants the value of an earlier turn of the loop that
// computes it, so that the variables need not carry one round.
void repairDominance(llvm::Function &kernel, llvm::SmallVectorImpl<llvm::AllocaInst *> &slots, bool clearEachTurn);

}  // namespace cutrans::simt
