// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// split-phases: `void @kernel(ptr %block, i32 %gang)` becomes `void @kernel(ptr %block)`, which runs a whole block.
//
// In: widened code in which every conditional branch is gang-uniform (widened.h). Out: no barrier is left; each region between
// barriers is a loop over the gangs; attribute "cutrans.scratch-bytes". Legal where all barriers are under block-uniform
// control and for all threads; elsewhere nothing but the block structure changes and the reason is returned.
// docs/simt.md, section 5.
#include "compiler/simt/split_phases.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <llvm/Transforms/Utils/Local.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>
#include <llvm/Transforms/Utils/LoopUtils.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "compiler/simt/phases.h"
#include "compiler/simt/split_phases_frame.h"
#include "compiler/simt/widened.h"
#include "cutrans/native_kernel.h"

namespace cutrans::simt {
namespace {

using namespace phases;

llvm::StringRef calleeName(const llvm::Instruction &instruction) {
  auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
  return call && call->getCalledFunction() ? call->getCalledFunction()->getName() : "";
}

// The form runs barriers of the whole block only.
bool barriersFit(llvm::Function &kernel, std::string &reason) {
  unsigned gangs = exactGangs(kernel);
  if (kernel.hasFnAttribute(DivergentBarriersAttr)) return reason = "threads meet at a barrier on different ways", false;
  for (llvm::Instruction &instruction : llvm::instructions(kernel)) {
    llvm::StringRef name = calleeName(instruction);
    if (name == widened::BarrierArrive) return reason = "a barrier is arrived at without waiting", false;
    if (name == widened::WarpExchange) return reason = "lanes of a warp meet that are in different gangs", false;
    if (name == widened::Yield) return reason = "a loop may wait for another part of the grid", false;
    if (name != widened::BarrierSync && name != widened::BarrierReduce) continue;
    auto *expected = llvm::dyn_cast<llvm::ConstantInt>(llvm::cast<llvm::CallInst>(instruction).getArgOperand(1));
    if (expected && (expected->isZero() || (gangs && expected->getZExtValue() == threadsOf(kernel)))) continue;
    return reason = "a barrier is for a part of the block, or its thread count is not a constant", false;
  }
  return true;
}

// The gangs' votes and arrivals are added up in the region before the barrier; behind it they are the block's.
void reduceOverGangs(Plan &plan, llvm::CallInst *barrier) {
  llvm::IRBuilder<> entry(&*plan.kernel->getEntryBlock().begin());
  llvm::IRBuilder<> before(barrier->getParent()->getSinglePredecessor()->getTerminator());
  llvm::IRBuilder<> builder(barrier);
  llvm::Value *result = llvm::PoisonValue::get(barrier->getType());
  // {true votes, threads}: arguments 3 and 2.
  for (unsigned part = 0; part < 2; ++part) {
    llvm::AllocaInst *sum = entry.CreateAlloca(entry.getInt32Ty(), nullptr, part ? "arrived" : "votes");
    entry.CreateStore(entry.getInt32(0), sum);
    llvm::Value *old = before.CreateLoad(before.getInt32Ty(), sum);
    before.CreateStore(before.CreateAdd(old, barrier->getArgOperand(part ? 2 : 3)), sum);
    result = builder.CreateInsertValue(result, builder.CreateLoad(builder.getInt32Ty(), sum), part);
    builder.CreateStore(builder.getInt32(0), sum);
  }
  barrier->replaceAllUsesWith(result);
}

void dropBarriers(Plan &plan) {
  for (llvm::CallInst *barrier : plan.barriers) {
    if (!barrier->getType()->isVoidTy()) reduceOverGangs(plan, barrier);
    barrier->eraseFromParent();
  }
}

void makeShells(Plan &plan) {
  for (auto &[entry, region] : plan.regions) {
    auto make = [&](const char *suffix) {
      auto *block = llvm::BasicBlock::Create(plan.kernel->getContext(), entry->getName() + suffix, plan.kernel);
      new llvm::UnreachableInst(plan.kernel->getContext(), block);
      return block;
    };
    region.before = make(".phase");
    region.latch = make(".gang");
    region.after = make(".end");
  }
}

void retarget(llvm::Instruction *terminator, llvm::BasicBlock *from, llvm::BasicBlock *to) {
  for (unsigned i = 0; i < terminator->getNumSuccessors(); ++i)
    if (terminator->getSuccessor(i) == from) terminator->setSuccessor(i, to);
}

void branchTo(llvm::BasicBlock *block, llvm::BasicBlock *to) {
  block->getTerminator()->eraseFromParent();
  llvm::BranchInst::Create(to, block);
}

// before -> [entry ... -> latch -> entry] -> after, for each region.
void makeLoops(Plan &plan, llvm::Value *gangs) {
  llvm::Argument *gangArgument = plan.kernel->getArg(1);
  auto start = [&](llvm::BasicBlock *block) {
    auto found = plan.regions.find(block);
    return found == plan.regions.end() ? block : found->second.before;
  };
  for (auto &[entry, region] : plan.regions) {
    if (region.target)
      for (llvm::BasicBlock *block : region.blocks) retarget(block->getTerminator(), region.target, region.latch);
  }
  for (llvm::BasicBlock *block : plan.blockLevel)
    for (auto &[entry, region] : plan.regions) retarget(block->getTerminator(), entry, region.before);
  for (auto &[entry, region] : plan.regions) {
    llvm::IRBuilder<> builder(entry, entry->begin());
    bool hasLatch = region.target && !llvm::pred_empty(region.latch);
    llvm::PHINode *gang = builder.CreatePHI(builder.getInt32Ty(), 2, "gang");
    gang->addIncoming(builder.getInt32(0), region.before);
    branchTo(region.before, entry);
    if (hasLatch) {
      builder.SetInsertPoint(region.latch->getTerminator());
      llvm::Value *next = builder.CreateAdd(gang, builder.getInt32(1), "gang.next", true, true);
      gang->addIncoming(next, region.latch);
      builder.CreateCondBr(builder.CreateICmpULT(next, gangs), entry, region.after);
      region.latch->getTerminator()->eraseFromParent();
      branchTo(region.after, start(region.target));
    }
    llvm::SmallPtrSet<llvm::BasicBlock *, 8> inside(region.blocks.begin(), region.blocks.end());
    gangArgument->replaceUsesWithIf(gang, [&](llvm::Use &use) {
      auto *user = llvm::cast<llvm::Instruction>(use.getUser());
      auto *phi = llvm::dyn_cast<llvm::PHINode>(user);
      return inside.contains(phi ? phi->getIncomingBlock(use) : user->getParent());
    });
  }
}

llvm::Value *countGangs(llvm::Function &kernel) {
  llvm::IRBuilder<> builder(kernel.getEntryBlock().getTerminator());
  if (unsigned exact = exactGangs(kernel)) return builder.getInt32(exact);
  llvm::Value *threads = builder.getInt32(1);
  for (unsigned i = 0; i < 3; ++i) {
    llvm::Value *field = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), kernel.getArg(0),
                                                            offsetof(ct_native_block, block) + 4 * i);
    threads = builder.CreateMul(threads, builder.CreateLoad(builder.getInt32Ty(), field));
  }
  unsigned width = widthOf(kernel);
  return builder.CreateUDiv(builder.CreateAdd(threads, builder.getInt32(width - 1)), builder.getInt32(width), "gangs");
}

