// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The legacy queue against the others. Order is seen by a journal that host calls write, and blocked queues by a gate;
// nothing here depends on time.
#include <atomic>
#include <string>
#include <thread>

#include "environment.h"

namespace cutrans::runtime {
namespace {

class Order : public RuntimeTest {
 protected:
  struct Entry {
    Order *test;
    char letter;
  };
  void write(Queue &queue, char letter) {
    ASSERT_OK(queue.hostCall(
        [](void *user, Code) {
          auto *entry = static_cast<Entry *>(user);
          std::lock_guard hold(entry->test->lock_);
          entry->test->journal_ += entry->letter;
          delete entry;
        },
        new Entry{this, letter}));
  }
  std::string journal() {
    std::lock_guard hold(lock_);
    return journal_;
  }
  std::mutex lock_;
  std::string journal_;
};

TEST_F(Order, LegacyWorkWaitsForEarlierBlockingWork) {
  Queue &blocking = *newQueue();
  ASSERT_OK(gate_.close(blocking));
  write(blocking, 'a');
  write(context().legacyQueue(), 'b');
  EXPECT_CODE(not_ready, context().legacyQueue().query());
  EXPECT_EQ(journal(), "");
  gate_.open();
  ASSERT_OK(context().legacyQueue().synchronize());
  EXPECT_EQ(journal(), "ab");
}

TEST_F(Order, BlockingWorkWaitsForEarlierLegacyWork) {
  Queue &blocking = *newQueue(), &other = *newQueue();
  ASSERT_OK(gate_.close(context().legacyQueue()));
  write(blocking, 'a');
  write(other, 'a');
  EXPECT_CODE(not_ready, blocking.query());
  EXPECT_CODE(not_ready, other.query());
  EXPECT_EQ(journal(), "");
  gate_.open();
  ASSERT_OK(context().synchronize());
  EXPECT_EQ(journal(), "aa");
}

TEST_F(Order, NonBlockingQueuesDoNotTakePart) {
  Queue &free_queue = *newQueue(Queue::kNonBlocking);
  ASSERT_OK(gate_.close(context().legacyQueue()));
  write(free_queue, 'a');
  ASSERT_OK(free_queue.synchronize());
  EXPECT_EQ(journal(), "a");
  gate_.open();
  Gate second;
  ASSERT_OK(second.close(free_queue));
  write(context().legacyQueue(), 'b');
  ASSERT_OK(context().legacyQueue().synchronize());
  EXPECT_EQ(journal(), "ab");
  second.open();
  ASSERT_OK(free_queue.synchronize());
}

TEST_F(Order, TheRingOfQueuesIsOrderedManyTimes) {
  Queue &first = *newQueue(), &second = *newQueue();
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    write(first, 'a');
    write(context().legacyQueue(), 'b');
    write(second, 'c');
    write(context().legacyQueue(), 'd');
    expected += "abcd";
  }
  ASSERT_OK(context().synchronize());
  EXPECT_EQ(journal(), expected);
}

TEST_F(Order, TheThreadsDefaultQueueIsBlocking) {
  Result<Queue *> mine = context().threadQueue();
  ASSERT_OK(mine);
  EXPECT_EQ(*context().threadQueue(), *mine);
  Queue *others = nullptr;
  std::thread([&] { others = *context().threadQueue(); }).join();
  EXPECT_NE(others, *mine);
  ASSERT_OK(gate_.close(context().legacyQueue()));
  write(**mine, 'a');
  EXPECT_EQ(journal(), "");
  gate_.open();
  ASSERT_OK((*mine)->synchronize());
  EXPECT_EQ(journal(), "a");
  EXPECT_CODE(invalid_handle, (*mine)->destroy());
}

TEST_F(Order, AThreadsDefaultQueueEndsWithItAndItsWorkIsStillOrdered) {
  Queue *others = nullptr;
  std::thread([&] {
    others = *context().threadQueue();
    ASSERT_OK(gate_.close(*others));
    write(*others, 'a');
  }).join();
  EXPECT_EQ(Queue::find(others), nullptr);
  write(context().legacyQueue(), 'b');
  EXPECT_EQ(journal(), "");
  gate_.open();
  ASSERT_OK(context().synchronize());
  EXPECT_EQ(journal(), "ab");
}

TEST_F(Order, LegacyWorkWaitsForAQueueThatWasDestroyedMeanwhile) {
  Queue &blocking = *newQueue();
  ASSERT_OK(gate_.close(blocking));
  write(blocking, 'a');
  ASSERT_OK(blocking.destroy());
  write(context().legacyQueue(), 'b');
  EXPECT_EQ(journal(), "");
  gate_.open();
  ASSERT_OK(context().legacyQueue().synchronize());
  EXPECT_EQ(journal(), "ab");
}

TEST_F(Order, WaitingForAllQueuesMayOverlapWithTheirMakingAndEnding) {
  std::atomic<bool> stop{false};
  std::thread waiter([&] {
    while (!stop) ASSERT_OK(context().synchronize());
  });
  std::vector<std::thread> makers;
  for (int t = 0; t < 3; ++t)
    makers.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        Queue *queue = newQueue();
        for (int k = 0; k < 5; ++k) ASSERT_OK(queue->hostCall([](void *, Code) {}, nullptr));
        ASSERT_OK(queue->destroy());
      }
    });
  for (std::thread &maker : makers) maker.join();
  stop = true;
  waiter.join();
}

TEST_F(Order, ThreadsMixLegacyAndBlockingWorkWithoutDeadlock) {
  std::vector<std::thread> threads;
  std::atomic<int> calls{0};
  auto count = [](void *user, Code) { ++*static_cast<std::atomic<int> *>(user); };
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Queue &own = *newQueue(t == 3 ? Queue::kNonBlocking : 0);
      for (int i = 0; i < 200; ++i) {
        ASSERT_OK((i % 3 ? own : context().legacyQueue()).hostCall(count, &calls));
        if (i % 50 == 0) ASSERT_OK(own.synchronize());
      }
      ASSERT_OK(own.destroy());
    });
  for (std::thread &thread : threads) thread.join();
  ASSERT_OK(context().synchronize());
  EXPECT_EQ(calls, 800);
}

}  // namespace
}  // namespace cutrans::runtime
