// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Formatting one call of a kernel's printf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace cutrans::targets {

// Appends to `out`. `args` is the packed buffer of CUDA's vprintf: each value aligned to its size, char and short widened
// to int, float to double. Returns the number of arguments that the format used, as CUDA's printf does; -1: no format.
// Reads of `format`, `args` and strings may fault; nothing is locked or half done then.
int32_t formatPrintf(std::string &out, const char *format, const void *args);

// The same for a call that was written down (cutrans/messages.h): reads no further than the sizes say - what is missing counts as
// zero - and takes the text of each %s from `texts`, one behind the other with their NULs, in place of the pointer.
struct StoredArguments {
  const void *values;
  size_t value_bytes;
  const char *texts;
  size_t text_bytes;
};
int32_t formatPrintf(std::string &out, const char *format, const StoredArguments &args);

}  // namespace cutrans::targets
