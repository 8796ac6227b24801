// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory in the order of queues. A pool keeps what was freed and gives it out again:
//   - to the queue that freed it at once, since that queue's order is enough;
//   - to another queue of the context once the free has been reached there, where setReuse allows it.
// What is kept beyond the threshold goes back to the target when a program waits for a queue or for the context.
// Taking and freeing take one lock, that of the queue's own list.
#pragma once
#include <atomic>
#include <cstdint>

#include "cutrans/runtime/memory.h"

namespace cutrans::runtime {

class CUTRANS_API MemoryPool {
 public:
  static MemoryPool *create(Device &device);
  // What is kept goes back; what the program has lives on until it is freed.
  void destroy();

  // size > 0; `context` is one of the pool's device. The memory may be used in the queue's order. out_of_memory where
  // the pool's bound or the device's is reached.
  Result<Address> allocate(Queue &queue, Context &context, uint64_t size);

  // Gives back what is idle until no more than `keep` bytes are reserved.
  void trim(uint64_t keep);

  void setThreshold(uint64_t bytes) { threshold_.store(bytes, std::memory_order_relaxed); }
  uint64_t threshold() const { return threshold_.load(std::memory_order_relaxed); }
  void setMost(uint64_t bytes) { most_ = bytes; }  // before the first allocation; 0: the device's memory is the bound
  void setReuse(bool across_queues) { across_queues_.store(across_queues, std::memory_order_relaxed); }

  // Bytes that the program has, that were taken from the target, and the most there were of each.
  struct Counter {
    std::atomic<uint64_t> now{0}, high{0};
    void add(uint64_t bytes);
    void subtract(uint64_t bytes) { now.fetch_sub(bytes, std::memory_order_relaxed); }
    void restart() { high.store(now.load(std::memory_order_relaxed), std::memory_order_relaxed); }
  };
  Counter &used() { return used_; }
  Counter &reserved() { return reserved_; }

 private:
  friend class PoolAccess;
  explicit MemoryPool(Device &device);
  ~MemoryPool();
  Device &device_;
  struct State;
  State *const state_;
  Counter used_, reserved_;
  std::atomic<uint64_t> threshold_{0};
  std::atomic<bool> across_queues_{true};
  uint64_t most_ = 0;
};

// null: the allocation comes from none.
CUTRANS_API MemoryPool *poolOf(const Allocation &allocation);

}  // namespace cutrans::runtime
