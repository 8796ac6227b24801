// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "queue_thread.h"

#include <pthread.h>

namespace cutrans::opencl {

QueueThread::~QueueThread() {
  {
    std::lock_guard hold(lock_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void QueueThread::post(std::function<void()> task) {
  std::lock_guard hold(lock_);
  tasks_.push_back(std::move(task));
  if (!thread_.joinable())
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "cutrans-call");
      run();
    });
  changed_.notify_one();
}

void QueueThread::run() {
  std::unique_lock hold(lock_);
  for (;;) {
    changed_.wait(hold, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    hold.unlock();
    task();
    hold.lock();
  }
}

}  // namespace cutrans::opencl
