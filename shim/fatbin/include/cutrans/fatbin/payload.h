// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Unpacks what an entry stores: zstd, LZ4 or nothing.
#pragma once

#include <string>

#include "cutrans/fatbin/container.h"
#include "cutrans/fatbin/format.h"

namespace cutrans::fatbin {

// The bytes of the entry as the tool chain made them. For PTX: the text up to its NUL.
// Memory grows with what really comes out of the decompressor, never with what a header claims.
Expected<std::string> unpack(const Entry &entry, uint64_t max_bytes = kMaxUnpackedBytes);

std::string_view packingName(const Entry &entry);  // "zstd", "lz4", "plain", "scrambled"

}  // namespace cutrans::fatbin
