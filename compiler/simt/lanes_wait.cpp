// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two reasons for which lanes in step cannot do what independent threads do:
//  - A loop waits, and what it waits for may be done by a lane of the same gang: one that has left the loop, or that waits itself
//    on another way.
//  - A warp operation names lanes that provably come to another one, or come later; or lanes come to different barriers.
// Branches that pick one thread of the gang, and conditions that are one for the gang, are what keeps fast kernels fast.
#include "compiler/simt/lanes_wait.h"

#include <llvm/Analysis/CFG.h>
#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/Analysis/IteratedDominanceFrontier.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/PatternMatch.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/leave_in_turn.h"
#include "compiler/simt/linearize_divergent_branches.h"
#include "compiler/simt/linearize_plan.h"
#include "compiler/simt/shapes.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

using Blocks = SmallPtrSet<BasicBlock *, 32>;

// ---- branches that pick one thread ----

// The dimensions of thread ids that are 0 where `value` is 0; none where it is made of anything else.
unsigned dimensionsOf(const Value *value) {
  using namespace PatternMatch;
  switch (ir::intrinsicOf(value)) {
    case ir::Intrinsic::TidX: return 1;
    case ir::Intrinsic::TidY: return 2;
    case ir::Intrinsic::TidZ: return 4;
    default: break;
  }
  const Value *left, *right;
  if (match(value, m_ZExt(m_Value(left)))) return dimensionsOf(left);
  if (!match(value, m_Add(m_Value(left), m_Value(right))) && !match(value, m_Or(m_Value(left), m_Value(right)))) return 0;
  unsigned first = dimensionsOf(left), second = dimensionsOf(right);
  return first && second ? first | second : 0;
}

class OneLane {
 public:
  OneLane(const Shapes &shapes, const LaunchIds &ids) : shapes_(shapes), oneWarp_(ids.width() <= 32) {
    for (unsigned d = 0; d < 3; ++d)
      if (ids.anyShape() || ids.block()[d] > 1) extents_ |= 1 << d;
  }

  // Whether `condition` is `value` for at most one lane of a gang.
  bool picks(const Value *condition, bool value) const { return picksIn(condition, value, 0) || fixed(condition, value) == extents_; }

 private:
  bool picksIn(const Value *condition, bool value, unsigned depth) const {
    using namespace PatternMatch;
    const Value *left, *right;
    if (match(condition, m_Not(m_Value(left)))) return picksIn(left, !value, depth);
    if (value ? match(condition, m_LogicalAnd(m_Value(left), m_Value(right))) : match(condition, m_LogicalOr(m_Value(left), m_Value(right))))
      return depth < 8 && (picksIn(left, value, depth + 1) || picksIn(right, value, depth + 1));
    if (auto *extract = dyn_cast<ExtractValueInst>(condition))
      return value && oneWarp_ && ir::intrinsicOf(extract->getAggregateOperand()) == ir::Intrinsic::Elect && extract->getIndices()[0] == 1 &&
             shapes_.of(cast<CallInst>(extract->getAggregateOperand())->getArgOperand(0)).isUniform();
    auto *compare = dyn_cast<ICmpInst>(condition);
    if (!compare || !compare->isEquality() || (compare->getPredicate() == CmpInst::ICMP_EQ) != value) return false;
    const Value *one = compare->getOperand(0), *other = compare->getOperand(1);
    if (shapes_.of(other).isPattern()) std::swap(one, other);
    const Shape &shape = shapes_.of(one);
    SmallVector<int64_t, 32> offsets(shape.offsets.begin(), shape.offsets.end());
    sort(offsets);
    return shape.isPattern() && shape.roots.empty() && std::adjacent_find(offsets.begin(), offsets.end()) == offsets.end() && shapes_.of(other).isUniform();
  }

  // Dimensions of the thread that must have a certain id.
  unsigned fixed(const Value *condition, bool value) const {
    using namespace PatternMatch;
    const Value *left, *right;
    if (match(condition, m_Not(m_Value(left)))) return fixed(left, !value);
    if (value ? match(condition, m_LogicalAnd(m_Value(left), m_Value(right))) : match(condition, m_LogicalOr(m_Value(left), m_Value(right))))
      return fixed(left, value) | fixed(right, value);
    auto *compare = dyn_cast<ICmpInst>(condition);
    if (!compare || !compare->isEquality() || (compare->getPredicate() == CmpInst::ICMP_EQ) != value) return 0;
    unsigned dimensions = dimensionsOf(compare->getOperand(0)) & extents_;
    bool zero = match(compare->getOperand(1), m_Zero());
    return zero || (has_single_bit(dimensions) && shapes_.of(compare->getOperand(1)).isUniform()) ? dimensions : 0;
  }

