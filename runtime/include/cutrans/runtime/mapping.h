// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and addresses apart: ranges of addresses are reserved, memory is made without an address, and one is mapped into the
// other, with rights for each device. Nothing here belongs to a context. docs/shared-memory.md.
//
// Every call takes one lock; none is on the way of a launch or a copy. Where the target has no mapping, calls give `unsupported`
// and report CT3009.
#pragma once
#include <optional>
#include <span>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

struct ct_physical;

namespace cutrans::runtime {

// 0: the target has none of this.
CUTRANS_API uint64_t mappingGranularity();

enum class Place : uint8_t { device, host };

struct PhysicalTraits {
  Place place = Place::device;
  int device = 0;         // index; of memory of the host without meaning
  uint32_t flags = 0;     // the API's own, kept for queries
};

class CUTRANS_API PhysicalMemory {
 public:
  // size: a multiple of the granularity, not 0.
  static Result<PhysicalMemory *> create(const PhysicalTraits &traits, uint64_t size);
  // The descriptor stays the caller's. `any_file`: also memory files that are not of this layer. invalid_value: not a file that can be.
  static Result<PhysicalMemory *> import(int file, bool any_file, uint32_t flags);
  // By any address in a mapping: one reference more. invalid_value: nothing is mapped there.
  static Result<PhysicalMemory *> retainAt(Address address);
  static PhysicalMemory *find(const void *handle);  // null when all references are released, mapped or not

  Status retain();
  Status release();            // the memory goes when it is mapped nowhere as well
  Result<int> exportFile();    // a descriptor, the caller's

  uint64_t size() const { return size_; }
  const PhysicalTraits &traits() const { return traits_; }

 private:
  friend class PhysicalAccess;
  PhysicalMemory() = default;
  PhysicalTraits traits_;
  uint64_t size_ = 0;
  unsigned references_ = 0, mappings_ = 0;  // under the lock
  ct_physical *handle_ = nullptr;
};

// align: 0 or a power of two. wanted: 0 or a hint. size: whole pages.
CUTRANS_API Result<Address> reserveAddresses(uint64_t size, uint64_t align, Address wanted);
// Only a whole reservation, with nothing mapped in it.
CUTRANS_API Status releaseAddresses(Address address, uint64_t size);
struct Reservation {
  Address address = 0;
  uint64_t size = 0;
};
// By any address inside.
CUTRANS_API std::optional<Reservation> reservationAt(Address address);

// Into reserved addresses where nothing is mapped; nobody has access until it is set.
CUTRANS_API Status mapMemory(Address address, uint64_t size, PhysicalMemory &memory, uint64_t offset);
// Whole mappings, without holes between them. Waits for the work of all contexts first.
CUTRANS_API Status unmapMemory(Address address, uint64_t size);

enum class Rights : uint8_t { none = 0, read = 1, read_write = 3 };

struct Grant {
  Place place = Place::device;
  int device = 0;
  Rights rights = Rights::none;
};
// Over whole mappings without holes; places that are not named keep what they have. `host` only for memory of the host.
CUTRANS_API Status setAccess(Address address, uint64_t size, std::span<const Grant> grants);
CUTRANS_API Result<Rights> accessAt(Address address, Place place, int device);

}  // namespace cutrans::runtime
