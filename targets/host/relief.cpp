// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A thread that looks whether ready queues stay without a unit, and extra units with a thread each for those that do.
#include "relief.h"

#include <pthread.h>

#include <chrono>

#include "queue.h"
#include "scheduler.h"

namespace cutrans::host {
namespace {
constexpr std::chrono::milliseconds kPatience{2};
constexpr size_t kMostExtras = 128;  // as many kernels as the chip runs at once
}  // namespace

void Relief::wakeWatcher() {
  std::lock_guard hold(lock_);
  if (!watcher_.joinable())
    watcher_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "cutrans-relief");
      watch();
    });
  rung_ = true;
  watcher_wakes_.notify_one();
}

void Relief::watch() {
  std::unique_lock hold(lock_);
  for (;;) {
    watcher_wakes_.wait(hold, [this] { return rung_ || stopping_; });
    if (stopping_) return;
    rung_ = false;
    while (scheduler->isShort()) {
      hold.unlock();
      std::this_thread::sleep_for(kPatience);
      ct_queue *queue = scheduler->isShort() ? scheduler->claimAny(0) : nullptr;
      hold.lock();
      if (!queue) continue;
      if (idle_ <= handed_.size() && extras_.size() == kMostExtras) {
        hold.unlock();
        scheduler->makeReady(*queue);
        hold.lock();
        continue;
      }
      handed_.push_back(queue);
      if (idle_ < handed_.size())
        extras_.emplace_back([this] {
          pthread_setname_np(pthread_self(), "cutrans-extra");
          runExtra();
        });
      else
        extra_wakes_.notify_one();
    }
    called_.store(false, std::memory_order_seq_cst);
    // A call that came before that line was not heard.
    if (scheduler->isShort() && !called_.exchange(true)) rung_ = true;
  }
}

void Relief::runExtra() {
  Unit unit(scheduler->unitCount());
  std::unique_lock hold(lock_);
  for (;;) {
    ++idle_;
    extra_wakes_.wait(hold, [this] { return stopping_ || !handed_.empty(); });
    --idle_;
    if (handed_.empty()) return;
    ct_queue *queue = handed_.back();
    handed_.pop_back();
    hold.unlock();
    runQueue(unit, *queue, UINT64_MAX);
    hold.lock();
  }
}

void Relief::stop() {
  {
    std::lock_guard hold(lock_);
    stopping_ = true;
  }
  watcher_wakes_.notify_all();
  extra_wakes_.notify_all();
  if (watcher_.joinable()) watcher_.join();
  for (std::thread &thread : extras_) thread.join();
  extras_.clear();
}

}  // namespace cutrans::host