void promote(llvm::Function &kernel) {
  llvm::SmallVector<llvm::AllocaInst *, 16> variables;
  for (llvm::Instruction &instruction : kernel.getEntryBlock())
    if (auto *variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction); variable && llvm::isAllocaPromotable(variable))
      variables.push_back(variable);
  llvm::DominatorTree dominators(kernel);
  llvm::PromoteMemToReg(variables, dominators);
}

// The same function without %gang.
llvm::Function *dropGangArgument(llvm::Function &kernel) {
  llvm::Type *pointer = llvm::PointerType::get(kernel.getContext(), 0);
  auto *type = llvm::FunctionType::get(kernel.getReturnType(), {pointer}, false);
  auto *result = llvm::Function::Create(type, kernel.getLinkage(), kernel.getAddressSpace(), "", kernel.getParent());
  result->takeName(&kernel);
  result->copyAttributesFrom(&kernel);
  result->splice(result->begin(), &kernel);
  kernel.getArg(0)->replaceAllUsesWith(result->getArg(0));
  result->getArg(0)->setName("block");
  kernel.getArg(1)->replaceAllUsesWith(llvm::PoisonValue::get(kernel.getArg(1)->getType()));
  kernel.eraseFromParent();
  return result;
}

}  // namespace

unsigned widthOf(const llvm::Function &kernel) {
  unsigned width = 1;
  kernel.getFnAttribute(widened::GangWidthAttr).getValueAsString().getAsInteger(10, width);
  return width ? width : 1;
}

unsigned threadsOf(const llvm::Function &kernel) {
  llvm::SmallVector<llvm::StringRef, 3> extents;
  kernel.getFnAttribute(widened::BlockShapeAttr).getValueAsString().split(extents, ',');
  unsigned threads = extents.size() == 3;
  for (llvm::StringRef text : extents) {
    unsigned extent = 0;
    if (text.trim().getAsInteger(10, extent)) return 0;
    threads *= extent;
  }
  return threads;
}

bool barriersAllowPhases(llvm::Function &kernel, std::string &reason) {
  if (!barriersFit(kernel, reason)) return false;
  llvm::ValueToValueMapTy map;
  llvm::Function *trial = llvm::CloneFunction(&kernel, map);
  Plan plan;
  prepareForPhases(*trial);
  bool legal = findRegions(*trial, plan, reason);
  trial->eraseFromParent();
  return legal;
}

void prepareForPhases(llvm::Function &kernel) {
  llvm::removeUnreachableBlocks(kernel);
  llvm::BasicBlock *old = &kernel.getEntryBlock();
  auto *entry = llvm::BasicBlock::Create(kernel.getContext(), "block.entry", &kernel, old);
  llvm::BranchInst::Create(old, entry);
  llvm::DominatorTree dominators(kernel);
  llvm::LoopInfo loops(dominators);
  for (llvm::Loop *loop : loops) {
    llvm::simplifyLoop(loop, &dominators, &loops, nullptr, nullptr, nullptr, false);
    llvm::formLCSSARecursively(*loop, dominators, &loops, nullptr);
  }
}

llvm::Function *splitPhases(llvm::Function &kernel) {
  prepareForPhases(kernel);
  Plan plan;
  std::string reason;
  if (!findRegions(kernel, plan, reason)) return nullptr;
  dropBarriers(plan);  // first, because what they count may come from another region
  makeShells(plan);
  unsigned scratch = rehomeValues(plan);
  makeLoops(plan, countGangs(kernel));
  llvm::removeUnreachableBlocks(kernel);
  promote(kernel);
  kernel.addFnAttr(ScratchBytesAttr, std::to_string(scratch));
  return dropGangArgument(kernel);
}

}  // namespace cutrans::simt
