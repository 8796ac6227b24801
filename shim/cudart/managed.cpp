// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hints about managed memory: checked, and then nothing is left to do, since both sides reach the memory at any time.
// What was hinted is not kept, so that the questions about it (cudaMemRangeGetAttribute) are refused.
#include "bodies.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/memory.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {
namespace {

// All of [address, address + size) lies in one managed allocation.
bool isManaged(const void *address, size_t size) {
  std::optional<runtime::Allocation> memory = runtime::findAllocation(addressOf(address));
  if (!memory || memory->kind != runtime::MemoryKind::managed) return false;
  uint64_t offset = addressOf(address) - memory->base;
  return size <= memory->size - offset;
}

// Where the host uses all of the device's memory, malloc'd memory counts as managed too.
bool mayHint(const Call &call, const void *address, size_t size) {
  if (!address || size == 0) return false;
  if (isManaged(address, size)) return true;
  return call.device().canAccessHost() && !runtime::findAllocation(addressOf(address));
}

bool knownLocation(const cudaMemLocation &where) {
  switch (where.type) {
    case cudaMemLocationTypeDevice: return runtime::Platform::loaded()->device(where.id).ok();
    case cudaMemLocationTypeHost:
    case cudaMemLocationTypeHostNumaCurrent: return true;
    case cudaMemLocationTypeHostNuma: return where.id >= 0;
    default: return false;
  }
}

}  // namespace

cudaError_t body::cudaMemPrefetchAsync(Call &call, const void *address, size_t size, cudaMemLocation where,
                                       unsigned flags, cudaStream_t stream) {
  if (flags != 0 || !mayHint(call, address, size)) return cudaErrorInvalidValue;
  if (!knownLocation(where)) return cudaErrorInvalidDevice;
  return call.onQueue(stream, [](runtime::Queue &) -> Status { return Code::ok; });
}

cudaError_t body::cudaMemAdvise(Call &call, const void *address, size_t size, cudaMemoryAdvise advice,
                                cudaMemLocation where) {
  if (!mayHint(call, address, size)) return cudaErrorInvalidValue;
  switch (advice) {
    case cudaMemAdviseSetReadMostly:
    case cudaMemAdviseUnsetReadMostly:
    case cudaMemAdviseUnsetPreferredLocation: return cudaSuccess;
    case cudaMemAdviseSetPreferredLocation:
    case cudaMemAdviseSetAccessedBy:
    case cudaMemAdviseUnsetAccessedBy: return knownLocation(where) ? cudaSuccess : cudaErrorInvalidDevice;
  }
  return cudaErrorInvalidValue;
}

}  // namespace cutrans::cudart
