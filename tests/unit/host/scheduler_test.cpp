// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scheduler's tables, without workers, so that nothing depends on time.
#include "scheduler.h"

#include <gtest/gtest.h>

#include <set>

#include "queue.h"

namespace cutrans::host {
namespace {

TEST(HostScheduler, UrgentQueuesGoFirst) {
  Scheduler tables;
  tables.start(2, 0);
  ct_queue *low = tables.createQueue(nullptr, 5), *middle = tables.createQueue(nullptr, 3), *high = tables.createQueue(nullptr, 0);
  for (uint32_t start : {0u, 1u, 63u, 200u}) {
    EXPECT_EQ(tables.claimAny(start), nullptr);
    for (ct_queue *queue : {low, middle, high}) tables.makeReady(*queue);
    EXPECT_FALSE(tables.othersReady(0, false));
    EXPECT_TRUE(tables.othersReady(0, true));
    EXPECT_TRUE(tables.othersReady(3, false));
    EXPECT_EQ(tables.claimAny(start), high);
    EXPECT_FALSE(tables.othersReady(3, false));
    EXPECT_EQ(tables.claimAny(start), middle);
    EXPECT_TRUE(tables.claim(*low));
    EXPECT_FALSE(tables.claim(*low));
  }
}

TEST(HostScheduler, EveryReadyQueueIsFoundOnceFromAnyStart) {
  Scheduler tables;
  tables.start(2, 0);
  std::set<ct_queue *> all;
  for (int i = 0; i < 200; ++i) all.insert(tables.createQueue(nullptr, 5));
  for (uint32_t start = 0; start < 300; start += 7) {
    for (ct_queue *queue : all) tables.makeReady(*queue);
    std::set<ct_queue *> found;
    while (ct_queue *queue = tables.claimAny(start)) EXPECT_TRUE(found.insert(queue).second);
    EXPECT_EQ(found, all);
  }
}

TEST(HostScheduler, UnitsAreTakenOnce) {
  Scheduler tables;
  tables.start(3, 0);
  std::set<Unit *> taken;
  for (int i = 0; i < 3; ++i) taken.insert(tables.takeUnit(1));
  EXPECT_EQ(taken.size(), 3u);
  EXPECT_EQ(tables.takeUnit(0), nullptr);
  EXPECT_FALSE(tables.hasRoom());
  tables.giveUnit(**taken.begin());
  EXPECT_EQ(tables.takeUnit(2), *taken.begin());
}

TEST(HostJob, TicketsCoverEverythingOnceAndSmallRestsAreShared) {
  Job job;
  for (uint64_t total : {1ull, 7ull, 1000ull}) {
    job.total = total;
    job.start();
    uint64_t first = 0, expected = 0, last = 0;
    while (uint64_t count = job.take(first, 2)) {
      EXPECT_EQ(first, expected);
      expected += last = count;
    }
    EXPECT_EQ(expected, total);
    EXPECT_EQ(last, 1u);
    EXPECT_TRUE(job.exhausted());
    EXPECT_TRUE(job.leave());
  }
}

TEST(HostJob, NobodyJoinsAClosedJob) {
  Job job;
  job.total = 10;
  EXPECT_FALSE(job.join());
  job.start();
  EXPECT_FALSE(job.join());
  job.open();
  EXPECT_TRUE(job.join());
  job.close();
  EXPECT_FALSE(job.join());
  EXPECT_FALSE(job.leave());
  EXPECT_TRUE(job.leave());
}

}  // namespace
}  // namespace cutrans::host
