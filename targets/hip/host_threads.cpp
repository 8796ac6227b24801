// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host_threads.h"

#include <algorithm>
#include <chrono>
#include <system_error>

namespace cutrans::hip {

HostThreads *host_threads = nullptr;

namespace {
uint64_t now() { return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1)); }
constexpr uint64_t kSoonest = 5'000, kLatest = 1'000'000;  // ns between two looks
}  // namespace

bool HostThreads::run(std::function<void()> work) {
  std::lock_guard hold(lock_);
  waiting_.push_back(std::move(work));
  if (waiting_.size() > idle_) {
    try {
      threads_.emplace_back([this] { this->work(); });
    } catch (const std::system_error &) {
      if (threads_.empty()) {
        waiting_.pop_back();
        return false;
      }
    }
  }
  changed_.notify_one();
  return true;
}

void HostThreads::work() {
  std::unique_lock hold(lock_);
  for (;;) {
    ++idle_;
    changed_.wait(hold, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    std::function<void()> next = std::move(waiting_.front());
    waiting_.pop_front();
    hold.unlock();
    next();
    next = nullptr;
    hold.lock();
  }
}

bool HostThreads::poll(std::function<bool()> done, std::function<void()> then) {
  std::lock_guard hold(lock_);
  if (!watcher_.joinable()) {
    try {
      watcher_ = std::thread([this] { watch(); });
    } catch (const std::system_error &) {
      return false;
    }
  }
  const uint64_t time = now();
  waits_.push_back({std::move(done), std::move(then), time, time});
  watched_.notify_one();
  return true;
}

void HostThreads::watch() {
  std::unique_lock hold(lock_);
  std::vector<Wait> due;
  for (;;) {
    watched_.wait(hold, [this] { return ending_ || !waits_.empty(); });
    if (waits_.empty()) return;
    const auto first = std::min_element(waits_.begin(), waits_.end(), [](const Wait &a, const Wait &b) { return a.next < b.next; })->next;
    if (const uint64_t time = now(); first > time) {
      watched_.wait_for(hold, std::chrono::nanoseconds(first - time));
      continue;
    }
    const uint64_t time = now();
    auto later = std::partition(waits_.begin(), waits_.end(), [time](const Wait &wait) { return wait.next > time; });
    due.assign(std::make_move_iterator(later), std::make_move_iterator(waits_.end()));
    waits_.erase(later, waits_.end());
    hold.unlock();
    std::erase_if(due, [](Wait &wait) {
      if (wait.done()) {
        wait.then();
        return true;
      }
      wait.next = now() + std::clamp((now() - wait.since) / 16, kSoonest, kLatest);
      return false;
    });
    hold.lock();
    std::move(due.begin(), due.end(), std::back_inserter(waits_));
    due.clear();
  }
}

void HostThreads::stop() {
  {
    std::lock_guard hold(lock_);
    ending_ = true;
    changed_.notify_all();
    watched_.notify_all();
  }
  for (std::thread &thread : threads_) thread.join();
  if (watcher_.joinable()) watcher_.join();
}

}  // namespace cutrans::hip