  const Shapes &shapes_;
  bool oneWarp_;  // each warp elects one of its own
  unsigned extents_ = 0;
};

bool isForOneLane(BasicBlock *block, const DominatorTree &dominators, const OneLane &one) {
  for (auto *node = dominators.getNode(block); node && node->getIDom(); node = node->getIDom()) {
    BasicBlock *above = node->getIDom()->getBlock();
    auto *branch = dyn_cast<BranchInst>(above->getTerminator());
    if (!branch || !branch->isConditional()) continue;
    for (unsigned way : {0, 1})
      if (dominators.dominates(BasicBlockEdge(above, branch->getSuccessor(way)), block) && one.picks(branch->getCondition(), way == 0)) return true;
  }
  return false;
}

// ---- loops that wait ----

bool isYield(const Instruction &instruction) { return ir::intrinsicOf(&instruction) == ir::Intrinsic::GangYield; }

bool waits(const Loop &loop) {
  return any_of(loop.blocks(), [](BasicBlock *block) { return any_of(*block, isYield); });
}

// Waits for phases of mbarriers alone, whose words are the only 64-bit atomic ones in shared memory that are just read: all lanes
// see the phase end at once, so none is left behind by those that go on.
bool waitsForPhase(const Loop &loop) {
  bool word = false;
  for (BasicBlock *block : loop.blocks())
    for (Instruction &instruction : *block) {
      if (auto *load = dyn_cast<LoadInst>(&instruction); load && !load->isSimple()) {
        if (!load->isAtomic() || load->isVolatile() || !load->getType()->isIntegerTy(64) || load->getPointerAddressSpace() != ir::space::Shared) return false;
        word = true;
        continue;
      }
      ir::Intrinsic id = ir::intrinsicOf(&instruction);
      bool harmless = id == ir::Intrinsic::GangYield || id == ir::Intrinsic::Nanosleep || (id != ir::Intrinsic::None && ir::info(id).effects == ir::Effects::state);
      if (instruction.mayWriteToMemory() && !isa<LoadInst>(instruction) && !harmless) return false;
    }
  return word;
}

Blocks reachable(BasicBlock *from, const Blocks &within) {
  Blocks seen;
  SmallVector<BasicBlock *, 16> work{from};
  while (!work.empty())
    for (BasicBlock *next : successors(work.pop_back_val()))
      if (within.contains(next) && seen.insert(next).second) work.push_back(next);
  return seen;
}

// Two ways of one region that both wait, perhaps for each other. Where only one does, it is laid out last (linearize_order.h), when the other
// lanes have done what it may wait for.
bool bothWaysWait(const LinearPlan &plan) {
  for (const LinearRegion &region : plan.regions) {
    Blocks blocks, waiting;
    for (const LinearItem &item : region.items)
      for (BasicBlock *block : item.blocks) {
        blocks.insert(block);
        if (any_of(*block, isYield)) waiting.insert(block);
      }
    for (BasicBlock *one : waiting) {
      Blocks after = reachable(one, blocks);
      for (BasicBlock *other : waiting)
        if (one != other && !after.contains(other) && !reachable(other, blocks).contains(one)) return true;
    }
  }
  return false;
}

// ---- warp operations ----

// The value in one lane of the block's first warp, where it follows from the lane alone.
class LaneValues {
 public:
  LaneValues(const LaunchIds &ids, const DataLayout &layout, unsigned lane) : ids_(ids), layout_(layout), lane_(lane) {}

  Constant *of(Value *value) {
    if (auto *constant = dyn_cast<Constant>(value)) return constant;
    auto *instruction = dyn_cast<Instruction>(value);
    if (!instruction) return nullptr;
    auto [entry, isNew] = known_.try_emplace(value, nullptr);
    if (!isNew) return entry->second;
    Constant *result = fold(*instruction);
    return known_[value] = result;
  }

 private:
  Constant *fold(Instruction &instruction) {
    if (isa<CallInst>(instruction)) {
      std::optional<IdForm> form = ids_.form(ir::intrinsicOf(&instruction));
      if (!form) return nullptr;
      uint64_t base = uint64_t(lane_ / ids_.width()) * form->multiply / form->divide;
      if (form->modulo) base %= form->modulo;
      return ConstantInt::get(instruction.getType(), base + form->offsets[lane_ % ids_.width()]);
    }
    if (!instruction.isBinaryOp() && !instruction.isCast() && !isa<ICmpInst, SelectInst, FreezeInst>(instruction)) return nullptr;
    SmallVector<Constant *, 3> operands;
    for (Value *operand : instruction.operands()) {
      operands.push_back(of(operand));
      if (!operands.back()) return nullptr;
    }
    if (isa<FreezeInst>(instruction)) return operands[0];
    if (auto *compare = dyn_cast<CmpInst>(&instruction))
      return ConstantFoldCompareInstOperands(compare->getPredicate(), operands[0], operands[1], layout_);
    return ConstantFoldInstOperands(&instruction, operands, layout_);
  }

