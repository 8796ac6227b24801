// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory in stream order, and the pools that it comes from.
#include "bodies.h"  // first: it takes the header's renaming of old forms away
#include "cutrans/runtime/memory.h"
#include "shim/common/ipc_handles.h"
#include "shim/common/pools.h"

namespace cutrans::driver {

namespace {

CUresult allocate(Call &call, CUdeviceptr *out, size_t size, CUmemoryPool pool, CUstream stream) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    Result<runtime::Address> address = shim::allocateFromPool(pool, queue, size);
    if (address.ok()) *out = *address;
    return address.status();
  });
}

CUresult give(CUmemoryPool *out, const Result<CUmemoryPool> &pool) {
  if (!pool.ok()) return error(pool.status());
  *out = *pool;
  return CUDA_SUCCESS;
}

// The 13.0 forms name a place and a sort of memory; pools are of devices here.
Result<runtime::Device *> deviceAt(Call &call, const CUmemLocation *where, CUmemAllocationType type) {
  if (!where || type != CU_MEM_ALLOCATION_TYPE_PINNED) {
    if (where && type == CU_MEM_ALLOCATION_TYPE_MANAGED) {
      shim::refuseArgument(call.name, Diag::api_pools, "a pool of managed memory");
      return Code::unsupported;
    }
    return Code::invalid_value;
  }
  if (where->type == CU_MEM_LOCATION_TYPE_DEVICE) return call.device(where->id);
  if (where->type == CU_MEM_LOCATION_TYPE_INVALID) return Code::invalid_value;
  shim::refuseArgument(call.name, Diag::api_pools, "a pool of host memory");
  return Code::unsupported;
}

}  // namespace

CUresult body::cuMemAllocAsync(Call &call, CUdeviceptr *out, size_t size, CUstream stream) {
  return allocate(call, out, size, nullptr, stream);
}

CUresult body::cuMemAllocFromPoolAsync(Call &call, CUdeviceptr *out, size_t size, CUmemoryPool pool, CUstream stream) {
  if (!pool) return CUDA_ERROR_INVALID_VALUE;
  return allocate(call, out, size, pool, stream);
}

CUresult body::cuMemFreeAsync(Call &call, CUdeviceptr address, CUstream stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    return address ? runtime::releaseMemoryAsync(queue, address) : Status(Code::invalid_value);
  });
}

CUresult body::cuDeviceGetDefaultMemPool(Call &call, CUmemoryPool *out, CUdevice ordinal) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  return device.ok() ? give(out, shim::defaultPool(**device)) : error(device.status());
}

CUresult body::cuDeviceGetMemPool(Call &call, CUmemoryPool *out, CUdevice ordinal) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  return device.ok() ? give(out, shim::currentPool(**device)) : error(device.status());
}

CUresult body::cuDeviceSetMemPool(Call &call, CUdevice ordinal, CUmemoryPool pool) {
  Result<runtime::Device *> device = call.device(ordinal);
  return error(device.ok() ? shim::setCurrentPool(**device, pool) : device.status());
}

CUresult body::cuMemGetDefaultMemPool(Call &call, CUmemoryPool *out, CUmemLocation *where, CUmemAllocationType type) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = deviceAt(call, where, type);
  return device.ok() ? give(out, shim::defaultPool(**device)) : error(device.status());
}

CUresult body::cuMemGetMemPool(Call &call, CUmemoryPool *out, CUmemLocation *where, CUmemAllocationType type) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = deviceAt(call, where, type);
  return device.ok() ? give(out, shim::currentPool(**device)) : error(device.status());
}

CUresult body::cuMemSetMemPool(Call &call, CUmemLocation *where, CUmemAllocationType type, CUmemoryPool pool) {
  Result<runtime::Device *> device = deviceAt(call, where, type);
  return error(device.ok() ? shim::setCurrentPool(**device, pool) : device.status());
}

CUresult body::cuMemPoolCreate(Call &call, CUmemoryPool *out, const CUmemPoolProps *properties) {
  if (!out || !properties) return CUDA_ERROR_INVALID_VALUE;
  return give(out, shim::createPool(*properties, call.name));
}

CUresult body::cuMemPoolDestroy(Call &, CUmemoryPool pool) {
  return error(shim::destroyPool(pool));
}

CUresult body::cuMemPoolTrimTo(Call &, CUmemoryPool pool, size_t keep) {
  return error(shim::trimPool(pool, keep));
}

CUresult body::cuMemPoolSetAttribute(Call &, CUmemoryPool pool, CUmemPool_attribute attribute, void *value) {
  return error(shim::setPoolAttribute(pool, attribute, value));
}

CUresult body::cuMemPoolGetAttribute(Call &, CUmemoryPool pool, CUmemPool_attribute attribute, void *value) {
  return error(shim::poolAttribute(pool, attribute, value));
}

CUresult body::cuMemPoolSetAccess(Call &, CUmemoryPool pool, const CUmemAccessDesc *list, size_t count) {
  return error(shim::setPoolAccess(pool, list, count));
}

CUresult body::cuMemPoolGetAccess(Call &, CUmemAccess_flags *out, CUmemoryPool pool, CUmemLocation *location) {
  if (!out || !location) return CUDA_ERROR_INVALID_VALUE;
  Result<CUmemAccess_flags> flags = shim::poolAccess(pool, *location);
  if (!flags.ok()) return error(flags.status());
  *out = *flags;
  return CUDA_SUCCESS;
}

// ---- other processes

CUresult body::cuMemPoolExportToShareableHandle(Call &call, void *out, CUmemoryPool pool, CUmemAllocationHandleType type, unsigned long long flags) {
  if (!out || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (type == CU_MEM_HANDLE_TYPE_FABRIC) return call.refuse("fabric handles", Diag::api_ipc);
  if (type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) return CUDA_ERROR_INVALID_VALUE;
  Result<int> file = shim::exportPool(pool);
  if (file.ok()) *static_cast<int *>(out) = *file;
  return error(file.status());
}

// The descriptor is the pointer's value, and stays the caller's.
CUresult body::cuMemPoolImportFromShareableHandle(Call &call, CUmemoryPool *out, void *given, CUmemAllocationHandleType type, unsigned long long flags) {
  if (!out || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (type == CU_MEM_HANDLE_TYPE_FABRIC) return call.refuse("fabric handles", Diag::api_ipc);
  const auto file = reinterpret_cast<intptr_t>(given);
  if (type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR || file < 0 || file > INT32_MAX) return CUDA_ERROR_INVALID_VALUE;
  return give(out, shim::importPool(static_cast<int>(file)));
}

CUresult body::cuMemPoolExportPointer(Call &, CUmemPoolPtrExportData *out, CUdeviceptr address) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  return error(shim::giveHandle(out, shim::exportFromPool(address)));
}

CUresult body::cuMemPoolImportPointer(Call &, CUdeviceptr *out, CUmemoryPool pool, CUmemPoolPtrExportData *data) {
  if (!out || !data) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Address> address = shim::importIntoPool(pool, shim::sharedHandle(*data));
  if (address.ok()) *out = *address;
  return error(address.status());
}

}  // namespace cutrans::driver
