// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory: allocating, registering, releasing, and the map that knows every allocation by any address inside it.
//
// One address space: a device address and a host pointer are numbers that never clash. Lookups take one uncontended
// lock of a per-thread stripe, never a global one; allocating and releasing take all stripes.
#pragma once
#include <optional>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

struct Piece;

enum class MemoryKind : uint8_t {
  device,
  pinned,      // host memory that this layer allocated
  managed,     // both sides
  registered,  // the program's host memory, made known
  image,       // variables of a module; released with it
  array        // texels, or records of textures: no address of it is shown to the program
};

inline constexpr uint32_t kManagedImage = 1;  // Allocation::flags of an image: both sides use it
// Where an allocation comes from, and so what ends it.
enum class Origin : uint8_t {
  allocated,  // releaseMemory
  mapped,     // unmapMemory (mapping.h)
  opened,     // closeMemory (shared_memory.h)
  imported    // from another process's pool: releaseMemory
};

struct Allocation {
  Address base = 0;          // the address that the program got
  uint64_t size = 0;
  MemoryKind kind = MemoryKind::device;
  uint32_t flags = 0;        // the API's own, kept for queries
  Context *context = nullptr;
  uint64_t context_id = 0;
  Address host = 0;          // base as the host sees it, 0 where it cannot
  Address device = 0;        // base as the device sees it
  uint64_t id = 0;           // never used again
  Piece *piece = nullptr;    // of a pool (memory_pool.h), or null
  bool managed() const { return kind == MemoryKind::managed || (kind == MemoryKind::image && flags == kManagedImage); }
  Origin origin = Origin::allocated;
  uint64_t imported_from = 0;         // Origin::imported: the pool, as the shim knows it
  uint64_t readers = 0, writers = 0;  // of mapped memory: devices that may, by index; other memory is for all
  bool onHost() const { return kind == MemoryKind::pinned || kind == MemoryKind::registered; }
};

// By any address inside; nullopt for memory that the layer does not know (pageable host memory).
CUTRANS_API std::optional<Allocation> findAllocation(Address address);

// device, pinned, managed or array. size > 0. At least 512-aligned, as textures over memory ask for.
CUTRANS_API Result<Address> allocateMemory(Context &context, MemoryKind kind, uint64_t size, uint32_t flags = 0);

// Waits for the work of the allocation's context, then releases. invalid_value for what is not the start of a live
// allocation of this sort: `host` false takes device and managed memory, true takes pinned memory. 0 is not accepted.
CUTRANS_API Status releaseMemory(Address address, bool host);

// Released when the queue gets there; the address is unknown from now on.
CUTRANS_API Status releaseMemoryAsync(Queue &queue, Address address);

// already_registered where any byte of it is known; unregister: not_registered unless it is the start of one.
CUTRANS_API Status registerHostMemory(Context &context, void *address, uint64_t size, uint32_t flags);
CUTRANS_API Status unregisterHostMemory(void *address);

}  // namespace cutrans::runtime
