// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Events. Each record makes a Mark; the event points to the newest one, and queues that wait keep the one that was newest
// when they were told to. So neither a later record nor destroying the event disturbs them.
#pragma once

#include <cutrans/target.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace cutrans::null {

class Mark {
 public:
  void pass();             // now
  bool passed() const;
  void wait() const;
  uint64_t time() const;   // ns; of pass()

 private:
  mutable std::mutex lock_;
  mutable std::condition_variable changed_;
  bool passed_ = false;
  uint64_t time_ = 0;
};

extern const ct_event_ops event_ops;

}  // namespace cutrans::null

struct ct_event {
  std::mutex lock;
  std::shared_ptr<cutrans::null::Mark> newest;  // null: never recorded
  std::shared_ptr<cutrans::null::Mark> get() {
    std::lock_guard hold(lock);
    return newest;
  }
};
