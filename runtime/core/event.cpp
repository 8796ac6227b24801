// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Events: their life and their questions. The queue's half is in queue.cpp.
#include "cutrans/runtime/event.h"

#include "capture/capture.h"
#include "cutrans/support/diagnostics.h"
#include "shared_event.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

constinit HandlePool<Event, EventAccess> pool;

uint32_t targetFlags(uint32_t flags) {
  return (flags & Event::kNoTiming ? CT_EVENT_NO_TIMING : 0u) | (flags & Event::kBlockingWait ? CT_EVENT_BLOCKING_WAIT : 0u);
}

// Whether an event may be asked about now; `recorded`: there is something to ask.
Status mayAsk(Event &event, bool *recorded) {
  if (Status healthy = event.context().check(); !healthy.ok()) return healthy;
  if (EventAccess::captured(event)) [[unlikely]]
    return capturedEventAsked(event);
  *recorded = EventAccess::recorded(event);
  return *recorded ? forbidDuringCapture() : Status();
}

}  // namespace

Event *Event::find(const void *handle) { return pool.find(handle); }

Result<Event *> Event::create(Context &context, uint32_t flags) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (flags & ~uint32_t{kBlockingWait | kNoTiming | kInterprocess}) return Code::invalid_value;
  if (flags & kInterprocess) {
    if (!(flags & kNoTiming)) return Code::invalid_value;
    Result<std::shared_ptr<SharedEvent>> shared = SharedEvent::create();
    return shared.ok() ? EventAccess::create(context, flags, std::move(*shared)) : shared.status();
  }
  return EventAccess::create(context, flags, nullptr);
}

Result<Event *> EventAccess::create(Context &context, uint32_t flags, std::shared_ptr<SharedEvent> shared) {
  Event *event = pool.allocate();
  if (!event) {
    report(Diag::too_many_handles, "creating an event");
    return Code::out_of_memory;
  }
  Context::State &owner = ContextAccess::state(context);
  event->context_ = &context;
  event->flags_ = flags;
  event->shared_ = std::move(shared);
  ct_status status = event->shared_ ? CT_OK : target().event.create(owner.device, targetFlags(flags), &event->handle_);
  if (status != CT_OK) {
    pool.recycle(event);
    return settle(context, status);
  }
  pool.publish(event);
  std::lock_guard hold(owner.lists);
  owner.events.insert(event);
  return event;
}

void EventAccess::setCaptured(Event &event, CapturedPoint point) {
  delete std::exchange(event.point_, new CapturedPoint(std::move(point)));
  event.record_.store(Event::Record::captured, std::memory_order_release);
}

Result<SharedHandle> exportEvent(Event &event) {
  if (!event.context().check().ok()) return event.context().check();
  SharedEvent *shared = EventAccess::shared(event);
  return shared ? shared->handle() : Code::invalid_handle;
}

Result<Event *> openEvent(Context &context, const SharedHandle &handle) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  Result<std::shared_ptr<SharedEvent>> shared = SharedEvent::open(handle);
  return shared.ok() ? EventAccess::create(context, Event::kInterprocess | Event::kNoTiming, std::move(*shared)) : shared.status();
}

void EventAccess::release(Event &event) {
  if (!pool.retire(&event)) return;
  delete std::exchange(event.point_, nullptr);
  if (event.handle_) target().event.destroy(std::exchange(event.handle_, nullptr));
  event.shared_.reset();
  pool.recycle(&event);
}

Status EventAccess::query(Event &event) {
  ct_status status = target().event.query(event.handle_);
  return status == CT_NOT_READY ? Status(Code::not_ready) : status == CT_OK ? event.context_->check() : settle(*event.context_, status);
}

Status Event::destroy() {
  Context::State &owner = ContextAccess::state(*context_);
  {
    std::lock_guard hold(owner.lists);
    if (owner.events.erase(this) == 0) return Code::invalid_handle;
  }
  Status healthy = context_->check();
  EventAccess::release(*this);
  return healthy;
}

Status Event::query() {
  bool recorded = false;
  if (Status allowed = mayAsk(*this, &recorded); !allowed.ok()) return allowed;
  if (shared_) [[unlikely]] return shared_->query();
  return recorded ? EventAccess::query(*this) : Status();
}

Status Event::synchronize() {
  bool recorded = false;
  if (Status allowed = mayAsk(*this, &recorded); !allowed.ok()) return allowed;
  if (shared_) [[unlikely]] return shared_->synchronize();
  if (!recorded) return {};
  ct_status status = target().event.synchronize(handle_);
  return status == CT_OK ? context_->check() : settle(*context_, status);
}

Result<float> Event::elapsedSince(Event &start) {
  if (start.context_->device().index() != context_->device().index()) return Code::invalid_handle;
  for (Event *event : {&start, this}) {
    if (EventAccess::captured(*event)) return capturedEventAsked(*event);
    if ((event->flags_ & kNoTiming) || !EventAccess::recorded(*event)) return Code::invalid_handle;
  }
  uint64_t times[2] = {};
  int i = 0;
  for (Event *event : {&start, this}) {
    if (Status healthy = event->context_->check(); !healthy.ok()) return healthy;
    if (Status done = EventAccess::query(*event); !done.ok()) return done;
    if (ct_status status = target().event.timestamp(event->handle_, &times[i++]); status != CT_OK)
      return settle(*context_, status);
  }
  return static_cast<float>(static_cast<double>(static_cast<int64_t>(times[1] - times[0])) * 1e-6);
}

}  // namespace cutrans::runtime
