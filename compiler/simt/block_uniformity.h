// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which values of the scalar kernel are the same for the whole block, and can be computed whether or not any lane is live:
// branches on them may stay as they are around a barrier, even where a gang's lanes have all exited.
#pragma once

#include <llvm/ADT/DenseSet.h>

namespace llvm {
class Function;
class LoadInst;
class Value;
}  // namespace llvm

namespace cutrans::simt {

class Shapes;

// Loads that never fault: parameters, and constants at a fixed place. They need no live lane.
bool isAlwaysReadable(const llvm::LoadInst &load);

class BlockUniformity {
 public:
  BlockUniformity(llvm::Function &kernel, const Shapes &shapes);
  bool isUniform(const llvm::Value *value) const { return !differs_.contains(value); }

 private:
  llvm::DenseSet<const llvm::Value *> differs_;
};

// Moves what conditions of branches depend on out of code that may be skipped (hoist_block_uniform.cpp).
void hoistBlockUniform(llvm::Function &kernel, const BlockUniformity &uniformity);

}  // namespace cutrans::simt
