// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Events: creating them, asking them, waiting for them.
#include "event.h"

#include "device.h"
#include "host.h"

namespace cutrans::host {
namespace {

ct_status create(ct_device *device, uint32_t flags, ct_event **out) {
  *out = new ct_event;
  (*out)->device = device;
  (*out)->flags = flags;
  return CT_OK;
}

void destroy(ct_event *event) { event->release(); }

ct_status query(ct_event *event) {
  if (ct_status status = event->device->status(); status != CT_OK) return status;
  return event->point().reached() ? CT_OK : CT_NOT_READY;
}

ct_status synchronize(ct_event *event) {
  const Point point = event->point();
  if (point.queue) waitFor(*point.queue, point.number);
  event->device->output.flush();
  return event->device->status();
}

ct_status timestamp(ct_event *event, uint64_t *out) {
  *out = event->timestamp.load(std::memory_order_acquire);
  return *out ? CT_OK : CT_ERR_INVALID;
}

}  // namespace

void passEvent(ct_event &event) {
  if (!(event.flags & CT_EVENT_NO_TIMING)) event.timestamp.store(nowNs(), std::memory_order_release);
  event.release();
}

const ct_event_ops event_ops = {sizeof(ct_event_ops), create, destroy, query, synchronize, timestamp};

}  // namespace cutrans::host
