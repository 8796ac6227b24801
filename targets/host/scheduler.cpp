// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The workers' loop and the tables of ready queues.
#include "scheduler.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <bit>

#include "host.h"
#include "queue.h"

namespace cutrans::host {

Scheduler *scheduler = nullptr;

namespace {
// How long a worker looks for more before it sleeps. A wake-up through the kernel costs several microseconds, so a
// program that launches and waits in a loop is served by a worker that is awake.
constexpr uint32_t kSpinNs = 50'000;
}  // namespace

void Scheduler::start(uint32_t units, uint32_t workers) {
  for (uint32_t i = 0; i < units; ++i) units_.push_back(std::make_unique<Unit>(i));
  free_units_.store(static_cast<int>(units));
  spin_ns_ = std::thread::hardware_concurrency() > 1 ? kSpinNs : 0;
  // Signals of the program go to the program's threads; only what an instruction raises arrives here.
  sigset_t all, before;
  sigfillset(&all);
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&all, signal);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (uint32_t i = 0; i < workers; ++i)
    workers_.emplace_back([this, i] {
      pthread_setname_np(pthread_self(), ("cutrans-w" + std::to_string(i)).c_str());
      workerLoop(i);
    });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Scheduler::~Scheduler() {
  for (Level &level : levels_)
    for (auto &word : level.words) delete word.load(std::memory_order_relaxed);
}

void Scheduler::stop() {
  stopping_.store(true);
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (std::thread &worker : workers_) worker.join();
  workers_.clear();
  relief_.stop();
}

// ---- queues ----

ct_queue *Scheduler::createQueue(ct_device *device, uint32_t level) {
  std::lock_guard hold(create_lock_);
  ct_queue *queue;
  if (!unused_[level].empty()) {
    queue = unused_[level].back();
    unused_[level].pop_back();
  } else {
    Level &at = levels_[level];
    const uint32_t count = at.count.load(std::memory_order_relaxed);
    if (count == kWords * 64) return nullptr;
    if (count % 64 == 0) at.words[count / 64].store(new Word, std::memory_order_release);
    Word &word = *at.words[count / 64].load(std::memory_order_relaxed);
    queues_.push_back(std::make_unique<ct_queue>());
    queue = queues_.back().get();
    queue->level = level;
    queue->slot = count;
    word.queues[count % 64] = queue;
    at.count.store(count + 1, std::memory_order_release);
  }
  queue->device = device;
  return queue;
}

void Scheduler::recycleQueue(ct_queue *queue) {
  std::lock_guard hold(create_lock_);
  unused_[queue->level].push_back(queue);
}

Scheduler::Word &Scheduler::wordOf(const ct_queue &queue) const {
  return *levels_[queue.level].words[queue.slot / 64].load(std::memory_order_acquire);
}

void Scheduler::makeReady(ct_queue &queue) {
  wordOf(queue).ready.fetch_or(uint64_t{1} << queue.slot % 64, std::memory_order_seq_cst);
  wakeWorkers(1);
  checkShortage();
}

bool Scheduler::claim(ct_queue &queue) {
  const uint64_t bit = uint64_t{1} << queue.slot % 64;
  Word &word = wordOf(queue);
  return (word.ready.load(std::memory_order_relaxed) & bit) && (word.ready.fetch_and(~bit, std::memory_order_acq_rel) & bit);
}

void Scheduler::openJob(ct_queue &queue, uint64_t tickets) {
  queue.job.open();
  wordOf(queue).open.fetch_or(uint64_t{1} << queue.slot % 64, std::memory_order_seq_cst);
  wakeWorkers(static_cast<uint32_t>(std::min<uint64_t>(tickets, unitCount()) - 1));
}

void Scheduler::closeJob(ct_queue &queue) {
  if (!queue.job.isOpen()) return;
  wordOf(queue).open.fetch_and(~(uint64_t{1} << queue.slot % 64), std::memory_order_relaxed);
  queue.job.close();
}

bool Scheduler::othersReady(uint32_t level, bool equal_too) const {
  for (uint32_t l = 0; l < level + (equal_too ? 1 : 0); ++l) {
    const uint32_t words = (levels_[l].count.load(std::memory_order_relaxed) + 63) / 64;
    for (uint32_t w = 0; w < words; ++w)
      if (levels_[l].words[w].load(std::memory_order_acquire)->ready.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

// ---- looking for work ----

bool Scheduler::hasWork() const {
  return othersReady(kLevels - 1, true) || openAny(0);
}

ct_queue *Scheduler::claimAny(uint32_t start) {
  for (Level &level : levels_) {
    const uint32_t words = (level.count.load(std::memory_order_acquire) + 63) / 64;
    for (uint32_t i = 0; i < words; ++i) {
      Word &word = *level.words[(start / 64 + i) % words].load(std::memory_order_acquire);
      uint64_t ready = word.ready.load(std::memory_order_acquire);
      while (ready) {
        const unsigned index = (std::countr_zero(std::rotr(ready, start % 64)) + start) % 64;
        const uint64_t bit = uint64_t{1} << index;
        if (word.ready.fetch_and(~bit, std::memory_order_acq_rel) & bit) return word.queues[index];
        ready = word.ready.load(std::memory_order_acquire);
      }
    }
  }
  return nullptr;
}

ct_queue *Scheduler::openAny(uint32_t start) const {
  for (const Level &level : levels_) {
    const uint32_t words = (level.count.load(std::memory_order_acquire) + 63) / 64;
    for (uint32_t i = 0; i < words; ++i) {
      const Word &word = *level.words[(start / 64 + i) % words].load(std::memory_order_acquire);
      for (uint64_t open = word.open.load(std::memory_order_acquire); open; open &= open - 1) {
        ct_queue *queue = word.queues[std::countr_zero(open)];
        if (queue->job.isOpen()) return queue;
      }
    }
  }
  return nullptr;
}

bool Scheduler::runSomething(Unit &unit) {
  static std::atomic<uint32_t> turn{0};
  if (ct_queue *queue = claimAny(turn.fetch_add(1, std::memory_order_relaxed))) {
    if (sleepers_.load(std::memory_order_relaxed) && hasWork()) wakeWorkers(1);
    runQueue(unit, *queue, UINT64_MAX);
    return true;
  }
  if (ct_queue *queue = openAny(unit.index)) return joinQueue(unit, *queue, UINT64_MAX);
  return false;
}

// ---- workers ----

void Scheduler::workerLoop(uint32_t index) {
  const uint32_t most_spinners = std::max(1u, unitCount() / 2);
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (hasWork()) {
      if (Unit *unit = takeUnit(index)) {
        while (runSomething(*unit)) {
        }
        giveUnit(*unit);
      }
    }
    if (spin_ns_ && spinners_.fetch_add(1, std::memory_order_seq_cst) < most_spinners) {
      bool found = false;
      const uint64_t until = nowNs() + spin_ns_;
      do {
        for (int i = 0; i < 32 && !found; ++i) {
          cpuRelax();
          found = hasWork() && free_units_.load(std::memory_order_relaxed) > 0;
        }
      } while (!found && nowNs() < until && !stopping_.load(std::memory_order_relaxed));
      spinners_.fetch_sub(1, std::memory_order_seq_cst);
      if (found) continue;
    } else if (spin_ns_) {
      spinners_.fetch_sub(1, std::memory_order_seq_cst);
    }
    // Nobody who makes work after this line can miss that we sleep: they look at sleepers_ after they have published.
    const uint32_t epoch = epoch_.load(std::memory_order_seq_cst);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!stopping_.load() && !(hasWork() && free_units_.load(std::memory_order_seq_cst) > 0)) epoch_.wait(epoch);
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
  }
}

void Scheduler::wakeWorkers(uint32_t count) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const uint32_t awake = spinners_.load(std::memory_order_seq_cst);
  if (count <= awake) return;
  count = std::min(count - awake, sleepers_.load(std::memory_order_seq_cst));
  if (!count) return;
  epoch_.fetch_add(1, std::memory_order_seq_cst);
  for (; count; --count) epoch_.notify_one();
}

Unit *Scheduler::takeUnit(uint32_t preferred) {
  if (free_units_.load(std::memory_order_relaxed) <= 0) return nullptr;
  for (uint32_t i = 0; i < unitCount(); ++i) {
    Unit &unit = *units_[(preferred + i) % unitCount()];
    if (!unit.busy.load(std::memory_order_relaxed) && !unit.busy.exchange(true, std::memory_order_acquire)) {
      free_units_.fetch_sub(1, std::memory_order_seq_cst);
      return &unit;
    }
  }
  return nullptr;
}

void Scheduler::giveUnit(Unit &unit) {
  unit.busy.store(false, std::memory_order_release);
  free_units_.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) && hasWork()) wakeWorkers(1);
}

}  // namespace cutrans::host
