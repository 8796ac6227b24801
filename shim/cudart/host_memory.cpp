// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pinned host memory: made here, or the program's own and made known.
#include "bodies.h"
#include "cutrans/runtime/memory.h"

namespace cutrans::cudart {
namespace {

constexpr unsigned kAllocFlags = cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;
constexpr unsigned kRegisterFlags = cudaHostRegisterPortable | cudaHostRegisterMapped;

cudaError_t allocate(Call &call, void **out, size_t size, unsigned flags) {
  if (!out || (flags & ~kAllocFlags)) return cudaErrorInvalidValue;
  *out = nullptr;
  if (size == 0) return cudaSuccess;
  Result<runtime::Address> address =
      runtime::allocateMemory(*call.context, runtime::MemoryKind::pinned, size, flags);
  if (!address.ok()) return error(address.status());
  *out = reinterpret_cast<void *>(*address);
  return cudaSuccess;
}

std::optional<runtime::Allocation> hostAllocation(const void *address) {
  std::optional<runtime::Allocation> found = runtime::findAllocation(reinterpret_cast<uintptr_t>(address));
  return found && found->onHost() ? found : std::nullopt;
}

}  // namespace

cudaError_t body::cudaMallocHost(Call &call, void **out, size_t size) { return allocate(call, out, size, 0); }

cudaError_t body::cudaHostAlloc(Call &call, void **out, size_t size, unsigned flags) {
  return allocate(call, out, size, flags);
}

cudaError_t body::cudaFreeHost(Call &, void *address) {
  if (!address) return cudaSuccess;
  return error(runtime::releaseMemory(reinterpret_cast<uintptr_t>(address), /*host=*/true));
}

cudaError_t body::cudaHostRegister(Call &call, void *address, size_t size, unsigned flags) {
  if (flags & (cudaHostRegisterIoMemory | cudaHostRegisterReadOnly))
    return call.refuse("registering I/O or read-only memory");
  if (!address || size == 0 || (flags & ~kRegisterFlags)) return cudaErrorInvalidValue;
  return error(runtime::registerHostMemory(*call.context, address, size, flags));
}

cudaError_t body::cudaHostUnregister(Call &, void *address) {
  if (!address) return cudaErrorInvalidValue;
  return error(runtime::unregisterHostMemory(address));
}

cudaError_t body::cudaHostGetDevicePointer(Call &, void **out, void *host, unsigned flags) {
  if (!out || !host || flags != 0) return cudaErrorInvalidValue;
  std::optional<runtime::Allocation> memory = hostAllocation(host);
  if (!memory) return cudaErrorInvalidValue;
  *out = reinterpret_cast<void *>(memory->device + (reinterpret_cast<uintptr_t>(host) - memory->base));
  return cudaSuccess;
}

cudaError_t body::cudaHostGetFlags(Call &, unsigned *flags, void *host) {
  if (!flags || !host) return cudaErrorInvalidValue;
  std::optional<runtime::Allocation> memory = hostAllocation(host);
  if (!memory || memory->origin != runtime::Origin::allocated) return cudaErrorInvalidValue;
  *flags = memory->flags | cudaHostAllocMapped;  // with one address space all of it is mapped
  return cudaSuccess;
}

}  // namespace cutrans::cudart
