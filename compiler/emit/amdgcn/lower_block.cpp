// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lower-amdgcn: barriers of the whole block, and the memory for stacks.
//
// s_barrier counts waves, and a wave that has ended counts as one that came, as CUDA has it for threads. check-waves has refused barriers
// that a wave's threads would come to on different ways, and those for a part of the block.
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicsAMDGPU.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "compiler/emit/amdgcn/lowering.h"
#include "compiler/ir/spmd.h"

namespace cutrans::emit::amdgcn {

using ir::Intrinsic;
using llvm::AtomicOrdering;
using llvm::Value;

void BlockLowering::wait(llvm::IRBuilderBase &builder) {
  llvm::SyncScope::ID group = kernel_.getContext().getOrInsertSyncScopeID("workgroup");
  builder.CreateFence(AtomicOrdering::Release, group);
  builder.CreateIntrinsic(llvm::Intrinsic::amdgcn_s_barrier, llvm::ArrayRef<llvm::Type *>(), {});
  builder.CreateFence(AtomicOrdering::Acquire, group);
}

// Two cells in shared memory: nobody looks at them any more (first barrier), all write zero, all add (between the second and the
// third), all read. Any thread may be missing, so all do each step.
Value *BlockLowering::reduce(llvm::CallInst &call, Intrinsic id) {
  llvm::Module &module = *kernel_.getParent();
  llvm::IRBuilder<> builder(&call);
  llvm::Type *i32 = builder.getInt32Ty();
  if (!cells_) {
    auto *type = llvm::ArrayType::get(i32, 2);
    cells_ = new llvm::GlobalVariable(module, type, false, llvm::GlobalValue::InternalLinkage, llvm::PoisonValue::get(type), "cutrans.votes", nullptr,
                                      llvm::GlobalValue::NotThreadLocal, ir::space::Shared);
    cells_->setAlignment(llvm::Align(8));
  }
  llvm::SyncScope::ID group = module.getContext().getOrInsertSyncScopeID("workgroup");
  Value *cells[] = {cells_, builder.CreateConstInBoundsGEP2_32(cells_->getValueType(), cells_, 0, 1)};
  Value *adds[] = {builder.CreateZExt(builder.CreateFreeze(call.getArgOperand(2)), i32), builder.getInt32(1)};
  Value *sums[2];
  wait(builder);
  for (Value *cell : cells) builder.CreateAlignedStore(builder.getInt32(0), cell, llvm::Align(4))->setAtomic(AtomicOrdering::Monotonic, group);
  wait(builder);
  for (unsigned i : {0, 1}) builder.CreateAtomicRMW(llvm::AtomicRMWInst::Add, cells[i], adds[i], llvm::Align(4), AtomicOrdering::Monotonic, group);
  wait(builder);
  for (unsigned i : {0, 1}) {
    llvm::LoadInst *load = builder.CreateAlignedLoad(i32, cells[i], llvm::Align(4));
    load->setAtomic(AtomicOrdering::Monotonic, group);
    sums[i] = load;
  }
  if (id == Intrinsic::BarrierRedPopc) return sums[0];
  return id == Intrinsic::BarrierRedAnd ? builder.CreateICmpEQ(sums[0], sums[1]) : builder.CreateIsNotNull(sums[0]);
}

Value *BlockLowering::lower(llvm::CallInst &call, Intrinsic id) {
  switch (id) {
    case Intrinsic::BarrierSync: {
      llvm::IRBuilder<> builder(&call);
      wait(builder);
      return &call;
    }
    case Intrinsic::BarrierRedPopc:
    case Intrinsic::BarrierRedAnd:
    case Intrinsic::BarrierRedOr: return reduce(call, id);
    default: return nullptr;
  }
}

// A wave takes a piece of the launch's stacks that nobody has, and gives it back. One lane asks; there are as many pieces as waves
// that run at a time, so some piece is free or will soon be.
Value *BlockLowering::stackArea() {
  if (stacks_) return stacks_;
  llvm::LLVMContext &context = kernel_.getContext();
  llvm::Type *i32 = llvm::Type::getInt32Ty(context), *i64 = llvm::Type::getInt64Ty(context);
  Value *stacks = ids_.field(offsetof(ct_amdgpu_launch, stacks), i64), *slots = ids_.field(offsetof(ct_amdgpu_launch, stack_slots), i64);
  Value *bytes = ids_.field(offsetof(ct_amdgpu_launch, stack_bytes), i64), *count = ids_.field(offsetof(ct_amdgpu_launch, stack_slot_count), i32);
  Value *thread = ids_.linearThread(), *lane = ids_.waveLane();
  // Until all is lowered this is one instruction, so that the start of the kernel stays one block: finish() writes it out.
  llvm::IRBuilder<> builder = ids_.entry();
  llvm::FunctionCallee take = kernel_.getParent()->getOrInsertFunction("cutrans.take.slot", i32, i64, i32);
  auto *slot = builder.CreateCall(take, {slots, count}, "slot");
  slot_ = slot;
  Value *piece = builder.CreateMul(builder.CreateZExt(slot, i64), builder.CreateMul(bytes, builder.getInt64(ids_.chip().wave)));
  // Lane l's is piece + l * bytes; whoever asks adds thread * bytes.
  Value *before = builder.CreateMul(builder.CreateZExt(builder.CreateSub(thread, lane), i64), bytes);
  stacks_ = builder.CreateSub(builder.CreateAdd(stacks, piece), before, "stack.area");
  ids_.behind(llvm::cast<llvm::Instruction>(stacks_));
  return stacks_;
}

void BlockLowering::finish(llvm::Function &kernel) {
  auto *take = llvm::cast_or_null<llvm::CallInst>(slot_);
  if (!take) return;
  llvm::LLVMContext &context = kernel.getContext();
  llvm::Type *i32 = llvm::Type::getInt32Ty(context);
  auto *pointer = llvm::PointerType::get(context, ir::space::Global);
  llvm::SyncScope::ID agent = context.getOrInsertSyncScopeID("agent");
  Value *slots = take->getArgOperand(0), *count = take->getArgOperand(1);
  auto wordOf = [&](llvm::IRBuilderBase &b, Value *slot) {
    return b.CreateGEP(i32, b.CreateIntToPtr(slots, pointer), b.CreateZExt(slot, b.getInt64Ty()));
  };
  auto isFirst = [&](llvm::IRBuilderBase &b) {
    Value *lane = ids_.waveLane();
    llvm::CallInst *first = b.CreateIntrinsic(llvm::Intrinsic::amdgcn_readfirstlane, {i32}, {lane});
    return b.CreateICmpEQ(lane, first);
  };
  // Given back by one lane in front of the kernel's only return, which all lanes of the wave reach together.
  for (llvm::BasicBlock &block : llvm::make_early_inc_range(kernel)) {
    auto *end = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator());
    if (!end) continue;
    llvm::IRBuilder<> b(end);
    Value *mine = isFirst(b);
    llvm::Instruction *then = llvm::SplitBlockAndInsertIfThen(mine, end, false);
    b.SetInsertPoint(then);
    llvm::StoreInst *store = b.CreateAlignedStore(b.getInt32(0), wordOf(b, take), llvm::Align(4));
    store->setAtomic(AtomicOrdering::Release, agent);
    break;
  }
  // Taken: try one after the other, round and round.
  llvm::BasicBlock *before = take->getParent(), *after = llvm::SplitBlock(before, take);
  after->setName("stacked");
  llvm::IRBuilder<> b(before->getTerminator());
  Value *mine = isFirst(b);
  auto *loop = llvm::BasicBlock::Create(context, "take", &kernel, after), *taken = llvm::BasicBlock::Create(context, "taken", &kernel, after);
  before->getTerminator()->eraseFromParent();
  b.SetInsertPoint(before);
  b.CreateCondBr(mine, loop, taken);
  b.SetInsertPoint(loop);
  llvm::PHINode *index = b.CreatePHI(i32, 2, "index");
  Value *old = b.CreateAtomicRMW(llvm::AtomicRMWInst::Xchg, wordOf(b, index), b.getInt32(1), llvm::Align(4), AtomicOrdering::Acquire, agent);
  Value *next = b.CreateAdd(index, b.getInt32(1));
  next = b.CreateSelect(b.CreateICmpULT(next, count), next, b.getInt32(0));
  index->addIncoming(b.getInt32(0), before);
  index->addIncoming(next, loop);
  b.CreateCondBr(b.CreateIsNull(old), taken, loop);
  b.SetInsertPoint(taken);
  llvm::PHINode *own = b.CreatePHI(i32, 2, "own");
  own->addIncoming(b.getInt32(0), before);
  own->addIncoming(index, loop);
  b.CreateBr(after);
  b.SetInsertPoint(take);
  // The lane that asked is the first that is live.
  Value *slot = b.CreateIntrinsic(llvm::Intrinsic::amdgcn_readfirstlane, {i32}, {own});
  take->replaceAllUsesWith(slot);
  llvm::Function *marker = take->getCalledFunction();
  take->eraseFromParent();
  if (marker->use_empty()) marker->eraseFromParent();
}

}  // namespace cutrans::emit::amdgcn
