// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Costs of code under a mask, in about the cycles of one vector operation; see linearize_cost.h.
#include "compiler/simt/linearize_cost.h"

#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/shapes.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

// A branch that nobody can predict costs about this much; code that is cheaper runs under an empty mask instead.
constexpr unsigned SkipCost = 16;
constexpr unsigned AlwaysSkip = 1000;

unsigned costOf(const Instruction &instruction, const Shapes &shapes) {
  if (isa<PHINode, BranchInst, BitCastInst, IntToPtrInst, PtrToIntInst>(instruction)) return 0;
  auto access = [&](const Value *address) {
    const Shape &shape = shapes.of(address);
    // A uniform access needs a live lane anyway, per-lane ones are slow.
    return shape.isUniform() ? AlwaysSkip : shape.isPattern() && shape.roots.empty() ? 2 : 12;
  };
  if (auto *load = dyn_cast<LoadInst>(&instruction)) return access(load->getPointerOperand());
  if (auto *store = dyn_cast<StoreInst>(&instruction)) return access(store->getPointerOperand());
  if (auto *call = dyn_cast<CallInst>(&instruction)) {
    ir::Intrinsic id = ir::intrinsicOf(call);
    if (id == ir::Intrinsic::None) return isa<IntrinsicInst>(call) ? 2 : AlwaysSkip;
    if (id < ir::Intrinsic::BarrierSync) return 1;
    return ir::info(id).effects == ir::Effects::pure ? 8 : AlwaysSkip;
  }
  if (instruction.mayReadOrWriteMemory()) return AlwaysSkip;
  if (shapes.of(&instruction).isUniform()) return 1;
  switch (instruction.getOpcode()) {
    case Instruction::UDiv:
    case Instruction::SDiv:
    case Instruction::URem:
    case Instruction::SRem: return 32;
    case Instruction::FDiv:
    case Instruction::FRem: return 8;
    default: return 1;
  }
}

}  // namespace

bool isWorthSkipping(ArrayRef<BasicBlock *> blocks, const Shapes &shapes) {
  unsigned cost = 0;
  for (BasicBlock *block : blocks)
    for (Instruction &instruction : *block)
      if ((cost += costOf(instruction, shapes)) >= SkipCost) return true;
  return false;
}

}  // namespace cutrans::simt
