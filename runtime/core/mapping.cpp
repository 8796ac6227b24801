// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reservations, physical memory and the mappings between them. The lock below is taken before those of the memory map, and never
// while waiting for work.
#include "cutrans/runtime/mapping.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/support/diagnostics.h"
#include "mapping_state.h"
#include "memory_map.h"
#include "state.h"

namespace cutrans::runtime {

class PhysicalAccess {
 public:
  static PhysicalMemory *construct(void *place) { return new (place) PhysicalMemory; }
  static Result<PhysicalMemory *> publish(const PhysicalTraits &traits, uint64_t size, ct_physical *handle);
  static ct_physical *handle(const PhysicalMemory &memory) { return memory.handle_; }
  static void mapped(PhysicalMemory &memory) { ++memory.mappings_; }
  static void unmapped(PhysicalMemory &memory) {
    --memory.mappings_;
    endIfUnused(memory);
  }
  static void endIfUnused(PhysicalMemory &memory);
};

namespace {

struct Mapping {
  uint64_t size = 0;
  PhysicalMemory *memory = nullptr;
  std::map<uint32_t, Rights> rights;  // by device, or CT_ACCESS_HOST
};
using Mappings = std::map<Address, Mapping>;

constinit HandlePool<PhysicalMemory, PhysicalAccess> pool;

struct State {
  std::mutex &lock = mappingLock();
  std::map<Address, uint64_t> reserved;  // address, size
  Mappings mapped;
};

// Never destroyed: the program's destructors still release.
State &state() {
  static State *const instance = new State;
  return *instance;
}

// The mapping that holds the address, or end().
Mappings::iterator mappingAt(State &s, Address address) {
  auto after = s.mapped.upper_bound(address);
  if (after == s.mapped.begin()) return s.mapped.end();
  auto found = std::prev(after);
  return address - found->first < found->second.size ? found : s.mapped.end();
}

// The mappings that make up exactly [address, address + size), first and one behind the last; nullopt for holes and parts.
std::optional<std::pair<Mappings::iterator, Mappings::iterator>> wholeMappings(State &s, Address address, uint64_t size) {
  auto first = s.mapped.find(address), last = first;
  Address next = address;
  for (; last != s.mapped.end() && next - address < size; ++last) {
    if (last->first != next) return std::nullopt;
    next += last->second.size;
  }
  if (size == 0 || next - address != size) return std::nullopt;
  return std::pair(first, last);
}

bool isMapped(const Allocation &a) { return a.origin == Origin::mapped; }

Allocation allocationOf(Address address, const Mapping &mapping) {
  const PhysicalTraits &traits = mapping.memory->traits();
  Device &device = **Platform::loaded()->device(traits.device);
  Allocation allocation;
  allocation.base = allocation.device = address;
  allocation.size = mapping.size;
  allocation.origin = Origin::mapped;
  allocation.kind = traits.place == Place::host ? MemoryKind::pinned : MemoryKind::device;
  allocation.flags = traits.flags;
  allocation.context = &device.primary();
  allocation.host = traits.place == Place::host || device.hostCanAccess() ? address : 0;
  allocation.id = nextAllocationId();
  return allocation;
}

void waitForAllWork() {
  Platform *platform = Platform::loaded();
  for (int i = 0; i < platform->deviceCount(); ++i) {
    Device::State &device = DeviceAccess::state(**platform->device(i));
    std::vector<Context *> active;
    {
      std::lock_guard hold(device.active_lock);
      active = device.active;
    }
    // What failed says so to the next call of its own context.
    for (Context *context : active) (void)waitForAll(*context);
  }
}

}  // namespace

std::mutex &mappingLock() {
  static constinit std::mutex lock;
  return lock;
}

Status requireMapping(const char *what) {
  if (target().mapping.granularity) return {};
  report(Diag::target_no_mapping, what);
  return Code::unsupported;
}

uint64_t mappingGranularity() { return Platform::loaded() ? target().mapping.granularity : 0; }

// ---- memory ------------------------------------------------------------------------------------------------------

PhysicalMemory *PhysicalMemory::find(const void *handle) { return pool.find(handle); }

Result<PhysicalMemory *> PhysicalAccess::publish(const PhysicalTraits &traits, uint64_t size, ct_physical *handle) {
  PhysicalMemory *memory = pool.allocate();
  if (!memory) {
    target().mapping.release(handle);
    report(Diag::too_many_handles, "making memory without an address");
    return Code::out_of_memory;
  }
  memory->traits_ = traits;
  memory->size_ = size;
  memory->handle_ = handle;
  memory->references_ = 1;
  pool.publish(memory);
  return memory;
}

void PhysicalAccess::endIfUnused(PhysicalMemory &memory) {
  if (memory.references_ || memory.mappings_) return;
  target().mapping.release(std::exchange(memory.handle_, nullptr));
  pool.recycle(&memory);
}

Result<PhysicalMemory *> PhysicalMemory::create(const PhysicalTraits &traits, uint64_t size) {
  if (Status has = requireMapping("memory without an address"); !has.ok()) return has;
  if (size == 0 || size % target().mapping.granularity) return Code::invalid_value;
  std::lock_guard hold(state().lock);
  ct_physical *handle = nullptr;
  const ct_memory_kind kind = traits.place == Place::host ? CT_MEMORY_HOST : CT_MEMORY_DEVICE;
  ct_status status = target().mapping.create(static_cast<uint32_t>(traits.device), kind, size, &handle);
  if (status == CT_ERR_OUT_OF_MEMORY)
    report(Diag::memory_used_up, "making " + std::to_string(size) + " bytes without an address on device " + std::to_string(traits.device));
  if (status != CT_OK) return fromTarget(status);
  return PhysicalAccess::publish(traits, size, handle);
}

Result<PhysicalMemory *> PhysicalMemory::import(int file, bool any_file, uint32_t flags) {
  if (Status has = requireMapping("memory from a descriptor"); !has.ok()) return has;
  std::lock_guard hold(state().lock);
  ct_physical *handle = nullptr;
  uint64_t size = 0;
  ct_memory_kind kind = CT_MEMORY_DEVICE;
  uint32_t device = 0;
  ct_status status = target().mapping.import_file(file, any_file ? CT_IMPORT_ANY_FILE : 0, &handle, &size, &kind, &device);
  if (status != CT_OK) return fromTarget(status);
  PhysicalTraits traits;
  traits.place = kind == CT_MEMORY_HOST ? Place::host : Place::device;
  traits.device = static_cast<int>(device);
  traits.flags = flags;
  return PhysicalAccess::publish(traits, size, handle);
}

Result<PhysicalMemory *> PhysicalMemory::retainAt(Address address) {
  State &s = state();
  std::lock_guard hold(s.lock);
  auto found = mappingAt(s, address);
  if (found == s.mapped.end()) return Code::invalid_value;
  PhysicalMemory *memory = found->second.memory;
  // Handles that were all released come back to life: it is the same memory.
  if (memory->references_++ == 0) pool.publish(memory);
  return memory;
}

Status PhysicalMemory::retain() {
  std::lock_guard hold(state().lock);
  if (references_ == 0) return Code::invalid_value;
  ++references_;
  return {};
}

Status PhysicalMemory::release() {
  std::lock_guard hold(state().lock);
  if (references_ == 0) return Code::invalid_value;
  if (--references_ == 0) pool.retire(this);
  PhysicalAccess::endIfUnused(*this);
  return {};
}

Result<int> PhysicalMemory::exportFile() {
  std::lock_guard hold(state().lock);
  if (references_ == 0) return Code::invalid_value;
  int32_t file = -1;
  if (ct_status status = target().mapping.export_file(handle_, &file); status != CT_OK) return fromTarget(status);
  return int{file};
}

// ---- addresses -----------------------------------------------------------------------------------------------------

Result<Address> reserveAddresses(uint64_t size, uint64_t align, Address wanted) {
  if (Status has = requireMapping("addresses without memory"); !has.ok()) return has;
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (size == 0 || size % page || wanted % page || (align & (align - 1))) return Code::invalid_value;
  Address address = 0;
  if (ct_status status = target().mapping.reserve(size, align, wanted, &address); status != CT_OK) return fromTarget(status);
  std::lock_guard hold(state().lock);
  state().reserved[address] = size;
  return address;
}

Status releaseAddresses(Address address, uint64_t size) {
  State &s = state();
  std::lock_guard hold(s.lock);
  auto found = s.reserved.find(address);
  if (found == s.reserved.end() || found->second != size) return Code::invalid_value;
  auto mapped = s.mapped.lower_bound(address);
  if (mapped != s.mapped.end() && mapped->first - address < size) return Code::invalid_value;
  s.reserved.erase(found);
  target().mapping.unreserve(address, size);
  return {};
}

std::optional<Reservation> reservationAt(Address address) {
  State &s = state();
  std::lock_guard hold(s.lock);
  auto after = s.reserved.upper_bound(address);
  if (after == s.reserved.begin()) return std::nullopt;
  auto [start, size] = *std::prev(after);
  if (address - start >= size) return std::nullopt;
  return Reservation{start, size};
}

// ---- mappings ------------------------------------------------------------------------------------------------------

Status mapMemory(Address address, uint64_t size, PhysicalMemory &memory, uint64_t offset) {
  if (Status has = requireMapping("mapping memory"); !has.ok()) return has;
  const uint64_t granularity = target().mapping.granularity;
  if (size == 0 || address % granularity || size % granularity || offset % granularity) return Code::invalid_value;
  State &s = state();
  std::lock_guard hold(s.lock);
  if (!pool.live(&memory) || offset > memory.size() || size > memory.size() - offset) return Code::invalid_value;
  auto after = s.reserved.upper_bound(address);
  if (after == s.reserved.begin()) return Code::invalid_value;
  auto [start, length] = *std::prev(after);
  if (address - start >= length || size > length - (address - start)) return Code::invalid_value;
  auto behind = s.mapped.lower_bound(address);
  if (mappingAt(s, address) != s.mapped.end() || (behind != s.mapped.end() && behind->first - address < size)) return Code::invalid_value;
  if (ct_status status = target().mapping.map(PhysicalAccess::handle(memory), offset, address, size); status != CT_OK) return fromTarget(status);
  Mapping &mapping = s.mapped[address];
  mapping.size = size;
  mapping.memory = &memory;
  PhysicalAccess::mapped(memory);
  insertAllocation(allocationOf(address, mapping));
  return {};
}

Status unmapMemory(Address address, uint64_t size) {
  State &s = state();
  {
    std::lock_guard hold(s.lock);
    if (!wholeMappings(s, address, size)) return Code::invalid_value;
  }
  waitForAllWork();
  std::lock_guard hold(s.lock);
  auto range = wholeMappings(s, address, size);
  if (!range) return Code::invalid_value;
  for (auto it = range->first; it != range->second; it = s.mapped.erase(it)) {
    (void)takeAllocation(it->first, isMapped);
    target().mapping.unmap(PhysicalAccess::handle(*it->second.memory), it->first, it->second.size);
    PhysicalAccess::unmapped(*it->second.memory);
  }
  return {};
}

Status setAccess(Address address, uint64_t size, std::span<const Grant> grants) {
  State &s = state();
  std::lock_guard hold(s.lock);
  auto range = wholeMappings(s, address, size);
  if (!range || grants.empty()) return Code::invalid_value;
  for (const Grant &grant : grants) {
    if (grant.place == Place::device && !Platform::loaded()->device(grant.device).ok()) return Code::invalid_device;
    for (auto it = range->first; it != range->second; ++it)
      if (grant.place == Place::host && it->second.memory->traits().place != Place::host) return Code::invalid_value;
  }
  for (auto it = range->first; it != range->second; ++it) {
    auto rights = it->second.rights;
    for (const Grant &grant : grants) rights[grant.place == Place::host ? CT_ACCESS_HOST : static_cast<uint32_t>(grant.device)] = grant.rights;
    std::vector<ct_access> list;
    uint64_t readers = 0, writers = 0;
    for (auto [device, right] : rights) {
      list.push_back({device, static_cast<uint32_t>(right)});
      if (device == CT_ACCESS_HOST) continue;
      if (right != Rights::none) readers |= uint64_t{1} << device;
      if (right == Rights::read_write) writers |= uint64_t{1} << device;
    }
    ct_status status = target().mapping.access(PhysicalAccess::handle(*it->second.memory), it->first, it->second.size, list.data(), static_cast<uint32_t>(list.size()));
    if (status != CT_OK) return fromTarget(status);
    it->second.rights = std::move(rights);
    setAllocationRights(it->first, readers, writers);
  }
  return {};
}

Result<Rights> accessAt(Address address, Place place, int device) {
  State &s = state();
  std::lock_guard hold(s.lock);
  if (place == Place::device && !Platform::loaded()->device(device).ok()) return Code::invalid_device;
  auto found = mappingAt(s, address);
  if (found == s.mapped.end()) return Code::invalid_value;
  const auto &rights = found->second.rights;
  auto entry = rights.find(place == Place::host ? CT_ACCESS_HOST : static_cast<uint32_t>(device));
  return entry == rights.end() ? Rights::none : entry->second;
}

}  // namespace cutrans::runtime
