// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An event is the name of a point in a queue (see queue.h) and the time at which it was passed.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <mutex>

#include "queue.h"

struct ct_event {
  ct_device *device = nullptr;
  uint32_t flags = 0;
  std::atomic<uint32_t> references{1};   // the handle and each record under way
  std::atomic<uint64_t> timestamp{0};    // ns, 0: never
  cutrans::host::SpinLock lock;
  cutrans::host::Point last;             // of the last record, under the lock

  cutrans::host::Point point() {
    std::lock_guard hold(lock);
    return last;
  }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

namespace cutrans::host {

extern const ct_event_ops event_ops;
// The event's record has its turn in the queue: notes the time, drops the record's reference.
void passEvent(ct_event &event);

}
