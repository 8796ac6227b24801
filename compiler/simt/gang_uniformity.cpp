// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/simt/gang_uniformity.h"

#include <llvm/Analysis/PostDominators.h>
#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/widened.h"

namespace cutrans::simt {
namespace {

bool isInvariantLoad(const llvm::Instruction &instruction) {
  auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction);
  return load && load->isSimple() && load->hasMetadata(llvm::LLVMContext::MD_invariant_load);
}

bool isPureCall(const llvm::CallInst &call) {
  const llvm::Function *callee = call.getCalledFunction();
  return callee && callee->doesNotAccessMemory() && !callee->isConvergent() && callee->willReturn();
}

bool isThreadId(const llvm::Instruction &instruction) {
  using enum ir::Intrinsic;
  ir::Intrinsic id = ir::intrinsicOf(&instruction);
  return id == TidX || id == TidY || id == TidZ || id == LaneId || id == WarpId || (id >= LanemaskEq && id <= LanemaskGt);
}

// Makes a new difference on its own, whatever its operands.
bool isSource(const llvm::Instruction &instruction) {
  if (isThreadId(instruction)) return true;
  if (instruction.hasMetadata(widened::BlockUniformMetadata)) return false;
  if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction)) return !isPureCall(*call);
  if (llvm::isa<llvm::AllocaInst>(instruction)) return true;
  return instruction.mayReadFromMemory() && !isInvariantLoad(instruction);
}

}  // namespace

bool isRepeatable(const llvm::Instruction &instruction) {
  if (llvm::isa<llvm::PHINode, llvm::FreezeInst, llvm::AllocaInst>(instruction) || instruction.isTerminator()) return false;
  if (isInvariantLoad(instruction)) return true;
  if (instruction.mayReadOrWriteMemory()) return false;
  if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction)) return isPureCall(*call);
  return llvm::isSafeToSpeculativelyExecute(&instruction);
}

GangUniformity::GangUniformity(llvm::Function &function, const llvm::PostDominatorTree &postDominators)
    : postDominators_(postDominators) {
  if (function.arg_size() > 1) {
    llvm::Argument *gang = function.getArg(1);
    differs_.insert(gang);
    for (llvm::User *user : gang->users()) mark(llvm::cast<llvm::Instruction>(user));
  }
  for (llvm::Instruction &instruction : llvm::instructions(function))
    if (isSource(instruction)) mark(&instruction);
  while (!work_.empty()) {
    llvm::Instruction *instruction = work_.pop_back_val();
    if (instruction->isTerminator()) markJoins(instruction->getParent());
    for (llvm::User *user : instruction->users()) mark(llvm::cast<llvm::Instruction>(user));
  }
}

void GangUniformity::mark(llvm::Instruction *instruction) {
  if (instruction->hasMetadata(widened::BlockUniformMetadata)) return;
  if (differs_.insert(instruction).second) work_.push_back(instruction);
}

// Gangs part at `branch`: whatever a phi picks before they meet again may differ.
void GangUniformity::markJoins(llvm::BasicBlock *branch) {
  auto *node = postDominators_.getNode(branch);
  llvm::BasicBlock *meet = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
  llvm::SmallPtrSet<llvm::BasicBlock *, 16> seen;
  llvm::SmallVector<llvm::BasicBlock *, 16> work(llvm::succ_begin(branch), llvm::succ_end(branch));
  while (!work.empty()) {
    llvm::BasicBlock *block = work.pop_back_val();
    if (!seen.insert(block).second) continue;
    for (llvm::PHINode &phi : block->phis()) mark(&phi);
    if (block == meet) continue;
    work.append(llvm::succ_begin(block), llvm::succ_end(block));
  }
}

}  // namespace cutrans::simt
