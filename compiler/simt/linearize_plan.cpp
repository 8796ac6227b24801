// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the divergent regions of a kernel and how to lay them out; see linearize_plan.h.
//
// The control flow is looked at level by level: the blocks of one loop (or of the whole kernel) with its inner loops as
// one node each and without back edges form a graph without cycles, whose end is the end of the loop's turn.
#include "compiler/simt/linearize_plan.h"

#include <llvm/ADT/BitVector.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Instructions.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/block_uniformity.h"
#include "compiler/simt/linearize_cost.h"
#include "compiler/simt/linearize_divergent_branches.h"
#include "compiler/simt/linearize_order.h"
#include "compiler/simt/shapes.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

struct Node {
  BasicBlock *block = nullptr;  // a loop's header
  Loop *loop = nullptr;
  SmallVector<BasicBlock *, 2> targets;  // distinct blocks that it leads to
  SmallVector<unsigned, 2> after;        // nodes of the targets; End for those beyond this level's turn
  SmallVector<unsigned, 2> before;
  unsigned dominator = 0, postDominator = 0;
  bool linear = false;
};

class Level {
 public:
  Level(LinearPlan &plan, LoopInfo &loops, Loop *loop, ArrayRef<BasicBlock *> order, const Shapes &shapes,
        const SmallPtrSetImpl<BasicBlock *> &forced)
      : plan_(plan), loops_(loops), loop_(loop) {
    for (BasicBlock *block : order) add(block);
    connect();
    findDominators();
    for (Node &node : nodes_) node.linear = startsLinear(node, shapes, forced);
    closeRegions();
  }

