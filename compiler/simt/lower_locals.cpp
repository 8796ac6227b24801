// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Local variables: each thread's lie together, thread after thread, in block->local (native_kernel.h). As an address that is a
// pattern with a constant stride, so that the shape analysis sees it. First step of widen-to-gang.
#include <llvm/IR/InstIterator.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/simt/widen_to_gang.h"
#include "compiler/simt/widened.h"

using namespace llvm;

namespace cutrans::simt {

void lowerLocals(Function &kernel) {
  SmallVector<AllocaInst *, 8> locals;
  for (Instruction &instruction : instructions(kernel))
    if (auto *local = dyn_cast<AllocaInst>(&instruction)) locals.push_back(local);
  if (locals.empty()) return;
  Module &module = *kernel.getParent();
  const DataLayout &layout = module.getDataLayout();
  IRBuilder<> builder(&*kernel.getEntryBlock().getFirstInsertionPt());
  FunctionCallee localBase = module.getOrInsertFunction(widened::LocalBase, FunctionType::get(builder.getPtrTy(), false));
  Value *base = builder.CreateCall(localBase, {}, "local");
  Value *thread = builder.CreateZExt(ir::call(builder, ir::Intrinsic::GangThread, {}, "thread"), builder.getInt64Ty());
  Instruction *place = &*builder.GetInsertPoint();
  SmallVector<uint64_t, 8> offsets;
  uint64_t bytes = 0;
  for (AllocaInst *local : locals) {
    bytes = alignTo(bytes, std::max(local->getAlign(), Align(1)));
    offsets.push_back(bytes);
    bytes += local->getAllocationSize(layout).value_or(TypeSize::getFixed(0)).getFixedValue();
  }
  bytes = alignTo(bytes, 16);
  builder.SetInsertPoint(place);
  Value *mine = builder.CreateGEP(builder.getInt8Ty(), base, builder.CreateMul(thread, builder.getInt64(bytes)));
  for (auto [local, offset] : zip(locals, offsets)) {
    Value *address = builder.CreateGEP(builder.getInt8Ty(), mine, builder.getInt64(offset), local->getName());
    if (local->getType() != address->getType()) address = builder.CreateAddrSpaceCast(address, local->getType());
    local->replaceAllUsesWith(address);
  }
  for (AllocaInst *local : locals) local->eraseFromParent();
  kernel.addFnAttr(widened::LocalBytesAttr, std::to_string(bytes));
}

}  // namespace cutrans::simt
