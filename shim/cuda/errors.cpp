// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors as text.
#include "bodies.h"
#include "shim/common/error_text.h"

namespace cutrans::driver {

namespace {

CUresult give(CUresult error, const char **out, const char *shim::ErrorText::*part) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  const shim::ErrorText *row = shim::driverErrorText(error);
  *out = row ? row->*part : nullptr;
  return row ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

}  // namespace

CUresult body::cuGetErrorName(Call &, CUresult error, const char **out) {
  return give(error, out, &shim::ErrorText::name);
}

CUresult body::cuGetErrorString(Call &, CUresult error, const char **out) {
  return give(error, out, &shim::ErrorText::text);
}

}  // namespace cutrans::driver
