// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/simt/services.h"

#include "cutrans/native_kernel.h"

namespace cutrans::simt {

llvm::LoadInst *loadBlockField(llvm::IRBuilderBase &builder, llvm::Value *block, size_t offset, llvm::Type *type,
                               const llvm::Twine &name) {
  llvm::Value *field = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), block, offset);
  llvm::Align align(type->isPointerTy() ? 8 : std::min<uint64_t>(8, type->getPrimitiveSizeInBits() / 8));
  llvm::LoadInst *load = builder.CreateAlignedLoad(type, field, align, name);
  load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(builder.getContext(), {}));
  return load;
}

llvm::CallInst *callService(llvm::IRBuilderBase &builder, llvm::Value *block, size_t offset, llvm::Type *result,
                            llvm::ArrayRef<llvm::Value *> arguments, bool withBlock) {
  llvm::Value *services = loadBlockField(builder, block, offsetof(ct_native_block, services), builder.getPtrTy());
  llvm::Value *slot = loadBlockField(builder, services, offset, builder.getPtrTy());
  llvm::SmallVector<llvm::Value *, 8> all;
  if (withBlock) all.push_back(block);
  all.append(arguments.begin(), arguments.end());
  llvm::SmallVector<llvm::Type *, 8> types;
  for (llvm::Value *argument : all) types.push_back(argument->getType());
  return builder.CreateCall(llvm::FunctionType::get(result, types, false), slot, all);
}

}  // namespace cutrans::simt