  const LaunchIds &ids_;
  const DataLayout &layout_;
  unsigned lane_;
  DenseMap<Value *, Constant *> known_;
};

// Where the lanes of a gang go for certain at the branches that part them.
class Partings {
 public:
  Partings(Function &kernel, const LaunchIds &ids) {
    std::vector<LaneValues> lanes;
    for (unsigned lane = 0; lane < 32; ++lane) lanes.emplace_back(ids, kernel.getDataLayout(), lane);
    unsigned present = ids.anyShape() ? 32 : std::min(32u, ids.threads());
    for (BasicBlock &block : kernel) {
      auto *branch = dyn_cast<BranchInst>(block.getTerminator());
      if (!branch || !branch->isConditional() || isa<Constant>(branch->getCondition())) continue;
      uint32_t yes = 0, no = 0;
      for (unsigned lane = 0; lane < present; ++lane) {
        auto *value = dyn_cast_or_null<ConstantInt>(lanes[lane].of(branch->getCondition()));
        if (!value) break;
        (value->isOne() ? yes : no) |= 1u << lane;
      }
      if (popcount(yes | no) != int(present)) continue;
      uint32_t split = 0;  // lanes of gangs that go both ways
      for (unsigned first = 0; first < 32; first += ids.width()) {
        uint32_t gang = uint32_t((uint64_t{1} << ids.width()) - 1) << first;
        if ((yes & gang) && (no & gang)) split |= gang;
      }
      if (split) partings_.push_back({branch, yes & split, no & split});
    }
  }

  struct Parting {
    BranchInst *branch;
    uint32_t yes, no;
  };
  ArrayRef<Parting> all() const { return partings_; }

 private:
  SmallVector<Parting, 4> partings_;
};

bool isMeeting(const Instruction &instruction) { return needsExited(instruction) && ir::intrinsicOf(&instruction) != ir::Intrinsic::ActiveMask; }

// A way on which lanes end without meeting the others again, and without a warp operation or barrier of their own: it is laid out
// first (linearize_plan.cpp), so that they have ended when they are asked for.
bool endsAlone(BasicBlock *from, BasicBlock *operation) {
  Function &kernel = *from->getParent();
  Blocks all;
  for (BasicBlock &block : kernel)
    if (!isa<ReturnInst>(block.getTerminator())) all.insert(&block);
  Blocks theirs = reachable(operation, all), own = reachable(from, all);
  own.insert(from);
  theirs.insert(operation);
  for (BasicBlock *block : own)
    if (all.contains(block) && (theirs.contains(block) || any_of(*block, [](Instruction &i) { return isMeeting(i) || isBarrier(i); }))) return false;
  return true;
}

bool namesLanesElsewhere(CallInst &operation, const Partings &partings) {
  auto *members = dyn_cast<ConstantInt>(operation.getArgOperand(0));
  BasicBlock *block = operation.getParent();
  for (const Partings::Parting &parting : partings.all()) {
    BasicBlock *yes = parting.branch->getSuccessor(0), *no = parting.branch->getSuccessor(1);
    bool fromYes = isPotentiallyReachable(yes, block), fromNo = isPotentiallyReachable(no, block);
    if (fromYes == fromNo) continue;
    uint32_t elsewhere = fromYes ? parting.no : parting.yes;
    if (members && (members->getZExtValue() & elsewhere) && !endsAlone(fromYes ? no : yes, block)) return true;
  }
  return false;
}

// Lanes of a warp that meet at a barrier of the block on different ways.
bool meetsAtOtherBarrier(Instruction &barrier, const Partings &partings) {
  Blocks all;
  for (BasicBlock &block : *barrier.getFunction()) all.insert(&block);
  for (const Partings::Parting &parting : partings.all()) {
    BasicBlock *yes = parting.branch->getSuccessor(0), *no = parting.branch->getSuccessor(1);
    bool fromYes = isPotentiallyReachable(yes, barrier.getParent()), fromNo = isPotentiallyReachable(no, barrier.getParent());
    if (fromYes == fromNo) continue;
    BasicBlock *own = fromYes ? yes : no, *other = fromYes ? no : yes;
    Blocks here = reachable(own, all), there = reachable(other, all);
    here.insert(own);
    there.insert(other);
    for (BasicBlock *block : there)
      if (!here.contains(block) && any_of(*block, isBarrier)) return true;
  }
  return false;
}

