// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread state of the runtime API.
#include "shim/cudart/call.h"

#include "shim/common/error_log.h"
#include "shim/common/error_text.h"

namespace cutrans::cudart {

ThreadState &threadState() {
  static constinit thread_local ThreadState state;
  return state;
}

void Api::remember(Call &call, Error error) {
  const shim::ErrorText *text = shim::runtimeErrorText(error);
  shim::logFailure(call.name, error, text ? text->name : nullptr);
  threadState().last_error = error;  // after the program's callbacks, whatever they call
}

}  // namespace cutrans::cudart

void cutrans::shim::rememberRefusal(int error) {
  cudart::threadState().last_error = static_cast<cudaError_t>(error);
}
