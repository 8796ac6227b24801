// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// fix-irreducible: gives every cycle one way in. All edges to the entries of a cycle that has several go through one new
// block, which branches to the entry that a variable names.
//
// LLVM 22 has a pass for this too (FixIrreducible), but nested cycles that share entries come out of it with values of the wrong turn:
// seed 431 of tests/passes/simt/divergence_test.cpp is such a kernel.
#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/SCCIterator.h>
#include <llvm/IR/Dominators.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "compiler/simt/prepare.h"
#include "compiler/simt/repair_dominance.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

using Blocks = SmallSetVector<BasicBlock *, 16>;

// Strongly connected parts of the control flow among `within`, those with a cycle only (Tarjan's algorithm, without recursion).
class Cycles {
 public:
  explicit Cycles(const Blocks &within) : within_(within) {
    for (BasicBlock *block : within)
      if (!numbers_.contains(block)) visit(block);
  }
  std::vector<Blocks> found;

 private:
  struct Frame {
    BasicBlock *block;
    unsigned next = 0;
  };

  void open(BasicBlock *block) {
    low_[block] = numbers_[block] = ++count_;
    stack_.push_back(block);
    onStack_.insert(block);
    frames_.push_back({block});
  }

  void visit(BasicBlock *root) {
    open(root);
    while (!frames_.empty()) {
      Frame &frame = frames_.back();
      BasicBlock *block = frame.block;
      Instruction *end = block->getTerminator();
      if (frame.next < end->getNumSuccessors()) {
        BasicBlock *after = end->getSuccessor(frame.next++);
        if (!within_.contains(after)) continue;
        if (!numbers_.contains(after)) open(after);
        else if (onStack_.contains(after)) low_[block] = std::min(low_[block], numbers_[after]);
        continue;
      }
      frames_.pop_back();
      if (!frames_.empty()) low_[frames_.back().block] = std::min(low_[frames_.back().block], low_[block]);
      if (low_[block] == numbers_[block]) close(block);
    }
  }

  void close(BasicBlock *root) {
    Blocks part;
    BasicBlock *block;
    do {
      block = stack_.pop_back_val();
      onStack_.erase(block);
      part.insert(block);
    } while (block != root);
    if (part.size() > 1 || is_contained(successors(root), root)) found.push_back(std::move(part));
  }

  const Blocks &within_;
  DenseMap<BasicBlock *, unsigned> numbers_, low_;
  SmallVector<BasicBlock *, 16> stack_;
  DenseSet<BasicBlock *> onStack_;
  SmallVector<Frame, 16> frames_;
  unsigned count_ = 0;
};

class Fixer {
 public:
  explicit Fixer(Function &kernel) : kernel_(kernel) {}

  bool run() {
    bool changed = false;
    while (fixOne()) changed = true;
    if (!changed) return false;
    repairDominance(kernel_, slots_, /*clearEachTurn=*/false);
    DominatorTree dominators(kernel_);
    PromoteMemToReg(slots_, dominators);
    return true;
  }

 private:
  bool fixOne() {
    Blocks all;
    for (BasicBlock &block : kernel_) all.insert(&block);
    SmallVector<Blocks, 8> work{all};
    while (!work.empty()) {
      Blocks within = work.pop_back_val();
      for (Blocks &cycle : Cycles(within).found) {
        Blocks entries;
        for (BasicBlock *block : cycle)
          if (any_of(predecessors(block), [&](BasicBlock *before) { return !cycle.contains(before); })) entries.insert(block);
        if (entries.size() > 1) {
          giveOneEntry(entries);
          return true;
        }
        if (!entries.empty()) cycle.remove(entries[0]);
        if (!cycle.empty()) work.push_back(std::move(cycle));
      }
    }
    return false;
  }

  void giveOneEntry(const Blocks &entries) {
    LLVMContext &context = kernel_.getContext();
    IRBuilder<> builder(context);
    auto *selector = new AllocaInst(builder.getInt32Ty(), 0, nullptr, "way", kernel_.getEntryBlock().begin());
    slots_.push_back(selector);
    BasicBlock *dispatch = BasicBlock::Create(context, "ways", &kernel_, entries[0]);
    for (auto [number, entry] : enumerate(entries)) {
      while (!entry->phis().empty()) slots_.push_back(DemotePHIToStack(&*entry->phis().begin()));
      SmallSetVector<BasicBlock *, 8> before(pred_begin(entry), pred_end(entry));
      for (BasicBlock *from : before) {
        BasicBlock *edge = BasicBlock::Create(context, from->getName() + ".way", &kernel_, dispatch);
        from->getTerminator()->replaceSuccessorWith(entry, edge);
        builder.SetInsertPoint(edge);
        builder.CreateStore(builder.getInt32(number), selector);
        builder.CreateBr(dispatch);
      }
    }
    builder.SetInsertPoint(dispatch);
    Value *way = builder.CreateLoad(builder.getInt32Ty(), selector);
    for (unsigned number = 0; number + 2 < entries.size(); ++number) {
      BasicBlock *rest = BasicBlock::Create(context, "ways", &kernel_, entries[0]);
      builder.CreateCondBr(builder.CreateICmpEQ(way, builder.getInt32(number)), entries[number], rest);
      builder.SetInsertPoint(rest);
    }
    unsigned last = entries.size() - 1;
    builder.CreateCondBr(builder.CreateICmpEQ(way, builder.getInt32(last)), entries[last], entries[last - 1]);
  }

  Function &kernel_;
  SmallVector<AllocaInst *, 8> slots_;
};

}  // namespace

bool fixIrreducible(Function &kernel) { return Fixer(kernel).run(); }

}  // namespace cutrans::simt
