// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the driver API checks before a body runs.
#include "shim/cuda/call.h"

namespace cutrans::driver {

CUresult Api::check(Call &, bool) { return CUDA_ERROR_NOT_INITIALIZED; }

}  // namespace cutrans::driver

void cutrans::shim::rememberRefusal(int) {}
