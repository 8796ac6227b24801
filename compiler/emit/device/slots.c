/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Code that runs on OpenCL devices and is linked into kernels: the arena's slots (opencl_kernel.h).
 */
#include <stdint.h>

/* The index of a free slot, which is then the caller's. There are as many as blocks that run at a time, so one is free soon. */
uint32_t cutrans_device_take_slot(uint32_t *slots, uint32_t count, uint32_t first) {
  uint32_t index = first % count;
  while (__atomic_exchange_n(&slots[index], 1u, __ATOMIC_ACQUIRE))
    if (++index == count) index = 0;
  return index;
}

void cutrans_device_give_slot(uint32_t *slots, uint32_t index) { __atomic_store_n(&slots[index], 0u, __ATOMIC_RELEASE); }
