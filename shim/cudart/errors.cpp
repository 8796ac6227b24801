// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The error state of a thread, and errors as text.
#include "bodies.h"
#include "shim/common/error_text.h"

namespace cutrans::cudart {

cudaError_t body::cudaGetLastError(Call &) {
  cudaError_t last = threadState().last_error;
  threadState().last_error = cudaSuccess;
  return last;
}

cudaError_t body::cudaPeekAtLastError(Call &) { return threadState().last_error; }

const char *body::cudaGetErrorName(Call &, cudaError_t error) {
  const shim::ErrorText *row = shim::runtimeErrorText(error);
  return row ? row->name : "unrecognized error code";
}

const char *body::cudaGetErrorString(Call &, cudaError_t error) {
  const shim::ErrorText *row = shim::runtimeErrorText(error);
  return row ? row->text : "unrecognized error code";
}

}  // namespace cutrans::cudart
