// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inside of the runtime: the clusters of a launch.
#pragma once
#include "cutrans/runtime/launch.h"
#include "cutrans/runtime/module.h"

namespace cutrans::runtime {

// Sets shape.cluster to what the kernel requires where the launch asks for none, and counts the grid in blocks. Null, or
// why such clusters cannot be had.
const char *settleCluster(const Kernel &kernel, LaunchShape &shape);

}  // namespace cutrans::runtime
