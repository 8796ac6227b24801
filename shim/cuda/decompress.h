// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the driver API says of memory and devices for cuMemBatchDecompressAsync. The host unpacks, so it must reach the memory.
#pragma once
#include <climits>

#include "cutrans/runtime/memory.h"

namespace cutrans::driver {

inline constexpr size_t kMostDecompressed = INT_MAX;  // bytes of one operation, on either side: LZ4 counts in int

// Plain device memory: other kinds would have to be made with a flag that is refused.
inline bool decompressCapable(const runtime::Allocation &memory) {
  return memory.kind == runtime::MemoryKind::device && memory.origin == runtime::Origin::allocated && memory.host != 0;
}

}  // namespace cutrans::driver
