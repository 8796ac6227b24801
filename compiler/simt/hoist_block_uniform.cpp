// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Computes what branches around barriers depend on as early as it can be: a value that is the same for the block and needs
// no live lane must not be computed in code that is skipped when no lane is live. First step of linearize-divergent-branches,
// for kernels with barriers.
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/block_uniformity.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

bool canMove(const Instruction &instruction) {
  if (isa<PHINode, AllocaInst>(instruction) || instruction.isTerminator()) return false;
  if (auto *load = dyn_cast<LoadInst>(&instruction)) return isAlwaysReadable(*load);
  ir::Intrinsic id = ir::intrinsicOf(&instruction);
  if (id != ir::Intrinsic::None) return ir::info(id).effects == ir::Effects::pure;
  return isSafeToSpeculativelyExecute(&instruction);
}

class Hoister {
 public:
  Hoister(Function &kernel, const BlockUniformity &uniformity) : kernel_(kernel), uniformity_(uniformity), dominators_(kernel) {}

  // Operands first; then up to where the lowest of them is computed.
  void hoist(Value *value) {
    auto *instruction = dyn_cast<Instruction>(value);
    if (!instruction || !uniformity_.isUniform(instruction) || !seen_.insert(instruction).second) return;
    for (Value *operand : instruction->operands()) hoist(operand);
    if (!canMove(*instruction)) return;
    BasicBlock *lowest = &kernel_.getEntryBlock();
    for (Value *operand : instruction->operands())
      if (auto *source = dyn_cast<Instruction>(operand); source && dominators_.properlyDominates(lowest, source->getParent())) lowest = source->getParent();
    if (lowest == instruction->getParent()) return;
    instruction->moveBefore(lowest->getTerminator()->getIterator());
    instruction->dropPoisonGeneratingFlags();
    instruction->dropUBImplyingAttrsAndMetadata();
  }

 private:
  Function &kernel_;
  const BlockUniformity &uniformity_;
  DominatorTree dominators_;
  SmallPtrSet<Instruction *, 32> seen_;
};

}  // namespace

void hoistBlockUniform(Function &kernel, const BlockUniformity &uniformity) {
  Hoister hoister(kernel, uniformity);
  for (BasicBlock &block : kernel)
    if (auto *branch = dyn_cast<BranchInst>(block.getTerminator()); branch && branch->isConditional()) hoister.hoist(branch->getCondition());
}

}  // namespace cutrans::simt
