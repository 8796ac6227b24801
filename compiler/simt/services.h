// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Generated code's way out: fields of ct_native_block and calls through block->services (native_kernel.h).
#pragma once

#include <cstddef>

#include <llvm/IR/IRBuilder.h>

namespace cutrans::simt {

// An invariant load of the block's field at `offset`.
llvm::LoadInst *loadBlockField(llvm::IRBuilderBase &builder, llvm::Value *block, size_t offset, llvm::Type *type,
                               const llvm::Twine &name = "");

// Calls the service at `offset` of ct_native_services with `block` and the arguments behind it; `withBlock` false: without.
llvm::CallInst *callService(llvm::IRBuilderBase &builder, llvm::Value *block, size_t offset, llvm::Type *result,
                            llvm::ArrayRef<llvm::Value *> arguments, bool withBlock = true);

}  // namespace cutrans::simt
