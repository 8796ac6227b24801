// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The insides of the runtime's objects, for runtime/core only. The public headers show what shims may touch; here are
// the locks, the target's handles and the lists of who owns what.
//
// Lock order: Device::State::lock, Context::State::lists, Context::State::order, Queue::State::lock. Kernel and module
// locks are taken with none of these held; Device::State::active_lock is below all. No lock is held while a program's function runs.
#pragma once
#include <atomic>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/event.h"
#include "cutrans/runtime/module.h"
#include "cutrans/runtime/queue.h"
#include "handle_pool.h"
#include "target.h"

namespace cutrans::runtime {

// Set once by the platform before the first device exists.
extern const Target *the_target;
inline const Target &target() { return *the_target; }

struct Device::State {
  std::mutex lock;
  ct_device *handle = nullptr;          // open while a context is active
  std::mutex active_lock;               // the list; a leaf, taken for a moment only. It changes under `lock` as well
  std::vector<Context *> active;        // contexts of this device
  unsigned primary_count = 0;           // retainPrimary without releasePrimary
  bool primary_used = false;            // usePrimary has counted itself in
  std::atomic<Code> fault{Code::ok};    // until the device is closed
};

class DeviceAccess {
 public:
  static Device *create(int index, const ct_device_info &info);
  static Device::State &state(Device &device) { return *device.state_; }
};

struct CaptureBranch;

struct Context::State {
  ct_device *device = nullptr;
  std::mutex lists;
  std::unordered_set<Queue *> queues;   // all but the legacy one
  std::unordered_set<Event *> events;
  std::unordered_set<Module *> modules;
  std::unordered_set<Array *> arrays;   // all but the levels of mipmaps
  std::unordered_set<MipmappedArray *> mipmaps;
  std::deque<Address> texture_records;  // places for records that are free, the longest unused first
  std::vector<Queue::State *> dying;    // destroyed by the program, still with work; one use each

  std::unordered_map<const Partition *, Queue *> gates;  // under lists; see partition.cpp. null: of the whole context

