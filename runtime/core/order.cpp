// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The legacy queue's semantics: its work waits for all earlier work of the context's blocking queues, and their later
// work waits for it. Built from the target's record and wait, and only where there is something to wait for:
//
//  - The legacy queue counts its operations. A blocking queue that has not seen the present count records an event at the
//    end of the legacy queue (one for all queues, renewed when the count moved) and waits for it.
//  - A blocking queue that got work is dirty, and sets one flag in the context. The legacy queue, finding the flag, records
//    an event in each dirty queue and waits for them. Meanwhile the flag says so: another thread's work for the legacy queue must
//    not get in before the waits.
//
//  - Small copies that the calling thread does itself are announced for as long as they last: the count is one higher, the queue
//    is dirty. Who sees that waits for the queue's lock, which the thread holds.
//
// With one queue in use, submitting costs two loads here. `dirty` is set after the operation was submitted, under the
// queue's lock, and cleared under the same lock before the record: so a record always covers the work that set it.
#include "state.h"

namespace cutrans::runtime {
namespace {

using Sort = Queue::State::Sort;
using Unjoined = Context::State::Unjoined;

// Creates the event at the first need.
ct_status eventFor(const Context::State &owner, ct_event *&event) {
  return event ? CT_OK : target().event.create(owner.device, CT_EVENT_NO_TIMING, &event);
}

Status blockingWaitsForLegacy(Queue &queue) {
  Context &context = queue.context();
  Context::State &owner = ContextAccess::state(context);
  Queue::State &state = QueueAccess::state(queue);
  Queue::State &legacy = QueueAccess::state(context.legacyQueue());
  std::lock_guard hold(owner.order);
  ct_status status = eventFor(owner, owner.legacy_event);
  if (status == CT_OK && owner.legacy_event_at != owner.legacy_submitted.load(std::memory_order_acquire)) {
    std::lock_guard hold_legacy(legacy.lock);
    const uint64_t now = owner.legacy_submitted.load(std::memory_order_relaxed);
    status = target().queue.record(legacy.handle, owner.legacy_event);
    if (status == CT_OK) owner.legacy_event_at = now;
  }
  if (status == CT_OK) {
    std::lock_guard hold_queue(state.lock);
    status = target().queue.wait(state.handle, owner.legacy_event);
    state.submitted.fetch_add(1, std::memory_order_release);
    if (status == CT_OK) state.seen_legacy.store(owner.legacy_event_at, std::memory_order_relaxed);
  }
  return status == CT_OK ? Status() : settle(context, status);
}

Status legacyWaitsForBlocking(Queue &queue) {
  Context &context = queue.context();
  Context::State &owner = ContextAccess::state(context);
  Queue::State &legacy = QueueAccess::state(queue);
  std::lock_guard hold_lists(owner.lists);
  std::lock_guard hold(owner.order);
  if (owner.unjoined.load(std::memory_order_acquire) == Unjoined::none) return {};
  owner.unjoined.exchange(Unjoined::joining, std::memory_order_acq_rel);
  for (Queue *other : owner.queues) {
    Queue::State &state = QueueAccess::state(*other);
    if (state.sort != Sort::blocking) continue;
    ct_status status = eventFor(owner, state.join);
    if (status == CT_OK) {
      std::lock_guard hold_queue(state.lock);
      if (!state.dirty.exchange(false, std::memory_order_relaxed)) continue;
      status = target().queue.record(state.handle, state.join);
    }
    if (status == CT_OK) {
      std::lock_guard hold_legacy(legacy.lock);
      status = target().queue.wait(legacy.handle, state.join);
      legacy.submitted.fetch_add(1, std::memory_order_release);
    }
    if (status != CT_OK) {
      // Not joined: the next submission tries again.
      state.dirty.store(true, std::memory_order_relaxed);
      owner.unjoined.store(Unjoined::some, std::memory_order_release);
      return settle(context, status);
    }
  }
  // Unless more work came meanwhile.
  Unjoined at_it = Unjoined::joining;
  owner.unjoined.compare_exchange_strong(at_it, Unjoined::none, std::memory_order_acq_rel);
  return {};
}

}  // namespace

Status orderBefore(Queue &queue) {
  const Queue::State &state = QueueAccess::state(queue);
  const Context::State &owner = ContextAccess::state(queue.context());
  switch (state.sort) {
    case Sort::non_blocking: return {};
    case Sort::legacy:
      return owner.unjoined.load(std::memory_order_acquire) != Unjoined::none ? legacyWaitsForBlocking(queue) : Status();
    case Sort::blocking: {
      // The acquire pairs with the count in submit(): a program that launched there and then launches here is ordered.
      uint64_t now = owner.legacy_submitted.load(std::memory_order_acquire);
      return now != state.seen_legacy.load(std::memory_order_relaxed) ? blockingWaitsForLegacy(queue) : Status();
    }
  }
  return {};
}

// Each side writes its announcement before it looks for the other's (both sequentially consistent): of two at the same time at
// least one sees the other and is submitted instead. The higher count never gets into `legacy_event_at` or `seen_legacy`, which
// are taken from it under the legacy queue's lock only.
Announced::Announced(Queue &queue) : state_(QueueAccess::state(queue)), owner_(ContextAccess::state(queue.context())) {
  switch (state_.sort) {
    case Sort::non_blocking: break;
    case Sort::legacy:
      owner_.legacy_submitted.fetch_add(1);
      alone_ = owner_.unjoined.load() == Unjoined::none;
      break;
    case Sort::blocking:
      was_dirty_ = state_.dirty.exchange(true);
      if (owner_.unjoined.load() != Unjoined::some) owner_.unjoined.exchange(Unjoined::some);
      alone_ = owner_.legacy_submitted.load() == state_.seen_legacy.load(std::memory_order_relaxed);
      break;
  }
}

Announced::~Announced() {
  if (state_.sort == Sort::legacy) owner_.legacy_submitted.fetch_sub(1);
  if (state_.sort == Sort::blocking) state_.dirty.store(was_dirty_, std::memory_order_relaxed);
}

}  // namespace cutrans::runtime
