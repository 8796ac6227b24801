// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Events.
#include "bodies.h"
#include "shim/common/capture.h"

namespace cutrans::driver {

namespace {

static_assert(int{CU_EVENT_BLOCKING_SYNC} == int{runtime::Event::kBlockingWait} &&
              int{CU_EVENT_DISABLE_TIMING} == int{runtime::Event::kNoTiming} &&
              int{CU_EVENT_INTERPROCESS} == int{runtime::Event::kInterprocess});

CUresult elapsed(float *out, CUevent given_start, CUevent given_end) {
  runtime::Event *start = runtime::Event::find(given_start), *end = runtime::Event::find(given_end);
  if (!start || !end) return CUDA_ERROR_INVALID_HANDLE;
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  Result<float> ms = end->elapsedSince(*start);
  if (!ms.ok()) return error(ms.status());
  *out = *ms;
  return CUDA_SUCCESS;
}

CUresult record(Call &call, CUevent given, CUstream stream, bool external) {
  runtime::Event *event = runtime::Event::find(given);
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::record(queue, *event, external); });
}

}  // namespace

CUresult body::cuEventCreate(Call &call, CUevent *out, unsigned int flags) {
  constexpr unsigned kKnown = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS;
  if (!out || (flags & ~kKnown)) return CUDA_ERROR_INVALID_VALUE;
  Result<runtime::Event *> event = runtime::Event::create(*call.context, flags);
  if (!event.ok()) return error(event.status());
  *out = handle(*event);
  return CUDA_SUCCESS;
}

CUresult body::cuEventDestroy_v2(Call &, CUevent given) {
  runtime::Event *event = runtime::Event::find(given);
  return event ? error(event->destroy()) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult body::cuEventRecord(Call &call, CUevent event, CUstream stream) {
  return record(call, event, stream, false);
}

CUresult body::cuEventRecordWithFlags(Call &call, CUevent event, CUstream stream, unsigned int flags) {
  if (flags & ~unsigned{CU_EVENT_RECORD_EXTERNAL}) return CUDA_ERROR_INVALID_VALUE;
  return record(call, event, stream, flags & CU_EVENT_RECORD_EXTERNAL);
}

CUresult body::cuEventQuery(Call &, CUevent given) {
  runtime::Event *event = runtime::Event::find(given);
  return event ? error(event->query()) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult body::cuEventSynchronize(Call &, CUevent given) {
  runtime::Event *event = runtime::Event::find(given);
  return event ? error(event->synchronize()) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult body::cuEventElapsedTime(Call &, float *out, CUevent start, CUevent end) {
  return elapsed(out, start, end);
}
CUresult body::cuEventElapsedTime_v2(Call &, float *out, CUevent start, CUevent end) {
  return elapsed(out, start, end);
}

}  // namespace cutrans::driver