  void findRegions() {
    BitVector done(nodes_.size());
    for (unsigned i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i].linear) continue;
      (nodes_[i].loop ? (void)plan_.linearLoops.insert(nodes_[i].loop) : (void)plan_.linearBlocks.insert(nodes_[i].block));
      if (loop_ && nodes_[i].postDominator == end()) plan_.maskLoops.insert(loop_);
    }
    for (unsigned i = 0; i < nodes_.size(); ++i)
      if (nodes_[i].linear && !done[i]) {
        BitVector region = reach(i, nodes_[i].postDominator);
        addRegion(i);
        done |= region;
      }
  }

 private:
  unsigned end() const { return nodes_.size(); }

  void add(BasicBlock *block) {
    Loop *inner = loops_.getLoopFor(block);
    Node node;
    node.block = block;
    if (inner != loop_) {
      if (!inner || (loop_ && !loop_->contains(inner))) return;
      while (inner->getParentLoop() != loop_) inner = inner->getParentLoop();
      if (inner->getHeader() != block) return;
      node.loop = inner;
    }
    index_[block] = nodes_.size();
    nodes_.push_back(node);
  }

  unsigned nodeOf(BasicBlock *target) const {
    if (loop_ && (target == loop_->getHeader() || !loop_->contains(target))) return end();
    Loop *inner = loops_.getLoopFor(target);
    while (inner && inner != loop_ && inner->getParentLoop() != loop_) inner = inner->getParentLoop();
    return index_.lookup(inner == loop_ ? target : inner->getHeader());
  }

  void connect() {
    for (unsigned i = 0; i < nodes_.size(); ++i) {
      Node &node = nodes_[i];
      SmallVector<BasicBlock *, 4> targets;
      if (node.loop) node.loop->getExitBlocks(targets);
      else append_range(targets, successors(node.block));
      for (BasicBlock *target : targets)
        if (!is_contained(node.targets, target)) {
          node.targets.push_back(target);
          unsigned after = nodeOf(target);
          node.after.push_back(after);
          if (after != end() && !is_contained(nodes_[after].before, i)) nodes_[after].before.push_back(i);
        }
    }
  }

  void findDominators() {
    auto meet = [&](auto next, unsigned a, unsigned b, bool forward) {
      while (a != b) {
        bool moveA = forward ? a > b : a < b;
        (moveA ? a : b) = next(moveA ? a : b);
      }
      return a;
    };
    for (unsigned i = 1; i < nodes_.size(); ++i) {
      if (nodes_[i].before.empty()) continue;
      unsigned found = nodes_[i].before[0];
      for (unsigned before : nodes_[i].before) found = meet([&](unsigned n) { return nodes_[n].dominator; }, found, before, true);
      nodes_[i].dominator = found;
    }
    for (unsigned i = nodes_.size(); i-- > 0;) {
      unsigned found = nodes_[i].after.empty() ? end() : nodes_[i].after[0];
      for (unsigned after : nodes_[i].after) found = meet([&](unsigned n) { return nodes_[n].postDominator; }, found, after, false);
      nodes_[i].postDominator = found;
    }
  }

  bool startsLinear(const Node &node, const Shapes &shapes, const SmallPtrSetImpl<BasicBlock *> &forced) const {
    if (node.targets.size() < 2) return false;
    if (forced.contains(node.block)) return true;
    if (node.loop) return plan_.maskLoops.contains(node.loop);
    auto *branch = dyn_cast<BranchInst>(node.block->getTerminator());
    return branch && branch->isConditional() && shapes.of(branch->getCondition()).isVarying();
  }

  // Nodes on the ways from `from` to `to`, both exclusive.
  BitVector reach(unsigned from, unsigned to) const {
    BitVector found(nodes_.size());
    SmallVector<unsigned, 8> work(nodes_[from].after.begin(), nodes_[from].after.end());
    while (!work.empty()) {
      unsigned node = work.pop_back_val();
      if (node == to || node == end() || found[node]) continue;
      found.set(node);
      append_range(work, nodes_[node].after);
    }
    return found;
  }

  // A region has one way in: where one is entered from the side, the branch before both ways becomes linear too.
  void closeRegions() {
    for (bool changed = true; changed;) {
      changed = false;
      for (unsigned i = 0; i < nodes_.size(); ++i) {
        if (!nodes_[i].linear) continue;
        BitVector region = reach(i, nodes_[i].postDominator);
        unsigned top = i;
        for (unsigned inside : region.set_bits())
          for (unsigned before : nodes_[inside].before)
            if (before != i && !region[before])
              for (unsigned other = before; top != other;) (top > other ? top : other) = nodes_[top > other ? top : other].dominator;
        if (top == i || nodes_[top].linear) continue;
        nodes_[top].linear = true;
        changed = true;
      }
    }
  }

  bool entersAtTop(unsigned top, const BitVector &nodes) const {
    for (unsigned inside : nodes.set_bits())
      for (unsigned before : nodes_[inside].before)
        if (before != top && !nodes[before]) return false;
    return true;
  }

  void addBlocks(unsigned node, LinearItem &item) const {
    if (nodes_[node].loop) append_range(item.blocks, nodes_[node].loop->blocks());
    else item.blocks.push_back(nodes_[node].block);
  }

  void addRegion(unsigned start) {
    LinearRegion region;
    (nodes_[start].loop ? (void)(region.startLoop = nodes_[start].loop) : (void)(region.start = nodes_[start].block));
    region.level = loop_;
    unsigned stop = nodes_[start].postDominator;
    region.end = stop == end() ? nullptr : nodes_[stop].block;
    BitVector between = reach(start, stop), done(nodes_.size());
    for (unsigned i : between.set_bits()) {
      if (done[i]) continue;
      BitVector inside(nodes_.size());
      for (unsigned to = nodes_[i].postDominator;; to = nodes_[to].postDominator) {
        BitVector more = reach(i, to);
        if (!entersAtTop(i, more)) break;
        inside = more;
        if (to == stop || to == end()) break;
      }
      BitVector all = inside;
      all.set(i);
      for (unsigned node : all.set_bits())  // a loop stays with its preheader
        if (nodes_[node].after.size() == 1 && nodes_[node].after[0] != end() && nodes_[nodes_[node].after[0]].loop) inside.set(nodes_[node].after[0]);
      inside.reset(i);
      LinearItem item;
      item.entry = nodes_[i].block;
      addBlocks(i, item);
      for (unsigned node : inside.set_bits()) addBlocks(node, item);
      done |= inside;
      done.set(i);
      if (inside.any()) {
        BitVector nested(nodes_.size());
        inside.set(i);
        for (unsigned node : inside.set_bits())
          if (nodes_[node].linear && !nested[node]) {
            BitVector region = reach(node, nodes_[node].postDominator);
            if (region.test(inside)) continue;  // reaches beyond: its ways become ways out of this item
            nested |= region;
            addRegion(node);
          }
      }
      region.items.push_back(std::move(item));
    }
    plan_.regions.push_back(std::move(region));
  }

  LinearPlan &plan_;
  LoopInfo &loops_;
  Loop *loop_;
  std::vector<Node> nodes_;
  DenseMap<BasicBlock *, unsigned> index_;
};

