// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory in files: files without a name in any folder, sealed so that nobody can shrink one under its users, and moving pages
// from one file into another, or from private memory into a file, while kernels use them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace cutrans::process {

// A descriptor, or -1. Of `size` bytes for good; takes memory only where it was written. The name tells importers whose it is.
int createMemoryFile(const std::string &name, uint64_t size);

// Name and size of a file that createMemoryFile made, here or in another process. False: it is none. A descriptor that only
// names a file (O_PATH) will do.
bool describeMemoryFile(int file, std::string &out_name, uint64_t &out_size);

struct FileRange {
  uint8_t *at;
  uint64_t size;
  uint64_t offset;   // in the new file
  int protection;
};

// Copies `size` bytes of `from` (another file, or private memory, the one range, where from < 0) into `to`, and maps `to` in
// place of what was mapped at `ranges`. Readers go on; writers wait. False: the memory is what it was, though a part of it that was
// private may lie in `to` now.
bool moveIntoFile(const FileRange *ranges, size_t count, int from, uint64_t from_offset, int to, uint64_t size);

// For the signal handler: true when an access that was not permitted may have met a page on the move, so that it should be tried again;
// waits until it can be. Two in a row without a move between are a fault.
bool awaitMove();

}  // namespace cutrans::process