// Whether a way that leads from `from` to `join`, past `loop`, does something that other threads can see.
bool doesSomething(BasicBlock *from, BasicBlock *join, const Loop &loop) {
  Blocks seen;
  SmallVector<BasicBlock *, 16> work{from};
  while (!work.empty()) {
    BasicBlock *block = work.pop_back_val();
    if (block == join || loop.contains(block) || !seen.insert(block).second) continue;
    for (Instruction &instruction : *block)
      if (instruction.mayWriteToMemory() || ir::isConvergent(ir::intrinsicOf(&instruction))) return true;
    work.append(succ_begin(block), succ_end(block));
  }
  return false;
}

}  // namespace

const char *whyLanesMeetApart(Function &kernel, const LaunchIds &ids) {
  bool meet = any_of(instructions(kernel), [](Instruction &instruction) { return isMeeting(instruction) || isBarrier(instruction); });
  if (Partings partings(kernel, ids); meet && !partings.all().empty())
    for (Instruction &instruction : instructions(kernel)) {
      bool apart = isMeeting(instruction) ? namesLanesElsewhere(cast<CallInst>(instruction), partings)
                                          : isBarrier(instruction) && meetsAtOtherBarrier(instruction, partings);
      if (apart) return "lanes of a warp meet on different ways";
    }
  return nullptr;
}

const char *whyWavesWait(Function &kernel, const LaunchIds &ids) {
  if (none_of(instructions(kernel), isYield)) return nullptr;
  DominatorTree dominators(kernel);
  PostDominatorTree postDominators(kernel);
  LoopInfo loops(dominators);
  LinearPlan plan = settlePlan(kernel, loops, ids);
  Shapes shapes(kernel, ids, [&](const PHINode &phi) { return plan.joins.contains(&phi); });
  OneLane one(shapes, ids);
  for (Loop *loop : loops.getLoopsInPreorder()) {
    if (!waits(*loop)) continue;
    if (plan.maskLoops.contains(loop) && !waitsForPhase(*loop) && !isForOneLane(loop->getHeader(), dominators, one))
      return "lanes of a wave wait each on its own";
    for (BasicBlock &block : kernel) {
      auto *branch = dyn_cast<BranchInst>(block.getTerminator());
      if (loop->contains(&block) || !branch || !branch->isConditional() || shapes.of(branch->getCondition()).isUniform()) continue;
      auto *node = postDominators.getNode(&block);
      BasicBlock *join = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
      if (join && dominators.dominates(join, loop->getHeader())) continue;
      BasicBlock *ways[2] = {branch->getSuccessor(0), branch->getSuccessor(1)};
      bool leads[2];
      for (unsigned i : {0, 1}) {
        SmallPtrSet<BasicBlock *, 1> stop;
        if (join) stop.insert(join);
        leads[i] = ways[i] != join && isPotentiallyReachable(ways[i], loop->getHeader(), &stop);
      }
      for (unsigned i : {0, 1})
        if (leads[i] && !leads[1 - i] && doesSomething(ways[1 - i], join, *loop)) return "threads of a wave wait beside others of it";
      if (leads[0] && leads[1]) return "threads of a wave come to a waiting loop on different ways";
    }
  }
  return nullptr;
}

const char *whyLanesWait(Function &kernel, const LaunchIds &ids) {
  if (const char *why = whyLanesMeetApart(kernel, ids)) return why;
  if (none_of(instructions(kernel), isYield)) return nullptr;
  // Each time around one loop is rewritten; none needs it more than twice.
  constexpr unsigned MaxRewritten = 32;
  for (unsigned rewritten = 0;; ++rewritten) {
    if (!canLinearize(kernel)) return "loops with several ways in";
    DominatorTree dominators(kernel);
    LoopInfo loops(dominators);
    LinearPlan plan = settlePlan(kernel, loops, ids);
    Shapes shapes(kernel, ids, [&](const PHINode &phi) { return plan.joins.contains(&phi); });
    OneLane one(shapes, ids);
    Loop *open = nullptr;
    Leaving how = Leaving::Meets;
    SmallVector<Loop *, 4> nest = loops.getLoopsInPreorder();
    for (Loop *loop : nest) {
      if (!waits(*loop) || !plan.maskLoops.contains(loop) || waitsForPhase(*loop) || isForOneLane(loop->getHeader(), dominators, one)) continue;
      Leaving leaving = whatLanesDoOnLeaving(*loop, loops, shapes);
      if (leaving == Leaving::Meets) continue;
      if (leaving == Leaving::Unknown || rewritten >= MaxRewritten) return "lanes of a warp wait each on its own";
      open = loop;
      how = leaving;
    }
    if (!open) return bothWaysWait(plan) ? "lanes of a warp wait for others of it" : nullptr;
    how == Leaving::Turns ? joinTurns(kernel, *open) : leaveInTurn(kernel, *open, loops);
  }
}

}  // namespace cutrans::simt
