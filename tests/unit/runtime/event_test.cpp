// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Events.
#include "cutrans/runtime/event.h"

#include "environment.h"

namespace cutrans::runtime {
namespace {

using Events = RuntimeTest;

TEST_F(Events, FollowTheirQueue) {
  Event &event = **Event::create(context(), 0);
  Queue &queue = *newQueue();
  EXPECT_OK(event.query()) << "never recorded counts as done";
  EXPECT_OK(event.synchronize());
  ASSERT_OK(gate_.close(queue));
  ASSERT_OK(queue.record(event));
  EXPECT_CODE(not_ready, event.query());
  gate_.open();
  EXPECT_OK(event.synchronize());
  EXPECT_OK(event.query());
}

TEST_F(Events, AWaitIsForTheRecordBeforeIt) {
  Event &event = **Event::create(context(), Event::kNoTiming);
  Queue &first = *newQueue(Queue::kNonBlocking), &second = *newQueue(Queue::kNonBlocking);
  ASSERT_OK(second.wait(event)) << "never recorded: no wait";
  EXPECT_OK(second.synchronize());
  ASSERT_OK(first.record(event));
  ASSERT_OK(second.wait(event));
  ASSERT_OK(gate_.close(first));
  ASSERT_OK(first.record(event));
  EXPECT_OK(second.synchronize()) << "the later record does not hold it";
  ASSERT_OK(second.wait(event));
  EXPECT_CODE(not_ready, second.query());
  gate_.open();
  EXPECT_OK(second.synchronize());
}

TEST_F(Events, ElapsedTimeNeedsTwoFinishedTimedRecords) {
  Event &start = **Event::create(context(), 0), &end = **Event::create(context(), 0);
  Event &untimed = **Event::create(context(), Event::kNoTiming);
  Queue &queue = *newQueue();
  EXPECT_CODE(invalid_handle, end.elapsedSince(start));
  ASSERT_OK(queue.record(start));
  EXPECT_CODE(invalid_handle, end.elapsedSince(start));
  ASSERT_OK(gate_.close(queue));
  ASSERT_OK(queue.record(end));
  ASSERT_OK(queue.record(untimed));
  EXPECT_CODE(not_ready, end.elapsedSince(start));
  EXPECT_CODE(invalid_handle, untimed.elapsedSince(start));
  gate_.open();
  ASSERT_OK(end.synchronize());
  Result<float> forward = end.elapsedSince(start), backward = start.elapsedSince(end);
  ASSERT_OK(forward);
  EXPECT_GE(*forward, 0.0f);
  EXPECT_EQ(*forward, -*backward);
}

TEST_F(Events, WrongFlagsAndHandlesAreRefused) {
  EXPECT_CODE(invalid_value, Event::create(context(), 8));
  EXPECT_CODE(invalid_value, Event::create(context(), Event::kInterprocess));
  Event *event = *Event::create(context(), 0);
  EXPECT_EQ(Event::find(event), event);
  ASSERT_OK(gate_.close(context().legacyQueue()));
  ASSERT_OK(context().legacyQueue().record(*event));
  EXPECT_OK(event->destroy()) << "with a pending record";
  EXPECT_EQ(Event::find(event), nullptr);
}

}  // namespace
}  // namespace cutrans::runtime
