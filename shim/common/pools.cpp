// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The registry of pools and what each counts. Lock order: this lock, then the runtime's own.
#include "shim/common/pools.h"

#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/runtime/queue.h"
#include "cutrans/runtime/shared_state.h"
#include "shim/common/device_queries.h"
#include "shim/common/refusal.h"

namespace cutrans::shim {

namespace {

struct Pool {
  int device = 0;
  bool is_default = false;
  uint64_t max_bytes = 0;    // 0: the device's memory is the bound
  int reuse[3] = {1, 1, 1};  // follow events, opportunistic, internal dependencies
  uint64_t release_threshold = 0;
  uint64_t bytes = 0, high = 0;                 // in use, at least; the most there was
  std::map<int, CUmemAccess_flags> access;      // of other devices
  std::map<runtime::Address, uint64_t> blocks;  // address -> id of the allocation

  // Whoever releases memory need not tell the pool: what is gone, or is another allocation by now, is dropped here.
  uint64_t used() {
    bytes = 0;
    for (auto it = blocks.begin(); it != blocks.end();) {
      std::optional<runtime::Allocation> live = runtime::findAllocation(it->first);
      if (live && live->id == it->second) {
        bytes += live->size;
        ++it;
      } else {
        it = blocks.erase(it);
      }
    }
    return bytes;
  }

  void add(const runtime::Allocation &made) {
    blocks[made.base] = made.id;
    bytes += made.size;
    // Releases make `bytes` too large; only where it would be a new maximum does it have to be exact.
    if (bytes > high) high = std::max(high, used());
  }
};

struct Pools {
  static constexpr const char *kSharedName = "memory pools";
  std::mutex mutex;
  std::map<CUmemoryPool, std::unique_ptr<Pool>> all;
  std::map<int, CUmemoryPool> defaults, current;  // by device

  Pool *find(CUmemoryPool handle) {
    auto found = all.find(handle);
    return found == all.end() ? nullptr : found->second.get();
  }
  CUmemoryPool add(std::unique_ptr<Pool> pool) {
    auto handle = reinterpret_cast<CUmemoryPool>(pool.get());
    all[handle] = std::move(pool);
    return handle;
  }
  CUmemoryPool defaultOf(int device) {
    CUmemoryPool &handle = defaults[device];
    if (!handle) {
      auto pool = std::make_unique<Pool>();
      pool->device = device;
      pool->is_default = true;
      handle = add(std::move(pool));
    }
    return handle;
  }
  CUmemoryPool currentOf(int device) {
    CUmemoryPool &handle = current[device];
    if (!handle) handle = defaultOf(device);
    return handle;
  }
};

Pools &pools() {
  return runtime::shared<Pools>();
}

}  // namespace

Result<CUmemoryPool> defaultPool(const runtime::Device &device) {
  std::lock_guard lock(pools().mutex);
  return pools().defaultOf(device.index());
}

Result<CUmemoryPool> currentPool(const runtime::Device &device) {
  std::lock_guard lock(pools().mutex);
  return pools().currentOf(device.index());
}

Status setCurrentPool(const runtime::Device &device, CUmemoryPool handle) {
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool) return Code::invalid_value;
  if (pool->device != device.index()) return Code::invalid_device;
  pools().current[device.index()] = handle;
  return Code::ok;
}

Result<CUmemoryPool> createPool(const CUmemPoolProps &properties, const char *entry) {
  if (properties.allocType != CU_MEM_ALLOCATION_TYPE_PINNED || properties.win32SecurityAttributes)
    return Code::invalid_value;
  if (properties.handleTypes != CU_MEM_HANDLE_TYPE_NONE) {
    refuseArgument(entry, Diag::api_ipc, "a pool that other processes can open");
    return Code::unsupported;
  }
  if (properties.location.type != CU_MEM_LOCATION_TYPE_DEVICE) {
    if (properties.location.type == CU_MEM_LOCATION_TYPE_INVALID) return Code::invalid_value;
    refuseArgument(entry, Diag::api_pools, "a pool of host memory");
    return Code::unsupported;
  }
  if (!runtime::Platform::loaded()->device(properties.location.id).ok()) return Code::invalid_device;
  auto pool = std::make_unique<Pool>();
  pool->device = properties.location.id;
  pool->max_bytes = properties.maxSize;
  std::lock_guard lock(pools().mutex);
  return pools().add(std::move(pool));
}

