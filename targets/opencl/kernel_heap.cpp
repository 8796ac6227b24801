// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "kernel_heap.h"

#include <cutrans/device_heap.h>
#include <sys/mman.h>

#include <algorithm>

namespace cutrans::opencl {

KernelHeap::~KernelHeap() {
  if (at_) munmap(at_.load(), mapped_);
}

uint64_t KernelHeap::address() {
  if (void *made = at_.load(std::memory_order_acquire)) return reinterpret_cast<uint64_t>(made);
  std::lock_guard hold(lock_);
  if (at_) return reinterpret_cast<uint64_t>(at_.load());
  const auto pages = static_cast<uint32_t>(std::min<uint64_t>(bytes_ / CT_HEAP_PAGE, UINT32_MAX / 2));
  const uint64_t size = ct_heap_front_bytes(pages) + uint64_t{pages} * CT_HEAP_PAGE;
  void *at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return 0;
  mapped_ = size;
  *static_cast<ct_device_heap *>(at) = ct_heap_head(reinterpret_cast<uint64_t>(at), pages);
  at_.store(at, std::memory_order_release);
  return reinterpret_cast<uint64_t>(at);
}

}  // namespace cutrans::opencl
