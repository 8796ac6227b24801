// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The error state of a thread, and errors as text. A device's fault stays, whoever asks, until the device is reset.
#include "bodies.h"
#include "cutrans/runtime/context.h"
#include "shim/common/error_text.h"

namespace cutrans::cudart {
namespace {

// The fault of the thread's device, once it has been seen by this thread: CUDA tells of it at the first call after it.
bool isSticky(cudaError_t last) {
  if (last == cudaSuccess) return false;
  runtime::Context *context = runtime::currentContext();
  if (!context) return false;
  Status status = context->check();
  return isDeviceFault(status.code()) && error(status) == last;
}

}  // namespace

cudaError_t body::cudaGetLastError(Call &) {
  cudaError_t last = threadState().last_error;
  if (!isSticky(last)) threadState().last_error = cudaSuccess;
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
