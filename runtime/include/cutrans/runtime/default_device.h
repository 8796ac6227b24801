// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The device of threads that have not chosen one (context.h).
#pragma once
#include "cutrans/runtime/export.h"

namespace cutrans::runtime {

// For all threads of the process, from now on. At first 0. The caller has checked it.
CUTRANS_API void setDefaultDevice(int index);

}  // namespace cutrans::runtime
