// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queues: their life, and host calls.
#include "cutrans/runtime/queue.h"

#include <atomic>

#include "environment.h"

namespace cutrans::runtime {
namespace {

using Queues = RuntimeTest;

TEST_F(Queues, HandlesAreKnownUntilTheyAreDestroyed) {
  Queue *queue = newQueue();
  EXPECT_EQ(Queue::find(queue), queue);
  EXPECT_OK(queue->destroy());
  EXPECT_EQ(Queue::find(queue), nullptr);
  EXPECT_EQ(Queue::find(nullptr), nullptr);
  EXPECT_EQ(Queue::find(&queue), nullptr);
  EXPECT_EQ(Queue::find(&context()), nullptr) << "another kind of handle";
  EXPECT_CODE(invalid_handle, context().legacyQueue().destroy());
}

TEST_F(Queues, DestroyingOneWithWorkReturnsAndTheWorkStillRuns) {
  Queue &queue = *newQueue();
  std::atomic<bool> ran{false};
  ASSERT_OK(gate_.close(queue));
  ASSERT_OK(queue.hostCall([](void *user, Code) { *static_cast<std::atomic<bool> *>(user) = true; }, &ran));
  ASSERT_OK(queue.destroy());
  EXPECT_FALSE(ran);
  gate_.open();
  ASSERT_OK(context().synchronize());
  EXPECT_TRUE(ran);
}

TEST_F(Queues, HostCallsKnowWhereTheyAre) {
  static std::atomic<int> seen;
  seen = -1;
  EXPECT_FALSE(insideHostCall());
  ASSERT_OK(context().legacyQueue().hostCall([](void *, Code status) { seen = insideHostCall() && status == Code::ok ? 1 : 0; }, nullptr));
  ASSERT_OK(context().legacyQueue().synchronize());
  EXPECT_EQ(seen, 1);
  EXPECT_CODE(invalid_value, context().legacyQueue().hostCall(nullptr, nullptr));
}

TEST_F(Queues, PrioritiesAreClampedAndKept) {
  Result<Queue *> queue = Queue::create(context(), 0, -100);
  ASSERT_OK(queue);
  EXPECT_EQ((*queue)->priority(), kGreatestPriority);
}

TEST_F(Queues, AnIdleQueueIsReady) {
  Queue &queue = *newQueue();
  EXPECT_OK(queue.query());
  EXPECT_OK(queue.synchronize());
  ASSERT_OK(gate_.close(queue));
  EXPECT_CODE(not_ready, queue.query());
  gate_.open();
  EXPECT_OK(queue.synchronize());
  EXPECT_OK(queue.query());
}

}  // namespace
}  // namespace cutrans::runtime
