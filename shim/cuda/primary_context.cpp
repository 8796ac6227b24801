// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Primary contexts: the one of each device that the runtime API uses too.
#include "bodies.h"

namespace cutrans::driver {

CUresult body::cuDevicePrimaryCtxRetain(Call &call, CUcontext *out, CUdevice ordinal) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  Result<runtime::Context *> context = (*device)->retainPrimary();
  if (!context.ok()) return error(context.status());
  *out = handle(*context);
  return CUDA_SUCCESS;
}

CUresult body::cuDevicePrimaryCtxRelease_v2(Call &call, CUdevice ordinal) {
  Result<runtime::Device *> device = call.device(ordinal);
  return error(device.ok() ? (*device)->releasePrimary() : device.status());
}

CUresult body::cuDevicePrimaryCtxReset_v2(Call &call, CUdevice ordinal) {
  Result<runtime::Device *> device = call.device(ordinal);
  return error(device.ok() ? (*device)->resetPrimary() : device.status());
}

CUresult body::cuDevicePrimaryCtxSetFlags_v2(Call &call, CUdevice ordinal, unsigned int flags) {
  if (!validContextFlags(flags)) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  return error(device.ok() ? (*device)->setPrimaryFlags(flags) : device.status());
}

CUresult body::cuDevicePrimaryCtxGetState(Call &call, CUdevice ordinal, unsigned int *flags, int *active) {
  if (!flags || !active) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Device *> device = call.device(ordinal);
  if (!device.ok()) return error(device.status());
  bool is_active = false;
  (*device)->primaryState(flags, &is_active);
  *active = is_active;
  return CUDA_SUCCESS;
}

}  // namespace cutrans::driver
