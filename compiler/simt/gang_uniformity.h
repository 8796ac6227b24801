// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which values of widened code, `void @kernel(ptr %block, i32 %gang)`, are the same in every gang of the block.
// split-phases needs it: a branch that decides about a barrier must be one, and such values need no slot per gang.
// Of the scalar kernel it says what is the same in all threads of the block.
#pragma once

#include <llvm/ADT/DenseSet.h>

namespace llvm {
class BasicBlock;
class Function;
class Instruction;
class PostDominatorTree;
class Value;
}  // namespace llvm

namespace cutrans::simt {

// Optimistic data flow. Wants LCSSA form: what leaves a loop does so through a phi. "The same" means: at the same turn of
// every enclosing loop; a loop that gangs leave at different turns makes the phis behind it differ.
class GangUniformity {
 public:
  GangUniformity(llvm::Function &function, const llvm::PostDominatorTree &postDominators);
  bool isBlockUniform(const llvm::Value *value) const { return !differs_.contains(value); }

 private:
  void mark(llvm::Instruction *instruction);
  void markJoins(llvm::BasicBlock *branch);

  const llvm::PostDominatorTree &postDominators_;
  llvm::DenseSet<const llvm::Value *> differs_;
  llvm::SmallVector<llvm::Instruction *, 64> work_;
};

// Whether `instruction` can be executed again, anywhere that its operands are known, with the same result: no memory
// but invariant loads, no lanes, nothing that can trap.
bool isRepeatable(const llvm::Instruction &instruction);

}  // namespace cutrans::simt
