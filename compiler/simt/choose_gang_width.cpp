// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// choose-gang-width: how many lanes run as one vector program. 32, a whole warp, where lanes of a warp can see each other
// do something; 1 where lanes in step would wait for each other; else what suits the block's first extent and the machine. docs/simt.md, section 1.
//
// After: attribute "cutrans.gang-width".
#include <llvm/IR/InstIterator.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/lanes_wait.h"
#include "compiler/simt/linearize_divergent_branches.h"
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
    case ClusterArrive:
    case ClusterWait:
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
  unsigned width = options.gangWidth ? options.gangWidth : needsWarp(kernel) ? 32 : natural(kernel, options);
  if (width != 1 && width != 8 && width != 16 && width != 32)
    return refuse(Diag::simt_gang_width, "a gang of " + std::to_string(width) + " lanes; 1, 8, 16 and 32 are possible");
  const char *alone = width == 1 ? nullptr : canLinearize(kernel) ? whyLanesWait(kernel, LaunchIds(width, options.block)) : "loops with several ways in";
  if (alone) kernel.addFnAttr(widened::LanesAloneAttr, alone);
  kernel.addFnAttr(widened::GangWidthAttr, std::to_string(alone ? 1 : width));
  return Error::success();
}

}  // namespace cutrans::simt
