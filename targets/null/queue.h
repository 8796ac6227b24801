// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A queue: a list of operations and a thread that runs them in order.
#pragma once

#include <cutrans/target.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace cutrans::null {
extern const ct_queue_ops queue_ops;
}

struct ct_queue {
  explicit ct_queue(ct_device *on);
  ~ct_queue();  // runs what was submitted
  void submit(std::function<void()> operation);
  bool idle();
  void wait();

  ct_device *const device;

 private:
  void run();
  std::mutex lock_;  // everything below
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool running_ = false;  // one was taken out and is not finished
  bool ending_ = false;
  std::thread thread_;
};
