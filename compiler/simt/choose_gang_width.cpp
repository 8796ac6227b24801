// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// choose-gang-width: how many lanes run as one vector program. 32, a whole warp, where lanes of a warp can see each other
// do something; else what suits the block's first extent and the machine. docs/simt.md, section 4.
//
// After: attribute "cutrans.gang-width".
#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/refusal.h"
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

unsigned natural(const SimtOptions &options) {
  unsigned machine = options.vectorBits >= 512 ? 16 : 8;
  if (options.anyShape()) return machine;
  // Lanes of one row only, where there are rows: their addresses are contiguous then.
  bool rows = options.block[1] * options.block[2] > 1;
  for (unsigned width = machine; width > 8; width /= 2)
    if (!rows || options.block[0] % width == 0) return width;
  return 8;
}

}  // namespace

Error chooseGangWidth(Function &kernel, const SimtOptions &options) {
  bool warp = needsWarp(kernel);
  unsigned width = options.gangWidth ? options.gangWidth : warp ? 32 : natural(options);
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
