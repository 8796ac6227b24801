// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Events are HIP's: a later record or a destroy leaves waits for an earlier record alone, as the ABI wants it. A timed one is two of
// them in turns, for HIP forgets a record's time at the next, and the ABI asks for it until that is over.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <memory>

#include "library.h"

namespace cutrans::hip {
extern const ct_event_ops event_ops;
struct Base;
}  // namespace cutrans::hip

struct ct_event {
  struct Turn {
    hipEvent_t handle = nullptr;
    std::atomic<std::shared_ptr<cutrans::hip::Base>> base;  // of the record, if timed
  };
  ct_event(ct_device *on, unsigned how) : device(on), hip_flags(how) {}
  ct_status record(hipStream_t stream);
  // Null: never recorded. HIPs differ in what they say of such an event, so they are not asked.
  hipEvent_t current() const {
    const int turn = newest.load(std::memory_order_acquire);
    return turn < 0 ? nullptr : turns[turn].handle;
  }
  bool timing() const { return !(hip_flags & hipEventDisableTiming); }

  ct_device *const device;
  const unsigned hip_flags;
  Turn turns[2];
  std::atomic<int> newest{-1};
};
