// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads for host functions of queues. One that blocks never holds up another: a thread is added when all are busy.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

struct ct_queue;

namespace cutrans::host {

class HostThreads {
 public:
  // Runs the host call at the front of `queue`, whose ownership goes along.
  void run(ct_queue &queue);
  void stop();  // nothing is queued

 private:
  void loop();

  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<ct_queue *> waiting_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool stopping_ = false;
};

extern HostThreads *host_threads;

}  // namespace cutrans::host
