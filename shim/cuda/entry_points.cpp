// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cuGetProcAddress: entry points by name and version.
#include "bodies.h"
#include "shim/common/lookup.h"
#include "shim/common/version.h"

namespace cutrans::driver {

namespace {

constexpr cuuint64_t kKnownFlags = CU_GET_PROC_ADDRESS_LEGACY_STREAM | CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM;

CUresult lookUp(const char *name, void **out, int version, cuuint64_t flags, CUdriverProcAddressQueryResult *outcome) {
  if (!name || !out || (flags & ~kKnownFlags) || flags == kKnownFlags) return CUDA_ERROR_INVALID_VALUE;
  if (version > shim::kCudaVersion) return CUDA_ERROR_INVALID_VALUE;
  shim::Lookup found = shim::lookUp(name, version, flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM);
  *out = found.entry;
  CUdriverProcAddressQueryResult result = CU_GET_PROC_ADDRESS_SUCCESS;
  if (found.outcome == shim::LookupOutcome::unknown_name) result = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  if (found.outcome == shim::LookupOutcome::version_too_low) result = CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT;
  if (outcome) *outcome = result;
  return CUDA_SUCCESS;  // also for a name that is not there, as cuda.h says: *out is null
}

}  // namespace

CUresult body::cuGetProcAddress_v2(Call &, const char *symbol, void **pfn, int version, cuuint64_t flags,
                                   CUdriverProcAddressQueryResult *outcome) {
  return lookUp(symbol, pfn, version, flags, outcome);
}

CUresult body::cuGetProcAddress(Call &, const char *symbol, void **pfn, int version, cuuint64_t flags) {
  return lookUp(symbol, pfn, version, flags, nullptr);
}

}  // namespace cutrans::driver
