// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How far memory can be read. A program hands over fat binaries as bare pointers; the headers there say how long they
// are, and a damaged header must not lead the reader over the end of its mapping.
#pragma once

#include <cstddef>

namespace cutrans::fatbin {

// Bytes from `address` that can be read without a fault; 0 where none can. Takes the loader's lock, or reads
// /proc/self/maps: for module loading, not for hot paths. Holds until somebody unmaps the memory.
size_t readableBytes(const void *address);

}  // namespace cutrans::fatbin
