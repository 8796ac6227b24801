// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Events. Each record makes a Mark; the event points to the newest one, and queues that wait keep the one that was newest
// when they were told to. So neither a later record nor destroying the event disturbs them.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace cutrans::null {

// When the last record of an event that is done passed, in ns. Outlives the event.
using Time = std::shared_ptr<std::atomic<uint64_t>>;

class Mark {
 public:
  explicit Mark(Time time) : time_(std::move(time)) {}
  void pass();             // now
  bool passed() const;
  void wait() const;

 private:
  mutable std::mutex lock_;
  mutable std::condition_variable changed_;
  bool passed_ = false;
  const Time time_;
};

extern const ct_event_ops event_ops;

}  // namespace cutrans::null

struct ct_event {
  std::mutex lock;
  std::shared_ptr<cutrans::null::Mark> newest;  // null: never recorded
  const cutrans::null::Time time = std::make_shared<std::atomic<uint64_t>>(0);
  std::shared_ptr<cutrans::null::Mark> get() {
    std::lock_guard hold(lock);
    return newest;
  }
};
