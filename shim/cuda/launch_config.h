// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a CUlaunchConfig asks for.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/launch.h"

namespace cutrans::driver {

// invalid_value where it is none; `entry` is for messages.
Result<runtime::LaunchShape> shapeOf(const CUlaunchConfig *config, const char *entry);

}  // namespace cutrans::driver