void findJoins(LinearPlan &plan, LoopInfo &loops, Function &kernel) {
  // Lanes that come from different items of a region.
  for (LinearRegion &region : plan.regions) {
    DenseMap<BasicBlock *, unsigned> itemOf;
    for (unsigned i = 0; i < region.items.size(); ++i)
      for (BasicBlock *block : region.items[i].blocks) itemOf[block] = i + 1;
    if (region.start) itemOf[region.start] = ~0u;
    else
      for (BasicBlock *block : region.startLoop->blocks()) itemOf[block] = ~0u;
    SmallVector<BasicBlock *, 8> targets;
    for (LinearItem &item : region.items) targets.push_back(item.entry);
    if (region.end) targets.push_back(region.end);
    for (BasicBlock *target : targets)
      for (PHINode &phi : target->phis()) {
        SmallVector<std::pair<unsigned, Value *>, 4> incoming;
        for (unsigned i = 0; i < phi.getNumIncomingValues(); ++i)
          if (unsigned from = itemOf.lookup(phi.getIncomingBlock(i)); from && from != itemOf.lookup(target))
            incoming.push_back({from, phi.getIncomingValue(i)});
        for (auto [from, value] : incoming)
          for (auto [other, otherValue] : incoming)
            if (from != other && value != otherValue && !isa<PoisonValue>(value) && !isa<PoisonValue>(otherValue)) plan.joins.insert(&phi);
      }
  }
  // Lanes that leave a loop at different turns.
  for (BasicBlock &block : kernel)
    for (PHINode &phi : block.phis()) {
      SmallDenseMap<Loop *, Value *, 4> seen;
      for (unsigned i = 0; i < phi.getNumIncomingValues(); ++i)
        for (Loop *loop = loops.getLoopFor(phi.getIncomingBlock(i)); loop && !loop->contains(&block); loop = loop->getParentLoop()) {
          if (!plan.maskLoops.contains(loop)) continue;
          Value *value = phi.getIncomingValue(i);
          if (isa<PoisonValue>(value)) continue;  // on an edge that no lane takes
          auto [entry, isNew] = seen.try_emplace(loop, value);
          auto *instruction = dyn_cast<Instruction>(value);
          if ((!isNew && entry->second != value) || (instruction && loop->contains(instruction))) plan.joins.insert(&phi);
        }
    }
}

bool hasBarrier(ArrayRef<BasicBlock *> blocks) {
  return any_of(blocks, [](BasicBlock *block) { return any_of(*block, isBarrier); });
}

// Decides which items are skipped when no lane wants them. Items with a barrier should not be: every gang of the block has to
// come by, with all its lanes exited too. Then what is kept inside must not depend on a live lane.
class Guards {
 public:
  Guards(LinearPlan &plan, LoopInfo &loops, const Shapes &shapes, const BlockUniformity &uniformity, SmallPtrSetImpl<BasicBlock *> &forced)
      : plan_(plan), loops_(loops), shapes_(shapes), uniformity_(uniformity), forced_(forced) {}

  void decide() {
    SmallVector<LinearItem *, 8> open;
    for (LinearRegion &region : plan_.regions)
      for (LinearItem &item : region.items) {
        if (hasBarrier(item.blocks)) open.push_back(&item);
        else if (wantsGuard(item)) guard(item);
      }
    // One that is guarded after all may hold what another one's branches depend on.
    for (bool changed = true; changed;) {
      changed = false;
      for (LinearItem *item : open)
        if (!item->guarded && !canStayOpen(*item)) guard(*item), changed = true;
    }
  }

