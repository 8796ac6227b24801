// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a pointer is.
#include "bodies.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/memory.h"
#include "shim/cudart/binaries.h"

namespace cutrans::cudart {
namespace {

cudaMemoryType typeOf(runtime::MemoryKind kind, runtime::Address address) {
  switch (kind) {
    case runtime::MemoryKind::device:
    case runtime::MemoryKind::array: return cudaMemoryTypeDevice;
    case runtime::MemoryKind::image:
      return inManagedVariable(address) ? cudaMemoryTypeManaged : cudaMemoryTypeDevice;
    case runtime::MemoryKind::pinned:
    case runtime::MemoryKind::registered: return cudaMemoryTypeHost;
    case runtime::MemoryKind::managed: return cudaMemoryTypeManaged;
  }
  return cudaMemoryTypeUnregistered;
}

}  // namespace

cudaError_t body::cudaPointerGetAttributes(Call &, cudaPointerAttributes *out, const void *pointer) {
  if (!out) return cudaErrorInvalidValue;
  auto address = reinterpret_cast<uintptr_t>(pointer);
  cudaPointerAttributes answer{};
  std::optional<runtime::Allocation> memory = runtime::findAllocation(address);
  if (!memory) {
    answer.type = cudaMemoryTypeUnregistered;
    answer.device = cudaInvalidDeviceId;
    answer.hostPointer = const_cast<void *>(pointer);
  } else {
    uint64_t offset = address - memory->base;
    answer.type = typeOf(memory->kind, address);
    answer.device = memory->context ? memory->context->device().index() : 0;
    if (memory->device) answer.devicePointer = reinterpret_cast<void *>(memory->device + offset);
    // Device memory has no host pointer in CUDA, whatever the target can do.
    if (memory->host && answer.type != cudaMemoryTypeDevice)
      answer.hostPointer = reinterpret_cast<void *>(memory->host + offset);
  }
  *out = answer;
  return cudaSuccess;
}

}  // namespace cutrans::cudart
