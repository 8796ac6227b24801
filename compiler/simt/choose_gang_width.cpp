// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// choose-gang-width: how many lanes run as one vector program. 32, a whole warp, where lanes of a warp can see each other
// do something; else what suits the block's first extent and the machine. docs/simt.md, section 4.
//
// After: attribute "cutrans.gang-width".
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/Dominators.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/shapes.h"
#include "compiler/simt/vector_pressure.h"
#include "compiler/simt/widened.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

bool talksWithinWarp(const CallInst &call) {
  using enum ir::Intrinsic;
  ir::Intrinsic id = ir::intrinsicOf(&call);
  if (id == None || ir::isInternal(id)) return false;
  switch (id) {
    case GangYield:
    case BarrierSync:
    case BarrierArrive:
    case BarrierRedPopc:
    case BarrierRedAnd:
    case BarrierRedOr: return false;
    default: return ir::isConvergent(id);
  }
}

bool isShared(const Value *address) { return address->getType()->getPointerAddressSpace() == ir::space::Shared; }

// Code from before CUDA 9 relies on a warp's lanes running in step when it reads shared memory through volatile pointers.
bool reliesOnLockstep(const Instruction &instruction) {
  if (auto *load = dyn_cast<LoadInst>(&instruction)) return load->isVolatile() && isShared(load->getPointerOperand());
  if (auto *store = dyn_cast<StoreInst>(&instruction)) return store->isVolatile() && isShared(store->getPointerOperand());
  return false;
}

bool needsWarp(const Function &kernel) {
  for (const Instruction &instruction : instructions(kernel)) {
    auto *call = dyn_cast<CallInst>(&instruction);
    if ((call && talksWithinWarp(*call)) || reliesOnLockstep(instruction)) return true;
  }
  return false;
}

// Whether at most one lane of a gang gets to `block`: behind a branch on "my id is that one".
bool isForOneLane(BasicBlock *block, const DominatorTree &dominators, const Shapes &shapes) {
  for (auto *node = dominators.getNode(block); node && node->getIDom(); node = node->getIDom()) {
    BasicBlock *above = node->getIDom()->getBlock();
    auto *branch = dyn_cast<BranchInst>(above->getTerminator());
    auto *compare = branch && branch->isConditional() ? dyn_cast<ICmpInst>(branch->getCondition()) : nullptr;
    if (!compare || !compare->isEquality()) continue;
    unsigned equalWay = compare->getPredicate() == CmpInst::ICMP_EQ ? 0 : 1;
    if (!dominators.dominates(BasicBlockEdge(above, branch->getSuccessor(equalWay)), block)) continue;
    const Shape &left = shapes.of(compare->getOperand(0));
    SmallVector<int64_t, 32> offsets(left.offsets.begin(), left.offsets.end());
    sort(offsets);
    if (left.isPattern() && left.roots.empty() && std::adjacent_find(offsets.begin(), offsets.end()) == offsets.end() && shapes.of(compare->getOperand(1)).isUniform())
      return true;
  }
  return false;
}

bool yields(const Instruction &instruction) { return ir::intrinsicOf(&instruction) == ir::Intrinsic::GangYield; }
bool yields(const BasicBlock &block) { return any_of(block, [](const Instruction &instruction) { return yields(instruction); }); }

// Whether lanes of a gang leave `loop` at different turns. The others would wait inside while those that have left cannot go on.
bool lanesPart(const Loop &loop, const Shapes &shapes) {
  SmallVector<BasicBlock *, 4> exiting;
  loop.getExitingBlocks(exiting);
  return any_of(exiting, [&](BasicBlock *block) {
    auto *branch = dyn_cast<BranchInst>(block->getTerminator());
    return branch && shapes.of(branch->getCondition()).isVarying();
  });
}

bool onlyReads(const Loop &loop) {
  return none_of(loop.blocks(), [](BasicBlock *block) {
    return any_of(*block, [](Instruction &instruction) {
      ir::Intrinsic id = ir::intrinsicOf(&instruction);
      return instruction.mayWriteToMemory() && !isa<LoadInst>(instruction) && id != ir::Intrinsic::GangYield && id != ir::Intrinsic::Nanosleep &&
             (id == ir::Intrinsic::None || ir::info(id).effects != ir::Effects::state);
    });
  });
}

// Whether each lane waits for something of its own, such as a lock that a lane of the same gang may hold.
bool asksAlone(const Loop &loop, const Shapes &shapes) {
  return any_of(loop.blocks(), [&](BasicBlock *block) {
    return any_of(*block, [&](Instruction &instruction) {
      auto *load = dyn_cast<LoadInst>(&instruction);
      return isa<AtomicCmpXchgInst, AtomicRMWInst>(instruction) || (load && !load->isSimple() && !shapes.of(load->getPointerOperand()).isUniform());
    });
  });
}

