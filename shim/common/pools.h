// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory pools: handles and attributes; cutrans/runtime/memory_pool.h has the memory. One registry for both APIs, whose
// enums and structures for pools are laid out alike.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/device.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

// All but allocateFromPool without a handle take a lock; handles are checked (invalid_value for what is no live pool).

Result<CUmemoryPool> defaultPool(const runtime::Device &device);          // cannot be destroyed
Result<CUmemoryPool> currentPool(const runtime::Device &device);          // of allocations that name no pool
Status setCurrentPool(const runtime::Device &device, CUmemoryPool pool);  // invalid_device: the pool's is another

// `entry` for messages. Refused (reported): pools for other processes, and on the host.
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

}  // namespace cutrans::shim
