// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Submitting plans. Most are one batch, which the target takes whole. A plan is cut where the context changes (an event
// leads from one queue to the other), at host functions, at kernels that launch kernels, and at conditional nodes, whose
// bodies are submitted by a host call when the value is known.
#include "run.h"

#include <algorithm>

#include "cutrans/support/diagnostics.h"

namespace cutrans::runtime {

// ---- lanes -----------------------------------------------------------------------------------------------------

Lanes::~Lanes() {
  for (const Lane &lane : lanes_) {
    if (!alive(*lane.context, lane.context_id)) continue;  // they went with it
    if (lane.queue) (void)lane.queue->destroy();
    if (lane.event) (void)lane.event->destroy();
  }
}

Lanes::Lane &Lanes::of(Context &context) {
  for (Lane &lane : lanes_)
    if (lane.context == &context && lane.context_id == context.id()) return lane;
  return lanes_.emplace_back(Lane{&context, context.id(), nullptr, nullptr});
}

Result<Event *> Lanes::event(Context &context) {
  Lane &lane = of(context);
  if (lane.event) return lane.event;
  Result<Event *> made = Event::create(context, Event::kNoTiming);
  if (made.ok()) lane.event = *made;
  return made;
}

Result<Queue *> Lanes::queue(Context &context) {
  Lane &lane = of(context);
  if (lane.queue) return lane.queue;
  Result<Queue *> made = Queue::create(context, Queue::kNonBlocking, 0);
  if (made.ok()) lane.queue = *made;
  return made;
}

// ---- conditional nodes -----------------------------------------------------------------------------------------

namespace {

// One conditional node of one launch.
struct PendingBodies {
  std::shared_ptr<ExecCore> core;
  Bodies bodies;
};

Result<uint32_t> readCondition(const Condition &condition, Queue &queue) {
  const auto *value = reinterpret_cast<const uint32_t *>(condition.address);
  if (condition.context->device().hostCanAccess()) return __atomic_load_n(value, __ATOMIC_ACQUIRE);
  uint32_t read = 0;
  Copy copy;
  copy.dst = reinterpret_cast<Address>(&read);
  copy.src = condition.address;
  copy.width = sizeof read;
  copy.synchronous = true;
  if (Status copied = queue.copy(copy); !copied.ok()) return copied;
  return read;
}

Status runBodies(const PendingBodies &pending) {
  const Bodies &bodies = pending.bodies;
  Queue &queue = *bodies.queue;
  for (;;) {
    Result<uint32_t> value = readCondition(*bodies.condition, queue);
    if (!value.ok()) return value.status();
    size_t chosen = *value;
    switch (bodies.kind) {
      case ConditionalKind::once: chosen = *value ? 0 : 1; break;
      case ConditionalKind::loop: chosen = *value ? 0 : bodies.plans.size(); break;
      case ConditionalKind::choice: break;
    }
    if (chosen >= bodies.plans.size()) return {};
    if (Status submitted = submitPlan(*bodies.plans[chosen], pending.core, queue, nullptr, nullptr); !submitted.ok()) return submitted;
    if (Status done = queue.synchronize(); !done.ok()) return done;
    if (bodies.kind != ConditionalKind::loop) return {};
  }
}

// On a thread of the target. A failure here is a fault of the device: no call of the program is there to return it.
void runPendingBodies(void *user, Code before) {
  std::unique_ptr<PendingBodies> pending(static_cast<PendingBodies *>(user));
  if (before != Code::ok) return;
  Context &context = *pending->bodies.condition->context;
  Status status = runBodies(*pending);
  if (status.ok() || !context.check().ok()) return;
  report(Diag::graph_body, codeMeaning(status.code()));
  (void)settle(context, CT_ERR_LAUNCH);
}

Status submitBatch(Queue &queue, std::span<const ct_operation> operations) {
  return submit(queue, [&](ct_queue *handle) {
    size_t taken = 0;
    return target().queue.submit_many(handle, operations.data(), operations.size(), &taken);
  });
}

Status submitSegment(Plan &plan, const Segment &segment, const std::shared_ptr<ExecCore> &core, Queue &queue) {
  switch (segment.sort) {
    case Segment::Sort::batch: return submitBatch(queue, std::span(plan.operations).subspan(segment.first, segment.count));
    case Segment::Sort::host: return queue.hostFunction(plan.steps[segment.first].host.fn, plan.steps[segment.first].host.user);
    case Segment::Sort::conditional: {
      auto *pending = new PendingBodies{core, plan.steps[segment.first].bodies};
      Status status = queue.hostCall(runPendingBodies, pending, true);
      if (!status.ok()) delete pending;
      return status;
    }
    case Segment::Sort::kernel_with_children: {
      const Step &step = plan.steps[segment.first];
      Arguments arguments;
      arguments.buffer = step.params.data();
      arguments.buffer_size = step.params.size();
      return queue.launch(*step.kernel, step.shape, arguments);
    }
  }
  return Code::internal;
}

// What is submitted to `to` from now on comes after what `from` has.
Status follow(Queue &from, Queue &to, Lanes &lanes) {
  Result<Event *> event = lanes.event(from.context());
  if (!event.ok()) return event.status();
  if (Status recorded = from.record(**event); !recorded.ok()) return recorded;
  return to.wait(**event);
}

}  // namespace

Status submitPlan(Plan &plan, const std::shared_ptr<ExecCore> &core, Queue &home, Lanes *lanes, Event *done) {
  Queue *queue = &home;
  auto go = [&](Queue &to) {
    Status followed = &to == queue ? Status() : follow(*queue, to, *lanes);
    queue = &to;
    return followed;
  };
  for (const Segment &each : plan.segments) {
    Segment segment = each;
    Status status;
    if (segment.context && segment.context != &home.context()) {
      Result<Queue *> other = lanes->queue(*segment.context);
      status = other.ok() ? go(**other) : other.status();
    } else if (segment.context) {
      status = go(home);
    }
    if (!status.ok()) return status;
    // The record at the end goes along with the last batch.
    if (done && &each == &plan.segments.back() && segment.sort == Segment::Sort::batch && queue == &home) {
      plan.operations.back().u.event = EventAccess::handle(*std::exchange(done, nullptr));
      ++segment.count;
    }
    if (Status submitted = submitSegment(plan, segment, core, *queue); !submitted.ok()) return submitted;
  }
  for (size_t i : plan.events)
    if (plan.steps[i].kind == NodeKind::record) EventAccess::setRecorded(*plan.steps[i].event);
  if (Status home_again = go(home); !home_again.ok()) return home_again;
  return done ? home.record(*done) : Status();
}

}  // namespace cutrans::runtime