Status destroyPool(CUmemoryPool handle) {
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool || pool->is_default) return Code::invalid_value;
  CUmemoryPool &current = pools().current[pool->device];
  if (current == handle) current = pools().defaultOf(pool->device);
  pools().all.erase(handle);
  return Code::ok;
}

Status setPoolAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, const void *value) {
  if (!value) return Code::invalid_value;
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool) return Code::invalid_value;
  switch (attribute) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      std::memcpy(&pool->reuse[attribute - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES], value, sizeof(int));
      return Code::ok;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      std::memcpy(&pool->release_threshold, value, sizeof(uint64_t));
      return Code::ok;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH: {  // only to start the measurement again
      uint64_t number = 0;
      std::memcpy(&number, value, sizeof number);
      if (number != 0) return Code::invalid_value;
      pool->high = pool->used();
      return Code::ok;
    }
    default:
      return Code::invalid_value;
  }
}

Status poolAttribute(CUmemoryPool handle, CUmemPool_attribute attribute, void *value) {
  if (!value) return Code::invalid_value;
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool) return Code::invalid_value;
  const uint64_t used = pool->used();
  auto give = [&](uint64_t number) {
    std::memcpy(value, &number, sizeof number);
    return Code::ok;
  };
  switch (attribute) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      std::memcpy(value, &pool->reuse[attribute - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES], sizeof(int));
      return Code::ok;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      return give(pool->release_threshold);
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
      return give(used);
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
      return give(pool->high);
    default:
      return Code::invalid_value;
  }
}

Status setPoolAccess(CUmemoryPool handle, const CUmemAccessDesc *list, size_t count) {
  if (!list && count) return Code::invalid_value;
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool) return Code::invalid_value;
  runtime::Platform *platform = runtime::Platform::loaded();
  for (size_t i = 0; i < count; ++i) {
    const CUmemAccessDesc &wish = list[i];
    if (wish.location.type != CU_MEM_LOCATION_TYPE_DEVICE) return Code::invalid_value;
    Result<runtime::Device *> home = platform->device(pool->device), peer = platform->device(wish.location.id);
    if (!peer.ok()) return Code::invalid_device;
    if (wish.flags != CU_MEM_ACCESS_FLAGS_PROT_NONE && wish.flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE &&
        wish.flags != CU_MEM_ACCESS_FLAGS_PROT_READ)
      return Code::invalid_value;
    const bool own = *home == *peer;
    if (own && wish.flags != CU_MEM_ACCESS_FLAGS_PROT_READWRITE) return Code::invalid_value;
    if (!own && !canAccessPeer(**peer, **home)) return Code::invalid_device;
    pool->access[wish.location.id] = wish.flags;
  }
  return Code::ok;
}

Result<CUmemAccess_flags> poolAccess(CUmemoryPool handle, const CUmemLocation &location) {
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool || location.type != CU_MEM_LOCATION_TYPE_DEVICE) return Code::invalid_value;
  if (!runtime::Platform::loaded()->device(location.id).ok()) return Code::invalid_device;
  if (location.id == pool->device) return CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  auto set = pool->access.find(location.id);
  return set == pool->access.end() ? CU_MEM_ACCESS_FLAGS_PROT_NONE : set->second;
}

Status checkPool(CUmemoryPool handle) {
  std::lock_guard lock(pools().mutex);
  return pools().find(handle) ? Code::ok : Code::invalid_value;
}

Result<runtime::Address> allocateFromPool(CUmemoryPool handle, runtime::Queue &queue, uint64_t size) {
  std::lock_guard lock(pools().mutex);
  runtime::Context *context = &queue.context();
  Pool *pool = pools().find(handle ? handle : pools().currentOf(context->device().index()));
  if (!pool || size == 0) return Code::invalid_value;
  if (pool->device != context->device().index()) {
    Result<runtime::Device *> device = runtime::Platform::loaded()->device(pool->device);
    Result<runtime::Context *> primary = (*device)->usePrimary();
    if (!primary.ok()) return primary.status();
    context = *primary;
  }
  if (pool->max_bytes) {
    const uint64_t used = pool->used();
    if (used > pool->max_bytes || size > pool->max_bytes - used) return Code::out_of_memory;
  }
  Result<runtime::Address> address = runtime::allocateMemory(*context, runtime::MemoryKind::device, size);
  if (!address.ok()) return address;
  if (std::optional<runtime::Allocation> made = runtime::findAllocation(*address)) pool->add(*made);
  return address;
}

}  // namespace cutrans::shim
