// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The threads that run host functions.
#include "host_threads.h"

#include <pthread.h>

#include "device.h"
#include "queue.h"

namespace cutrans::host {

HostThreads *host_threads = nullptr;

void HostThreads::run(ct_queue &queue) {
  std::lock_guard hold(lock_);
  waiting_.push_back(&queue);
  if (idle_ >= waiting_.size())
    changed_.notify_one();
  else
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "cutrans-call");
      loop();
    });
}

void HostThreads::loop() {
  std::unique_lock hold(lock_);
  for (;;) {
    ++idle_;
    changed_.wait(hold, [this] { return stopping_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    ct_queue *queue = waiting_.front();
    waiting_.erase(waiting_.begin());
    hold.unlock();
    const HostCall call = queue->front().host_call;
    call.fn(call.user, queue->device->status());
    continueParked(*queue);
    hold.lock();
  }
}

void HostThreads::stop() {
  {
    std::lock_guard hold(lock_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread &thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace cutrans::host
