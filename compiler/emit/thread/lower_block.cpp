// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread form: barriers of the whole block. check-waves has refused barriers that a wave's threads would come to on different ways, and those for a
// part of the block.
#include <llvm/IR/Module.h>

#include "compiler/emit/thread/lowering.h"
#include "compiler/ir/spmd.h"

namespace cutrans::emit::thread {

using ir::Intrinsic;
using llvm::AtomicOrdering;
using llvm::Value;

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
  llvm::SyncScope::ID group = module.getContext().getOrInsertSyncScopeID(ids_.machine().blockScope);
  Value *cells[] = {cells_, builder.CreateConstInBoundsGEP2_32(cells_->getValueType(), cells_, 0, 1)};
  Value *adds[] = {builder.CreateZExt(builder.CreateFreeze(call.getArgOperand(2)), i32), builder.getInt32(1)};
  Value *sums[2];
  ids_.machine().syncBlock(builder);
  for (Value *cell : cells) builder.CreateAlignedStore(builder.getInt32(0), cell, llvm::Align(4))->setAtomic(AtomicOrdering::Monotonic, group);
  ids_.machine().syncBlock(builder);
  for (unsigned i : {0, 1}) builder.CreateAtomicRMW(llvm::AtomicRMWInst::Add, cells[i], adds[i], llvm::Align(4), AtomicOrdering::Monotonic, group);
  ids_.machine().syncBlock(builder);
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
      ids_.machine().syncBlock(builder);
      return &call;
    }
    case Intrinsic::BarrierRedPopc:
    case Intrinsic::BarrierRedAnd:
    case Intrinsic::BarrierRedOr: return reduce(call, id);
    default: return nullptr;
  }
}

}  // namespace cutrans::emit::thread
