// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hints about managed memory. They are not kept, so that the questions about them (cudaMemRangeGetAttribute) are
// refused.
#include "bodies.h"
#include "shim/common/memory_hints.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {

cudaError_t body::cudaMemPrefetchAsync(Call &call, const void *address, size_t size, cudaMemLocation where,
                                       unsigned flags, cudaStream_t stream) {
  if (flags != 0) return cudaErrorInvalidValue;
  if (Status status = shim::checkHintedRange(*call.context, addressOf(address), size); !status.ok())
    return error(status);
  if (Status status = shim::checkLocation(where.type, where.id); !status.ok()) return error(status);
  return call.onQueue(stream, [](runtime::Queue &) -> Status { return Code::ok; });
}

cudaError_t body::cudaMemAdvise(Call &call, const void *address, size_t size, cudaMemoryAdvise advice,
                                cudaMemLocation where) {
  if (Status status = shim::checkHintedRange(*call.context, addressOf(address), size); !status.ok())
    return error(status);
  return error(shim::checkAdvice(advice, where.type, where.id));
}

}  // namespace cutrans::cudart
