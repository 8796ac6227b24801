// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread state of the runtime API.
#include "shim/cudart/call.h"

namespace cutrans::cudart {

ThreadState &threadState() {
  static constinit thread_local ThreadState state;
  return state;
}

}  // namespace cutrans::cudart

void cutrans::shim::rememberRefusal(int error) {
  cudart::threadState().last_error = static_cast<cudaError_t>(error);
}
