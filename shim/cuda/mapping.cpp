// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Virtual memory management: reserving addresses, making memory, mapping one into the other. docs/shared-memory.md.
#include "cutrans/runtime/mapping.h"

#include <unistd.h>

#include <vector>

#include "bodies.h"
#include "cutrans/runtime/memory.h"
#include "shim/cuda/physical_flags.h"

namespace cutrans::driver {

namespace {

constexpr unsigned kHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR | CU_MEM_HANDLE_TYPE_WIN32 | CU_MEM_HANDLE_TYPE_WIN32_KMT | CU_MEM_HANDLE_TYPE_FABRIC;

CUmemGenericAllocationHandle handle(runtime::PhysicalMemory *memory) {
  return reinterpret_cast<CUmemGenericAllocationHandle>(memory);
}
runtime::PhysicalMemory *find(CUmemGenericAllocationHandle given) {
  return runtime::PhysicalMemory::find(reinterpret_cast<const void *>(given));
}

CUresult give(CUmemGenericAllocationHandle *out, const Result<runtime::PhysicalMemory *> &memory) {
  if (memory.ok()) *out = handle(*memory);
  return error(memory.status());
}

// What cuMemCreate may be asked for.
CUresult read(Call &call, const CUmemAllocationProp *prop, runtime::PhysicalTraits &out) {
  if (!prop || prop->type != CU_MEM_ALLOCATION_TYPE_PINNED || prop->win32HandleMetaData) return CUDA_ERROR_INVALID_VALUE;
  const unsigned types = prop->requestedHandleTypes;
  if (types & ~kHandleTypes) return CUDA_ERROR_INVALID_VALUE;
  if (types & ~unsigned{CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR}) return call.refuse("memory shared by fabric or Windows handles", Diag::api_virtual_memory);
  switch (prop->location.type) {
    case CU_MEM_LOCATION_TYPE_DEVICE:
      if (!call.device(prop->location.id).ok()) return CUDA_ERROR_INVALID_DEVICE;
      out.place = runtime::Place::device;
      out.device = prop->location.id;
      break;
    case CU_MEM_LOCATION_TYPE_HOST:
      if (types) return CUDA_ERROR_INVALID_VALUE;
      out.place = runtime::Place::host;
      break;
    case CU_MEM_LOCATION_TYPE_HOST_NUMA:
      // The devices claim no node of their own (attribute HOST_NUMA_ID is -1), so there is one: 0.
      if (prop->location.id != 0) return CUDA_ERROR_INVALID_DEVICE;
      out.place = runtime::Place::host;
      break;
    default: return CUDA_ERROR_INVALID_VALUE;
  }
  if (prop->allocFlags.gpuDirectRDMACapable) return call.refuse("memory for RDMA between devices", Diag::api_virtual_memory);
  if (prop->allocFlags.usage) return call.refuse("tile pools and memory for the decompressor", Diag::api_virtual_memory);
  // compressionType is a hint; the properties of what was made say that it is not compressed.
  out.flags = physicalFlags(types, prop->location.type);
  return CUDA_SUCCESS;
}

bool readLocation(const CUmemLocation &location, runtime::Place &place, int &device) {
  place = location.type == CU_MEM_LOCATION_TYPE_DEVICE ? runtime::Place::device : runtime::Place::host;
  device = location.id;
  return location.type == CU_MEM_LOCATION_TYPE_DEVICE || location.type == CU_MEM_LOCATION_TYPE_HOST ||
         location.type == CU_MEM_LOCATION_TYPE_HOST_NUMA;
}

}  // namespace

CUresult body::cuMemAddressReserve(Call &, CUdeviceptr *out, size_t size, size_t alignment, CUdeviceptr wanted, unsigned long long flags) {
  if (!out || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Address> address = runtime::reserveAddresses(size, alignment, wanted);
  if (address.ok()) *out = *address;
  return error(address.status());
}

CUresult body::cuMemAddressFree(Call &, CUdeviceptr address, size_t size) {
  return error(runtime::releaseAddresses(address, size));
}

CUresult body::cuMemGetAllocationGranularity(Call &call, size_t *out, const CUmemAllocationProp *prop, CUmemAllocationGranularity_flags option) {
  if (!out || (option != CU_MEM_ALLOC_GRANULARITY_MINIMUM && option != CU_MEM_ALLOC_GRANULARITY_RECOMMENDED)) return CUDA_ERROR_INVALID_VALUE;
  runtime::PhysicalTraits traits;
  if (CUresult wrong = read(call, prop, traits); wrong != CUDA_SUCCESS) return wrong;
  *out = runtime::mappingGranularity();
  return *out ? CUDA_SUCCESS : call.refuse("the target maps no memory", Diag::target_no_mapping);
}

CUresult body::cuMemCreate(Call &call, CUmemGenericAllocationHandle *out, size_t size, const CUmemAllocationProp *prop, unsigned long long flags) {
  if (!out || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  runtime::PhysicalTraits traits;
  if (CUresult wrong = read(call, prop, traits); wrong != CUDA_SUCCESS) return wrong;
  return give(out, runtime::PhysicalMemory::create(traits, size));
}

CUresult body::cuMemRelease(Call &, CUmemGenericAllocationHandle given) {
  runtime::PhysicalMemory *memory = find(given);
  return memory ? error(memory->release()) : CUDA_ERROR_INVALID_VALUE;
}

CUresult body::cuMemRetainAllocationHandle(Call &, CUmemGenericAllocationHandle *out, void *address) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  return give(out, runtime::PhysicalMemory::retainAt(reinterpret_cast<uintptr_t>(address)));
}

CUresult body::cuMemGetAllocationPropertiesFromHandle(Call &, CUmemAllocationProp *out, CUmemGenericAllocationHandle given) {
  runtime::PhysicalMemory *memory = find(given);
  if (!out || !memory) return CUDA_ERROR_INVALID_VALUE;
  const runtime::PhysicalTraits &traits = memory->traits();
  *out = {};
  out->type = CU_MEM_ALLOCATION_TYPE_PINNED;
  out->requestedHandleTypes = static_cast<CUmemAllocationHandleType>(exportableAs(traits.flags));
  out->location.type = placeOf(traits.flags);
  out->location.id = traits.place == runtime::Place::device ? traits.device : 0;
  return CUDA_SUCCESS;
}

CUresult body::cuMemMap(Call &, CUdeviceptr address, size_t size, size_t offset, CUmemGenericAllocationHandle given, unsigned long long flags) {
  runtime::PhysicalMemory *memory = find(given);
  if (!memory || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  return error(runtime::mapMemory(address, size, *memory, offset));
}

CUresult body::cuMemUnmap(Call &, CUdeviceptr address, size_t size) { return error(runtime::unmapMemory(address, size)); }

CUresult body::cuMemSetAccess(Call &, CUdeviceptr address, size_t size, const CUmemAccessDesc *list, size_t count) {
  if (!list || count == 0) return CUDA_ERROR_INVALID_VALUE;
  std::vector<runtime::Grant> grants(count);
  for (size_t i = 0; i < count; ++i) {
    const CUmemAccess_flags rights = list[i].flags;
    if (rights != CU_MEM_ACCESS_FLAGS_PROT_NONE && rights != CU_MEM_ACCESS_FLAGS_PROT_READ && rights != CU_MEM_ACCESS_FLAGS_PROT_READWRITE)
      return CUDA_ERROR_INVALID_VALUE;
    if (!readLocation(list[i].location, grants[i].place, grants[i].device)) return CUDA_ERROR_INVALID_VALUE;
    grants[i].rights = static_cast<runtime::Rights>(rights);
  }
  return error(runtime::setAccess(address, size, grants));
}

CUresult body::cuMemGetAccess(Call &, unsigned long long *out, const CUmemLocation *location, CUdeviceptr address) {
  runtime::Place place;
  int device = 0;
  if (!out || !location || !readLocation(*location, place, device)) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Rights> rights = runtime::accessAt(address, place, device);
  if (rights.ok()) *out = static_cast<unsigned long long>(*rights);
  return error(rights.status());
}

// Only what was made for it, as the handle types of cuMemCreate say.
CUresult body::cuMemExportToShareableHandle(Call &call, void *out, CUmemGenericAllocationHandle given, CUmemAllocationHandleType type, unsigned long long flags) {
  runtime::PhysicalMemory *memory = find(given);
  if (!out || !memory || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (type == CU_MEM_HANDLE_TYPE_WIN32 || type == CU_MEM_HANDLE_TYPE_WIN32_KMT || type == CU_MEM_HANDLE_TYPE_FABRIC)
    return call.refuse("fabric or Windows handles", Diag::api_virtual_memory);
  if (type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR || !(exportableAs(memory->traits().flags) & type)) return CUDA_ERROR_INVALID_VALUE;
  Result<int> file = memory->exportFile();
  if (file.ok()) *static_cast<int *>(out) = *file;
  return error(file.status());
}

// The descriptor is the pointer's value, and stays the caller's.
CUresult body::cuMemImportFromShareableHandle(Call &call, CUmemGenericAllocationHandle *out, void *given, CUmemAllocationHandleType type) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  if (type == CU_MEM_HANDLE_TYPE_WIN32 || type == CU_MEM_HANDLE_TYPE_WIN32_KMT || type == CU_MEM_HANDLE_TYPE_FABRIC)
    return call.refuse("fabric or Windows handles", Diag::api_virtual_memory);
  const auto file = reinterpret_cast<intptr_t>(given);
  if (type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR || file < 0 || file > INT32_MAX) return CUDA_ERROR_INVALID_VALUE;
  return give(out, runtime::PhysicalMemory::import(static_cast<int>(file), false, physicalFlags(type, CU_MEM_LOCATION_TYPE_DEVICE)));
}

CUresult body::cuMemGetHandleForAddressRange(Call &call, void *out, CUdeviceptr address, size_t size, CUmemRangeHandleType type, unsigned long long flags) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (!out || type != CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD || (flags & ~1ull) || size == 0 || address % page || size % page) return CUDA_ERROR_INVALID_VALUE;
  std::optional<runtime::Allocation> memory = runtime::findAllocation(address);
  if (!memory) return CUDA_ERROR_INVALID_VALUE;
  return call.refuse("a dma_buf descriptor: only a driver in the system's kernel can make one", Diag::api_virtual_memory);
}

}  // namespace cutrans::driver
