// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random kernels whose threads go random ways: blocks with arbitrary branches between them, bounded by fuel. Each thread's
// results depend on nothing but its own path, so any execution order must give the same memory.
#pragma once

#include <memory>

#include <llvm/IR/Module.h>

namespace cutrans::test {

// Parameters: ptr in (1024 i32, read only), ptr out (16 i32 for each thread of the grid), ptr sums (16 i32), i32 n, ptr exchange.
struct RandomParameters {
  const uint32_t *in;
  uint32_t *out;
  uint32_t *sums;
  uint32_t n;
  uint32_t *exchange;
};
inline constexpr unsigned RandomInput = 1024, RandomOutput = 16, RandomSums = 16;

// With barriers, threads also read what others of their block wrote: ptr exchange (1 i32 for each thread of the grid).
std::unique_ptr<llvm::Module> randomKernel(llvm::LLVMContext &context, uint64_t seed, bool barriers = false);

}  // namespace cutrans::test
