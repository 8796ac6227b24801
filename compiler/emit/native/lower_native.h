// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared by the parts of native emission only.
#pragma once

#include <llvm/ADT/StringRef.h>
#include <llvm/IR/Instructions.h>

#include "compiler/ir/intrinsics.h"

namespace cutrans::emit {

// The intrinsic behind a name with or without ".v<lanes>".
ir::Intrinsic baseIntrinsic(llvm::StringRef name);

// Directed rounding, ftz, sat, approximate functions: expand-math's.
bool isMath(ir::Intrinsic id);

// All pointers become ordinary 64-bit ones, and the module gets no data layout of the SPMD IR any more. A shared address is
// its own zero extension, the other spaces are one (native_kernel.h). Atomics: one OS thread owns a block, so those on
// shared memory and those of block scope become plain read-modify-writes; other scopes become the system's.
void dropAddressSpaces(llvm::Function &kernel);

// Texture and surface instructions of one kernel (lower_texture.cpp).
class TextureCalls {
 public:
  // Null where the call gives nothing.
  llvm::Value *lower(llvm::CallInst &call, llvm::Value *block);

 private:
  llvm::AllocaInst *handles_ = nullptr, *words_ = nullptr, *results_ = nullptr;
};

}  // namespace cutrans::emit
