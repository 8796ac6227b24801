// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Allocating and releasing memory of every kind.
#include "cutrans/runtime/memory.h"

#include "bodies.h"

namespace cutrans::driver {

namespace {

CUresult allocate(Call &call, runtime::MemoryKind kind, uint64_t size, unsigned flags, uint64_t *out) {
  if (size == 0) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Address> address = runtime::allocateMemory(*call.context, kind, size, flags);
  if (!address.ok()) return error(address.status());
  *out = *address;
  return CUDA_SUCCESS;
}

CUresult allocateHost(Call &call, void **out, size_t size, unsigned flags) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  uint64_t address = 0;
  CUresult result = allocate(call, runtime::MemoryKind::pinned, size, flags, &address);
  if (result == CUDA_SUCCESS) *out = reinterpret_cast<void *>(address);
  return result;
}

}  // namespace

CUresult body::cuMemAlloc_v2(Call &call, CUdeviceptr *out, size_t size) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  uint64_t address = 0;
  CUresult result = allocate(call, runtime::MemoryKind::device, size, 0, &address);
  if (result == CUDA_SUCCESS) *out = address;
  return result;
}

CUresult body::cuMemAllocPitch_v2(Call &call, CUdeviceptr *out, size_t *pitch, size_t width, size_t height,
                                  unsigned int element) {
  if (!out || !pitch || width == 0 || height == 0) return CUDA_ERROR_INVALID_VALUE;
  if (element != 4 && element != 8 && element != 16) return CUDA_ERROR_INVALID_VALUE;
  uint64_t row = 0, total = 0, address = 0;
  if (__builtin_add_overflow(width, runtime::kPitchAlign - 1, &row)) return CUDA_ERROR_OUT_OF_MEMORY;
  row &= ~uint64_t{runtime::kPitchAlign - 1};
  if (__builtin_mul_overflow(row, height, &total)) return CUDA_ERROR_OUT_OF_MEMORY;
  CUresult result = allocate(call, runtime::MemoryKind::device, total, 0, &address);
  if (result != CUDA_SUCCESS) return result;
  *out = address;
  *pitch = row;
  return CUDA_SUCCESS;
}

CUresult body::cuMemAllocManaged(Call &call, CUdeviceptr *out, size_t size, unsigned int flags) {
  if (!out || (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST)) return CUDA_ERROR_INVALID_VALUE;
  uint64_t address = 0;
  CUresult result = allocate(call, runtime::MemoryKind::managed, size, flags, &address);
  if (result == CUDA_SUCCESS) *out = address;
  return result;
}

CUresult body::cuMemFree_v2(Call &, CUdeviceptr address) {
  if (!address) return CUDA_ERROR_INVALID_VALUE;
  return error(runtime::releaseMemory(address, /*host=*/false));
}

CUresult body::cuMemAllocHost_v2(Call &call, void **out, size_t size) {
  return allocateHost(call, out, size, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP);
}

CUresult body::cuMemHostAlloc(Call &call, void **out, size_t size, unsigned int flags) {
  constexpr unsigned kKnown = CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED;
  if (flags & ~kKnown) return CUDA_ERROR_INVALID_VALUE;
  return allocateHost(call, out, size, flags | CU_MEMHOSTALLOC_DEVICEMAP);
}

CUresult body::cuMemFreeHost(Call &, void *pointer) {
  if (!pointer) return CUDA_ERROR_INVALID_VALUE;
  return error(runtime::releaseMemory(reinterpret_cast<uintptr_t>(pointer), /*host=*/true));
}

CUresult body::cuMemHostRegister_v2(Call &call, void *pointer, size_t size, unsigned int flags) {
  constexpr unsigned kKnown = CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP | CU_MEMHOSTREGISTER_IOMEMORY |
                              CU_MEMHOSTREGISTER_READ_ONLY;
  if (!pointer || size == 0 || (flags & ~kKnown)) return CUDA_ERROR_INVALID_VALUE;
  if (flags & CU_MEMHOSTREGISTER_IOMEMORY) return call.refuse("memory of I/O devices");
  if (flags & CU_MEMHOSTREGISTER_READ_ONLY) return call.refuse("memory that kernels may only read");
  return error(runtime::registerHostMemory(*call.context, pointer, size, flags | CU_MEMHOSTREGISTER_DEVICEMAP));
}

CUresult body::cuMemHostUnregister(Call &, void *pointer) {
  if (!pointer) return CUDA_ERROR_INVALID_VALUE;
  return error(runtime::unregisterHostMemory(pointer));
}

CUresult body::cuMemHostGetDevicePointer_v2(Call &, CUdeviceptr *out, void *pointer, unsigned int flags) {
  if (!out || !pointer || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  auto address = reinterpret_cast<uintptr_t>(pointer);
  std::optional<runtime::Allocation> found = runtime::findAllocation(address);
  if (!found || !found->onHost()) return CUDA_ERROR_INVALID_VALUE;
  *out = found->device + (address - found->base);
  return CUDA_SUCCESS;
}

CUresult body::cuMemHostGetFlags(Call &, unsigned int *flags, void *pointer) {
  if (!flags || !pointer) return CUDA_ERROR_INVALID_VALUE;
  std::optional<runtime::Allocation> found = runtime::findAllocation(reinterpret_cast<uintptr_t>(pointer));
  if (!found || found->kind != runtime::MemoryKind::pinned || found->origin != runtime::Origin::allocated)
    return CUDA_ERROR_INVALID_VALUE;
  *flags = found->flags;
  return CUDA_SUCCESS;
}

CUresult body::cuMemGetInfo_v2(Call &call, size_t *free, size_t *total) {
  uint64_t free_bytes = 0, total_bytes = 0;
  Status status = call.context->device().memoryInfo(&free_bytes, &total_bytes);
  if (!status.ok()) return error(status);
  if (free) *free = free_bytes;
  if (total) *total = total_bytes;
  return CUDA_SUCCESS;
}

CUresult body::cuMemGetAddressRange_v2(Call &, CUdeviceptr *base, size_t *size, CUdeviceptr address) {
  std::optional<runtime::Allocation> found = runtime::findAllocation(address);
  if (!found) return CUDA_ERROR_NOT_FOUND;
  if (base) *base = found->base;
  if (size) *size = found->size;
  return CUDA_SUCCESS;
}

}  // namespace cutrans::driver
