// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// In-order queues. A queue that has work is owned by one thread at a time, which runs its operations one after the other:
// a worker, the thread that waits for the queue, or whoever finished the last block of its current launch.
//
// Ownership: `pending` counts operations that were submitted and are not finished. Raising it from 0 gives ownership to the
// submitter, who passes it on through the scheduler's ready bit (or uses it for small work); lowering it to 0
// ends ownership. In between the owner may pass it on: to the ready bit, to the queue whose event it waits for, to a host
// thread, to the thread that looks at words. Queues are never freed, only used again, and their counters only rise: so a pair of queue and number
// stays a valid name of a point in time for ever, which is all that an event has to keep.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "job.h"
#include "launch.h"

namespace cutrans::host {

struct Unit;

// A point in a queue's life: when its operation `number` has finished. queue null: now.
struct Point {
  ct_queue *queue = nullptr;
  uint64_t number = 0;
  bool reached() const;
};

enum class OperationKind : uint8_t { launch, copy, fill, host_call, record, wait, wait_word, write_word };

struct HostCall {
  void (*fn)(void *user, ct_status queue_status);
  void *user;
};

constexpr uint32_t kInlineParams = 192;

struct Operation {
  OperationKind kind;
  bool started;              // a launch or copy that its owner left for another queue's sake
  void *heap_params;         // parameters that do not fit below, or null
  uint64_t started_ns;
  union {
    Launch launch;
    ct_copy copy;
    ct_fill fill;
    HostCall host_call;
    ct_event *event;         // record; one reference
    Point point;             // wait
    ct_word word;            // wait_word, write_word
  };
  alignas(64) uint8_t params[kInlineParams];
  Operation() {}
};

struct Segment {
  static constexpr uint32_t kOperations = 32;
  Operation operations[kOperations];
  Segment *next = nullptr;
};

class SpinLock {
 public:
  void lock();
  void unlock() { held_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> held_{false};
};

}  // namespace cutrans::host

struct ct_queue {
  using Point = cutrans::host::Point;

  ct_device *device = nullptr;
  uint32_t level = 0;      // 0 runs first
  uint32_t slot = 0;       // in the scheduler's tables
  cutrans::host::Job job;

  // Submitters, under submit_lock.
  cutrans::host::SpinLock submit_lock;
  cutrans::host::Segment *tail = nullptr;
  uint32_t tail_used = 0;
  std::atomic<uint64_t> submitted{0};

  // The owner.
  cutrans::host::Segment *head = nullptr;
  uint32_t head_used = 0;
  std::atomic<cutrans::host::Segment *> spare{nullptr};

  alignas(64) std::atomic<uint64_t> pending{0};
  std::atomic<uint64_t> completed{0};

  // Threads asleep until something completes.
  std::atomic<uint32_t> sleepers{0}, wake{0};

  // Queues that wait for a point of this one; each entry carries that queue's ownership.
  std::atomic<bool> has_waiters{false};
  std::mutex waiters_lock;
  std::vector<std::pair<uint64_t, ct_queue *>> waiters;

  ct_queue();
  ~ct_queue();
  cutrans::host::Operation &front();
  // The owner has finished the front operation. false: nothing is left, ownership is over.
  bool finishFront();
  // Registers `waiter` (owned by the caller) for point `number`; false: reached already, the caller goes on.
  bool addWaiter(uint64_t number, ct_queue *waiter);

  cutrans::host::Operation &place();      // a free one at the end; under submit_lock
};

namespace cutrans::host {

extern const ct_queue_ops queue_ops;

// Runs operations of `queue`, which the caller owns, on `unit` until none is left, ownership has gone elsewhere, or
// `until` operations are complete (then the rest is passed on).
void runQueue(Unit &unit, ct_queue &queue, uint64_t until);
// Takes part in the queue's current job, when it is open; goes on as its owner if it leaves last.
bool joinQueue(Unit &unit, ct_queue &queue, uint64_t until);
// The operation at the front was seen to by somebody else, who owns the queue: a host call, a wait for a word. It is finished.
void continueParked(ct_queue &queue);
// For a job's work, between two tickets: wakes helpers when the job turns out to be long; false: leave, others wait.
bool mayContinue(Unit &unit, Job &job);
// A free unit for this thread, usually the one that it had before; null: all are busy.
Unit *takeAnyUnit();
// Waits until `number` operations are complete, and helps meanwhile.
void waitFor(ct_queue &queue, uint64_t number);

}  // namespace cutrans::host
