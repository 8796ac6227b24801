// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory: who owns which address, and what was freed.
#include <algorithm>

#include "double.h"

namespace cutrans::hip_double {
namespace {

std::mutex lock;  // the two below
std::map<uint64_t, Allocation> live;
std::map<uint64_t, Allocation> registered;

uint64_t number(const void *pointer) { return reinterpret_cast<uint64_t>(pointer); }

const std::pair<const uint64_t, Allocation> *find(const std::map<uint64_t, Allocation> &in, uint64_t at) {
  auto after = in.upper_bound(at);
  if (after == in.begin()) return nullptr;
  auto &found = *std::prev(after);
  return at - found.first < found.second.size ? &found : nullptr;
}

ct_memory_kind innerKind(Kind kind) {
  return kind == Kind::device ? CT_MEMORY_DEVICE : kind == Kind::managed ? CT_MEMORY_MANAGED : CT_MEMORY_HOST;
}

hipError_t allocate(void **memory, size_t bytes, Kind kind, const char *function) {
  if (!memory || bytes == 0) violation(function, "null, or no bytes");
  uint64_t at = 0;
  const ct_status status = inner.table->memory->alloc(inner.devices[currentDevice()], innerKind(kind), bytes, 256, &at);
  if (status != CT_OK) return checkedError(status);
  std::lock_guard hold(lock);
  live[at] = {bytes, kind, currentDevice()};
  *memory = reinterpret_cast<void *>(at);
  return hipSuccess;
}

hipError_t release(void *memory, bool host, const char *function) {
  if (!memory) violation(function, "null");
  Allocation was;
  {
    std::lock_guard hold(lock);
    auto found = live.find(number(memory));
    if (found == live.end()) violation(function, "not the start of an allocation, or freed already");
    was = found->second;
    if (host != (was.kind == Kind::host)) violation(function, "memory of the other kind");
    live.erase(found);
  }
  needCurrent(was.device, function);
  return checkedError(inner.table->memory->free(inner.devices[was.device], innerKind(was.kind), number(memory)));
}

}  // namespace

void needDeviceRange(const void *start, uint64_t bytes, const char *function) {
  std::lock_guard hold(lock);
  const auto *found = find(live, number(start));
  if (!found) found = find(registered, number(start));
  if (!found) violation(function, "an address that is in no allocation");
  if (found->second.size - (number(start) - found->first) < bytes) violation(function, "beyond the end of an allocation");
}

std::pair<uint64_t, uint64_t> allocationAround(uint64_t address) {
  std::lock_guard hold(lock);
  const auto *found = find(live, address);
  if (!found) found = find(registered, address);
  return found ? std::pair{found->first, found->second.size} : std::pair<uint64_t, uint64_t>{0, 0};
}

void needHostRange(const void *start, uint64_t bytes, const char *function) {
  if (!start) violation(function, "null");
  std::lock_guard hold(lock);
  for (uint64_t at : {number(start), number(start) + bytes - 1})
    if (const auto *found = find(live, at); found && found->second.kind == Kind::device) violation(function, "device memory given as host memory");
}

long liveAllocations(bool registrations) {
  std::lock_guard hold(lock);
  return static_cast<long>((registrations ? registered : live).size());
}

void dropAllocations(int device) {
  std::lock_guard hold(lock);
  for (auto &[at, allocation] : live)
    if (allocation.device == device) violation("hipDeviceReset", "there is memory left");
}

}  // namespace cutrans::hip_double

using namespace cutrans::hip_double;

extern "C" {

hipError_t hipMalloc(void **memory, size_t bytes) {
  ENTER(hipMalloc);
  return allocate(memory, bytes, Kind::device, self);
}

hipError_t hipFree(void *memory) {
  ENTER(hipFree);
  return release(memory, false, self);
}

hipError_t hipHostMalloc(void **memory, size_t bytes, unsigned flags) {
  ENTER(hipHostMalloc);
  if (flags & ~(hipHostMallocPortable | hipHostMallocMapped | hipHostMallocCoherent)) violation(self, "flags");
  return allocate(memory, bytes, Kind::host, self);
}

hipError_t hipHostFree(void *memory) {
  ENTER(hipHostFree);
  return release(memory, true, self);
}

hipError_t hipMallocManaged(void **memory, size_t bytes, unsigned flags) {
  ENTER(hipMallocManaged);
  if (flags != hipMemAttachGlobal) violation(self, "flags");
  return allocate(memory, bytes, Kind::managed, self);
}

hipError_t hipHostRegister(void *memory, size_t bytes, unsigned flags) {
  ENTER(hipHostRegister);
  if (!memory || !bytes || (flags & ~(hipHostRegisterPortable | hipHostRegisterMapped))) violation(self, "null, no bytes or flags");
  needHostRange(memory, bytes, self);
  std::lock_guard hold(lock);
  if (!registered.emplace(number(memory), Allocation{bytes, Kind::registered, currentDevice()}).second) return hipErrorHostMemoryAlreadyRegistered;
  return hipSuccess;
}

hipError_t hipHostUnregister(void *memory) {
  ENTER(hipHostUnregister);
  std::lock_guard hold(lock);
  if (!registered.erase(number(memory))) violation(self, "not registered");
  return hipSuccess;
}

hipError_t hipHostGetDevicePointer(void **device, void *host, unsigned flags) {
  ENTER(hipHostGetDevicePointer);
  if (flags) violation(self, "flags");
  std::lock_guard hold(lock);
  const auto *found = find(live, number(host));
  if (!find(registered, number(host)) && (!found || found->second.kind != Kind::host)) violation(self, "neither pinned nor registered memory");
  *device = host;
  return hipSuccess;
}

hipError_t hipMemGetInfo(size_t *free_bytes, size_t *total) {
  ENTER(hipMemGetInfo);
  uint64_t a = 0, b = 0;
  inner.table->memory->info(inner.devices[currentDevice()], &a, &b);
  *free_bytes = a;
  *total = b;
  return hipSuccess;
}

}  // extern "C"
