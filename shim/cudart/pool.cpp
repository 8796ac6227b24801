// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory in stream order. An allocation is there at once; a release happens when the stream gets to it.
#include "bodies.h"
#include "cutrans/runtime/memory.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {

cudaError_t body::cudaMallocAsync(Call &call, void **out, size_t size, cudaStream_t stream) {
  if (!out) return cudaErrorInvalidValue;
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    *out = nullptr;
    if (size == 0) return Code::ok;
    Result<runtime::Address> address =
        runtime::allocateMemory(queue.context(), runtime::MemoryKind::device, size);
    if (address.ok()) *out = reinterpret_cast<void *>(*address);
    return address.status();
  });
}

cudaError_t body::cudaFreeAsync(Call &call, void *address, cudaStream_t stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    return address ? runtime::releaseMemoryAsync(queue, addressOf(address)) : Status(Code::ok);
  });
}

}  // namespace cutrans::cudart