// A divergent branch both of whose ways wait before they meet: perhaps for each other.
bool bothWaysWait(Function &kernel, const LoopInfo &loops, const Shapes &shapes) {
  PostDominatorTree postDominators(kernel);
  auto waits = [&](BasicBlock *from, BasicBlock *to, const Loop *within) {
    SmallPtrSet<BasicBlock *, 16> seen;
    SmallVector<BasicBlock *, 16> work{from};
    while (!work.empty()) {
      BasicBlock *block = work.pop_back_val();
      if (block == to || (within && (!within->contains(block) || block == within->getHeader())) || !seen.insert(block).second) continue;
      if (yields(*block)) return true;
      append_range(work, successors(block));
    }
    return false;
  };
  return any_of(kernel, [&](BasicBlock &block) {
    auto *branch = dyn_cast<BranchInst>(block.getTerminator());
    if (!branch || !branch->isConditional() || !shapes.of(branch->getCondition()).isVarying()) return false;
    auto *node = postDominators.getNode(&block);
    BasicBlock *meet = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
    const Loop *within = loops.getLoopFor(&block);
    return waits(branch->getSuccessor(0), meet, within) && waits(branch->getSuccessor(1), meet, within);
  });
}

// Whether lanes of a gang may wait for each other: then one must get on while the others wait, so each thread is a gang.
bool waitsLaneByLane(Function &kernel, const LaunchIds &ids) {
  if (none_of(kernel, [](const BasicBlock &block) { return yields(block); })) return false;
  DominatorTree dominators(kernel);
  LoopInfo loops(dominators);
  Shapes shapes(kernel, ids);
  for (Loop *loop : loops.getLoopsInPreorder()) {
    bool waits = any_of(loop->blocks(), [](const BasicBlock *block) { return yields(*block); });
    if (!waits || isForOneLane(loop->getHeader(), dominators, shapes)) continue;
    bool itself = any_of(loop->blocks(), [&](const BasicBlock *block) { return loops.getLoopFor(block) == loop && yields(*block); });
    if (itself && asksAlone(*loop, shapes)) return true;
    // Nothing but waiting for one word: nobody waits for what the lanes that have left do next.
    if (lanesPart(*loop, shapes) && !(itself && onlyReads(*loop))) return true;
  }
  return bothWaysWait(kernel, loops, shapes);
}

// Wide gangs keep more of the machine's units busy, while their vectors fit into its registers.
constexpr unsigned MaxPressure = 14;

unsigned natural(Function &kernel, const SimtOptions &options) {
  unsigned machine = options.vectorBits >= 512 ? 16 : 8;
  if (options.anyShape()) return machine;
  if (options.threads() == 1) return 1;
  // Lanes of one row only, where there are rows: their addresses are contiguous then.
  bool rows = options.block[1] * options.block[2] > 1;
  unsigned extent = rows ? options.block[0] : options.threads();
  auto fits = [&](unsigned width) { return vectorPressure(kernel, Shapes(kernel, LaunchIds(width, options.block))) * width <= MaxPressure * 2 * machine; };
  if (extent % (2 * machine) == 0 && fits(2 * machine)) return 2 * machine;
  return rows && extent % machine ? 8 : machine;
}

}  // namespace

Error chooseGangWidth(Function &kernel, const SimtOptions &options) {
  bool warp = needsWarp(kernel);
  unsigned width = options.gangWidth ? options.gangWidth : warp ? 32 : natural(kernel, options);
  if (!warp && width > 1 && waitsLaneByLane(kernel, LaunchIds(width, options.block))) {
    if (options.gangWidth)
      return refuse(Diag::simt_gang_width, "threads of a gang may wait for each other, which needs gangs of one lane, not of " + std::to_string(width));
    width = 1;
  }
  if (width != 1 && width != 8 && width != 16 && width != 32)
    return refuse(Diag::simt_gang_width, "a gang of " + std::to_string(width) + " lanes; 1, 8, 16 and 32 are possible");
  bool warpIntrinsics = any_of(instructions(kernel), [](const Instruction &instruction) {
    auto *call = dyn_cast<CallInst>(&instruction);
    return call && talksWithinWarp(*call);
  });
  if (warpIntrinsics && width != 32)
    return refuse(Diag::simt_gang_width, "the kernel uses warp operations, which need gangs of 32 lanes, not of " + std::to_string(width));
  if (kernel.hasFnAttribute(widened::LanesWaitAttr)) {
    if (warpIntrinsics)
      return refuse(Diag::codegen_lanes_wait, "each thread of a warp waits for a lock, and the kernel uses warp operations");
    width = 1;
  }
  kernel.addFnAttr(widened::GangWidthAttr, std::to_string(width));
  return Error::success();
}

}  // namespace cutrans::simt
