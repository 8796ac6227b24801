// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Work of one queue operation that several units can share: the blocks of a launch, the pieces of a large copy.
//
// Each queue has one Job, used again for each operation. Members take tickets from `next`; whoever leaves last
// finishes the operation and owns the queue from then on, so nobody waits for anybody. While kOpen is set, others may join.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace cutrans::host {

struct Unit;

struct Job {
  static constexpr uint32_t kOpen = 1u << 31;

  // Written by the owner while nobody else is a member.
  void (*work)(Unit &unit, Job &job) = nullptr;  // runs guarded; takes tickets until there are none
  void *subject = nullptr;
  uint64_t total = 0;
  uint32_t largest_take = 0;   // 0: by what is left
  bool one_by_one = false;     // tickets are taken singly, in order

  std::atomic<uint32_t> members{0};
  std::atomic<uint64_t> next{0};
  std::atomic<bool> failed{false};  // stop early

  void start() {
    next.store(0, std::memory_order_relaxed);
    failed.store(false, std::memory_order_relaxed);
    members.store(1, std::memory_order_release);
  }
  bool join() {
    uint32_t now = members.load(std::memory_order_relaxed);
    while (now & kOpen)
      if (members.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel)) return true;
    return false;
  }
  void open() { members.fetch_or(kOpen, std::memory_order_acq_rel); }
  bool isOpen() const { return members.load(std::memory_order_relaxed) & kOpen; }
  void close() { members.fetch_and(~kOpen, std::memory_order_acq_rel); }
  // After close() by this or another member. true: the caller was the last one.
  bool leave() { return members.fetch_sub(1, std::memory_order_acq_rel) == 1; }

  bool exhausted() const { return next.load(std::memory_order_relaxed) >= total || failed.load(std::memory_order_relaxed); }

  // Takes tickets [first, first + count); 0: none left.
  uint64_t take(uint64_t &first, uint32_t sharers) {
    uint64_t now = next.load(std::memory_order_relaxed);
    if (now >= total || failed.load(std::memory_order_relaxed)) return 0;
    uint64_t want = one_by_one ? 1 : std::max<uint64_t>(1, (total - now) / (uint64_t{sharers} * 4));
    if (largest_take) want = std::min<uint64_t>(want, largest_take);
    first = next.fetch_add(want, std::memory_order_relaxed);
    return first >= total ? 0 : std::min(want, total - first);
  }
};

}  // namespace cutrans::host
