// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory in stream order, and the pools that it comes from. The descriptors of the two APIs are laid out alike.
#include "bodies.h"
#include "cutrans/runtime/memory.h"
#include "shim/common/ipc_handles.h"
#include "shim/common/pools.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {
namespace {

static_assert(std::is_same_v<cudaMemPool_t, CUmemoryPool>);
static_assert(sizeof(cudaMemPoolProps) == sizeof(CUmemPoolProps) &&
              offsetof(cudaMemPoolProps, maxSize) == offsetof(CUmemPoolProps, maxSize) &&
              offsetof(cudaMemPoolProps, location) == offsetof(CUmemPoolProps, location));
static_assert(sizeof(cudaMemAccessDesc) == sizeof(CUmemAccessDesc) &&
              offsetof(cudaMemAccessDesc, flags) == offsetof(CUmemAccessDesc, flags));
static_assert(static_cast<int>(cudaMemPoolAttrUsedMemHigh) == CU_MEMPOOL_ATTR_USED_MEM_HIGH &&
              static_cast<int>(cudaMemPoolAttrReleaseThreshold) == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD);

cudaError_t allocate(Call &call, void **out, size_t size, cudaMemPool_t pool, cudaStream_t stream) {
  if (!out) return cudaErrorInvalidValue;
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    *out = nullptr;
    if (size == 0) return Code::ok;
    Result<runtime::Address> address = shim::allocateFromPool(pool, queue, size);
    if (address.ok()) *out = reinterpret_cast<void *>(*address);
    return address.status();
  });
}

// What `from(device)` gives, a pool, for the device of this number.
template <class From>
cudaError_t give(cudaMemPool_t *out, Result<runtime::Device *> device, From &&from) {
  if (!out) return cudaErrorInvalidValue;
  if (!device.ok()) return error(device.status());
  Result<CUmemoryPool> pool = from(**device);
  if (pool.ok()) *out = *pool;
  return error(pool.status());
}

Result<runtime::Device *> deviceAt(int index) { return runtime::Platform::loaded()->device(index); }

// The 13.0 forms name a place and a sort of memory; pools are of devices here.
Result<runtime::Device *> deviceAt(Call &call, const cudaMemLocation *where, cudaMemAllocationType type) {
  if (!where || where->type == cudaMemLocationTypeInvalid) return Code::invalid_value;
  if (type != cudaMemAllocationTypePinned && type != cudaMemAllocationTypeManaged) return Code::invalid_value;
  if (type == cudaMemAllocationTypePinned && where->type == cudaMemLocationTypeDevice) return deviceAt(where->id);
  (void)call.refuse("a pool of host or managed memory", Diag::api_pools);
  return Code::unsupported;
}

}  // namespace

cudaError_t body::cudaMallocAsync(Call &call, void **out, size_t size, cudaStream_t stream) {
  return allocate(call, out, size, nullptr, stream);
}

cudaError_t body::cudaMallocFromPoolAsync(Call &call, void **out, size_t size, cudaMemPool_t pool,
                                          cudaStream_t stream) {
  return pool ? allocate(call, out, size, pool, stream) : cudaErrorInvalidValue;
}

cudaError_t body::cudaFreeAsync(Call &call, void *address, cudaStream_t stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    return address ? runtime::releaseMemoryAsync(queue, addressOf(address)) : Status(Code::ok);
  });
}

cudaError_t body::cudaDeviceGetDefaultMemPool(Call &, cudaMemPool_t *out, int index) {
  return give(out, deviceAt(index), shim::defaultPool);
}

cudaError_t body::cudaDeviceGetMemPool(Call &, cudaMemPool_t *out, int index) {
  return give(out, deviceAt(index), shim::currentPool);
}

cudaError_t body::cudaDeviceSetMemPool(Call &, int index, cudaMemPool_t pool) {
  Result<runtime::Device *> device = deviceAt(index);
  return error(device.ok() ? shim::setCurrentPool(**device, pool) : device.status());
}

cudaError_t body::cudaMemGetDefaultMemPool(Call &call, cudaMemPool_t *out, cudaMemLocation *where,
                                           cudaMemAllocationType type) {
  return give(out, deviceAt(call, where, type), shim::defaultPool);
}

cudaError_t body::cudaMemGetMemPool(Call &call, cudaMemPool_t *out, cudaMemLocation *where,
                                    cudaMemAllocationType type) {
  return give(out, deviceAt(call, where, type), shim::currentPool);
}

