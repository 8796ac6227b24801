// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The map of all allocations, by address. For runtime/core; memory.h has the question that shims ask.
#pragma once
#include <vector>

#include "cutrans/runtime/memory.h"

namespace cutrans::runtime {

// False, and nothing changes, where a part of it is known already. Enters it under the host's and the device's address.
bool insertAllocation(const Allocation &allocation);

// Takes the allocation that starts at `base` out, if `fits` says so: one winner among several callers.
std::optional<Allocation> takeAllocation(Address base, bool (*fits)(const Allocation &));

// Takes out all allocations of a context's activation.
std::vector<Allocation> takeAllocationsOf(uint64_t context_id);

// Of mapped memory, by its start.
void setAllocationRights(Address base, uint64_t readers, uint64_t writers);

uint64_t nextAllocationId();

// Of MemoryKind::array, by its start. No work that uses it is pending.
void releaseArrayMemory(Address address);

// A piece of device memory that no work uses any more, by its start.
void releaseIdleMemory(Address address);

// What was taken out goes back to the target.
void releaseTaken(const Allocation &taken);

// Device memory for a piece of a pool, of piece.size bytes; nobody sees it in the map before it is live. `may_fail`: that the
// memory is used up is not worth a message yet.
Status allocatePiece(Context &context, Piece &piece, bool may_fail);

// Allocation::flags of device memory that low_memory.cpp made.
inline constexpr uint32_t kLowMemory = 1u << 31;
void releaseLowMemory(const Allocation &allocation);

// Gives back to the target what the map held of this context. No work is pending.
void releaseAllMemory(Context &context);

}  // namespace cutrans::runtime
