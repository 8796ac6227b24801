// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The stable codes of the layer's diagnostics as C++ names. The rows are data of runtime/support; CMake hands over
// the path, so that plug-ins see the table and none of the runtime's headers.
#pragma once

#include <cutrans/target.h>

#include <cstdint>

namespace cutrans::targets {

enum class Code : uint32_t {
  none = 0,
#define CT_DIAGNOSTIC(name, number, meaning, hint) name = number,
#include CUTRANS_DIAGNOSTICS_DEF
};

// What a launch ends with where a kernel ended itself with this code; none: a trap.
ct_status statusOf(Code code);

// What a code means, or "" where there is no such row.
const char *meaningOf(uint32_t number);

}  // namespace cutrans::targets
