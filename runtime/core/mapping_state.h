// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Mapping for the rest of runtime/core: the lock around the target's slots, and pieces of files as allocations.
#pragma once
#include <mutex>

#include "cutrans/runtime/memory.h"
#include "cutrans/support/status.h"
#include "cutrans/target.h"

namespace cutrans::runtime {

// unsupported, and a line that names `what`, where the target cannot map memory.
Status requireMapping(const char *what);

// Held around all slots of target().mapping but `share`. Above the locks of the memory map; never held while waiting for work.
std::mutex &mappingLock();

// A piece of a file where all devices and the host reach it.
struct FilePiece {
  ct_physical *memory = nullptr;
  Address range = 0;                    // of the first page
  uint64_t reserved = 0, mapped = 0;    // bytes from there
};
// The file stays the caller's. `any_file`: also a file that no target of this layer made. Not in the memory map.
Result<FilePiece> mapFile(int file, bool any_file, uint64_t offset, uint64_t size);
void unmapFile(const FilePiece &piece);

// The same, and enters it in the memory map. `allocation` says all but
// addresses, size and id.
Result<Address> mapPiece(int file, bool any_file, uint64_t offset, uint64_t size, Allocation allocation);
// After it was taken out of the memory map. No work uses it.
void unmapPiece(Address base);

// What mapPiece made as Origin::opened goes with its context.
void forgetOpened(Address base);

}  // namespace cutrans::runtime