  // Order between the legacy queue and the blocking ones; see order.cpp.
  std::mutex order;
  ct_event *legacy_event = nullptr;     // under order
  uint64_t legacy_event_at = 0;         // under order: legacy_submitted when legacy_event was recorded last
  alignas(64) std::atomic<uint64_t> legacy_submitted{0};
  // Blocking queues got work since the legacy queue last joined them; or a thread is at it, and others wait for its locks.
  enum class Unjoined : uint8_t { none, some, joining };
  std::atomic<Unjoined> unjoined{Unjoined::none};
  unsigned capturing_blocking = 0;      // queues; under the lock of all captures
};

class ContextAccess {
 public:
  static Context *construct(void *place) { return new (place) Context; }
  static Context *createPrimary(Device &device);
  // Under Device::State::lock.
  static Status activate(Context &context);
  static Status deactivate(Context &context);
  static Context::State &state(const Context &context) { return *context.impl_; }
  static void setState(Context &context, Code code) { context.state_.store(code, std::memory_order_release); }
  static void markFault(Context &context, Code fault) {
    Code healthy = Code::ok;
    context.state_.compare_exchange_strong(healthy, fault);
  }
  static Queue *legacy(const Context &context) { return context.legacy_; }  // null while it starts or ends
};

class PieceList;

struct Queue::State {
  enum class Sort : uint8_t { legacy, blocking, non_blocking };
  Sort sort = Sort::blocking;
  ct_queue *handle = nullptr;
  // Not null: calls on the queue go to capture/. Written under the lock of all captures; readers look again under it.
  std::atomic<CaptureBranch *> capture{nullptr};
  std::atomic<int> uses{1};              // the Queue's own, or the dying list's, and one for each thread that waits
  std::mutex lock;                       // one submission at a time
  std::atomic<uint64_t> submitted{0};    // operations so far; written under lock
  std::atomic<uint64_t> finished{0};     // known to be done; submitted == finished: idle
  std::atomic<bool> dirty{false};        // work that the legacy queue has not joined; written under lock
  ct_event *join = nullptr;              // recorded when the legacy queue joins; under Context::State::order
  std::atomic<PieceList *> kept{nullptr};  // memory of pools that was freed here (pool_pieces.h)
  QueueHints hints;                      // under lock
  std::atomic<uint64_t> seen_legacy{0};  // Context::State::legacy_submitted when this queue last waited for it
};

class QueueAccess {
 public:
  static Queue *construct(void *place) { return new (place) Queue; }
  // Registers with the context unless it is the legacy queue.
  static Result<Queue *> create(Context &context, Queue::State::Sort sort, uint32_t flags, int priority, bool thread_default,
                                Partition *partition = nullptr);
  // The target's queue goes with the last use: another thread may wait for all queues while this one destroys its own.
  static void use(Queue::State &state) { state.uses.fetch_add(1, std::memory_order_relaxed); }
  static void drop(Queue::State &state);
  // Takes the queue off its context and releases it; work in it still runs.
  static Status end(Queue &queue);
  // Ends the handle. `wait`: with the work, else what has work goes to the dying list. The caller has taken the queue off
  // the context's list.
  static void release(Queue &queue, bool wait);
  static Queue::State &state(const Queue &queue) { return *queue.impl_; }
};

class EventAccess {
 public:
  static Event *construct(void *place) { return new (place) Event; }
  // `shared`: of an event for several processes, else null.
  static Result<Event *> create(Context &context, uint32_t flags, std::shared_ptr<SharedEvent> shared);
  static void release(Event &event);
  static ct_event *handle(const Event &event) { return event.handle_; }
  static void setRecorded(Event &event) { event.record_.store(Event::Record::submitted, std::memory_order_release); }
  static bool recorded(const Event &event) { return event.record_.load(std::memory_order_acquire) == Event::Record::submitted; }
  static bool captured(const Event &event) { return event.record_.load(std::memory_order_acquire) == Event::Record::captured; }
  // Under the lock of all captures.
  static CapturedPoint *point(const Event &event) { return event.point_; }
  static void setCaptured(Event &event, CapturedPoint point);
  static Status query(Event &event);  // of an event that was submitted
  static SharedEvent *shared(const Event &event) { return event.shared_.get(); }
};

// ---- helpers -----------------------------------------------------------------------------------------------

// The target, not the program, had no success: the same call may succeed another time.
inline bool mayPass(Code code) { return isDeviceFault(code) || code == Code::out_of_memory || code == Code::internal; }

// The code of a target's status; a fault is kept in the device and all its contexts.
Status settle(Context &context, ct_status status);
Status failDevice(Context &context, Code fault);

// Writes to device memory of the context before it returns, by a queue of its own: it must not wait for the program's
// work, which may wait for the calling thread.
Status uploadNow(Context &context, Address dst, const void *src, uint64_t bytes);

// Waits for all queues of an active context. Under no lock.
Status drain(Context &context);

// Waits for all work of the context, also while there are captures; then ok or the fault.
Status waitForAll(Context &context);

// A queue that was just made: its work comes after what all work of the context, or of its partition, was made to wait for.
Status waitAtGates(Queue &queue);

// Makes earlier work of the other sort of queue precede what is submitted next to this one. Under no lock.
Status orderBefore(Queue &queue);

// One operation: ordered, submitted under the queue's lock, counted. `operation` is called with the target's queue.
template <class Operation>
Status submit(Queue &queue, Operation &&operation) {
  Context &context = queue.context();
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (Status ordered = orderBefore(queue); !ordered.ok()) return ordered;
  Queue::State &state = QueueAccess::state(queue);
  Context::State &owner = ContextAccess::state(context);
  ct_status status;
  {
    std::lock_guard hold(state.lock);
    status = operation(state.handle);
    state.submitted.store(state.submitted.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    if (state.sort == Queue::State::Sort::legacy) {
      owner.legacy_submitted.fetch_add(1, std::memory_order_release);
    } else if (state.sort == Queue::State::Sort::blocking) {
      state.dirty.store(true, std::memory_order_relaxed);
      // Only written when it changes: the line is shared by all queues.
      using Unjoined = Context::State::Unjoined;
      if (owner.unjoined.load(std::memory_order_relaxed) != Unjoined::some) owner.unjoined.store(Unjoined::some, std::memory_order_release);
    }
  }
  return status == CT_OK ? Status() : settle(context, status);
}

// Work that the calling thread does itself, under the queue's lock. While this lives, a submission to the other sort of queue finds
// something to wait for, and waits at the lock; afterwards nothing is left of it.
class Announced {
 public:
  explicit Announced(Queue &queue);
  ~Announced();
  Announced(const Announced &) = delete;
  // Nothing of the other sort came in since orderBefore.
  bool alone() const { return alone_; }

 private:
  Queue::State &state_;
  Context::State &owner_;
  bool was_dirty_ = false, alone_ = true;
};

// True when everything that was submitted is known to be done.
inline bool idle(const Queue::State &state) {
  return state.submitted.load(std::memory_order_acquire) == state.finished.load(std::memory_order_acquire);
}

}  // namespace cutrans::runtime
