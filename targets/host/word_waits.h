// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queues whose front operation waits for a word of memory. Nobody tells us when a kernel, the host or another process changes
// it, so one thread looks at all of them: at once when the target itself has written or finished something, else at
// intervals that grow with the time waited so far. No unit is held meanwhile.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

struct ct_queue;

namespace cutrans::host {

struct Unit;

class WordWaits {
 public:
  // The queue's front operation is a wait; the caller's ownership goes along.
  void park(ct_queue &queue);
  // Something may have changed a word. Cheap where nobody waits.
  void look() {
    if (count_.load(std::memory_order_relaxed)) [[unlikely]]
      wake();
  }
  void stop();  // nothing waits

 private:
  struct Parked {
    ct_queue *queue;
    std::chrono::steady_clock::time_point since;
  };
  void wake();
  void watch();

  std::atomic<uint32_t> count_{0};
  std::mutex lock_;  // everything below
  std::condition_variable changed_;
  std::vector<Parked> parked_;
  bool looked_ = false, stopping_ = false;
  std::thread thread_;
};

extern WordWaits *word_waits;

// The wait at the front of a queue is over: the word compares, or the device has a fault (be it for this address). `unit` is the caller's.
bool wordWaitIsOver(Unit &unit, ct_queue &queue, const ct_word &word);
// Behind everything that the queue did.
void writeWord(Unit &unit, ct_queue &queue, const ct_word &word);

}  // namespace cutrans::host
