// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// check-waves: refuses by name what thread form on this device could not do right (docs/amdgpu-emit.md and spirv-emit.md list it). In: scalar SPMD IR
// behind scalar-cleanup. A wave runs its threads in step and lays out divergent ways as its compiler likes, so:
//  - threads of a wave must not wait for each other in loops, nor meet at warp operations or barriers on different ways;
//  - the barrier is for all of the block.
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/thread/thread.h"
#include "compiler/simt/lanes_wait.h"
#include "compiler/simt/launch_ids.h"
#include "compiler/simt/linearize_divergent_branches.h"
#include "compiler/simt/phases.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/widened.h"

namespace cutrans::emit::thread {
namespace {

using ir::Intrinsic;

const char *whyNoRule(Intrinsic id, const Machine &machine) {
  using enum Intrinsic;
  switch (id) {
    case TexSample:
    case TexQuery:
    case SurfLoad:
    case SurfStore: return machine.textures ? nullptr : "textures and surfaces";
    case TensorCopy: return "tensor copies";
    case BulkCopy:
    case BulkReduce: return "bulk copies";
    case Malloc:
    case Free: return machine.fields.heap == LaunchFields::None ? "malloc and free in device code" : nullptr;
    case ClusterMap:
    case ClusterRankOf:
    case ClusterArrive:
    case ClusterWait: return "clusters of blocks";
    default: return nullptr;
  }
}

llvm::Error checkBarrier(llvm::CallInst &call, Intrinsic id, const simt::SimtOptions &options, const Machine &machine) {
  auto refuse = [&](const char *why) { return simt::refuse(machine.barrierRefusal, call, why); };
  if (id == Intrinsic::BarrierArrive) return refuse("barrier.arrive: a wave cannot come to a barrier and go on");
  auto *number = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(0));
  auto *threads = llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(1));
  if (!number || !threads) return refuse("a barrier whose number or thread count is not a constant");
  bool all = threads->isZero() || (!options.anyShape() && threads->getZExtValue() == llvm::alignTo(options.threads(), 32));
  if (!all) return refuse("a barrier for a part of the block");
  return llvm::Error::success();
}

}  // namespace

unsigned atomicBits(const llvm::Instruction &instruction) {
  llvm::Type *type = nullptr;
  if (auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) type = rmw->getType();
  else if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) type = exchange->getCompareOperand()->getType();
  else if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction); load && load->isAtomic()) type = load->getType();
  else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction); store && store->isAtomic()) type = store->getValueOperand()->getType();
  return type ? unsigned(instruction.getDataLayout().getTypeSizeInBits(type).getFixedValue()) : 0;
}

llvm::Error checkWaves(llvm::Function &kernel, const simt::SimtOptions &options, const Machine &machine) {
  for (llvm::Instruction &instruction : llvm::instructions(kernel)) {
    if (atomicBits(instruction) > 64) return simt::refuse(machine.noForm, instruction, "an atomic access of 128 bits");
    auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (!call) continue;
    Intrinsic id = ir::intrinsicOf(call);
    if (id == Intrinsic::None) continue;
    if (const char *what = whyNoRule(id, machine)) return simt::refuse(machine.noForm, *call, what);
    if (id >= Intrinsic::BarrierSync && id <= Intrinsic::BarrierRedOr)
      if (llvm::Error error = checkBarrier(*call, id, options, machine)) return error;
  }
  simt::markWaitingLoops(kernel);
  simt::markDivergentBarriers(kernel);
  if (kernel.hasFnAttribute(simt::DivergentBarriersAttr))
    return simt::refuse(machine.barrierRefusal, "threads come to barriers of the block on different ways");
  if (!machine.mayWait && kernel.hasFnAttribute(simt::widened::ResumableAttr))
    return simt::refuse(machine.waitsRefusal, "a loop that waits for what other threads do: nothing promises that they go on meanwhile");
  if (!simt::canLinearize(kernel)) {
    // The analyses below cannot follow it.
    if (kernel.hasFnAttribute(simt::widened::ResumableAttr)) return simt::refuse(machine.waitsRefusal, "a loop that waits, in control flow with several ways into a loop");
    return llvm::Error::success();
  }
  if (const char *why = simt::whyLanesMeetApart(kernel, simt::LaunchIds(32, options.block))) return simt::refuse(machine.waitsRefusal, why);
  if (const char *why = simt::whyWavesWait(kernel, simt::LaunchIds(machine.wave, options.block))) return simt::refuse(machine.waitsRefusal, why);
  return llvm::Error::success();
}

}  // namespace cutrans::emit::thread
