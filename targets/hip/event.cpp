// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "event.h"

#include <new>

#include "device.h"

namespace cutrans::hip {
namespace {

ct_status create(ct_device *device, uint32_t flags, ct_event **out) {
  if (ct_status status = device->makeCurrent(); status != CT_OK) return status;
  unsigned hip_flags = 0;
  if (flags & CT_EVENT_NO_TIMING) hip_flags |= hipEventDisableTiming;
  if (flags & CT_EVENT_BLOCKING_WAIT) hip_flags |= hipEventBlockingSync;
  hipEvent_t handle = nullptr;
  if (ct_status status = HIP_CALL(hipEventCreateWithFlags, &handle, hip_flags); status != CT_OK) return device->keep(status);
  *out = new (std::nothrow) ct_event(device, hip_flags);
  if (*out) {
    (*out)->turns[0].handle = handle;
    return CT_OK;
  }
  (void)api.hipEventDestroy(handle);
  return CT_ERR_OUT_OF_MEMORY;
}

void destroy(ct_event *event) {
  for (ct_event::Turn &turn : event->turns)
    if (turn.handle) (void)HIP_CALL(hipEventDestroy, turn.handle);
  delete event;
}

ct_status query(ct_event *event) {
  if (ct_status status = event->device->fault(); status != CT_OK) return status;
  const hipEvent_t handle = event->current();
  const ct_status status = handle ? event->device->keep(HIP_CALL(hipEventQuery, handle)) : CT_OK;
  return status == CT_OK ? event->device->fault() : status;
}

ct_status synchronize(ct_event *event) {
  const hipEvent_t handle = event->current();
  const ct_status status = handle ? event->device->keep(HIP_CALL(hipEventSynchronize, handle)) : CT_OK;
  return status == CT_OK ? event->device->fault() : status;
}

ct_status timeOf(ct_event::Turn &turn, uint64_t *out_ns) {
  const std::shared_ptr<Base> base = turn.base.load();
  if (!base) return CT_ERR_INVALID;
  float ms = 0;
  const ct_status status = HIP_CALL(hipEventElapsedTime, &ms, base->event, turn.handle);
  if (status == CT_OK) *out_ns = base->ns + static_cast<uint64_t>(static_cast<double>(ms > 0 ? ms : 0) * 1e6);
  return status;
}

ct_status timestamp(ct_event *event, uint64_t *out_ns) {
  const int newest = event->newest.load(std::memory_order_acquire);
  if (newest < 0 || !event->timing()) return CT_ERR_INVALID;
  ct_status status = timeOf(event->turns[newest], out_ns);
  if (status == CT_NOT_READY) status = timeOf(event->turns[1 - newest], out_ns);
  return event->device->keep(status);
}

}  // namespace

const ct_event_ops event_ops = {sizeof(ct_event_ops), create, destroy, query, synchronize, timestamp};

}  // namespace cutrans::hip

using namespace cutrans::hip;

ct_status ct_event::record(hipStream_t stream) {
  const int before = newest.load(std::memory_order_relaxed), next = timing() && before == 0 ? 1 : 0;
  Turn &turn = turns[next];
  ct_status status = CT_OK;
  if (!turn.handle) {
    status = device->makeCurrent();
    if (status == CT_OK) status = HIP_CALL(hipEventCreateWithFlags, &turn.handle, hip_flags);
    if (status != CT_OK) return status;
  }
  std::shared_ptr<Base> base;
  if (timing()) base = device->base(status);
  if (status != CT_OK) return status;
  if ((status = HIP_CALL(hipEventRecord, turn.handle, stream)) != CT_OK) return status;
  if (timing()) turn.base.store(std::move(base));
  newest.store(next, std::memory_order_release);
  return CT_OK;
}
