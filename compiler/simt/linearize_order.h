// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The order in which linearize-divergent-branches lays blocks out.
#pragma once

#include <llvm/ADT/SmallVector.h>

namespace llvm {
class BasicBlock;
class Function;
}  // namespace llvm

namespace cutrans::simt {

// A topological order but for back edges, in which of the two ways of a branch the one that waits for other threads comes
// last: what the lanes on the other way do may be what is waited for. Likewise a way that comes to a warp operation, beside
// one that does not: lanes that end there have ended when the operation names them.
llvm::SmallVector<llvm::BasicBlock *, 32> layoutOrder(llvm::Function &kernel);

}  // namespace cutrans::simt
