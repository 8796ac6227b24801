// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The attribute list of cuLaunchKernelEx and cudaLaunchKernelExC: CUlaunchAttribute and cudaLaunchAttribute are laid
// out alike.
#pragma once
#include <cuda.h>

#include <span>

#include "cutrans/runtime/launch.h"
#include "cutrans/runtime/queue.h"

namespace cutrans::shim {

// Reads the list into the shape. Hints are taken note of by doing nothing; events that the list names are recorded
// behind the launch by the second call. `entry` is for messages.
Status readLaunchAttributes(std::span<const CUlaunchAttribute> list, runtime::LaunchShape *shape, const char *entry);
Status recordLaunchEvents(std::span<const CUlaunchAttribute> list, runtime::Queue &queue);

}  // namespace cutrans::shim
