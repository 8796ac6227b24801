// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Waits for words of memory, and writes of them.
#include "word_waits.h"

#include <cutrans/targets/words.h>
#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>

#include "device.h"
#include "faults.h"
#include "queue.h"
#include "scheduler.h"
#include "unit.h"

namespace cutrans::host {

WordWaits *word_waits = nullptr;

namespace {

using Clock = std::chrono::steady_clock;

// Between two looks: a sixteenth of the time that the youngest wait has lasted, within these.
constexpr std::chrono::nanoseconds kShortest = std::chrono::microseconds(5), kLongest = std::chrono::milliseconds(1);

struct Access {
  const ct_word &word;
  bool compares = false;
};

// The program may have taken the memory away, so that the access may fault.
bool guarded(Unit &unit, ct_queue &queue, Access &access, void (*body)(void *)) {
  if (runGuarded(unit.guard, body, &access)) return true;
  unit.reportFault(*queue.device, "a stream's operation on a word of memory");
  return false;
}

}  // namespace

bool wordWaitIsOver(Unit &unit, ct_queue &queue, const ct_word &word) {
  if (queue.device->status() != CT_OK) return true;
  Access access{word};
  auto body = [](void *at) { static_cast<Access *>(at)->compares = ct_word_compares(&static_cast<Access *>(at)->word); };
  return !guarded(unit, queue, access, body) || access.compares;
}

void writeWord(Unit &unit, ct_queue &queue, const ct_word &word) {
  if (queue.device->status() != CT_OK) return;
  Access access{word};
  guarded(unit, queue, access, [](void *at) { ct_word_write(&static_cast<Access *>(at)->word); });
}

void WordWaits::park(ct_queue &queue) {
  std::lock_guard hold(lock_);
  parked_.push_back({&queue, Clock::now()});
  count_.store(static_cast<uint32_t>(parked_.size()), std::memory_order_seq_cst);
  looked_ = true;  // a write before that line found nobody
  if (!thread_.joinable())
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "cutrans-words");
      prctl(PR_SET_TIMERSLACK, 1000UL);  // the default is ten times the shortest pause
      watch();
    });
  changed_.notify_one();
}

void WordWaits::wake() {
  std::lock_guard hold(lock_);
  looked_ = true;
  changed_.notify_one();
}

void WordWaits::watch() {
  Unit unit(scheduler->unitCount());
  std::vector<ct_queue *> over;
  std::unique_lock hold(lock_);
  for (;;) {
    changed_.wait(hold, [this] { return stopping_ || !parked_.empty(); });
    if (stopping_) return;
    looked_ = false;
    Clock::time_point youngest{};
    std::erase_if(parked_, [&](const Parked &parked) {
      if (!wordWaitIsOver(unit, *parked.queue, parked.queue->front().word)) {
        youngest = std::max(youngest, parked.since);
        return false;
      }
      over.push_back(parked.queue);
      return true;
    });
    count_.store(static_cast<uint32_t>(parked_.size()), std::memory_order_seq_cst);
    if (!over.empty()) {
      hold.unlock();
      for (ct_queue *queue : over) continueParked(*queue);
      over.clear();
      hold.lock();
    } else if (!looked_) {
      const auto pause = std::clamp<std::chrono::nanoseconds>((Clock::now() - youngest) / 16, kShortest, kLongest);
      changed_.wait_for(hold, pause, [this] { return stopping_ || looked_; });
    }
  }
}

void WordWaits::stop() {
  {
    std::lock_guard hold(lock_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace cutrans::host
