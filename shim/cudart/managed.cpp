// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hints about managed memory, and the questions about them.
#include <vector>

#include "bodies.h"
#include "shim/common/batches.h"
#include "shim/common/memory_hints.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {
namespace {

// Laid out alike, with the same numbers (batches.cpp compares).
CUmemLocation driverLocation(const cudaMemLocation &where) { return {static_cast<CUmemLocationType>(where.type), {where.id}}; }

shim::Ranges ranges(void **starts, size_t *sizes, size_t count) {
  return {reinterpret_cast<const CUdeviceptr *>(starts), sizes, count};
}

}  // namespace

cudaError_t body::cudaMemPrefetchAsync(Call &call, const void *address, size_t size, cudaMemLocation where,
                                       unsigned flags, cudaStream_t stream) {
  if (flags != 0) return cudaErrorInvalidValue;
  if (Status status = shim::checkHintedRange(*call.context, addressOf(address), size); !status.ok())
    return error(status);
  if (Status status = shim::checkLocation(where.type, where.id); !status.ok()) return error(status);
  return call.onQueue(stream, [&](runtime::Queue &) -> Status {
    shim::notePrefetch(addressOf(address), size, driverLocation(where));
    return Code::ok;
  });
}

cudaError_t body::cudaMemAdvise(Call &call, const void *address, size_t size, cudaMemoryAdvise advice,
                                cudaMemLocation where) {
  if (Status status = shim::checkHintedRange(*call.context, addressOf(address), size); !status.ok())
    return error(status);
  if (Status status = shim::checkAdvice(advice, where.type, where.id); !status.ok()) return error(status);
  shim::noteAdvice(addressOf(address), size, advice, driverLocation(where));
  return cudaSuccess;
}

cudaError_t body::cudaMemPrefetchBatchAsync(Call &call, void **starts, size_t *sizes, size_t count, cudaMemLocation *locations,
                                            size_t *first, size_t location_count, unsigned long long flags, cudaStream_t stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    const auto *where = reinterpret_cast<const CUmemLocation *>(locations);
    return shim::prefetchBatch(queue, ranges(starts, sizes, count), {where, first, location_count}, flags);
  });
}

cudaError_t body::cudaMemDiscardBatchAsync(Call &call, void **starts, size_t *sizes, size_t count, unsigned long long flags,
                                           cudaStream_t stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::discardBatch(queue, ranges(starts, sizes, count), flags); });
}

// A prefetch undoes a discard, and the contents are what they were.
cudaError_t body::cudaMemDiscardAndPrefetchBatchAsync(Call &call, void **starts, size_t *sizes, size_t count,
                                                      cudaMemLocation *locations, size_t *first, size_t location_count,
                                                      unsigned long long flags, cudaStream_t stream) {
  return body::cudaMemPrefetchBatchAsync(call, starts, sizes, count, locations, first, location_count, flags, stream);
}

cudaError_t body::cudaMemRangeGetAttribute(Call &, void *answer, size_t size, cudaMemRangeAttribute attribute, const void *address,
                                           size_t bytes) {
  const shim::RangeQuestion question{answer, size, attribute};
  return error(shim::answerAboutRange(addressOf(address), bytes, &question, 1));
}

cudaError_t body::cudaMemRangeGetAttributes(Call &, void **answers, size_t *sizes, cudaMemRangeAttribute *attributes, size_t count,
                                            const void *address, size_t bytes) {
  if (!answers || !sizes || !attributes) return cudaErrorInvalidValue;
  std::vector<shim::RangeQuestion> questions;
  for (size_t i = 0; i < count; ++i) questions.push_back({answers[i], sizes[i], attributes[i]});
  return error(shim::answerAboutRange(addressOf(address), bytes, questions.data(), count));
}

}  // namespace cutrans::cudart
