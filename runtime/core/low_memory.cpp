// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device memory below 4 GiB: pages of this process, which the devices that kernels share with the host use as their own.
#include "cutrans/runtime/low_memory.h"

#include <sys/mman.h>

#include "memory_map.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

constexpr uint64_t kEnd = uint64_t{1} << 32, kStep = uint64_t{1} << 20, kFirst = uint64_t{64} << 20;

void *mapLow(uint64_t size) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#ifdef MAP_32BIT
  if (void *at = mmap(nullptr, size, PROT_READ | PROT_WRITE, kFlags | MAP_32BIT, -1, 0); at != MAP_FAILED) return at;
#endif
  for (uint64_t hint = kFirst; hint + size <= kEnd; hint += kStep) {
    void *at = mmap(reinterpret_cast<void *>(hint), size, PROT_READ | PROT_WRITE, kFlags | MAP_FIXED_NOREPLACE, -1, 0);
    if (at == MAP_FAILED) continue;
    if (reinterpret_cast<uint64_t>(at) + size <= kEnd) return at;
    munmap(at, size);
  }
  return nullptr;
}

}  // namespace

Result<Address> allocateLowMemory(Context &context, uint64_t size) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (size == 0) return Code::invalid_value;
  if (!context.device().canAccessHost() || !context.device().hostCanAccess()) return Code::unsupported;
  if (size > kEnd - kFirst) return Code::out_of_memory;
  void *pages = mapLow(size);
  if (!pages) return Code::out_of_memory;
  Allocation allocation;
  allocation.base = allocation.device = allocation.host = reinterpret_cast<Address>(pages);
  allocation.size = size;
  allocation.kind = MemoryKind::device;
  allocation.flags = kLowMemory;
  allocation.context = &context;
  allocation.context_id = context.id();
  allocation.id = nextAllocationId();
  if (insertAllocation(allocation)) return allocation.base;
  munmap(pages, size);
  return Code::internal;
}

void releaseLowMemory(const Allocation &allocation) { munmap(reinterpret_cast<void *>(allocation.base), allocation.size); }

}  // namespace cutrans::runtime
