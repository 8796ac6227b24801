// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Formatting one call of a kernel's printf.
#pragma once

#include <cstdint>
#include <string>

namespace cutrans::targets {

// Appends to `out`. `args` is the packed buffer of CUDA's vprintf: each value aligned to its size, char and short widened
// to int, float to double. Returns the number of arguments that the format used, as CUDA's printf does; -1: no format.
// Reads of `format`, `args` and strings may fault; nothing is locked or half done then.
int32_t formatPrintf(std::string &out, const char *format, const void *args);

}  // namespace cutrans::targets
