// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// When it pays to test whether any lane wants a piece of code. The numbers are in one place: linearize_cost.cpp.
#pragma once

#include <llvm/ADT/ArrayRef.h>

namespace llvm {
class BasicBlock;
}

namespace cutrans::simt {

class Shapes;

bool isWorthSkipping(llvm::ArrayRef<llvm::BasicBlock *> blocks, const Shapes &shapes);

}  // namespace cutrans::simt
