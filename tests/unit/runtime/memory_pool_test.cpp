// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a pool keeps, who gets it again and when, and that the counters tell the truth.
#include "cutrans/runtime/memory_pool.h"

#include <random>
#include <thread>
#include <vector>

#include "environment.h"
#include "pool_pieces.h"

namespace cutrans::runtime {
namespace {

class Pools : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    pool_ = MemoryPool::create(context().device());
    pool_->setThreshold(~uint64_t{0});
  }
  void TearDown() override {
    RuntimeTest::TearDown();
    EXPECT_EQ(pool_->used().now, 0u);
    EXPECT_EQ(pool_->reserved().now, 0u) << "the context's end gives all back";
    pool_->destroy();
  }
  Address take(Queue &queue, uint64_t size = 1000) {
    Result<Address> address = pool_->allocate(queue, context(), size);
    EXPECT_TRUE(address.ok());
    return address.ok() ? *address : 0;
  }
  MemoryPool *pool_ = nullptr;
};

TEST(PoolSizes, LoseAnEighthAtMost) {
  uint64_t before = 0;
  size_t last = 0;
  for (uint64_t size = 1; size < uint64_t{1} << 46; size += 1 + size / 77) {
    const uint64_t rounded = PieceList::rounded(size);
    ASSERT_GE(rounded, size);
    ASSERT_LE(rounded, std::max<uint64_t>(512 * ((size + 511) / 512), size + size / 8)) << size;
    ASSERT_EQ(PieceList::rounded(rounded), rounded) << size;
    const size_t size_class = PieceList::classOf(rounded);
    ASSERT_LT(size_class, PieceList::kClasses);
    ASSERT_EQ(rounded == before, size_class == last && before != 0) << size;
    ASSERT_GE(size_class, last);
    before = rounded;
    last = size_class;
  }
}

TEST_F(Pools, AQueueGetsItsOwnMemoryAtOnce) {
  Queue *queue = newQueue();
  ASSERT_OK(gate_.close(*queue));
  Address first = take(*queue);
  EXPECT_EQ(pool_->used().now, 1000u);
  ASSERT_OK(releaseMemoryAsync(*queue, first));
  EXPECT_EQ(pool_->used().now, 0u);
  EXPECT_EQ(take(*queue, 600), first) << "the work that used it comes before all that will";
  EXPECT_EQ(findAllocation(first)->size, 600u);
  EXPECT_FALSE(findAllocation(first + 600));
  EXPECT_EQ(pool_->reserved().now, 1024u);
  EXPECT_EQ(pool_->used().high, 1000u);
}

TEST_F(Pools, AnotherQueueGetsItWhenTheFreeIsReached) {
  Queue *queue = newQueue(), *other = newQueue(Queue::kNonBlocking);
  ASSERT_OK(gate_.close(*queue));
  Address first = take(*queue);
  ASSERT_OK(releaseMemoryAsync(*queue, first));
  Address second = take(*other);
  EXPECT_NE(second, first) << "its work may still run";
  gate_.open();
  ASSERT_OK(queue->synchronize());
  pool_->setReuse(false);
  EXPECT_NE(take(*other), first);
  pool_->setReuse(true);
  EXPECT_EQ(take(*other), first);
}

TEST_F(Pools, TheThresholdIsKeptAtTheNextWait) {
  Queue *queue = newQueue();
  pool_->setThreshold(2048);
  std::vector<Address> all;
  for (int i = 0; i < 4; ++i) all.push_back(take(*queue));
  EXPECT_EQ(pool_->reserved().now, 4096u);
  for (Address address : all) ASSERT_OK(releaseMemoryAsync(*queue, address));
  EXPECT_EQ(pool_->reserved().now, 4096u);
  ASSERT_OK(queue->synchronize());
  EXPECT_EQ(pool_->reserved().now, 2048u);
  EXPECT_EQ(pool_->reserved().high, 4096u);
  pool_->trim(1500);
  EXPECT_EQ(pool_->reserved().now, 1024u);
  pool_->setThreshold(0);
  ASSERT_OK(context().synchronize());
  EXPECT_EQ(pool_->reserved().now, 0u);
}

TEST_F(Pools, TrimmingLeavesWhatWorkMayUse) {
  Queue *queue = newQueue();
  ASSERT_OK(gate_.close(*queue));
  ASSERT_OK(releaseMemoryAsync(*queue, take(*queue)));
  pool_->trim(0);
  EXPECT_EQ(pool_->reserved().now, 1024u);
  gate_.open();
  ASSERT_OK(queue->synchronize());
  pool_->trim(0);
  EXPECT_EQ(pool_->reserved().now, 0u);
}

