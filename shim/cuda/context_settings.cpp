// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Limits, preferences and peers of a context. Each can be asked for again.
#include "shim/common/context_settings.h"

#include "bodies.h"
#include "shim/common/device_queries.h"

namespace cutrans::driver {

namespace {

// Of limits that exist in CUDA, those for launches from the device belong to what this layer refuses.
CUresult noLimit(CUlimit limit) {
  const bool known = limit >= CU_LIMIT_STACK_SIZE && limit < CU_LIMIT_MAX;
  return known ? CUDA_ERROR_UNSUPPORTED_LIMIT : CUDA_ERROR_INVALID_VALUE;
}

}  // namespace

CUresult body::cuCtxSetLimit(Call &call, CUlimit limit, size_t value) {
  const shim::LimitRow *row = shim::findLimit(limit);
  if (!row) return noLimit(limit);
  shim::setLimit(*call.context, *row, value);
  return CUDA_SUCCESS;
}

CUresult body::cuCtxGetLimit(Call &call, size_t *out, CUlimit limit) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  const shim::LimitRow *row = shim::findLimit(limit);
  if (!row) return noLimit(limit);
  *out = shim::getLimit(*call.context, *row);
  return CUDA_SUCCESS;
}

CUresult body::cuCtxSetCacheConfig(Call &call, CUfunc_cache preference) {
  if (preference < CU_FUNC_CACHE_PREFER_NONE || preference > CU_FUNC_CACHE_PREFER_EQUAL)
    return CUDA_ERROR_INVALID_VALUE;
  shim::withSettings(*call.context, [&](shim::ContextSettings &s) { s.cache_preference = preference; });
  return CUDA_SUCCESS;
}

CUresult body::cuCtxGetCacheConfig(Call &call, CUfunc_cache *out) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = static_cast<CUfunc_cache>(
      shim::withSettings(*call.context, [](shim::ContextSettings &s) { return s.cache_preference; }));
  return CUDA_SUCCESS;
}

// The width of shared memory banks cannot be chosen since compute capability 5.0: it is four bytes, whatever is asked.
CUresult body::cuCtxSetSharedMemConfig(Call &, CUsharedconfig config) {
  const bool known =
      config >= CU_SHARED_MEM_CONFIG_DEFAULT_BANK_SIZE && config <= CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE;
  return known ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult body::cuCtxGetSharedMemConfig(Call &, CUsharedconfig *out) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  *out = CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE;
  return CUDA_SUCCESS;
}

// Where the target can reach a peer at all it always can; what is kept is who has asked for it, so that asking twice is
// the error that CUDA makes of it.
CUresult body::cuCtxEnablePeerAccess(Call &call, CUcontext given, unsigned int flags) {
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  runtime::Context *peer = findContext(given).context;
  if (!peer || peer == call.context) return CUDA_ERROR_INVALID_CONTEXT;
  runtime::Device &there = peer->device();
  if (!shim::canAccessPeer(call.context->device(), there)) return CUDA_ERROR_PEER_ACCESS_UNSUPPORTED;
  const bool fresh =
      shim::withSettings(*call.context, [&](shim::ContextSettings &s) { return s.peers.insert(there.index()).second; });
  return fresh ? CUDA_SUCCESS : CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
}

CUresult body::cuCtxDisablePeerAccess(Call &call, CUcontext given) {
  runtime::Context *peer = findContext(given).context;
  if (!peer) return CUDA_ERROR_INVALID_CONTEXT;
  const bool was = shim::withSettings(
      *call.context, [&](shim::ContextSettings &s) { return s.peers.erase(peer->device().index()) > 0; });
  return was ? CUDA_SUCCESS : CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
}

}  // namespace cutrans::driver
