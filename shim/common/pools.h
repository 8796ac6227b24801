// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory pools: handles and attributes; cutrans/runtime/memory_pool.h has the memory. One registry for both APIs, whose
// enums and structures for pools are laid out alike.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/device.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/runtime/shared_memory.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

// All but allocateFromPool without a handle take a lock; handles are checked (invalid_value for what is no live pool).

Result<CUmemoryPool> defaultPool(const runtime::Device &device);          // cannot be destroyed
Result<CUmemoryPool> currentPool(const runtime::Device &device);          // of allocations that name no pool
Status setCurrentPool(const runtime::Device &device, CUmemoryPool pool);  // invalid_device: the pool's is another

// `entry` for messages. Refused (reported): fabric and Windows handles, pools on the host.
Result<CUmemoryPool> createPool(const CUmemPoolProps &properties, const char *entry);
// Allocations of the pool live on.
Status destroyPool(CUmemoryPool pool);

// `value` is an int or a 64-bit number, as the attribute says.
Status setPoolAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, const void *value);
Status poolAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void *value);
Status setPoolAccess(CUmemoryPool pool, const CUmemAccessDesc *list, size_t count);
Result<CUmemAccess_flags> poolAccess(CUmemoryPool pool, const CUmemLocation &location);
Status trimPool(CUmemoryPool pool, uint64_t keep);

// null: the current pool of the queue's device. Usable at once, which is earlier than the queue's order asks for.
Result<runtime::Address> allocateFromPool(CUmemoryPool pool, runtime::Queue &queue, uint64_t size);

// A descriptor, the caller's, of a pool that was made with that handle type; and the pool of another process behind one, from which
// no memory can be allocated.
Result<int> exportPool(CUmemoryPool pool);
Result<CUmemoryPool> importPool(int file);
// One allocation of a pool that was exported, as data for the other process; and there.
Result<runtime::SharedHandle> exportFromPool(runtime::Address address);
Result<runtime::Address> importIntoPool(CUmemoryPool pool, const runtime::SharedHandle &data);

// null where it comes from none, or the pool is gone.
CUmemoryPool poolHandleOf(const runtime::Allocation &memory);

}  // namespace cutrans::shim
