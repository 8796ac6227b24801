// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Contexts: what they own, how they start and end, and how a device's fault reaches them.
#include "cutrans/runtime/context.h"

#include <algorithm>

#include "cutrans/support/diagnostics.h"
#include "cutrans/support/log.h"
#include "array_state.h"
#include "capture/capture.h"
#include "graph/graph_memory.h"
#include "memory_map.h"
#include "module_state.h"
#include "pool_pieces.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

constinit HandlePool<Context, ContextAccess, 4096> pool;
constinit std::atomic<uint64_t> next_id{1};
constinit std::atomic<unsigned> next_slot{0};

}  // namespace

Status settle(Context &context, ct_status status) {
  const Code code = fromTarget(status);
  return isDeviceFault(code) ? failDevice(context, code) : Status(code);
}

Status failDevice(Context &context, Code code) {
  // The device remembers for contexts to come. The first fault is the one that stays.
  Device::State &device = DeviceAccess::state(context.device());
  Code none = Code::ok;
  device.fault.compare_exchange_strong(none, code);
  std::lock_guard hold(device.active_lock);
  for (Context *each : device.active) ContextAccess::markFault(*each, code);
  return context.check().ok() ? Status(code) : context.check();
}

// ---- life ------------------------------------------------------------------------------------------------------

Context *ContextAccess::createPrimary(Device &device) {
  Context *context = pool.allocate();
  if (!context) return nullptr;
  context->device_ = &device;
  context->primary_ = true;
  context->slot_ = next_slot.fetch_add(1, std::memory_order_relaxed);
  pool.publish(context);
  return context;
}

Status ContextAccess::activate(Context &context) {
  Device::State &device = DeviceAccess::state(context.device());
  if (!device.handle) {
    ct_status status = target().device.open(static_cast<uint32_t>(context.device().index()), &device.handle);
    if (status != CT_OK) return fromTarget(status);
    device.fault = Code::ok;
  }
  if (Code fault = device.fault; fault != Code::ok) return fault;
  context.impl_ = new Context::State;
  context.impl_->device = device.handle;
  context.setStackLimit(Context::kStackLimit);
  context.id_ = next_id.fetch_add(1, std::memory_order_relaxed);
  {
    std::lock_guard hold(device.active_lock);
    device.active.push_back(&context);
  }
  setState(context, Code::ok);
  Result<Queue *> legacy = QueueAccess::create(context, Queue::State::Sort::legacy, 0, 0, false);
  if (!legacy.ok()) {
    setState(context, Code::invalid_context);
    (void)deactivate(context);
    return legacy.status();
  }
  context.legacy_ = *legacy;
  logf(LogCategory::runtime, LogLevel::debug, "context %llu active on device %d", static_cast<unsigned long long>(context.id_),
       context.device().index());
  return {};
}

Status ContextAccess::deactivate(Context &context) {
  Device::State &device = DeviceAccess::state(context.device());
  Context::State *state = context.impl_;
  if (!state) return {};
  Status last = drain(context);
  setState(context, Code::invalid_context);
  // Order: work first, then what work uses.
  std::unordered_set<Queue *> queues;
  std::unordered_set<Event *> events;
  std::unordered_set<Module *> modules;
  std::unordered_set<Array *> arrays;
  std::unordered_set<MipmappedArray *> mipmaps;
  std::vector<Queue::State *> dying;
  {
    std::lock_guard hold(state->lists);
    queues.swap(state->queues);
    events.swap(state->events);
    modules.swap(state->modules);
    arrays.swap(state->arrays);
    mipmaps.swap(state->mipmaps);
    dying.swap(state->dying);
  }
  for (Queue *queue : queues) QueueAccess::release(*queue, true);
  for (Queue::State *queue : dying) QueueAccess::drop(*queue);
  if (context.legacy_) QueueAccess::release(*std::exchange(context.legacy_, nullptr), true);
  for (Event *event : events) EventAccess::release(*event);
  if (state->legacy_event) target().event.destroy(state->legacy_event);
  for (Module *module : modules) ModuleAccess::release(*module);
  releaseTextures(context);
  for (Array *array : arrays) ArrayAccess::release(*array);
  for (MipmappedArray *mipmap : mipmaps) MipmapAccess::release(*mipmap);
  PoolAccess::forgetContext(context);
  forgetGraphMemory(context);
  releaseAllMemory(context);
  {
    std::lock_guard hold(device.active_lock);
    std::erase(device.active, &context);
  }
  context.impl_ = nullptr;
  delete state;
  if (device.active.empty()) {
    target().device.close(std::exchange(device.handle, nullptr));
    device.fault = Code::ok;
  }
  return last;
}

