// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// SSA form after rewiring; see repair_dominance.h.
#include "compiler/simt/repair_dominance.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

using namespace llvm;

namespace cutrans::simt {

void repairDominance(Function &kernel, SmallVectorImpl<AllocaInst *> &slots, bool clearEachTurn) {
  EliminateUnreachableBlocks(kernel);
  DominatorTree dominators(kernel);
  LoopInfo loops(dominators);
  SmallVector<Instruction *, 64> all;
  for (Instruction &instruction : instructions(kernel))
    if (!isa<AllocaInst>(instruction) && !instruction.getType()->isVoidTy()) all.push_back(&instruction);
  for (Instruction *instruction : all) {
    SmallVector<Use *, 8> uses;
    for (Use &use : instruction->uses())
      if (!dominators.dominates(instruction, use)) uses.push_back(&use);
    if (uses.empty()) continue;
    auto *slot = new AllocaInst(instruction->getType(), 0, nullptr, instruction->getName(), kernel.getEntryBlock().begin());
    slots.push_back(slot);
    for (Use *use : uses) {
      auto *user = cast<Instruction>(use->getUser());
      if (auto *phi = dyn_cast<PHINode>(user)) user = phi->getIncomingBlock(*use)->getTerminator();
      use->set(new LoadInst(instruction->getType(), slot, "", user->getIterator()));
    }
    BasicBlock::iterator place = isa<PHINode>(instruction) ? instruction->getParent()->getFirstInsertionPt() : std::next(instruction->getIterator());
    new StoreInst(instruction, slot, place);
    Loop *loop = clearEachTurn ? loops.getLoopFor(instruction->getParent()) : nullptr;
    if (loop) new StoreInst(PoisonValue::get(instruction->getType()), slot, loop->getHeader()->getFirstInsertionPt());
  }
}

}  // namespace cutrans::simt
