// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Allocating, registering and releasing memory.
#include "cutrans/runtime/memory.h"

#include <cstdio>

#include "capture/capture.h"
#include "cutrans/runtime/texture_limits.h"
#include "cutrans/support/diagnostics.h"
#include "cutrans/support/log.h"
#include "graph/graph_memory.h"
#include "mapping_state.h"
#include "memory_map.h"
#include "pool_pieces.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

constexpr uint64_t kAlign = kTextureAlign;
constexpr uint64_t kMostBytes = uint64_t{1} << 47;

ct_memory_kind targetKind(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::device:
    case MemoryKind::image:
    case MemoryKind::array: return CT_MEMORY_DEVICE;
    case MemoryKind::pinned:
    case MemoryKind::registered: return CT_MEMORY_HOST;
    case MemoryKind::managed: return CT_MEMORY_MANAGED;
  }
  return CT_MEMORY_DEVICE;
}

bool freedAsDevice(const Allocation &a) {
  return (a.origin == Origin::allocated || a.origin == Origin::imported) && (a.kind == MemoryKind::device || a.kind == MemoryKind::managed);
}
bool freedAsHost(const Allocation &a) { return a.origin == Origin::allocated && a.kind == MemoryKind::pinned; }
bool isArray(const Allocation &a) { return a.kind == MemoryKind::array; }
bool isRegistered(const Allocation &a) { return a.kind == MemoryKind::registered; }

void giveBack(ct_device *device, const Allocation &a) {
  if (a.origin == Origin::opened) forgetOpened(a.base);
  if (a.origin != Origin::allocated) return unmapPiece(a.base);
  if (a.kind == MemoryKind::device && a.flags == kLowMemory) return releaseLowMemory(a);
  ct_status status = a.kind == MemoryKind::registered
                         ? target().memory.unregister_host(device, reinterpret_cast<void *>(a.base))
                         : target().memory.free(device, targetKind(a.kind), a.base);
  if (status != CT_OK) logf(LogCategory::memory, LogLevel::warn, "releasing %#llx: status %d", static_cast<unsigned long long>(a.base), status);
  if (a.piece) PoolAccess::released(*a.piece);
}

Status badRelease(Address address, const char *what) {
  char text[96];
  auto known = findAllocation(address);
  std::snprintf(text, sizeof text, "%s of %#llx, which is %s", what, static_cast<unsigned long long>(address),
                !known ? "not allocated" : known->base != address ? "inside an allocation, not its start" : "memory of another kind");
  report(Diag::double_release, text);
  return Code::invalid_value;
}

Status reportFull(Context &context, uint64_t size) {
  uint64_t free_bytes = 0, total = 0;
  (void)target().memory.info(ContextAccess::state(context).device, &free_bytes, &total);
  report(Diag::memory_used_up, "allocating " + std::to_string(size) + " bytes on device " + std::to_string(context.device().index()) + ": " +
                                   std::to_string(free_bytes) + " of " + std::to_string(total) + " are free");
  return Code::out_of_memory;
}

}  // namespace

static Result<Address> allocate(Context &context, MemoryKind kind, uint64_t size, uint32_t flags, Piece *piece, bool may_fail) {
  const Device &device = context.device();
  Address address = 0;
  ct_status status = size > kMostBytes ? CT_ERR_OUT_OF_MEMORY
                                       : target().memory.alloc(ContextAccess::state(context).device, targetKind(kind), size, kAlign, &address);
  if (status == CT_ERR_OUT_OF_MEMORY) return may_fail ? Code::out_of_memory : reportFull(context, size);
  if (status != CT_OK) return settle(context, status);
  Allocation allocation;
  allocation.base = allocation.device = address;
  allocation.size = size;
  allocation.kind = kind;
  allocation.flags = flags;
  allocation.context = &context;
  allocation.context_id = context.id();
  bool host_reads = kind == MemoryKind::pinned || kind == MemoryKind::managed || device.hostCanAccess();
  allocation.host = host_reads ? address : 0;
  allocation.id = nextAllocationId();
  if (piece) piece->base = address;
  allocation.piece = piece;
  if (!insertAllocation(allocation)) {
    // Only a target that gives one address twice comes here.
    allocation.piece = nullptr;
    giveBack(ContextAccess::state(context).device, allocation);
    return Code::internal;
  }
  logf(LogCategory::memory, LogLevel::trace, "%#llx: %llu bytes", static_cast<unsigned long long>(address),
       static_cast<unsigned long long>(size));
  return address;
}

Result<Address> allocateMemory(Context &context, MemoryKind kind, uint64_t size, uint32_t flags) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (size == 0 || kind == MemoryKind::registered || kind == MemoryKind::image) return Code::invalid_value;
  return allocate(context, kind, size, flags, nullptr, false);
}

