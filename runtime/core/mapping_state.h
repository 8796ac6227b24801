// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Mapping for the rest of runtime/core: the lock around the target's slots, and pieces of files as allocations.
#pragma once
#include <mutex>

#include "cutrans/runtime/memory.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

// unsupported, and a line that names `what`, where the target cannot map memory.
Status requireMapping(const char *what);

// Held around all slots of target().mapping but `share`. Above the locks of the memory map; never held while waiting for work.
std::mutex &mappingLock();

// Maps a piece of a file, which stays the caller's, for all devices and the host, and enters it in the memory map. `allocation` says
// all but addresses, size and id. `any_file`: also a file that no target of this layer made.
Result<Address> mapPiece(int file, bool any_file, uint64_t offset, uint64_t size, Allocation allocation);
// After it was taken out of the memory map. No work uses it.
void unmapPiece(Address base);

// What mapPiece made as Origin::opened goes with its context.
void forgetOpened(Address base);

}  // namespace cutrans::runtime
