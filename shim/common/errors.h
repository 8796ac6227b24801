// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime's codes as CUDA errors. A switch over all codes: a new row of status.def without one in error_map.def
// does not compile.
#pragma once
#include <cuda.h>
#include <driver_types.h>

#include "cutrans/support/status.h"

namespace cutrans::shim {

constexpr CUresult driverError(Code code) {
  switch (code) {
#define CT_ERROR_MAP(row, driver, runtime) \
  case Code::row:                          \
    return driver;
#include "shim/common/error_map.def"
  }
  return CUDA_ERROR_UNKNOWN;
}

constexpr cudaError_t runtimeError(Code code) {
  switch (code) {
#define CT_ERROR_MAP(row, driver, runtime) \
  case Code::row:                          \
    return runtime;
#include "shim/common/error_map.def"
  }
  return cudaErrorUnknown;
}

}  // namespace cutrans::shim
