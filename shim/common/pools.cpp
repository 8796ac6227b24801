// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The registry of pools. Lock order: this lock, then the runtime's own.
#include "shim/common/pools.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "cutrans/runtime/capture.h"
#include "cutrans/runtime/context.h"
#include "cutrans/runtime/mapping.h"
#include "cutrans/runtime/memory_pool.h"
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
  runtime::MemoryPool *memory = nullptr;  // destroyed with the pool
  int reuse[3] = {1, 1, 1};               // follow events, opportunistic, internal dependencies
  std::map<int, CUmemAccess_flags> access;  // of other devices
  bool exportable = false;                  // by descriptor
  bool imported = false;                    // of another process: gives no memory of its own
  int token = -1;                           // what it is exported as, made at the first export
  uint64_t id = 0;                          // by which other processes know it; 0: not exported yet
  ~Pool() {
    if (token >= 0) close(token);
  }
};

struct Pools {
  static constexpr const char *kSharedName = "memory pools";
  std::mutex mutex;
  std::map<CUmemoryPool, std::unique_ptr<Pool>> all;
  std::map<int, CUmemoryPool> defaults;  // by device
  // By device: of allocations that name no pool, null before the first. Read without the lock.
  static constexpr int kDevices = 64;
  std::array<std::atomic<Pool *>, kDevices> current{};

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
      pool->memory = runtime::MemoryPool::create(**runtime::Platform::loaded()->device(device));
      handle = add(std::move(pool));
    }
    return handle;
  }
  CUmemoryPool currentOf(int device) {
    std::atomic<Pool *> &pool = current[static_cast<size_t>(device)];
    if (!pool) pool = find(defaultOf(device));
    return reinterpret_cast<CUmemoryPool>(pool.load());
  }
};

Pools &pools() {
  return runtime::shared<Pools>();
}

template <class T>
std::vector<std::byte> bytesOf(std::span<const T> list) {
  auto bytes = std::as_bytes(list);
  return {bytes.begin(), bytes.end()};
}

// A node with the pool's properties. The memory is the graph's, not the pool's.
Result<runtime::Address> captureFrom(const Pool &pool, runtime::Queue &queue, uint64_t size) {
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(pool.device);
  if (!device.ok()) return device.status();
  CUmemPoolProps properties{};
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, pool.device};
  std::vector<CUmemAccessDesc> access;
  std::unique_lock lock(pools().mutex);
  for (const auto &[peer, flags] : pool.access) access.push_back({{CU_MEM_LOCATION_TYPE_DEVICE, peer}, flags});
  lock.unlock();
  runtime::AllocWork work;
  work.device = *device;
  work.size = size;
  work.pool = bytesOf(std::span<const CUmemPoolProps>(&properties, 1));
  work.access = bytesOf(std::span<const CUmemAccessDesc>(access));
  return runtime::captureAllocation(queue, std::move(work));
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
  if (pool->imported) return Code::invalid_value;
  if (pool->device != device.index()) return Code::invalid_device;
  pools().current[static_cast<size_t>(device.index())] = pool;
  return Code::ok;
}

Result<CUmemoryPool> createPool(const CUmemPoolProps &properties, const char *entry) {
  if (properties.allocType != CU_MEM_ALLOCATION_TYPE_PINNED || properties.win32SecurityAttributes)
    return Code::invalid_value;
  constexpr unsigned kDescriptor = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  const unsigned types = properties.handleTypes;
  if (types & ~(kDescriptor | CU_MEM_HANDLE_TYPE_WIN32 | CU_MEM_HANDLE_TYPE_WIN32_KMT | CU_MEM_HANDLE_TYPE_FABRIC)) return Code::invalid_value;
  if ((types & ~kDescriptor) || (types && !runtime::mappingGranularity())) {
    refuseArgument(entry, Diag::api_ipc, "a pool that other processes can open by these handles");
    return Code::unsupported;
  }
  if (properties.location.type != CU_MEM_LOCATION_TYPE_DEVICE) {
    if (properties.location.type == CU_MEM_LOCATION_TYPE_INVALID) return Code::invalid_value;
    refuseArgument(entry, Diag::api_pools, "a pool of host memory");
    return Code::unsupported;
  }
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(properties.location.id);
  if (!device.ok()) return Code::invalid_device;
  auto pool = std::make_unique<Pool>();
  pool->device = properties.location.id;
  pool->memory = runtime::MemoryPool::create(**device);
  pool->memory->setMost(properties.maxSize);
  pool->exportable = types != 0;
  std::lock_guard lock(pools().mutex);
  return pools().add(std::move(pool));
}

