/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * For kernels written by hand in the form that the compiler emits: each file is one artifact. */
#pragma once
#include <cutrans/native_kernel.h>

#define EXPORT __attribute__((visibility("default")))

#define BLOCK_KERNEL(...)                                                                                             \
  EXPORT const ct_native_kernel cutrans_kernel = {.abi = CT_NATIVE_ABI, .struct_size = sizeof(ct_native_kernel),      \
                                                  .form = CT_NATIVE_FORM_BLOCK, .gang_width = 32, .entry.block = run, \
                                                  .name = "test", __VA_ARGS__}
#define GANG_KERNEL(...)                                                                                            \
  EXPORT const ct_native_kernel cutrans_kernel = {.abi = CT_NATIVE_ABI, .struct_size = sizeof(ct_native_kernel),    \
                                                  .form = CT_NATIVE_FORM_GANG, .gang_width = 32, .entry.gang = run, \
                                                  .name = "test", __VA_ARGS__}

static inline uint32_t threads_of(const ct_native_block *b) { return b->block[0] * b->block[1] * b->block[2]; }
static inline uint64_t linear_block(const ct_native_block *b) {
  return b->block_id[0] + (uint64_t)b->grid[0] * (b->block_id[1] + (uint64_t)b->grid[1] * b->block_id[2]);
}
/* Live lanes of a gang of 32. */
static inline uint32_t lanes_of(const ct_native_block *b, uint32_t gang) {
  uint32_t rest = threads_of(b) - gang * 32;
  return rest < 32 ? rest : 32;
}
