// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device memory whose address fits into 32 bits.
#pragma once
#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

// Released by releaseMemory like any other. Not counted in the device's free memory. unsupported where kernels cannot use any host
// address; out_of_memory when there is no room below 4 GiB.
CUTRANS_API Result<Address> allocateLowMemory(Context &context, uint64_t size);

}  // namespace cutrans::runtime
