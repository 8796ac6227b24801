// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a pointer is: attributes of memory by address.
#include <cstring>

#include "bodies.h"
#include "cutrans/runtime/mapping.h"
#include "cutrans/runtime/memory.h"
#include "shim/common/pools.h"
#include "shim/cuda/decompress.h"
#include "shim/cuda/physical_flags.h"

namespace cutrans::driver {

namespace {

template <class T>
CUresult give(void *out, T value) {
  std::memcpy(out, &value, sizeof value);
  return CUDA_SUCCESS;
}

// Of the current context's device.
unsigned accessFlags(const runtime::Allocation &memory) {
  if (memory.origin != runtime::Origin::mapped) return CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE;
  const runtime::Context *context = runtime::currentContext();
  const int device = context ? context->device().index() : memory.context->device().index();
  const unsigned reads = memory.readers >> device & 1, writes = memory.writers >> device & 1;
  return writes ? CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE
         : reads ? CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READ : CU_POINTER_ATTRIBUTE_ACCESS_FLAG_NONE;
}

// `found` may be null: the pointer is unknown, which some attributes can answer.
CUresult attribute(void *out, CUpointer_attribute which, const runtime::Allocation *found, CUdeviceptr pointer) {
  switch (which) {
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
      return give<unsigned>(out, found && found->kind == runtime::MemoryKind::device && found->origin == runtime::Origin::allocated &&
                                     !found->piece && runtime::mappingGranularity() != 0);
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
      return give<unsigned>(out, 0);
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
      return give<unsigned long long>(out, found && found->origin == runtime::Origin::mapped ? exportableAs(found->flags) : 0);
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    case CU_POINTER_ATTRIBUTE_MAPPED:
      if (found && found->origin != runtime::Origin::mapped) break;
      // Of mapped memory the range is what was reserved; it is one without anything mapped, too.
      if (std::optional<runtime::Reservation> range = runtime::reservationAt(pointer)) {
        if (which == CU_POINTER_ATTRIBUTE_MAPPED) return give<unsigned>(out, found != nullptr);
        return give<uint64_t>(out, which == CU_POINTER_ATTRIBUTE_RANGE_SIZE ? range->size : range->address);
      }
      break;
    default:
      break;
  }
  if (!found) return CUDA_ERROR_INVALID_VALUE;
  const CUdeviceptr offset = pointer - found->base;
  switch (which) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
      // Mapped memory belongs to no context.
      return found->origin == runtime::Origin::mapped ? CUDA_ERROR_INVALID_VALUE : give(out, handle(found->context));
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
      return give<unsigned>(out, found->onHost() ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE);
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
      return found->device ? give<CUdeviceptr>(out, found->device + offset) : CUDA_ERROR_INVALID_VALUE;
    case CU_POINTER_ATTRIBUTE_HOST_POINTER: {
      const bool host = found->onHost() || found->kind == runtime::MemoryKind::managed;
      return host ? give<uint64_t>(out, found->host + offset) : CUDA_ERROR_INVALID_VALUE;
    }
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
      return give<unsigned>(out, 0);
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
      return give<unsigned long long>(out, found->id);
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
      return give<unsigned>(out, found->kind == runtime::MemoryKind::managed);
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
      return found->context ? give<int>(out, found->context->device().index()) : CUDA_ERROR_INVALID_VALUE;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
      return give<CUdeviceptr>(out, found->base);
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
      return give<size_t>(out, found->size);
    case CU_POINTER_ATTRIBUTE_MAPPED:
      return give<unsigned>(out, 1);
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
      return give<unsigned>(out, accessFlags(*found));
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
      return give<CUmemoryPool>(out, shim::poolHandleOf(*found));
    case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
      return give<unsigned>(out, decompressCapable(*found));
    default:
      return CUDA_ERROR_INVALID_VALUE;
  }
}

// The width of an attribute's value, for the forms that answer "unknown" with zeros; 0: not an attribute.
size_t attributeSize(CUpointer_attribute which) {
  switch (which) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
      return 8;
    case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
      return sizeof(CUDA_POINTER_ATTRIBUTE_P2P_TOKENS);
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    case CU_POINTER_ATTRIBUTE_MAPPED:
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
      return 4;
    default:
      return 0;
  }
}

}  // namespace

CUresult body::cuPointerGetAttribute(Call &, void *out, CUpointer_attribute which, CUdeviceptr pointer) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  std::optional<runtime::Allocation> found = runtime::findAllocation(pointer);
  return attribute(out, which, found ? &*found : nullptr, pointer);
}

CUresult body::cuPointerGetAttributes(Call &, unsigned int count, CUpointer_attribute *which, void **out,
                                      CUdeviceptr pointer) {
  if (!count || !which || !out) return CUDA_ERROR_INVALID_VALUE;
  std::optional<runtime::Allocation> found = runtime::findAllocation(pointer);
  for (unsigned i = 0; i < count; ++i) {
    const size_t size = attributeSize(which[i]);
    if (size == 0 || !out[i]) return CUDA_ERROR_INVALID_VALUE;
    // This form answers what has no answer with zeros; device -2 means none.
    std::memset(out[i], 0, size);
    if (which[i] == CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL) give<int>(out[i], -2);
    (void)attribute(out[i], which[i], found ? &*found : nullptr, pointer);
  }
  return CUDA_SUCCESS;
}

// Copies that are synchronous by their form already are; the attribute asks for no more.
CUresult body::cuPointerSetAttribute(Call &call, const void *value, CUpointer_attribute which, CUdeviceptr pointer) {
  if (!value) return CUDA_ERROR_INVALID_VALUE;
  if (!runtime::findAllocation(pointer)) return CUDA_ERROR_INVALID_VALUE;
  if (which != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS) return CUDA_ERROR_INVALID_VALUE;
  int on = 0;
  std::memcpy(&on, value, sizeof on);
  return on ? call.refuse("memory whose operations are all synchronous (CU_POINTER_ATTRIBUTE_SYNC_MEMOPS)")
            : CUDA_SUCCESS;
}

}  // namespace cutrans::driver