cudaError_t body::cudaMemSetMemPool(Call &call, cudaMemLocation *where, cudaMemAllocationType type,
                                    cudaMemPool_t pool) {
  Result<runtime::Device *> device = deviceAt(call, where, type);
  return error(device.ok() ? shim::setCurrentPool(**device, pool) : device.status());
}

cudaError_t body::cudaMemPoolCreate(Call &call, cudaMemPool_t *out, const cudaMemPoolProps *properties) {
  if (!out || !properties) return cudaErrorInvalidValue;
  Result<CUmemoryPool> pool = shim::createPool(*reinterpret_cast<const CUmemPoolProps *>(properties), call.name);
  if (pool.ok()) *out = *pool;
  return error(pool.status());
}

cudaError_t body::cudaMemPoolDestroy(Call &, cudaMemPool_t pool) { return error(shim::destroyPool(pool)); }

cudaError_t body::cudaMemPoolTrimTo(Call &, cudaMemPool_t pool, size_t keep) { return error(shim::trimPool(pool, keep)); }

cudaError_t body::cudaMemPoolSetAttribute(Call &, cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
  return error(shim::setPoolAttribute(pool, static_cast<CUmemPool_attribute>(attribute), value));
}

cudaError_t body::cudaMemPoolGetAttribute(Call &, cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
  return error(shim::poolAttribute(pool, static_cast<CUmemPool_attribute>(attribute), value));
}

cudaError_t body::cudaMemPoolSetAccess(Call &, cudaMemPool_t pool, const cudaMemAccessDesc *list, size_t count) {
  return error(shim::setPoolAccess(pool, reinterpret_cast<const CUmemAccessDesc *>(list), count));
}

cudaError_t body::cudaMemPoolGetAccess(Call &, cudaMemAccessFlags *out, cudaMemPool_t pool,
                                       cudaMemLocation *location) {
  if (!out || !location) return cudaErrorInvalidValue;
  Result<CUmemAccess_flags> flags = shim::poolAccess(pool, *reinterpret_cast<const CUmemLocation *>(location));
  if (flags.ok()) *out = static_cast<cudaMemAccessFlags>(*flags);
  return error(flags.status());
}

// ---- other processes

cudaError_t body::cudaMemPoolExportToShareableHandle(Call &call, void *out, cudaMemPool_t pool, cudaMemAllocationHandleType type, unsigned int flags) {
  if (!out || flags != 0) return cudaErrorInvalidValue;
  if (type == cudaMemHandleTypeFabric) return call.refuse("fabric handles", Diag::api_ipc);
  if (type != cudaMemHandleTypePosixFileDescriptor) return cudaErrorInvalidValue;
  Result<int> file = shim::exportPool(pool);
  if (file.ok()) *static_cast<int *>(out) = *file;
  return error(file.status());
}

// The descriptor is the pointer's value, and stays the caller's.
cudaError_t body::cudaMemPoolImportFromShareableHandle(Call &call, cudaMemPool_t *out, void *given, cudaMemAllocationHandleType type, unsigned int flags) {
  if (!out || flags != 0) return cudaErrorInvalidValue;
  if (type == cudaMemHandleTypeFabric) return call.refuse("fabric handles", Diag::api_ipc);
  const auto file = reinterpret_cast<intptr_t>(given);
  if (type != cudaMemHandleTypePosixFileDescriptor || file < 0 || file > INT32_MAX) return cudaErrorInvalidValue;
  Result<CUmemoryPool> pool = shim::importPool(static_cast<int>(file));
  if (pool.ok()) *out = *pool;
  return error(pool.status());
}

cudaError_t body::cudaMemPoolExportPointer(Call &, cudaMemPoolPtrExportData *out, void *address) {
  if (!out) return cudaErrorInvalidValue;
  return error(shim::giveHandle(out, shim::exportFromPool(addressOf(address))));
}

cudaError_t body::cudaMemPoolImportPointer(Call &, void **out, cudaMemPool_t pool, cudaMemPoolPtrExportData *data) {
  if (!out || !data) return cudaErrorInvalidValue;
  Result<runtime::Address> address = shim::importIntoPool(pool, shim::sharedHandle(*data));
  if (address.ok()) *out = reinterpret_cast<void *>(*address);
  return error(address.status());
}

}  // namespace cutrans::cudart
