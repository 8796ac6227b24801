// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Versions, and driver entry points by name: they come from this layer's own libcuda, opened at the first question.
#include "shim/common/version.h"

#include <cuda.h>
#include <dlfcn.h>

#include <string>

#include "bodies.h"

namespace cutrans::cudart {
namespace {

using GetProcAddress = CUresult (*)(const char *, void **, int, cuuint64_t, CUdriverProcAddressQueryResult *);

GetProcAddress driverLookup() {
  static const GetProcAddress function = []() -> GetProcAddress {
    std::string path = runtime::libraryFolder() + "/libcuda.so.1";
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    return library ? reinterpret_cast<GetProcAddress>(dlsym(library, "cuGetProcAddress_v2")) : nullptr;
  }();
  return function;
}

cudaError_t entryPoint(Call &call, const char *symbol, void **out, int version, unsigned long long flags,
                       cudaDriverEntryPointQueryResult *outcome) {
  if (!symbol || !out || (flags & ~7ull)) return cudaErrorInvalidValue;
  if (flags == cudaEnableDefault && call.per_thread) flags = cudaEnablePerThreadDefaultStream;
  GetProcAddress look_up = driverLookup();
  if (!look_up) return cudaErrorInsufficientDriver;
  static_assert(static_cast<int>(cudaEnablePerThreadDefaultStream) == CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM &&
                static_cast<int>(cudaEnableLegacyStream) == CU_GET_PROC_ADDRESS_LEGACY_STREAM);
  static_assert(static_cast<int>(cudaDriverEntryPointVersionNotSufficent) ==
                CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
  CUdriverProcAddressQueryResult answer = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  CUresult result = look_up(symbol, out, version, flags, &answer);
  if (result != CUDA_SUCCESS) return static_cast<cudaError_t>(result);  // 1: invalid value, in both APIs
  if (outcome) *outcome = static_cast<cudaDriverEntryPointQueryResult>(answer);
  if (*out) return cudaSuccess;
  return answer == CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND && !outcome ? cudaErrorSymbolNotFound : cudaSuccess;
}

}  // namespace

cudaError_t body::cudaRuntimeGetVersion(Call &, int *out) {
  if (!out) return cudaErrorInvalidValue;
  *out = shim::kCudaVersion;
  return cudaSuccess;
}

cudaError_t body::cudaDriverGetVersion(Call &call, int *out) { return body::cudaRuntimeGetVersion(call, out); }

cudaError_t body::cudaGetDriverEntryPoint(Call &call, const char *symbol, void **out, unsigned long long flags,
                                          cudaDriverEntryPointQueryResult *outcome) {
  return entryPoint(call, symbol, out, shim::kCudaVersion, flags, outcome);
}

cudaError_t body::cudaGetDriverEntryPointByVersion(Call &call, const char *symbol, void **out, unsigned version,
                                                   unsigned long long flags,
                                                   cudaDriverEntryPointQueryResult *outcome) {
  return entryPoint(call, symbol, out, static_cast<int>(version), flags, outcome);
}

}  // namespace cutrans::cudart
