// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queues: their life, and the operations that are neither copies (copy.cpp) nor launches (launch.cpp).
#include "cutrans/runtime/queue.h"

#include <algorithm>

#include "capture/capture.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/support/diagnostics.h"
#include "pool_pieces.h"
#include "shared_event.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

constinit HandlePool<Queue, QueueAccess> pool;
constinit std::atomic<uint64_t> next_id{1};
thread_local bool inside_host_call = false;

// What a host call carries through the target; freed by the call itself.
struct HostCall {
  HostFunction fn;
  void (*plain)(void *user);  // instead of fn
  void *user;
  bool always;
};

void runHostCall(void *user, ct_status queue_status) {
  HostCall call = *static_cast<HostCall *>(user);
  delete static_cast<HostCall *>(user);
  Code status = fromTarget(queue_status);
  if (status != Code::ok && !call.always) return;
  inside_host_call = true;
  if (call.plain)
    call.plain(call.user);
  else
    call.fn(call.user, status);
  inside_host_call = false;
}

// Asked where nobody gets the answer, so that a fault must be kept here.
bool busy(Context &context, const Queue::State &state) {
  ct_status status = target().queue.query(state.handle);
  if (status == CT_NOT_READY) return true;
  if (status != CT_OK) (void)settle(context, status);
  return false;
}

Status enqueue(Queue &queue, const HostCall &what) {
  auto *call = new HostCall(what);
  bool taken = false;
  Status status = submit(queue, [&](ct_queue *handle) {
    ct_status result = target().queue.host_call(handle, runHostCall, call);
    taken = result == CT_OK;
    return result;
  });
  if (!taken) delete call;
  return status;
}

}  // namespace

bool insideHostCall() { return inside_host_call; }

Result<Queue *> QueueAccess::create(Context &context, Queue::State::Sort sort, uint32_t flags, int priority, bool thread_default,
                                       Partition *partition) {
  Context::State &owner = ContextAccess::state(context);
  Queue *queue = pool.allocate();
  if (!queue) {
    report(Diag::too_many_handles, "creating a queue");
    return Code::out_of_memory;
  }
  auto state = std::make_unique<Queue::State>();
  state->sort = sort;
  queue->context_ = &context;
  queue->flags_ = flags;
  queue->priority_ = std::clamp(priority, kGreatestPriority, kLeastPriority);
  queue->thread_default_ = thread_default;
  queue->partition_ = partition;
  state->hints.priority = queue->priority_;
  queue->id_ = next_id.fetch_add(1, std::memory_order_relaxed);
  uint32_t target_flags = flags & Queue::kNonBlocking ? CT_QUEUE_NON_BLOCKING : 0;
  ct_status status = target().queue.create(owner.device, target_flags, queue->priority_, &state->handle);
  if (status != CT_OK) {
    pool.recycle(queue);
    return settle(context, status);
  }
  queue->impl_ = state.release();
  pool.publish(queue);
  if (sort != Queue::State::Sort::legacy) {
    std::lock_guard hold(owner.lists);
    owner.queues.insert(queue);
    // Those that the program destroyed with work in them go as soon as they are done.
    std::erase_if(owner.dying, [&](Queue::State *dying) {
      if (busy(context, *dying)) return false;
      drop(*dying);
      return true;
    });
  }
  return queue;
}

void QueueAccess::drop(Queue::State &state) {
  if (state.uses.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  target().queue.destroy(state.handle);
  if (state.join) target().event.destroy(state.join);
  delete &state;
}

void QueueAccess::release(Queue &queue, bool wait) {
  if (!pool.retire(&queue)) return;
  if (captures(queue)) leaveCapture(queue);
  Queue::State &state = *std::exchange(queue.impl_, nullptr);
  if (wait) PoolAccess::forgetList(state);
  Context::State &owner = ContextAccess::state(queue.context());
  if (wait || !busy(queue.context(), state)) {
    drop(state);
  } else {
    std::lock_guard hold(owner.lists);
    owner.dying.push_back(&state);
  }
  pool.recycle(&queue);
}

Result<Queue *> Queue::create(Context &context, uint32_t flags, int priority, Partition *partition) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  auto sort = flags & kNonBlocking ? State::Sort::non_blocking : State::Sort::blocking;
  if (!partition && currentContext() == &context) partition = currentPartition();
  Result<Queue *> queue = QueueAccess::create(context, sort, flags, priority, false, partition);
  if (!queue.ok()) return queue;
  Status ordered = waitAtGates(**queue);
  return ordered.ok() ? queue : Result<Queue *>(ordered);
}

QueueHints Queue::hints() const {
  std::lock_guard hold(impl_->lock);
  return impl_->hints;
}

