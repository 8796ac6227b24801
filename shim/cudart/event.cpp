// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Events.
#include "cutrans/runtime/event.h"

#include "bodies.h"
#include "cutrans/runtime/queue.h"
#include "shim/common/capture.h"

namespace cutrans::cudart {
namespace {

constexpr unsigned kFlags = cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess;

cudaError_t create(Call &call, cudaEvent_t *out, unsigned flags) {
  if (!out || (flags & ~kFlags)) return cudaErrorInvalidValue;
  uint32_t neutral = (flags & cudaEventBlockingSync ? runtime::Event::kBlockingWait : 0u) |
                     (flags & cudaEventDisableTiming ? runtime::Event::kNoTiming : 0u) |
                     (flags & cudaEventInterprocess ? runtime::Event::kInterprocess : 0u);
  Result<runtime::Event *> event = runtime::Event::create(*call.context, neutral);
  if (!event.ok()) return error(event.status());
  *out = reinterpret_cast<cudaEvent_t>(*event);
  return cudaSuccess;
}

// `use(event)`, a Status; an error where the handle is none.
template <class Use>
cudaError_t with(cudaEvent_t handle, Use &&use) {
  runtime::Event *event = runtime::Event::find(handle);
  return event ? error(use(*event)) : cudaErrorInvalidResourceHandle;
}

cudaError_t record(Call &call, cudaEvent_t handle, cudaStream_t stream, bool external) {
  runtime::Event *event = runtime::Event::find(handle);
  if (!event) return cudaErrorInvalidResourceHandle;
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::record(queue, *event, external); });
}

}  // namespace

cudaError_t body::cudaEventCreate(Call &call, cudaEvent_t *out) { return create(call, out, cudaEventDefault); }

cudaError_t body::cudaEventCreateWithFlags(Call &call, cudaEvent_t *out, unsigned flags) {
  return create(call, out, flags);
}

cudaError_t body::cudaEventDestroy(Call &, cudaEvent_t handle) {
  return with(handle, [](runtime::Event &event) { return event.destroy(); });
}

cudaError_t body::cudaEventRecord(Call &call, cudaEvent_t handle, cudaStream_t stream) {
  return record(call, handle, stream, false);
}

cudaError_t body::cudaEventRecordWithFlags(Call &call, cudaEvent_t handle, cudaStream_t stream, unsigned flags) {
  if (flags & ~cudaEventRecordExternal) return cudaErrorInvalidValue;
  return record(call, handle, stream, flags & cudaEventRecordExternal);
}

cudaError_t body::cudaEventQuery(Call &, cudaEvent_t handle) {
  return with(handle, [](runtime::Event &event) { return event.query(); });
}

cudaError_t body::cudaEventSynchronize(Call &, cudaEvent_t handle) {
  return with(handle, [](runtime::Event &event) { return event.synchronize(); });
}

cudaError_t body::cudaEventElapsedTime(Call &, float *out, cudaEvent_t start, cudaEvent_t end) {
  if (!out) return cudaErrorInvalidValue;
  runtime::Event *from = runtime::Event::find(start), *to = runtime::Event::find(end);
  if (!from || !to) return cudaErrorInvalidResourceHandle;
  Result<float> milliseconds = to->elapsedSince(*from);
  if (!milliseconds.ok()) return error(milliseconds.status());
  *out = *milliseconds;
  return cudaSuccess;
}

}  // namespace cutrans::cudart
