// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The part between a loop and the meeting is copied for the lanes that come from the loop. A way back to the loop's header,
// which is never taken, makes the copy part of the loop, so that the linearizer lays it out inside the turn.
#include "compiler/simt/leave_in_turn.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/SetVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/linearize_divergent_branches.h"
#include "compiler/simt/shapes.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

constexpr unsigned MaxCopied = 400;  // instructions

// Where lanes meet, or a thread ends.
bool endsPart(const Instruction &instruction) { return isa<ReturnInst>(instruction) || ir::isConvergent(ir::intrinsicOf(&instruction)); }

bool isSeen(const Instruction &instruction) {
  if (isa<LoadInst, FenceInst>(instruction) || !instruction.mayWriteToMemory()) return false;
  if (auto *store = dyn_cast<StoreInst>(&instruction)) return store->getPointerAddressSpace() != ir::space::Local;
  ir::Intrinsic id = ir::intrinsicOf(&instruction);
  return id != ir::Intrinsic::Nanosleep && (id == ir::Intrinsic::None || ir::info(id).effects != ir::Effects::state);
}

struct Part {
  SetVector<BasicBlock *> blocks;          // those with an end up to it
  SmallVector<Instruction *, 4> meetings;  // operations, barriers, returns
  SmallVector<Instruction *, 4> ends;      // the meetings, or the way into a loop in which one is
  unsigned size = 0;
  bool acts = false;
  bool turns = false;       // reaches the next turn of the loop around
  bool actsBeyond = false;  // something may be seen between an end and its meeting
};

// Whether lanes meet in this loop; then where, and whether they do more than that.
bool meetsIn(const Loop &loop, Part &part) {
  bool meets = false, acts = false;
  for (BasicBlock *block : loop.blocks())
    for (Instruction &instruction : *block) {
      if (!endsPart(instruction)) {
        acts |= isSeen(instruction);
        continue;
      }
      meets = true;
      part.meetings.push_back(&instruction);
    }
  part.actsBeyond |= meets && acts;
  return meets;
}

Part partBehind(const Loop &loop, const LoopInfo &loops) {
  Part part;
  SmallVector<BasicBlock *, 4> exits;
  loop.getUniqueExitBlocks(exits);
  part.blocks.insert(exits.begin(), exits.end());
  Loop *around = loop.getParentLoop();
  for (unsigned i = 0; i < part.blocks.size(); ++i) {
    BasicBlock *block = part.blocks[i];
    if (around && block == around->getHeader()) part.turns = true;
    bool ended = false;
    for (Instruction &instruction : *block) {
      if (endsPart(instruction)) {
        part.meetings.push_back(&instruction);
        part.ends.push_back(&instruction);
        ended = true;
        break;
      }
      part.acts |= isSeen(instruction);
      ++part.size;
    }
    if (ended) continue;
    for (BasicBlock *after : successors(block)) {
      // A copy that ends in the middle of a loop would be a second way into it.
      const Loop *entered = loops.getLoopFor(after);
      if (entered && !entered->contains(block) && meetsIn(*entered, part)) {
        part.ends.push_back(block->getTerminator());
        break;
      }
      part.blocks.insert(after);
    }
    if (part.size > MaxCopied) break;
  }
  return part;
}