 private:
  bool isKeptBranch(BasicBlock *block) const {
    auto *branch = dyn_cast<BranchInst>(block->getTerminator());
    return branch && branch->isConditional() && !plan_.linearBlocks.contains(block);
  }

  void guard(LinearItem &item) {
    item.guarded = true;
    for (BasicBlock *block : item.blocks) covered_.insert(block);
  }

  // Known for the block whether or not a lane is live, here: nothing of it is computed in code that may be skipped.
  bool isKnown(const Value *value, SmallPtrSetImpl<const Value *> &seen) const {
    auto *instruction = dyn_cast<Instruction>(value);
    if (!instruction || !seen.insert(value).second) return true;
    if (!uniformity_.isUniform(value) || covered_.contains(instruction->getParent())) return false;
    return all_of(instruction->operands(), [&](const Use &use) { return isKnown(use.get(), seen); });
  }
  bool isKnown(const Value *value) const {
    SmallPtrSet<const Value *, 16> seen;
    return isKnown(value, seen);
  }

  bool wantsGuard(const LinearItem &item) const {
    for (BasicBlock *block : item.blocks)
      if (isKeptBranch(block) || loops_.getLoopFor(block) != loops_.getLoopFor(item.entry)) return true;
    if (loops_.isLoopHeader(item.entry) && item.blocks.size() > 1) return true;
    return isWorthSkipping(item.blocks, shapes_);
  }

  // Inside guarded items of inner regions lanes are live; elsewhere kept branches and loops must do without.
  bool canStayOpen(const LinearItem &item) {
    SmallPtrSet<Loop *, 4> guarded;
    bool again = false;
    for (BasicBlock *block : item.blocks) {
      if (covered_.contains(block)) continue;
      Loop *loop = loops_.getLoopFor(block);
      while (loop && !is_contained(item.blocks, loop->getHeader())) loop = nullptr;
      bool inGuardedLoop = false;
      for (Loop *outer = loop; outer && is_contained(item.blocks, outer->getHeader()); outer = outer->getParentLoop()) {
        bool needs = plan_.maskLoops.contains(outer) || any_of(exiting(*outer), [&](BasicBlock *from) {
                       return isKeptBranch(from) && !isKnown(condition(from));
                     });
        if (!needs) continue;
        if (hasBarrier(outer->getBlocksVector()) || (!plan_.maskLoops.contains(outer) && !outer->getUniqueExitBlock())) return false;
        guarded.insert(outer);
        inGuardedLoop = true;
      }
      if (inGuardedLoop || !isKeptBranch(block) || isKnown(condition(block))) continue;
      if (forced_.contains(block)) return false;  // tried already
      forced_.insert(block);
      again = true;
    }
    if (!again) plan_.guardedLoops.insert(guarded.begin(), guarded.end());
    return true;
  }

  static SmallVector<BasicBlock *, 4> exiting(Loop &loop) {
    SmallVector<BasicBlock *, 4> blocks;
    loop.getExitingBlocks(blocks);
    return blocks;
  }
  static Value *condition(BasicBlock *block) { return cast<BranchInst>(block->getTerminator())->getCondition(); }

  LinearPlan &plan_;
  LoopInfo &loops_;
  const Shapes &shapes_;
  const BlockUniformity &uniformity_;
  SmallPtrSetImpl<BasicBlock *> &forced_;
  SmallPtrSet<BasicBlock *, 32> covered_;
};

}  // namespace

LinearPlan planLinearization(Function &kernel, LoopInfo &loops, const Shapes &shapes, const BlockUniformity &uniformity,
                             SmallPtrSetImpl<BasicBlock *> &forced) {
  LinearPlan plan;
  SmallVector<BasicBlock *, 32> order = layoutOrder(kernel);
  SmallVector<Loop *, 4> nest = loops.getLoopsInPreorder();
  for (Loop *loop : reverse(nest)) Level(plan, loops, loop, order, shapes, forced).findRegions();
  Level(plan, loops, nullptr, order, shapes, forced).findRegions();
  findJoins(plan, loops, kernel);
  Guards(plan, loops, shapes, uniformity, forced).decide();
  return plan;
}

}  // namespace cutrans::simt
