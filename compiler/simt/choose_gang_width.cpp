// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// choose-gang-width: how many lanes run as one vector program. 32, a whole warp, where lanes of a warp can see each other
// do something; else what suits the block's first extent and the machine. docs/simt.md, section 4.
//
// After: attribute "cutrans.gang-width".
#include <llvm/Analysis/LoopInfo.h>
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
  if (auto *load = dyn_cast<LoadInst>(&instruction)) return !load->isSimple() && isShared(load->getPointerOperand());
  if (auto *store = dyn_cast<StoreInst>(&instruction)) return !store->isSimple() && isShared(store->getPointerOperand());
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

// A loop in which each lane waits for something of its own, such as a lock that a lane of the same gang may hold: that lane must
// get on while the others wait, so each thread is a gang.
bool waitsLaneByLane(Function &kernel, const LaunchIds &ids) {
  auto yields = [](Instruction &instruction) {
    auto *call = dyn_cast<CallInst>(&instruction);
    return call && call->getCalledFunction() && call->getCalledFunction()->getName() == widened::Yield;
  };
  if (none_of(instructions(kernel), yields)) return false;
  DominatorTree dominators(kernel);
  LoopInfo loops(dominators);
  Shapes shapes(kernel, ids);
  for (Loop *loop : loops.getLoopsInPreorder()) {
    bool waits = false, alone = false;
    for (BasicBlock *block : loop->blocks())
      for (Instruction &instruction : *block) {
        waits |= yields(instruction);
        auto *load = dyn_cast<LoadInst>(&instruction);
        alone |= isa<AtomicCmpXchgInst, AtomicRMWInst>(instruction) || (load && !load->isSimple() && !shapes.of(load->getPointerOperand()).isUniform());
      }
    if (waits && alone && !isForOneLane(loop->getHeader(), dominators, shapes)) return true;
  }
  return false;
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
  if (!options.gangWidth && !warp && waitsLaneByLane(kernel, LaunchIds(width, options.block))) width = 1;
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