Status destroyPool(CUmemoryPool handle) {
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool || pool->is_default) return Code::invalid_value;
  std::atomic<Pool *> &current = pools().current[static_cast<size_t>(pool->device)];
  if (current == pool) current = pools().find(pools().defaultOf(pool->device));
  pool->memory->destroy();
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
      pool->memory->setReuse(pool->reuse[1] != 0);
      return Code::ok;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD: {
      uint64_t bytes = 0;
      std::memcpy(&bytes, value, sizeof bytes);
      pool->memory->setThreshold(bytes);
      return Code::ok;
    }
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH: {  // only to start the measurement again
      uint64_t number = 0;
      std::memcpy(&number, value, sizeof number);
      if (number != 0) return Code::invalid_value;
      (attribute == CU_MEMPOOL_ATTR_USED_MEM_HIGH ? pool->memory->used() : pool->memory->reserved()).restart();
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
      return give(pool->memory->threshold());
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
      return give(pool->memory->reserved().now);
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
      return give(pool->memory->used().now);
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
      return give(pool->memory->reserved().high);
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
      return give(pool->memory->used().high);
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

Status trimPool(CUmemoryPool handle, uint64_t keep) {
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool) return Code::invalid_value;
  pool->memory->trim(keep);
  return Code::ok;
}

Result<runtime::Address> allocateFromPool(CUmemoryPool handle, runtime::Queue &queue, uint64_t size) {
  runtime::Context *context = &queue.context();
  const int device = context->device().index();
  // No lock where the program names no pool: the pool that is current is not destroyed under its users.
  Pool *pool = handle ? nullptr : pools().current[static_cast<size_t>(device)].load(std::memory_order_acquire);
  if (!pool) {
    std::lock_guard lock(pools().mutex);
    pool = pools().find(handle ? handle : pools().currentOf(device));
  }
  if (!pool || pool->imported || size == 0) return Code::invalid_value;
  if (pool->device != device) {
    Result<runtime::Device *> home = runtime::Platform::loaded()->device(pool->device);
    Result<runtime::Context *> primary = (*home)->usePrimary();
    if (!primary.ok()) return primary.status();
    context = *primary;
  }
  if (runtime::captureDiverts(queue)) [[unlikely]]
    return captureFrom(*pool, queue, size);
  return pool->memory->allocate(queue, *context, size);
}

Result<int> exportPool(CUmemoryPool handle) {
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool || !pool->exportable) return Code::invalid_value;
  if (pool->token < 0) {
    runtime::SharedToken token{0, static_cast<uint64_t>(pool->device)};
    Result<int> file = runtime::createToken(token);
    if (!file.ok()) return file;
    pool->token = *file;
    pool->id = token.id;
  }
  const int copy = fcntl(pool->token, F_DUPFD_CLOEXEC, 3);
  return copy >= 0 ? Result<int>(copy) : Code::out_of_memory;
}

Result<CUmemoryPool> importPool(int file) {
  Result<runtime::SharedToken> token = runtime::readToken(file);
  if (!token.ok()) return token.status();
  auto pool = std::make_unique<Pool>();
  // The devices of the other process may be others; the memory is the host's or is not there.
  pool->device = runtime::Platform::loaded()->device(static_cast<int>(token->number & 0xff)).ok() ? static_cast<int>(token->number & 0xff) : 0;
  pool->memory = runtime::MemoryPool::create(**runtime::Platform::loaded()->device(pool->device));
  pool->imported = true;
  pool->id = token->id;
  std::lock_guard lock(pools().mutex);
  return pools().add(std::move(pool));
}

Result<runtime::SharedHandle> exportFromPool(runtime::Address address) {
  std::optional<runtime::Allocation> known = runtime::findAllocation(address);
  if (!known || known->base != address) return Code::invalid_value;
  const CUmemoryPool handle = poolHandleOf(*known);
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  // Of a pool that is shared already; what is imported is not exported again.
  return pool && pool->exportable && pool->id ? runtime::exportPoolMemory(address, pool->id) : Code::invalid_value;
}

Result<runtime::Address> importIntoPool(CUmemoryPool handle, const runtime::SharedHandle &data) {
  std::lock_guard lock(pools().mutex);
  Pool *pool = pools().find(handle);
  if (!pool || !pool->imported) return Code::invalid_value;
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(pool->device);
  Result<runtime::Context *> primary = (*device)->usePrimary();
  if (!primary.ok()) return primary.status();
  return runtime::importPoolMemory(**primary, data, pool->id, reinterpret_cast<uintptr_t>(handle));
}

CUmemoryPool poolHandleOf(const runtime::Allocation &memory) {
  const runtime::MemoryPool *own = runtime::poolOf(memory);
  if (!own && !memory.imported_from) return nullptr;
  std::lock_guard lock(pools().mutex);
  if (!own) {
    auto handle = reinterpret_cast<CUmemoryPool>(memory.imported_from);
    return pools().find(handle) ? handle : nullptr;
  }
  for (const auto &[handle, pool] : pools().all)
    if (pool->memory == own) return handle;
  return nullptr;
}

}  // namespace cutrans::shim