Status allocatePiece(Context &context, Piece &piece, bool may_fail) {
  return allocate(context, MemoryKind::device, piece.size, 0, &piece, may_fail).status();
}

void releaseTaken(const Allocation &taken) { giveBack(ContextAccess::state(*taken.context).device, taken); }

Status releaseMemory(Address address, bool host) {
  if (!host && isGraphMemory(address)) return freeGraphMemory(address, nullptr);
  auto fits = host ? freedAsHost : freedAsDevice;
  std::optional<Allocation> known = findAllocation(address);
  if (!known || known->base != address || !fits(*known)) return badRelease(address, host ? "freeing as host memory" : "freeing");
  Context &context = *known->context;
  // Work under way may use it. A fault stays the answer of every call until the context is reset, which frees all.
  if (Status last = waitForAll(context); !last.ok()) return last;
  if (known->piece) {
    Status freed = PoolAccess::freeNow(*known->piece);
    return freed.ok() ? freed : badRelease(address, "freeing");
  }
  std::optional<Allocation> taken = takeAllocation(address, fits);
  if (!taken) return badRelease(address, "freeing");
  giveBack(ContextAccess::state(context).device, *taken);
  return {};
}

Status releaseMemoryAsync(Queue &queue, Address address) {
  if (captures(queue)) [[unlikely]]
    if (std::optional<Status> captured = captureRelease(queue, address)) return *captured;
  std::optional<Allocation> known = findAllocation(address);
  const bool pooled = known && known->piece;
  if (!pooled && isGraphMemory(address)) return freeGraphMemory(address, &queue);
  if (!known || known->context->device().index() != queue.context().device().index())
    return known ? Status(Code::invalid_value) : badRelease(address, "freeing");
  if (Status healthy = queue.context().check(); !healthy.ok()) return healthy;
  if (pooled && known->base == address) {
    Status freed = PoolAccess::free(*known->piece, queue);
    return freed.code() == Code::invalid_value ? badRelease(address, "freeing") : freed;
  }
  std::optional<Allocation> taken = takeAllocation(address, freedAsDevice);
  if (!taken) return badRelease(address, "freeing");
  struct Pending {
    ct_device *device;
    Allocation allocation;
  };
  auto *pending = new Pending{ContextAccess::state(*taken->context).device, *taken};
  Status status = queue.hostCall(
      [](void *user, Code) {
        giveBack(static_cast<Pending *>(user)->device, static_cast<Pending *>(user)->allocation);
        delete static_cast<Pending *>(user);
      },
      pending, true);
  if (!status.ok()) {
    // Nothing was queued: the allocation is what it was.
    insertAllocation(*taken);
    delete pending;
  }
  return status;
}

void releaseIdleMemory(Address address) {
  if (std::optional<Allocation> taken = takeAllocation(address, freedAsDevice)) giveBack(ContextAccess::state(*taken->context).device, *taken);
}

void releaseArrayMemory(Address address) {
  if (std::optional<Allocation> taken = takeAllocation(address, isArray)) giveBack(ContextAccess::state(*taken->context).device, *taken);
}

Status registerHostMemory(Context &context, void *address, uint64_t size, uint32_t flags) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (!address || size == 0) return Code::invalid_value;
  Allocation allocation;
  allocation.base = allocation.host = reinterpret_cast<Address>(address);
  allocation.size = size;
  allocation.kind = MemoryKind::registered;
  allocation.flags = flags;
  allocation.context = &context;
  allocation.context_id = context.id();
  allocation.id = nextAllocationId();
  ct_device *device = ContextAccess::state(context).device;
  if (auto known = findAllocation(allocation.base)) return isRegistered(*known) ? Code::already_registered : Code::invalid_value;
  if (ct_status status = target().memory.register_host(device, address, size, &allocation.device); status != CT_OK)
    return settle(context, status);
  if (insertAllocation(allocation)) return {};
  giveBack(device, allocation);
  return Code::already_registered;
}

Status unregisterHostMemory(void *address) {
  Address base = reinterpret_cast<Address>(address);
  std::optional<Allocation> known = findAllocation(base);
  if (!known || known->base != base || !isRegistered(*known)) return Code::not_registered;
  if (Status last = waitForAll(*known->context); !last.ok()) return last;
  std::optional<Allocation> taken = takeAllocation(base, isRegistered);
  if (!taken) return Code::not_registered;
  giveBack(ContextAccess::state(*taken->context).device, *taken);
  return {};
}

void releaseAllMemory(Context &context) {
  for (const Allocation &allocation : takeAllocationsOf(context.id())) giveBack(ContextAccess::state(context).device, allocation);
}

}  // namespace cutrans::runtime
