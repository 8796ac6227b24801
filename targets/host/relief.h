// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Units beyond the machine's processors, for queues that would wait too long. A kernel may wait for another queue (or for
// the host) for as long as it likes; when all units are taken by such kernels, whatever they wait for must still get to run.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "unit.h"

struct ct_queue;

namespace cutrans::host {

class Relief {
 public:
  // There is a ready queue and no free unit. Cheap; may be called too often.
  void call() {
    if (!called_.load(std::memory_order_relaxed) && !called_.exchange(true, std::memory_order_acq_rel)) wakeWatcher();
  }
  void stop();  // no queue has work

 private:
  void wakeWatcher();
  void watch();
  void runExtra();

  std::atomic<bool> called_{false};
  std::mutex lock_;
  std::condition_variable watcher_wakes_, extra_wakes_;
  bool stopping_ = false, rung_ = false;
  std::thread watcher_;
  std::vector<std::thread> extras_;
  std::vector<ct_queue *> handed_;
  size_t idle_ = 0;
};

}  // namespace cutrans::host
