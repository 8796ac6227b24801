// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Partitions, and events of all queues of a context or of a partition.
//
// Each of these has a gate: a queue that runs nothing. An event of all queues is recorded in it once it has waited for each of
// them. A wait of all queues is put into each of them, and into the gate, where queues that are made later find it.
#include "cutrans/runtime/partition.h"

#include <utility>

#include "capture/capture.h"
#include "cutrans/support/diagnostics.h"
#include "state.h"

namespace cutrans::runtime {

class PartitionAccess {
 public:
  static Partition *construct(void *place) { return new (place) Partition; }
};

namespace {

constinit HandlePool<Partition, PartitionAccess, 65536> pool;
constinit std::atomic<uint64_t> next_id{1};

// Makes what is submitted to `later` from now on come after what was submitted to `earlier`. Under Context::State::lists.
ct_status chain(const Context::State &owner, Queue::State &earlier, Queue::State &later) {
  ct_event *event = nullptr;
  ct_status status = target().event.create(owner.device, CT_EVENT_NO_TIMING, &event);
  if (status != CT_OK) return status;
  {
    std::lock_guard hold(earlier.lock);
    status = target().queue.record(earlier.handle, event);
  }
  if (status == CT_OK) {
    std::lock_guard hold(later.lock);
    status = target().queue.wait(later.handle, event);
    later.submitted.fetch_add(1, std::memory_order_release);
  }
  target().event.destroy(event);
  return status;
}

Result<Queue *> gateOf(Context &context, const Partition *partition) {
  Context::State &owner = ContextAccess::state(context);
  {
    std::lock_guard hold(owner.lists);
    if (auto known = owner.gates.find(partition); known != owner.gates.end()) return known->second;
  }
  Result<Queue *> made = QueueAccess::create(context, Queue::State::Sort::non_blocking, Queue::kNonBlocking, 0, false);
  if (!made.ok()) return made;
  Queue *gate;
  {
    std::lock_guard hold(owner.lists);
    gate = owner.gates.try_emplace(partition, *made).first->second;
  }
  if (gate != *made) (void)QueueAccess::end(**made);
  return gate;
}

// Calls use(state) for each queue of the context or partition but its gate, until one fails.
template <class Use>
ct_status forEach(Context &context, const Partition *partition, const Queue &gate, Use &&use) {
  Context::State &owner = ContextAccess::state(context);
  std::lock_guard hold(owner.lists);
  for (Queue *queue : owner.queues) {
    if (queue == &gate || (partition && queue->partition() != partition)) continue;
    if (ct_status status = use(QueueAccess::state(*queue)); status != CT_OK) return status;
  }
  return partition ? CT_OK : use(QueueAccess::state(context.legacyQueue()));
}

// A queue that captures can have no part in it: its capture becomes invalid.
Status forbidWhileCapturing(Context &context, const Partition *partition, const Event &event) {
  std::vector<Queue *> capturing;
  {
    std::lock_guard hold(ContextAccess::state(context).lists);
    for (Queue *queue : ContextAccess::state(context).queues)
      if ((!partition || queue->partition() == partition) && captures(*queue)) capturing.push_back(queue);
  }
  Status status = EventAccess::captured(event) ? Status(Code::capture_unsupported) : Status();
  for (Queue *queue : capturing)
    if (std::optional<Status> captured = captureForbids(*queue)) status = *captured;
  return status;
}

}  // namespace

Result<Partition *> Partition::create(Device &device, uint32_t units) {
  Result<Context *> context = device.retainPrimary();
  if (!context.ok()) return context.status();
  Partition *partition = pool.allocate();
  if (!partition) {
    (void)device.releasePrimary();
    report(Diag::too_many_handles, "creating a partition");
    return Code::out_of_memory;
  }
  partition->context_ = *context;
  partition->units_ = units;
  partition->id_ = next_id.fetch_add(1, std::memory_order_relaxed);
  pool.publish(partition);
  return partition;
}

Partition *Partition::find(const void *handle) { return pool.find(handle); }

Status Partition::destroy() {
  if (!pool.retire(this)) return Code::invalid_handle;
  // A reset of the context has ended the gate with the other queues.
  if (context_->check().ok()) {
    Context::State &owner = ContextAccess::state(*context_);
    std::vector<Queue *> ending;
    {
      std::lock_guard hold(owner.lists);
      if (auto known = owner.gates.find(this); known != owner.gates.end()) ending.push_back(owner.gates.extract(known).mapped());
      for (Queue *queue : owner.queues)
        if (queue->partition() == this) ending.push_back(queue);
    }
    for (Queue *queue : ending) (void)QueueAccess::end(*queue);
  }
  Status released = device().releasePrimary();
  pool.recycle(this);
  return released.code() == Code::invalid_context ? Status() : released;
}

Status recordAll(Context &context, const Partition *partition, Event &event) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (&event.context() != &context) return Code::invalid_handle;
  if (Status allowed = forbidWhileCapturing(context, partition, event); !allowed.ok()) return allowed;
  Result<Queue *> gate = gateOf(context, partition);
  if (!gate.ok()) return gate.status();
  Context::State &owner = ContextAccess::state(context);
  ct_status status = forEach(context, partition, **gate, [&](Queue::State &queue) {
    return idle(queue) ? CT_OK : chain(owner, queue, QueueAccess::state(**gate));
  });
  if (status != CT_OK) return settle(context, status);
  return (*gate)->record(event);
}

Status waitAll(Context &context, const Partition *partition, Event &event) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (Status allowed = forbidWhileCapturing(context, partition, event); !allowed.ok()) return allowed;
  if (!EventAccess::recorded(event)) return {};
  Result<Queue *> gate = gateOf(context, partition);
  if (!gate.ok()) return gate.status();
  if (Status waits = (*gate)->wait(event); !waits.ok()) return waits;
  ct_status status = forEach(context, partition, **gate, [&](Queue::State &queue) {
    std::lock_guard hold(queue.lock);
    ct_status result = target().queue.wait(queue.handle, EventAccess::handle(event));
    queue.submitted.fetch_add(1, std::memory_order_release);
    return result;
  });
  return status == CT_OK ? Status() : settle(context, status);
}

Status waitAtGates(Queue &queue) {
  Context &context = queue.context();
  Context::State &owner = ContextAccess::state(context);
  std::lock_guard hold(owner.lists);
  for (auto [partition, gate] : owner.gates) {
    if (partition && partition != queue.partition()) continue;
    if (ct_status status = chain(owner, QueueAccess::state(*gate), QueueAccess::state(queue)); status != CT_OK) return settle(context, status);
  }
  return {};
}

}  // namespace cutrans::runtime