// Whether a lane at one of these cannot go on before those that are still in the loop have come.
bool allMustCome(const Part &part, const Shapes &shapes) {
  bool many = count_if(part.meetings, [](Instruction *i) { return !isa<ReturnInst>(i); }) > 1;
  bool returns = any_of(part.meetings, [](Instruction *i) { return isa<ReturnInst>(i); });
  for (Instruction *meeting : part.meetings) {
    if (isa<ReturnInst>(meeting)) continue;  // it does nothing any more
    if (isBarrier(*meeting)) {
      auto *threads = dyn_cast<ConstantInt>(cast<CallInst>(meeting)->getArgOperand(1));
      if (ir::intrinsicOf(meeting) == ir::Intrinsic::BarrierArrive || !threads || !threads->isZero()) return false;
      continue;
    }
    if (!needsExited(*meeting) || ir::intrinsicOf(meeting) == ir::Intrinsic::ActiveMask) return false;
    // Every lane that executes one is a member of its own mask. If all come here, and the mask is one for all, it names them.
    const Value *members = cast<CallInst>(meeting)->getArgOperand(0);
    auto *constant = dyn_cast<ConstantInt>(members);
    bool everyone = constant && constant->getZExtValue() == 0xffffffffu;
    if (!everyone && (many || returns || !shapes.of(members).isUniform())) return false;
  }
  return !part.meetings.empty();
}

// Lanes turn in the loop around as they turn in this one: it begins with this one, what comes before can be done again each turn, and
// no lanes meet in it.
bool canJoin(const Loop &loop) {
  const Loop *around = loop.getParentLoop();
  if (!around || !loop.getHeader()->phis().empty()) return false;
  for (const BasicBlock *block = around->getHeader(); block != loop.getHeader(); block = block->getSingleSuccessor()) {
    if (!block || !around->contains(block)) return false;
    for (const Instruction &instruction : *block)
      if (instruction.mayReadOrWriteMemory() || instruction.mayHaveSideEffects() || isa<CallInst>(instruction)) return false;
  }
  for (const BasicBlock *block : around->blocks())
    for (const Instruction &instruction : *block)
      if (ir::Intrinsic id = ir::intrinsicOf(&instruction); ir::isConvergent(id) && id != ir::Intrinsic::GangYield) return false;
  return true;
}

// The ways back to the header come together in a block of their own, which is returned.
BasicBlock *newTurn(Loop &loop, ArrayRef<BasicBlock *> from, function_ref<Value *(PHINode &, BasicBlock *)> valueOf) {
  BasicBlock *header = loop.getHeader(), *latch = loop.getLoopLatch();
  BasicBlock *turn = BasicBlock::Create(header->getContext(), header->getName() + ".turn", header->getParent(), latch->getNextNode());
  latch->getTerminator()->replaceSuccessorWith(header, turn);
  IRBuilder<> builder(turn);
  for (PHINode &phi : header->phis()) {
    PHINode *next = builder.CreatePHI(phi.getType(), unsigned(from.size() + 1), phi.getName() + ".next");
    next->addIncoming(phi.getIncomingValueForBlock(latch), latch);
    for (BasicBlock *block : from) next->addIncoming(valueOf(phi, block), block);
    phi.setIncomingValueForBlock(latch, next);
    phi.setIncomingBlock(unsigned(phi.getBasicBlockIndex(latch)), turn);
  }
  builder.CreateBr(header);
  return turn;
}

void bringLoopsInOrder(Function &kernel, ArrayRef<AllocaInst *> variables) {
  EliminateUnreachableBlocks(kernel);
  DominatorTree dominators(kernel);
  PromoteMemToReg(variables, dominators);
  LoopInfo loops(dominators);
  for (Loop *outermost : loops) simplifyLoop(outermost, &dominators, &loops, nullptr, nullptr, nullptr, /*PreserveLCSSA=*/false);
  for (Loop *outermost : loops) formLCSSARecursively(*outermost, dominators, &loops, nullptr);
}

}  // namespace

Leaving whatLanesDoOnLeaving(const Loop &loop, const LoopInfo &loops, const Shapes &shapes) {
  if (canJoin(loop)) return Leaving::Turns;
  Part part = partBehind(loop, loops);
  if (part.turns || part.actsBeyond || part.size > MaxCopied || !allMustCome(part, shapes)) return Leaving::Unknown;
  return part.acts ? Leaving::Acts : Leaving::Meets;
}

