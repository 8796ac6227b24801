// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the rules of asynchronous transactions share (lower_mbarrier.cpp, lower_bulk.cpp, lower_tensor.cpp).
//
// Copies happen when they are issued and report at once: PTX lets an asynchronous operation complete at any time after its
// issue (manual 8.9, async operations), and data is written before the tx-count says so.
#pragma once

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

// An [address] in shared memory, of this block or another of the cluster, as i32. `space`: the one that the instruction
// gives this operand; None: a generic address.
Value *sharedAddress(BodyLowering &lower, const Operand &operand, Space space);

// complete-tx of `bytes` (i32 or i64) on the mbarrier at `address` (i32).
void completeTransaction(BodyLowering &lower, Value *address, Value *bytes);

// The same place as a generic pointer; the second of a shared address.
Value *genericPointer(BodyLowering &lower, Value *pointer);
Value *sharedPointer(BodyLowering &lower, Value *address);

// Calls `f` with the addresses of the block itself, or, where there is a mask of blocks, with those of each block in it.
void eachDestination(BodyLowering &lower, const Operand *mask, llvm::ArrayRef<Value *> addresses,
                     llvm::function_ref<void(llvm::ArrayRef<Value *>)> f);

// CT_REDUCTION of the instruction's operation.
Value *reductionOf(BodyLowering &lower, const Instruction &instruction, unsigned element);

}  // namespace cutrans::ptx::lowering
