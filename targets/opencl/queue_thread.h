// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a queue cannot leave to OpenCL: host functions, waits for words of memory and for events of other devices. They run in
// order on a thread of the queue's own, started when it is first needed, so that one that blocks holds up nobody else.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace cutrans::opencl {

class QueueThread {
 public:
  ~QueueThread();  // runs what was posted
  void post(std::function<void()> task);

 private:
  void run();
  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace cutrans::opencl
