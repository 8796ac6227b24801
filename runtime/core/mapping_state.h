// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What mapping.cpp offers to the rest of runtime/core.
#pragma once
#include "cutrans/support/status.h"

namespace cutrans::runtime {

// unsupported, and a line that names `what`, where the target cannot map memory.
Status requireMapping(const char *what);

}  // namespace cutrans::runtime
