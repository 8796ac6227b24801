// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of the program that run when a stream gets to them. They may not call the API (call.h sees to it).
#include "bodies.h"
#include "shim/common/host_call.h"

namespace cutrans::cudart {

cudaError_t body::cudaLaunchHostFunc(Call &call, cudaStream_t stream, cudaHostFn_t function, void *user) {
  if (!function) return cudaErrorInvalidValue;
  return call.onQueue(stream, [&](runtime::Queue &queue) { return queue.hostFunction(function, user); });
}

cudaError_t body::cudaStreamAddCallback(Call &call, cudaStream_t stream, cudaStreamCallback_t function, void *user,
                                        unsigned flags) {
  if (!function || flags != 0) return cudaErrorInvalidValue;
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    return shim::enqueueHostCall(queue, [=](Code status) { function(stream, error(status), user); });
  });
}

}  // namespace cutrans::cudart
