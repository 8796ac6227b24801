// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Start and version.
#include "bodies.h"
#include "shim/common/version.h"

namespace cutrans::driver {

CUresult body::cuInit(Call &, unsigned int flags) {
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  return error(runtime::Platform::get().status());
}

CUresult body::cuDriverGetVersion(Call &, int *version) {
  if (!version) return CUDA_ERROR_INVALID_VALUE;
  *version = shim::kCudaVersion;
  return CUDA_SUCCESS;
}

CUresult body::cuProfilerStart(Call &call) {
  return error(call.context->check());
}
CUresult body::cuProfilerStop(Call &call) {
  return error(call.context->check());
}

// It always answers this since CUDA 12.
CUresult body::cuProfilerInitialize(Call &, const char *, const char *, CUoutput_mode) { return CUDA_ERROR_NOT_SUPPORTED; }

}  // namespace cutrans::driver