Result<Context *> Context::create(Device &device, unsigned flags) {
  Context *context = pool.allocate();
  if (!context) {
    report(Diag::too_many_handles, "creating a context");
    return Code::out_of_memory;
  }
  context->device_ = &device;
  context->slot_ = next_slot.fetch_add(1, std::memory_order_relaxed);
  context->setFlags(flags);
  std::lock_guard hold(DeviceAccess::state(device).lock);
  if (Status active = ContextAccess::activate(*context); !active.ok()) {
    pool.recycle(context);
    return active;
  }
  pool.publish(context);
  return context;
}

Context *Context::find(const void *handle) { return pool.find(handle); }

Status Context::destroy() {
  if (primary_ || !pool.retire(this)) return Code::invalid_context;
  if (currentContext() == this) (void)popContext();
  std::lock_guard hold(DeviceAccess::state(*device_).lock);
  Status last = ContextAccess::deactivate(*this);
  pool.recycle(this);
  // A fault that was pending is gone with the context.
  return isDeviceFault(last.code()) ? Status() : last;
}

// ---- work ------------------------------------------------------------------------------------------------------

Status drain(Context &context) {
  Context::State &owner = ContextAccess::state(context);
  Status first;
  auto waitFor = [&](Queue::State &queue) {
    uint64_t submitted = queue.submitted.load(std::memory_order_acquire);
    ct_status status = submitted == queue.finished.load(std::memory_order_acquire) ? CT_OK : target().queue.synchronize(queue.handle);
    if (status == CT_OK) {
      queue.finished.store(submitted, std::memory_order_release);
      PoolAccess::afterWait(queue);
    } else if (Status failed = settle(context, status); first.ok()) {
      first = failed;
    }
  };
  // Waiting happens without the lock, so each queue is kept from going meanwhile.
  std::vector<Queue::State *> busy;
  {
    std::lock_guard hold(owner.lists);
    auto add = [&](Queue::State &state) {
      if (idle(state) && !state.kept.load(std::memory_order_relaxed)) return;
      QueueAccess::use(state);
      busy.push_back(&state);
    };
    for (Queue *queue : owner.queues) add(QueueAccess::state(*queue));
    for (Queue::State *queue : owner.dying) add(*queue);
  }
  for (Queue::State *queue : busy) {
    waitFor(*queue);
    QueueAccess::drop(*queue);
  }
  if (Queue *legacy = ContextAccess::legacy(context)) waitFor(QueueAccess::state(*legacy));
  return first;
}

Status waitForAll(Context &context) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  Status last = drain(context);
  return last.ok() ? context.check() : last;
}

Status Context::synchronize() {
  if (Status healthy = check(); !healthy.ok()) return healthy;
  if (Status allowed = captureForbidsContext(*this); !allowed.ok()) return allowed;
  return waitForAll(*this);
}

namespace {

// A thread's default queues, one for each context that it used. They end with the thread: work that is still in them
// runs to its end.
struct ThreadQueues {
  struct Entry {
    Context *context;
    uint64_t id;
    Queue *queue;
  };
  std::vector<Entry> entries;
  ~ThreadQueues() {
    for (const Entry &entry : entries)
      if (entry.context->id() == entry.id && entry.context->check().ok()) (void)QueueAccess::end(*entry.queue);
  }
};

}  // namespace

Result<Queue *> Context::threadQueue() {
  thread_local ThreadQueues mine;
  if (Status healthy = check(); !healthy.ok()) return healthy;
  for (const ThreadQueues::Entry &entry : mine.entries)
    if (entry.context == this && entry.id == id_) return entry.queue;
  std::erase_if(mine.entries, [](const ThreadQueues::Entry &entry) { return entry.context->id() != entry.id; });
  Result<Queue *> queue = QueueAccess::create(*this, Queue::State::Sort::blocking, 0, 0, true);
  if (!queue.ok()) return queue;
  mine.entries.push_back({this, id_, *queue});
  Status ordered = waitAtGates(**queue);
  return ordered.ok() ? queue : Result<Queue *>(ordered);
}

}  // namespace cutrans::runtime
