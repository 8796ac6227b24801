// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "double.h"

using namespace cutrans::hip_double;

namespace {
const ct_event_ops &ops() { return *inner.table->event; }
}  // namespace

extern "C" {

hipError_t hipEventCreateWithFlags(hipEvent_t *event, unsigned flags) {
  ENTER(hipEventCreateWithFlags);
  if (!event || (flags & ~(hipEventBlockingSync | hipEventDisableTiming))) violation(self, "null or flags");
  ct_event *made = nullptr;
  const uint32_t inner_flags = (flags & hipEventDisableTiming ? CT_EVENT_NO_TIMING : 0u) | (flags & hipEventBlockingSync ? CT_EVENT_BLOCKING_WAIT : 0u);
  const ct_status status = ops().create(inner.devices[currentDevice()], inner_flags, &made);
  if (status != CT_OK) return checkedError(status);
  auto *handle = new Event{currentDevice(), made, flags, {}};
  events.add(handle);
  *event = reinterpret_cast<hipEvent_t>(handle);
  return hipSuccess;
}

hipError_t hipEventDestroy(hipEvent_t event) {
  ENTER(hipEventDestroy);
  Event &e = use(event, self);
  events.remove(&e);
  ops().destroy(e.event);
  return hipSuccess;
}

hipError_t hipEventRecord(hipEvent_t event, hipStream_t stream) {
  ENTER(hipEventRecord);
  Event &e = use(event, self);
  Stream &s = use(stream, self);
  if (e.device != s.device) violation(self, "event and stream are of two devices");
  const ct_status status = inner.table->queue->record(s.queue, e.event);
  const hipError_t error = checkedError(status);
  if (error == hipSuccess) e.recorded = true;
  return error;
}

hipError_t hipEventQuery(hipEvent_t event) {
  ENTER(hipEventQuery);
  Event &e = use(event, self);
  if (!e.recorded) violation(self, "never recorded: HIPs differ in what they say");
  return checkedError(ops().query(e.event));
}

hipError_t hipEventSynchronize(hipEvent_t event) {
  ENTER(hipEventSynchronize);
  Event &e = use(event, self);
  if (!e.recorded) violation(self, "never recorded: HIPs differ in what they say");
  return checkedError(ops().synchronize(e.event));
}

hipError_t hipEventElapsedTime(float *ms, hipEvent_t start, hipEvent_t stop) {
  ENTER(hipEventElapsedTime);
  Event &a = use(start, self), &b = use(stop, self);
  if (!ms || ((a.flags | b.flags) & hipEventDisableTiming)) violation(self, "an event without time");
  if (a.device != b.device || !a.recorded || !b.recorded) violation(self, "events of two devices, or never recorded");
  *ms = 0;
  uint64_t times[2] = {};
  for (int i = 0; i < 2; ++i) {
    if (const ct_status status = ops().query((i ? b : a).event); status != CT_OK) return checkedError(status);
    if (const ct_status status = ops().timestamp((i ? b : a).event, &times[i]); status != CT_OK) return checkedError(status);
  }
  *ms = static_cast<float>(static_cast<double>(static_cast<int64_t>(times[1] - times[0])) * 1e-6);
  return hipSuccess;
}

}  // extern "C"
