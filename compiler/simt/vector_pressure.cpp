// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Live ranges of varying values by the usual backward data flow; see vector_pressure.h.
#include "compiler/simt/vector_pressure.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/DenseSet.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

#include "compiler/simt/shapes.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

using Live = DenseSet<const Value *>;

class Pressure {
 public:
  Pressure(const Function &kernel, const Shapes &shapes) : kernel_(kernel), shapes_(shapes), layout_(kernel.getParent()->getDataLayout()) {}

  unsigned find() {
    SmallVector<const BasicBlock *, 32> order(post_order(&kernel_));
    for (bool changed = true; changed;) {
      changed = false;
      for (const BasicBlock *block : order) changed |= visit(*block);
    }
    return peak_;
  }

 private:
  unsigned sizeOf(const Value *value) const {
    if (!isa<Instruction>(value) || !shapes_.of(value).isVarying() || value->getType()->isStructTy()) return 0;
    return (layout_.getTypeSizeInBits(value->getType()).getFixedValue() + 16) / 32;  // masks: nothing
  }

  bool visit(const BasicBlock &block) {
    Live live;
    for (const BasicBlock *after : successors(&block)) {
      for (const Value *value : liveIn_[after]) live.insert(value);
      for (const PHINode &phi : after->phis()) {
        live.erase(&phi);
        add(live, phi.getIncomingValueForBlock(&block));
      }
    }
    unsigned now = 0;
    for (const Value *value : live) now += sizeOf(value);
    peak_ = std::max(peak_, now);
    for (const Instruction &instruction : reverse(block)) {
      if (live.erase(&instruction)) now -= sizeOf(&instruction);
      if (!isa<PHINode>(instruction))
        for (const Value *operand : instruction.operands())
          if (add(live, operand)) now += sizeOf(operand);
      peak_ = std::max(peak_, now);
    }
    for (const PHINode &phi : block.phis()) add(live, &phi);
    Live &before = liveIn_[&block];
    if (before.size() == live.size()) return false;  // the sets only grow
    before = std::move(live);
    return true;
  }

  bool add(Live &live, const Value *value) { return sizeOf(value) > 0 && live.insert(value).second; }

  const Function &kernel_;
  const Shapes &shapes_;
  const DataLayout &layout_;
  DenseMap<const BasicBlock *, Live> liveIn_;
  unsigned peak_ = 0;
};

}  // namespace

unsigned vectorPressure(const Function &kernel, const Shapes &shapes) { return Pressure(kernel, shapes).find(); }

}  // namespace cutrans::simt
