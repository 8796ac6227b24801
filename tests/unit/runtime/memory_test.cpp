// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The memory map, and what releasing the wrong thing gives.
#include "cutrans/runtime/memory.h"

#include <thread>
#include <vector>

#include "environment.h"

namespace cutrans::runtime {
namespace {

using Memory = RuntimeTest;

TEST_F(Memory, IsFoundByEveryAddressInside) {
  Result<Address> a = allocateMemory(context(), MemoryKind::device, 1000);
  ASSERT_OK(a);
  for (uint64_t offset : {0, 1, 500, 999}) {
    auto found = findAllocation(*a + offset);
    ASSERT_TRUE(found) << offset;
    EXPECT_EQ(found->base, *a);
    EXPECT_EQ(found->size, 1000u);
    EXPECT_EQ(found->kind, MemoryKind::device);
    EXPECT_EQ(found->context, &context());
  }
  EXPECT_FALSE(findAllocation(*a + 1000));
  EXPECT_FALSE(findAllocation(*a - 1));
  EXPECT_OK(releaseMemory(*a, false));
  EXPECT_FALSE(findAllocation(*a));
}

TEST_F(Memory, WrongReleasesAreRefusedAndChangeNothing) {
  Address device = *allocateMemory(context(), MemoryKind::device, 4096);
  Address pinned = *allocateMemory(context(), MemoryKind::pinned, 4096);
  testing::internal::CaptureStderr();
  int local = 0;
  EXPECT_CODE(invalid_value, releaseMemory(device + 16, false));
  EXPECT_CODE(invalid_value, releaseMemory(device, true));
  EXPECT_CODE(invalid_value, releaseMemory(pinned, false));
  EXPECT_CODE(invalid_value, releaseMemory(reinterpret_cast<Address>(&local), false));
  EXPECT_OK(releaseMemory(device, false));
  EXPECT_CODE(invalid_value, releaseMemory(device, false));
  EXPECT_OK(releaseMemory(pinned, true));
  std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_NE(printed.find("CT2006"), std::string::npos) << printed;
  EXPECT_NE(printed.find("inside an allocation"), std::string::npos) << printed;
}

TEST_F(Memory, TooMuchIsAnErrorAndTheRestStillWorks) {
  uint64_t free_bytes = 0, total = 0;
  ASSERT_OK(context().device().memoryInfo(&free_bytes, &total));
  testing::internal::CaptureStderr();
  EXPECT_CODE(out_of_memory, allocateMemory(context(), MemoryKind::device, total + 1));
  EXPECT_CODE(out_of_memory, allocateMemory(context(), MemoryKind::device, ~uint64_t{0}));
  EXPECT_NE(testing::internal::GetCapturedStderr().find("CT2012"), std::string::npos);
  EXPECT_CODE(invalid_value, allocateMemory(context(), MemoryKind::device, 0));
  Result<Address> all = allocateMemory(context(), MemoryKind::device, total / 2);
  ASSERT_OK(all);
  uint64_t less = 0;
  ASSERT_OK(context().device().memoryInfo(&less, &total));
  EXPECT_LE(less, free_bytes - total / 2);
  EXPECT_OK(releaseMemory(*all, false));
}

TEST_F(Memory, RegisteringIsExclusiveAndReversible) {
  std::vector<char> mine(10000);
  EXPECT_CODE(not_registered, unregisterHostMemory(mine.data()));
  ASSERT_OK(registerHostMemory(context(), mine.data(), mine.size(), 0));
  EXPECT_CODE(already_registered, registerHostMemory(context(), mine.data() + 100, 10, 0));
  EXPECT_CODE(not_registered, unregisterHostMemory(mine.data() + 100));
  EXPECT_EQ(findAllocation(reinterpret_cast<Address>(mine.data() + 9999))->kind, MemoryKind::registered);
  EXPECT_OK(unregisterHostMemory(mine.data()));
  EXPECT_FALSE(findAllocation(reinterpret_cast<Address>(mine.data())));
}

TEST_F(Memory, AReleaseInAQueueHappensWhenItsTurnComes) {
  Queue &queue = *newQueue();
  Address a = *allocateMemory(context(), MemoryKind::device, 1 << 20);
  uint64_t before = 0, during = 0, after = 0, total = 0;
  ASSERT_OK(context().device().memoryInfo(&before, &total));
  ASSERT_OK(gate_.close(queue));
  ASSERT_OK(releaseMemoryAsync(queue, a));
  EXPECT_FALSE(findAllocation(a));
  testing::internal::CaptureStderr();
  EXPECT_CODE(invalid_value, releaseMemoryAsync(queue, a)) << "a second time";
  testing::internal::GetCapturedStderr();
  ASSERT_OK(context().device().memoryInfo(&during, &total));
  EXPECT_EQ(before, during);
  gate_.open();
  ASSERT_OK(queue.synchronize());
  ASSERT_OK(context().device().memoryInfo(&after, &total));
  EXPECT_EQ(after, before + (1 << 20));
}

TEST_F(Memory, ManyThreadsAllocateLookUpAndRelease) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        Result<Address> a = allocateMemory(context(), MemoryKind::device, 256 + i);
        ASSERT_OK(a);
        auto found = findAllocation(*a + 128);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->base, *a);
        ASSERT_OK(releaseMemory(*a, false));
      }
    });
  for (std::thread &thread : threads) thread.join();
}

TEST_F(Memory, OneOfManyDoubleFreesWins) {
  Address a = *allocateMemory(context(), MemoryKind::device, 256);
  std::atomic<int> won{0};
  testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { won += releaseMemory(a, false).ok() ? 1 : 0; });
  for (std::thread &thread : threads) thread.join();
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(won, 1);
}

}  // namespace
}  // namespace cutrans::runtime
