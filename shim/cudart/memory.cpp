// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device and managed memory: allocating, releasing, how much there is.
#include "cutrans/runtime/memory.h"

#include "bodies.h"
#include "cutrans/runtime/device.h"

namespace cutrans::cudart {
namespace {

using runtime::MemoryKind;

cudaError_t allocate(Call &call, void **out, MemoryKind kind, size_t size, unsigned flags = 0) {
  if (!out) return cudaErrorInvalidValue;
  *out = nullptr;
  if (size == 0) return cudaSuccess;
  Result<runtime::Address> address = runtime::allocateMemory(*call.context, kind, size, flags);
  if (!address.ok()) return error(address.status());
  *out = reinterpret_cast<void *>(*address);
  return cudaSuccess;
}

// Rows of at least `width` bytes at aligned starts; `rows` of them.
cudaError_t allocateRows(Call &call, void **out, size_t *pitch, size_t width, size_t rows) {
  if (!out || !pitch) return cudaErrorInvalidValue;
  size_t total = 0;
  if (__builtin_add_overflow(width, runtime::kPitchAlign - 1, pitch)) return cudaErrorInvalidValue;
  *pitch -= *pitch % runtime::kPitchAlign;
  if (__builtin_mul_overflow(*pitch, rows, &total)) return cudaErrorMemoryAllocation;
  return allocate(call, out, MemoryKind::device, total);
}

}  // namespace

cudaError_t body::cudaMalloc(Call &call, void **out, size_t size) {
  return allocate(call, out, MemoryKind::device, size);
}

cudaError_t body::cudaMallocManaged(Call &call, void **out, size_t size, unsigned flags) {
  if (size == 0 || (flags != cudaMemAttachGlobal && flags != cudaMemAttachHost)) return cudaErrorInvalidValue;
  return allocate(call, out, MemoryKind::managed, size, flags);
}

cudaError_t body::cudaMallocPitch(Call &call, void **out, size_t *pitch, size_t width, size_t height) {
  return allocateRows(call, out, pitch, width, height);
}

cudaError_t body::cudaMalloc3D(Call &call, cudaPitchedPtr *out, cudaExtent extent) {
  size_t rows = 0;
  if (!out) return cudaErrorInvalidValue;
  if (__builtin_mul_overflow(extent.height, extent.depth, &rows)) return cudaErrorMemoryAllocation;
  cudaPitchedPtr made{nullptr, 0, extent.width, extent.height};
  cudaError_t failed = allocateRows(call, &made.ptr, &made.pitch, extent.width, rows);
  if (failed == cudaSuccess) *out = made;
  return failed;
}

cudaError_t body::cudaFree(Call &, void *address) {
  if (!address) return cudaSuccess;
  return error(runtime::releaseMemory(reinterpret_cast<uintptr_t>(address), /*host=*/false));
}

cudaError_t body::cudaMemGetInfo(Call &call, size_t *free, size_t *total) {
  uint64_t free_bytes = 0, total_bytes = 0;
  if (!free || !total) return cudaErrorInvalidValue;
  Status status = call.device().memoryInfo(&free_bytes, &total_bytes);
  if (!status.ok()) return error(status);
  *free = free_bytes;
  *total = total_bytes;
  return cudaSuccess;
}

}  // namespace cutrans::cudart
