// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The order of blocks for linearize-divergent-branches; see linearize_order.h.
#include "compiler/simt/linearize_order.h"

#include <llvm/ADT/BitVector.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/IR/CFG.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/linearize_divergent_branches.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

using Order = SmallVector<BasicBlock *, 32>;

class Preference {
 public:
  explicit Preference(const Order &order) : order_(order), waits_(order.size()), meets_(order.size()) {
    for (unsigned i = 0; i < order.size(); ++i) {
      number_[order[i]] = i;
      if (any_of(*order[i], [](const Instruction &instruction) { return ir::intrinsicOf(&instruction) == ir::Intrinsic::GangYield; })) waits_.set(i);
      if (any_of(*order[i], needsExited)) meets_.set(i);
    }
  }

  bool hasNone() const { return waits_.none() && meets_.none(); }

  // Whether the second way of a branch is to come last: only it waits before the two meet; or only it comes to a warp
  // operation.
  bool secondLast(const Instruction &branch) const {
    if (branch.getNumSuccessors() != 2 || branch.getSuccessor(0) == branch.getSuccessor(1)) return false;
    BitVector first = reach(branch.getParent(), branch.getSuccessor(0)), second = reach(branch.getParent(), branch.getSuccessor(1));
    bool firstWaits = own(first, second), secondWaits = own(second, first);
    if (firstWaits || secondWaits) return !firstWaits && secondWaits;
    return !first.anyCommon(meets_) && second.anyCommon(meets_);
  }

 private:
  BitVector reach(const BasicBlock *from, const BasicBlock *to) const {
    BitVector found(order_.size());
    SmallVector<unsigned, 16> work;
    auto follow = [&](const BasicBlock *source, const BasicBlock *target) {
      unsigned number = number_.lookup(target);
      if (number <= number_.lookup(source) || found[number]) return;  // a back edge, or seen
      found.set(number);
      work.push_back(number);
    };
    follow(from, to);
    while (!work.empty()) {
      const BasicBlock *block = order_[work.pop_back_val()];
      for (const BasicBlock *after : successors(block)) follow(block, after);
    }
    return found;
  }

  bool own(BitVector mine, const BitVector &others) const {
    mine.reset(others);
    return mine.anyCommon(waits_);
  }

  const Order &order_;
  DenseMap<const BasicBlock *, unsigned> number_;
  BitVector waits_, meets_;
};

}  // namespace

Order layoutOrder(Function &kernel) {
  ReversePostOrderTraversal<Function *> traversal(&kernel);
  Order order(traversal.begin(), traversal.end());
  Preference preference(order);
  if (preference.hasNone()) return order;
  // Reverse post-order once more: what is visited first comes last.
  struct Visit {
    BasicBlock *block;
    SmallVector<BasicBlock *, 2> ways;  // still to be followed, the next one at the end
  };
  Order finished;
  SmallPtrSet<BasicBlock *, 32> seen;
  SmallVector<Visit, 32> path;
  auto enter = [&](BasicBlock *block) {
    if (!seen.insert(block).second) return;
    SmallVector<BasicBlock *, 2> ways(successors(block));
    if (!preference.secondLast(*block->getTerminator())) std::reverse(ways.begin(), ways.end());
    path.push_back({block, std::move(ways)});
  };
  enter(&kernel.getEntryBlock());
  while (!path.empty()) {
    if (path.back().ways.empty()) {
      finished.push_back(path.back().block);
      path.pop_back();
    } else {
      enter(path.back().ways.pop_back_val());
    }
  }
  return Order(finished.rbegin(), finished.rend());
}

}  // namespace cutrans::simt
