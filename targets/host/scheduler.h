// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Workers, units, and which queue has something to do.
//
// Two bits for each queue, in words by priority: `ready` - the queue has work and no owner, whoever clears the bit owns it;
// `open` - its current job has room for helpers (a hint: Job::join decides). Workers look for
// the first, then the second, spin for a moment, then sleep.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "relief.h"
#include "unit.h"

struct ct_queue;

namespace cutrans::host {

class Scheduler {
 public:
  static constexpr uint32_t kLevels = 6;
  ~Scheduler();

  void start(uint32_t units, uint32_t workers);
  void stop();  // no queue has work
  uint32_t unitCount() const { return static_cast<uint32_t>(units_.size()); }

  ct_queue *createQueue(ct_device *device, uint32_t level);  // null: too many
  void recycleQueue(ct_queue *queue);                        // idle

  void makeReady(ct_queue &queue);       // passes ownership on
  bool claim(ct_queue &queue);           // takes it, if it was passed on and nobody has it yet
  void openJob(ct_queue &queue, uint64_t tickets);
  void closeJob(ct_queue &queue);

  // Whether the owner of a queue of this level should let another queue run.
  bool othersReady(uint32_t level, bool equal_too) const;

  void checkShortage() {
    if (isShort()) relief_.call();
  }

  Unit *takeUnit(uint32_t preferred);    // null: all are busy
  void giveUnit(Unit &unit);
  // Ready queues, and no unit for them.
  bool isShort() const { return !hasRoom() && othersReady(kLevels - 1, true); }
  // The first ready queue, taken; by level, from a rotating start within a level so that none is passed over for ever.
  ct_queue *claimAny(uint32_t start);
  bool hasRoom() const { return free_units_.load(std::memory_order_relaxed) > 0; }
  uint32_t spinNs() const { return spin_ns_; }

 private:
  struct Word {
    std::atomic<uint64_t> ready{0}, open{0};
    ct_queue *queues[64] = {};
    uint32_t used = 0;
  };
  static constexpr uint32_t kWords = 256;
  struct Level {
    std::atomic<Word *> words[kWords] = {};
    std::atomic<uint32_t> count{0};
  };

  Word &wordOf(const ct_queue &queue) const;
  bool hasWork() const;
  ct_queue *openAny(uint32_t start) const;
  bool runSomething(Unit &unit);
  void workerLoop(uint32_t index);
  void wakeWorkers(uint32_t count);

  Level levels_[kLevels];
  std::mutex create_lock_;
  std::vector<ct_queue *> unused_[kLevels];
  std::vector<std::unique_ptr<ct_queue>> queues_;

  std::vector<std::unique_ptr<Unit>> units_;
  alignas(64) std::atomic<int> free_units_{0};
  alignas(64) std::atomic<uint32_t> spinners_{0};
  std::atomic<uint32_t> sleepers_{0}, epoch_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> workers_;
  uint32_t spin_ns_ = 0;
  Relief relief_;
};

extern Scheduler *scheduler;  // lives from init to shutdown; never destroyed at process exit

}  // namespace cutrans::host
