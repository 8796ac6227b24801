// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Limits and preferences of a device. Each can be asked for again.
#include "bodies.h"
#include "shim/common/context_settings.h"

namespace cutrans::cudart {
namespace {

// Of limits that exist in CUDA, those for launches from the device belong to what this layer refuses.
cudaError_t noLimit(cudaLimit limit) {
  bool known = limit == cudaLimitDevRuntimeSyncDepth || limit == cudaLimitDevRuntimePendingLaunchCount;
  return known ? cudaErrorUnsupportedLimit : cudaErrorInvalidValue;
}

}  // namespace

cudaError_t body::cudaDeviceSetLimit(Call &call, cudaLimit limit, size_t value) {
  const shim::LimitRow *row = shim::findLimit(limit);
  if (!row) return noLimit(limit);
  shim::setLimit(*call.context, *row, value);
  return cudaSuccess;
}

cudaError_t body::cudaDeviceGetLimit(Call &call, size_t *out, cudaLimit limit) {
  if (!out) return cudaErrorInvalidValue;
  const shim::LimitRow *row = shim::findLimit(limit);
  if (!row) return noLimit(limit);
  *out = shim::getLimit(*call.context, *row);
  return cudaSuccess;
}

cudaError_t body::cudaDeviceSetCacheConfig(Call &call, cudaFuncCache preference) {
  if (preference < cudaFuncCachePreferNone || preference > cudaFuncCachePreferEqual) return cudaErrorInvalidValue;
  shim::withSettings(*call.context, [&](shim::ContextSettings &s) { s.cache_preference = preference; });
  return cudaSuccess;
}

cudaError_t body::cudaDeviceGetCacheConfig(Call &call, cudaFuncCache *out) {
  if (!out) return cudaErrorInvalidValue;
  *out = static_cast<cudaFuncCache>(
      shim::withSettings(*call.context, [](shim::ContextSettings &s) { return s.cache_preference; }));
  return cudaSuccess;
}

// The width of shared memory banks cannot be chosen since compute capability 5.0: it is four bytes, whatever is asked.
cudaError_t body::cudaDeviceSetSharedMemConfig(Call &, cudaSharedMemConfig config) {
  bool known = config == cudaSharedMemBankSizeDefault || config == cudaSharedMemBankSizeFourByte ||
               config == cudaSharedMemBankSizeEightByte;
  return known ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t body::cudaDeviceGetSharedMemConfig(Call &, cudaSharedMemConfig *out) {
  if (!out) return cudaErrorInvalidValue;
  *out = cudaSharedMemBankSizeFourByte;
  return cudaSuccess;
}

// Lines that persist in L2 do not exist here (their largest size is 0), so there is none to reset.
cudaError_t body::cudaCtxResetPersistingL2Cache(Call &) { return cudaSuccess; }

}  // namespace cutrans::cudart