void Queue::setHints(const QueueHints &hints) {
  std::lock_guard hold(impl_->lock);
  impl_->hints = hints;
  impl_->hints.priority = std::clamp(hints.priority, kGreatestPriority, kLeastPriority);
}

Queue *Queue::find(const void *handle) { return pool.find(handle); }

bool Queue::isLegacy() const { return impl_->sort == State::Sort::legacy; }

Status QueueAccess::end(Queue &queue) {
  Context &context = queue.context();
  const Queue::State &state = *queue.impl_;
  // What the legacy queue has not joined yet must still come before its next work; where that fails, by waiting for it.
  if (state.sort == Queue::State::Sort::blocking && state.dirty.load() && !orderBefore(context.legacyQueue()).ok())
    if (ct_status status = target().queue.synchronize(state.handle); status != CT_OK) (void)settle(context, status);
  PoolAccess::endQueue(queue);
  {
    Context::State &owner = ContextAccess::state(context);
    std::lock_guard hold(owner.lists);
    if (owner.queues.erase(&queue) == 0) return Code::invalid_handle;
  }
  Status healthy = context.check();
  release(queue, false);
  return healthy;
}

Status Queue::destroy() {
  if (isLegacy() || thread_default_) return Code::invalid_handle;
  return QueueAccess::end(*this);
}

Status Queue::hostCall(HostFunction fn, void *user, bool always) {
  if (!fn) return Code::invalid_value;
  if (captures(*this)) [[unlikely]]
    if (std::optional<Status> captured = captureForbids(*this)) return *captured;
  return enqueue(*this, {fn, nullptr, user, always});
}

Status Queue::hostFunction(void (*fn)(void *user), void *user) {
  if (!fn) return Code::invalid_value;
  if (captures(*this)) [[unlikely]]
    if (std::optional<Status> captured = captureHostFunction(*this, fn, user)) return *captured;
  return enqueue(*this, {nullptr, fn, user, false});
}

Status Queue::record(Event &event, LaunchPoint point) {
  if (&event.context() != context_) return Code::invalid_handle;
  if (SharedEvent *shared = EventAccess::shared(event)) [[unlikely]] {
    std::optional<Status> captured = captures(*this) ? captureForbids(*this) : std::nullopt;
    return captured ? *captured : shared->record(*this);
  }
  if (captures(*this)) [[unlikely]]
    if (std::optional<Status> captured = captureRecord(*this, event, point)) return *captured;
  Status status = submit(*this, [&](ct_queue *queue) { return target().queue.record(queue, EventAccess::handle(event)); });
  if (status.ok()) EventAccess::setRecorded(event);
  return status;
}

Status Queue::wait(Event &event) {
  if (SharedEvent *shared = EventAccess::shared(event)) [[unlikely]] {
    std::optional<Status> captured = captures(*this) ? captureForbids(*this) : std::nullopt;
    return captured ? *captured : shared->wait(*this);
  }
  if (captures(*this) || EventAccess::captured(event)) [[unlikely]]
    if (std::optional<Status> captured = captureWait(*this, event)) return *captured;
  if (!EventAccess::recorded(event)) return context_->check();
  return submit(*this, [&](ct_queue *queue) { return target().queue.wait(queue, EventAccess::handle(event)); });
}

Status Queue::query() {
  if (Status healthy = context_->check(); !healthy.ok()) return healthy;
  if (captures(*this)) [[unlikely]]
    if (std::optional<Status> captured = captureForbids(*this)) return *captured;
  if (Status ordered = orderBefore(*this); !ordered.ok()) return ordered;
  uint64_t submitted = impl_->submitted.load(std::memory_order_acquire);
  if (impl_->finished.load(std::memory_order_acquire) == submitted) return {};
  ct_status status = target().queue.query(impl_->handle);
  if (status == CT_NOT_READY) return Code::not_ready;
  if (status != CT_OK) return settle(*context_, status);
  impl_->finished.store(submitted, std::memory_order_release);
  return context_->check();
}

Status Queue::synchronize() {
  if (Status healthy = context_->check(); !healthy.ok()) return healthy;
  if (captures(*this)) [[unlikely]]
    if (std::optional<Status> captured = captureForbids(*this)) return *captured;
  if (Status ordered = orderBefore(*this); !ordered.ok()) return ordered;
  uint64_t submitted = impl_->submitted.load(std::memory_order_acquire);
  if (impl_->finished.load(std::memory_order_acquire) != submitted) {
    ct_status status = target().queue.synchronize(impl_->handle);
    if (status != CT_OK) return settle(*context_, status);
    impl_->finished.store(submitted, std::memory_order_release);
  }
  PoolAccess::afterWait(*impl_);
  return context_->check();
}

}  // namespace cutrans::runtime
