// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values that are one for the block; see block_uniformity.h.
#include "compiler/simt/block_uniformity.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/shapes.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

bool startsDifferent(const Instruction &instruction) {
  if (auto *load = dyn_cast<LoadInst>(&instruction)) return !isAlwaysReadable(*load);
  if (auto *call = dyn_cast<CallInst>(&instruction)) {
    using enum ir::Intrinsic;
    switch (ir::Intrinsic id = ir::intrinsicOf(call)) {
      case TidX:
      case TidY:
      case TidZ:
      case LaneId:
      case WarpId: return true;
      case BarrierRedPopc:
      case BarrierRedAnd:
      case BarrierRedOr: return false;
      case GangAny: return !isa<Constant>(call->getArgOperand(0));
      case None: return !isa<IntrinsicInst>(call);
      default: return ir::info(id).effects != ir::Effects::pure;
    }
  }
  return instruction.mayReadOrWriteMemory();
}

}  // namespace

bool isAlwaysReadable(const LoadInst &load) {
  if (!load.isSimple()) return false;
  unsigned space = load.getPointerAddressSpace();
  if (space == ir::space::Param) return true;
  if (space != ir::space::Const) return false;
  const DataLayout &layout = load.getModule()->getDataLayout();
  APInt offset(layout.getIndexSizeInBits(space), 0);
  const Value *base = load.getPointerOperand()->stripAndAccumulateConstantOffsets(layout, offset, /*AllowNonInbounds=*/true);
  auto *global = dyn_cast<GlobalVariable>(base);
  if (!global || offset.isNegative()) return false;
  uint64_t size = layout.getTypeAllocSize(global->getValueType()), read = layout.getTypeStoreSize(load.getType());
  return offset.ule(size) && read <= size - offset.getZExtValue();
}

BlockUniformity::BlockUniformity(Function &kernel, const Shapes &shapes) {
  PostDominatorTree postDominators(kernel);
  DominatorTree dominators(kernel);
  LoopInfo loops(dominators);
  SmallPtrSet<BasicBlock *, 16> joins;  // blocks whose phis see gangs that came different ways, or at different turns
  auto spread = [&](BasicBlock *branch) {
    auto *node = postDominators.getNode(branch);
    BasicBlock *end = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
    SmallSetVector<BasicBlock *, 16> region;
    region.insert(branch);
    for (unsigned i = 0; i < region.size(); ++i)
      if (region[i] != end)
        for (BasicBlock *after : successors(region[i])) region.insert(after);
    for (BasicBlock *block : region) {
      Loop *loop = loops.getLoopFor(block);
      bool leaves = any_of(predecessors(block), [&](BasicBlock *before) {
        Loop *left = loops.getLoopFor(before);
        return left && !left->contains(block) && left->contains(branch);
      });
      unsigned ways = count_if(predecessors(block), [&](BasicBlock *before) {
        bool turns = loop && loop->getHeader() == block && loop->contains(before) && !loop->contains(branch);
        return region.contains(before) && !turns;
      });
      if (leaves || ways > 1) joins.insert(block);
    }
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (Instruction &instruction : instructions(kernel)) {
      if (differs_.contains(&instruction)) continue;
      bool differs = any_of(instruction.operands(), [&](const Use &use) { return differs_.contains(use.get()); });
      if (!instruction.getType()->isVoidTy())
        differs |= !shapes.of(&instruction).isUniform() || startsDifferent(instruction) ||
                   (isa<PHINode>(instruction) && joins.contains(instruction.getParent()));
      if (auto *call = dyn_cast<CallInst>(&instruction)) {  // one value for the block, whatever each lane brought
        ir::Intrinsic id = ir::intrinsicOf(call);
        using enum ir::Intrinsic;
        if (id == BarrierRedPopc || id == BarrierRedAnd || id == BarrierRedOr) continue;
      }
      if (!differs) continue;
      differs_.insert(&instruction);
      changed = true;
      if (instruction.isTerminator()) spread(instruction.getParent());
    }
  }
}

}  // namespace cutrans::simt