TEST_F(Pools, WhatWasFreedIsUnknown) {
  Queue *queue = newQueue();
  Address address = take(*queue);
  EXPECT_CODE(invalid_value, releaseMemoryAsync(*queue, address + 8));
  ASSERT_OK(releaseMemoryAsync(*queue, address));
  EXPECT_FALSE(findAllocation(address));
  EXPECT_CODE(invalid_value, releaseMemoryAsync(*queue, address));
  EXPECT_CODE(invalid_value, releaseMemory(address, false));
  EXPECT_CODE(invalid_value, queue->copy({.dst = address, .src = address, .width = 8, .direction = Direction::device_to_device}));
  EXPECT_EQ(take(*queue), address);
  ASSERT_OK(releaseMemory(address, false)) << "in no order, after all work";
  EXPECT_EQ(pool_->reserved().now, 1024u) << "it stays in the pool";
}

TEST_F(Pools, QueuesEndWithKeptMemory) {
  Queue *queue = newQueue(), *other = newQueue();
  ASSERT_OK(gate_.close(*queue));
  Address address = take(*queue);
  ASSERT_OK(releaseMemoryAsync(*queue, address));
  ASSERT_OK(queue->destroy());
  EXPECT_NE(take(*other), address);
  gate_.open();
  ASSERT_OK(context().synchronize());
  EXPECT_EQ(take(*other), address);
}

TEST_F(Pools, TheirMemoryOutlivesThem) {
  Queue *queue = newQueue();
  MemoryPool *gone = MemoryPool::create(context().device());
  Result<Address> kept = gone->allocate(*queue, context(), 100), address = gone->allocate(*queue, context(), 100);
  ASSERT_OK(releaseMemoryAsync(*queue, *kept));
  gone->destroy();
  EXPECT_TRUE(findAllocation(*address));
  ASSERT_OK(releaseMemoryAsync(*queue, *address));
  ASSERT_OK(queue->synchronize());
  EXPECT_FALSE(findAllocation(*address));
}

TEST_F(Pools, ABoundIsKept) {
  Queue *queue = newQueue();
  pool_->setMost(4096);
  Address first = take(*queue, 2048);
  take(*queue, 2048);
  EXPECT_CODE(out_of_memory, pool_->allocate(*queue, context(), 512));
  EXPECT_CODE(out_of_memory, pool_->allocate(*queue, context(), uint64_t{1} << 50));
  ASSERT_OK(releaseMemoryAsync(*queue, first));
  ASSERT_OK(queue->synchronize());
  take(*queue, 512);
  EXPECT_EQ(pool_->reserved().now, 2560u) << "what was kept made room";
}

TEST_F(Pools, FullMemoryTakesWhatIsKept) {
  Queue *queue = newQueue();
  uint64_t free_bytes = 0, total = 0;
  ASSERT_OK(context().device().memoryInfo(&free_bytes, &total));
  ASSERT_OK(releaseMemoryAsync(*queue, take(*queue, free_bytes * 3 / 4)));
  take(*queue, free_bytes / 2);
}

// Threads with a queue each, which free each other's memory: nothing is given to two.
TEST_F(Pools, ManyThreads) {
  constexpr int kThreads = 4, kRounds = 2000;
  pool_->setThreshold(64 << 10);
  std::mutex lock;
  std::vector<Address> shared;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      Queue *queue = newQueue(t % 2 ? Queue::kNonBlocking : 0);
      for (int i = 0; i < kRounds; ++i) {
        Address address = take(*queue, 1 + random() % 5000);
        std::lock_guard hold(lock);
        for (Address other : shared) EXPECT_NE(other, address);
        shared.push_back(address);
        if (shared.size() > 20) {
          std::swap(shared[random() % shared.size()], shared.back());
          EXPECT_OK(releaseMemoryAsync(*queue, shared.back()));
          shared.pop_back();
        }
        if (i % 64 == 0) EXPECT_OK(queue->synchronize());
        if (i % 500 == 0) pool_->trim(0);
      }
      EXPECT_OK(queue->destroy());
    });
  for (std::thread &thread : threads) thread.join();
}

}  // namespace
}  // namespace cutrans::runtime