void leaveInTurn(Function &kernel, Loop &loop, const LoopInfo &loops) {
  Part part = partBehind(loop, loops);
  // A turn in which a lane leaves does more than watch shared memory now.
  for (BasicBlock *block : loop.blocks())
    for (Instruction &instruction : make_early_inc_range(*block))
      if (ir::intrinsicOf(&instruction) == ir::Intrinsic::GangYield && cast<CallInst>(instruction).hasOperandBundles()) {
        IRBuilder<> builder(&instruction);
        ir::call(builder, ir::Intrinsic::GangYield);
        instruction.eraseFromParent();
      }
  SmallPtrSet<BasicBlock *, 4> meetings;
  for (Instruction *end : part.ends) meetings.insert(SplitBlock(end->getParent(), end));

  // What the part computes for others goes through variables while there are two of it.
  SmallVector<AllocaInst *, 16> variables;
  SmallVector<Instruction *, 16> out;
  for (BasicBlock *block : part.blocks)
    for (Instruction &instruction : *block)
      if (any_of(instruction.users(), [&](User *user) { return !part.blocks.contains(cast<Instruction>(user)->getParent()); })) out.push_back(&instruction);
  for (Instruction *instruction : out) variables.push_back(DemoteRegToStack(*instruction));

  ValueToValueMapTy copies;
  SmallVector<BasicBlock *, 8> copied;
  for (BasicBlock *block : part.blocks) copies[block] = copied.emplace_back(CloneBasicBlock(block, copies, ".left", &kernel));
  remapInstructionsInBlocks(copied, copies);
  SmallVector<BasicBlock *, 4> exiting, exits;
  loop.getExitingBlocks(exiting);
  loop.getUniqueExitBlocks(exits);
  for (BasicBlock *from : exiting)
    for (BasicBlock *exit : exits) from->getTerminator()->replaceSuccessorWith(exit, cast<BasicBlock>(copies[exit]));
  auto keepIncoming = [](BasicBlock *block) {
    SmallPtrSet<BasicBlock *, 8> before(pred_begin(block), pred_end(block));
    for (PHINode &phi : block->phis())
      for (unsigned i = phi.getNumIncomingValues(); i-- > 0;)
        if (!before.contains(phi.getIncomingBlock(i))) phi.removeIncomingValue(i, /*DeletePHIIfEmpty=*/false);
  };

  // The ways back, which no lane takes.
  SmallVector<BasicBlock *, 4> ends;
  DenseMap<BasicBlock *, BasicBlock *> next;
  for (BasicBlock *block : copied)
    for (BasicBlock *after : SmallSetVector<BasicBlock *, 2>(succ_begin(block), succ_end(block))) {
      if (!meetings.contains(after)) continue;
      BasicBlock *end = BasicBlock::Create(kernel.getContext(), block->getName() + ".end", &kernel, after);
      block->getTerminator()->replaceSuccessorWith(after, end);
      next[end] = after;
      ends.push_back(end);
    }
  BasicBlock *turn = newTurn(loop, ends, [](PHINode &phi, BasicBlock *) { return PoisonValue::get(phi.getType()); });
  for (BasicBlock *end : ends) {
    IRBuilder<> builder(end);
    builder.CreateCondBr(ir::call(builder, ir::Intrinsic::GangAny, {builder.getTrue()}, "always"), next[end], turn);
  }
  for (BasicBlock *block : part.blocks) keepIncoming(block);
  for (BasicBlock *block : copied) keepIncoming(block);
  bringLoopsInOrder(kernel, variables);
}

void joinTurns(Function &kernel, Loop &loop) {
  Loop *around = loop.getParentLoop();
  BasicBlock *latch = loop.getLoopLatch();
  BasicBlock *turn = newTurn(*around, {latch}, [](PHINode &phi, BasicBlock *) { return &phi; });
  latch->getTerminator()->replaceSuccessorWith(loop.getHeader(), turn);
  bringLoopsInOrder(kernel, {});
}

}  // namespace cutrans::simt
