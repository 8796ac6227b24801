// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared by the parts of native emission only.
#pragma once

#include <llvm/ADT/StringRef.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

#include "compiler/ir/intrinsics.h"
#include "cutrans/native_kernel.h"

namespace cutrans::emit {

// The intrinsic behind a name with or without ".v<lanes>".
ir::Intrinsic baseIntrinsic(llvm::StringRef name);

// Directed rounding, ftz, sat, approximate functions: expand-math's.
bool isMath(ir::Intrinsic id);

// All pointers become ordinary 64-bit ones, and the module gets no data layout of the SPMD IR any more. A shared address is
// its own zero extension, the other spaces are one (native_kernel.h). Atomics: one OS thread owns a block, so those on
// shared memory and those of block scope become plain read-modify-writes; other scopes become the system's.
void dropAddressSpaces(llvm::Function &kernel);

// What block code stands in: its way to the target's services, and where its shared memory lies.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  // A call of the service at `offset` of ct_native_services; `thread` is its linear id, or null where it is not known. Null: there is no
  // such service here.
  virtual llvm::Value *service(llvm::IRBuilderBase &builder, llvm::Value *block, size_t offset, llvm::Value *thread, llvm::Type *result,
                               llvm::ArrayRef<llvm::Value *> arguments) = 0;
  // Null: shared addresses are their own zero extension. Else they count from this generic address, an i64, and the block's memory begins at
  // SharedStart: widened code adds to the address of a lane that is not there, which must not wrap in 32 bits.
  static constexpr uint32_t SharedStart = 1u << 30;
  virtual llvm::Value *sharedWindow(llvm::IRBuilderBase &, llvm::Value *) { return nullptr; }
  // The block looks at its cluster: it begins at ct_native_block.shared_base instead, and the cluster at cluster_base. Without a window it always does.
  virtual bool seesCluster() const { return false; }
};

// lower-native for any surroundings: fields of ct_native_block, variables, services; address spaces stay.
llvm::Error lowerBlock(llvm::Function &kernel, ct_native_kernel &record, Surroundings &surroundings);

}  // namespace cutrans::emit
