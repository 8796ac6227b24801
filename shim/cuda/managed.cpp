// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hints about managed memory, and the questions about them.
#include <algorithm>
#include <vector>

#include "bodies.h"
#include "shim/common/batches.h"
#include "shim/common/memory_hints.h"

namespace cutrans::driver {

namespace {

// The forms before CUDA 12.2 name a device, or the host by a number of its own.
CUmemLocation locationOf(CUdevice device) {
  CUmemLocation where{};
  where.type = device == CU_DEVICE_CPU ? CU_MEM_LOCATION_TYPE_HOST : CU_MEM_LOCATION_TYPE_DEVICE;
  where.id = device == CU_DEVICE_CPU ? 0 : device;
  return where;
}

CUresult prefetch(Call &call, CUdeviceptr address, size_t size, CUmemLocation where, CUstream stream) {
  if (Status status = shim::checkHintedRange(*call.context, address, size); !status.ok()) return error(status);
  if (Status status = shim::checkLocation(where.type, where.id); !status.ok()) return error(status);
  return call.onQueue(stream, [&](runtime::Queue &) -> Status {
    shim::notePrefetch(address, size, where);
    return Code::ok;
  });
}

CUresult advise(Call &call, CUdeviceptr address, size_t size, CUmem_advise advice, CUmemLocation where) {
  if (Status status = shim::checkHintedRange(*call.context, address, size); !status.ok()) return error(status);
  if (Status status = shim::checkAdvice(advice, where.type, where.id); !status.ok()) return error(status);
  shim::noteAdvice(address, size, advice, where);
  return CUDA_SUCCESS;
}

}  // namespace

CUresult body::cuMemPrefetchAsync(Call &call, CUdeviceptr address, size_t size, CUdevice device, CUstream stream) {
  return prefetch(call, address, size, locationOf(device), stream);
}

CUresult body::cuMemPrefetchAsync_v2(Call &call, CUdeviceptr address, size_t size, CUmemLocation where,
                                     unsigned int flags, CUstream stream) {
  return flags ? CUDA_ERROR_INVALID_VALUE : prefetch(call, address, size, where, stream);
}

CUresult body::cuMemAdvise(Call &call, CUdeviceptr address, size_t size, CUmem_advise advice, CUdevice device) {
  return advise(call, address, size, advice, locationOf(device));
}

CUresult body::cuMemAdvise_v2(Call &call, CUdeviceptr address, size_t size, CUmem_advise advice, CUmemLocation where) {
  return advise(call, address, size, advice, where);
}

CUresult body::cuMemPrefetchBatchAsync(Call &call, CUdeviceptr *starts, size_t *sizes, size_t count, CUmemLocation *locations,
                                       size_t *first, size_t location_count, unsigned long long flags, CUstream stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    return shim::prefetchBatch(queue, {starts, sizes, count}, {locations, first, location_count}, flags);
  });
}

CUresult body::cuMemDiscardBatchAsync(Call &call, CUdeviceptr *starts, size_t *sizes, size_t count, unsigned long long flags,
                                      CUstream stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::discardBatch(queue, {starts, sizes, count}, flags); });
}

// A prefetch undoes a discard, and the contents are what they were.
CUresult body::cuMemDiscardAndPrefetchBatchAsync(Call &call, CUdeviceptr *starts, size_t *sizes, size_t count,
                                                 CUmemLocation *locations, size_t *first, size_t location_count,
                                                 unsigned long long flags, CUstream stream) {
  return body::cuMemPrefetchBatchAsync(call, starts, sizes, count, locations, first, location_count, flags, stream);
}

CUresult body::cuMemRangeGetAttribute(Call &, void *answer, size_t size, CUmem_range_attribute attribute, CUdeviceptr address,
                                      size_t bytes) {
  const shim::RangeQuestion question{answer, size, attribute};
  return error(shim::answerAboutRange(address, bytes, &question, 1));
}

CUresult body::cuMemRangeGetAttributes(Call &, void **answers, size_t *sizes, CUmem_range_attribute *attributes, size_t count,
                                       CUdeviceptr address, size_t bytes) {
  if (!answers || !sizes || !attributes) return CUDA_ERROR_INVALID_VALUE;
  std::vector<shim::RangeQuestion> questions;
  for (size_t i = 0; i < count; ++i) questions.push_back({answers[i], sizes[i], attributes[i]});
  return error(shim::answerAboutRange(address, bytes, questions.data(), count));
}

}  // namespace cutrans::driver
