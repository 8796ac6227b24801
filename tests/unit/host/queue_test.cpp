// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Order within a queue, concurrency between queues, events, host calls, copies and fills.
#include <atomic>
#include <chrono>
#include <numeric>
#include <random>
#include <thread>

#include "host_fixture.h"

namespace cutrans::host::test {
namespace {

using namespace std::chrono_literals;

struct Pointer {
  void *pointer;
};

TEST(HostQueue, OperationsRunInOrder) {
  Host host;
  ct_queue *queue = host.queue();
  ct_kernel *scale = host.kernel("scale");
  std::vector<uint32_t> data(256, 1), expected(256, 1), seen(256);
  uint32_t *device = host.memory<uint32_t>(256);
  for (int round = 0; round < 500; ++round) {
    ASSERT_EQ(host.copy(queue, device, data.data(), 1024), CT_OK);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(host.launch(queue, scale, Pointer{device}, 4, 64), CT_OK);
    ASSERT_EQ(host.copy(queue, seen.data(), device, 1024), CT_OK);
    ASSERT_EQ(host.synchronize(queue), CT_OK);
    for (uint32_t &e : expected) e = ((e * 3 + 1) * 3 + 1) * 3 + 1;
    ASSERT_EQ(seen, expected);
    data = seen;
  }
}

TEST(HostQueue, QueuesRunConcurrently) {
  Host host({{"HOST_THREADS", "2"}});
  ct_queue *a = host.queue(), *b = host.queue();
  ct_kernel *spin = host.kernel("spin"), *scale = host.kernel("scale");
  std::atomic<uint32_t> flag{0};
  uint32_t data = 1;
  host.launch(a, spin, Pointer{&flag}, 1, 1);
  host.launch(b, scale, Pointer{&data}, 1, 1);
  EXPECT_EQ(host.synchronize(b), CT_OK);
  EXPECT_EQ(data, 4u);
  EXPECT_EQ(host.target->queue->query(a), CT_NOT_READY);
  flag = 1;
  EXPECT_EQ(host.synchronize(a), CT_OK);
  EXPECT_EQ(host.target->queue->query(a), CT_OK);
}

// More kernels that wait for each other than there are units: kernel i waits for what queue i + 1 writes.
TEST(HostQueue, AWaitingKernelDoesNotHoldUpTheRest) {
  Host host({{"HOST_THREADS", "2"}});
  constexpr int kQueues = 12;
  std::vector<std::atomic<uint32_t>> flags(kQueues + 1);
  ct_kernel *spin = host.kernel("spin");
  std::vector<ct_queue *> queues;
  for (int i = 0; i < kQueues; ++i) {
    queues.push_back(host.queue());
    host.launch(queues[i], spin, Pointer{&flags[i]}, 1, 1);
    const ct_fill fill{sizeof fill, 4, i == 0 ? reinterpret_cast<uint64_t>(&flags[kQueues]) : reinterpret_cast<uint64_t>(&flags[i - 1]), 1, 1, 1, 4};
    host.target->queue->fill(queues[i], &fill);
  }
  flags[kQueues - 1] = 1;
  for (ct_queue *queue : queues) EXPECT_EQ(host.synchronize(queue), CT_OK);
  EXPECT_EQ(flags[kQueues], 1u);
}

TEST(HostQueue, EventsOrderQueues) {
  Host host;
  ct_queue *a = host.queue(), *b = host.queue();
  ct_kernel *spin = host.kernel("spin"), *scale = host.kernel("scale");
  ct_event *event = nullptr;
  ASSERT_EQ(host.target->event->create(host.device, 0, &event), CT_OK);
  EXPECT_EQ(host.target->event->query(event), CT_OK);  // never recorded
  ASSERT_EQ(host.target->queue->wait(b, event), CT_OK);
  for (int round = 0; round < 100; ++round) {
    std::atomic<uint32_t> flag{0};
    uint32_t data = 1;
    host.launch(a, spin, Pointer{&flag}, 1, 1);
    host.launch(a, scale, Pointer{&data}, 1, 1);
    host.target->queue->record(a, event);
    host.target->queue->wait(b, event);
    host.launch(b, scale, Pointer{&data}, 1, 1);
    EXPECT_EQ(host.target->event->query(event), CT_NOT_READY);
    if (round % 10 == 0) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(data, 1u);
    flag = 1;
    ASSERT_EQ(host.synchronize(b), CT_OK);
    ASSERT_EQ(data, 13u);
    ASSERT_EQ(host.target->event->query(event), CT_OK);
  }
  host.target->event->destroy(event);
}

TEST(HostQueue, WaitIsForTheRecordBeforeIt) {
  Host host;
  ct_queue *a = host.queue(), *b = host.queue(), *c = host.queue();
  ct_kernel *spin = host.kernel("spin");
  ct_event *event = nullptr;
  host.target->event->create(host.device, CT_EVENT_NO_TIMING, &event);
  std::atomic<uint32_t> first{0}, second{0};
  host.launch(a, spin, Pointer{&first}, 1, 1);
  host.target->queue->record(a, event);
  host.target->queue->wait(c, event);
  host.launch(b, spin, Pointer{&second}, 1, 1);
  host.target->queue->record(b, event);  // does not change what c waits for
  first = 1;
  EXPECT_EQ(host.synchronize(c), CT_OK);
  EXPECT_EQ(host.target->event->query(event), CT_NOT_READY);
  host.target->event->destroy(event);  // while its record is pending
  second = 1;
  EXPECT_EQ(host.synchronize(b), CT_OK);
}

TEST(HostQueue, TimestampsGrow) {
  Host host;
  ct_queue *queue = host.queue();
  ct_event *begin = nullptr, *end = nullptr;
  host.target->event->create(host.device, 0, &begin);
  host.target->event->create(host.device, 0, &end);
  uint64_t t0 = 0, t1 = 0;
  EXPECT_NE(host.target->event->timestamp(begin, &t0), CT_OK);
  std::atomic<uint32_t> flag{0};
  host.target->queue->record(queue, begin);
  host.launch(queue, host.kernel("spin"), Pointer{&flag}, 1, 1);
  host.target->queue->record(queue, end);
  std::this_thread::sleep_for(3ms);
  flag = 1;
  ASSERT_EQ(host.target->event->synchronize(end), CT_OK);
  ASSERT_EQ(host.target->event->timestamp(begin, &t0), CT_OK);
  ASSERT_EQ(host.target->event->timestamp(end, &t1), CT_OK);
  EXPECT_GE(t1 - t0, 3'000'000u);
  host.target->event->destroy(begin);
  host.target->event->destroy(end);
}

TEST(HostQueue, HostCallsRunInOrderAndMayBlock) {
  Host host({{"HOST_THREADS", "1"}});
  constexpr int kQueues = 10;
  std::atomic<int> inside{0}, after{0};
  struct Data { std::atomic<int> *inside; } data{&inside};
  // Each call returns only when all are inside at once.
  auto meet = [](void *user, ct_status status) {
    auto &count = *static_cast<Data *>(user)->inside;
    EXPECT_EQ(status, CT_OK);
    ++count;
    while (count < kQueues) std::this_thread::yield();
  };
  auto count = [](void *user, ct_status) { ++*static_cast<std::atomic<int> *>(user); };
  std::vector<ct_queue *> queues;
  for (int i = 0; i < kQueues; ++i) {
    queues.push_back(host.queue());
    host.target->queue->host_call(queues[i], meet, &data);
    host.target->queue->host_call(queues[i], count, &after);
    host.launch(queues[i], host.kernel("empty"), 0, 1, 1);
  }
  for (ct_queue *queue : queues) EXPECT_EQ(host.synchronize(queue), CT_OK);
  EXPECT_EQ(after, kQueues);
}

TEST(HostQueue, ManyThreadsOnQueuesOfTheirOwn) {
  Host host;
  ct_kernel *scale = host.kernel("scale");
  std::vector<std::thread> threads;
  std::vector<ct_queue *> queues;
  for (int t = 0; t < 6; ++t) queues.push_back(host.queue(t % 2 ? -5 : 0));
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      std::vector<uint32_t> data(640);
      for (int round = 0; round < 300; ++round) {
        std::fill(data.begin(), data.end(), 1u);
        host.launch(queues[t], scale, Pointer{data.data()}, 10, 64);
        host.launch(queues[t], scale, Pointer{data.data()}, 10, 64);
        ASSERT_EQ(host.synchronize(queues[t]), CT_OK);
        ASSERT_EQ(std::accumulate(data.begin(), data.end(), 0u), 640u * 13);
      }
    });
  for (std::thread &thread : threads) thread.join();
}

TEST(HostQueue, DestroyWaitsAndTheNextQueueStartsClean) {
  Host host;
  ct_kernel *scale = host.kernel("scale");
  for (int round = 0; round < 200; ++round) {
    ct_queue *queue = nullptr;
    ASSERT_EQ(host.target->queue->create(host.device, 0, 0, &queue), CT_OK);
    std::vector<uint32_t> data(6400, 1);
    for (int i = 0; i < 3; ++i) host.launch(queue, scale, Pointer{data.data()}, 100, 64);
    host.target->queue->destroy(queue);
    ASSERT_EQ(data[0], 40u);
    ASSERT_EQ(data[6399], 40u);
  }
}

TEST(HostQueue, FarAheadOfTheDevice) {
  Host host;
  ct_queue *queue = host.queue();
  ct_kernel *scale = host.kernel("scale");
  uint32_t data = 0, expected = 0;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(host.launch(queue, scale, Pointer{&data}, 1, 1), CT_OK);
    expected = expected * 3 + 1;
  }
  ASSERT_EQ(host.synchronize(queue), CT_OK);
  EXPECT_EQ(data, expected);
}

// Random work on several queues with events between them: each queue's cells hold what a run one by one would give.
TEST(HostQueue, RandomDependenciesHold) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    Host host({{"HOST_THREADS", std::to_string(1 + seed % 4)}});
    std::mt19937 random(seed);
    constexpr uint32_t kQueues = 5;
    ct_kernel *scale = host.kernel("scale");
    std::vector<ct_queue *> queues;
    std::vector<ct_event *> events(kQueues);
    for (auto &event : events) host.target->event->create(host.device, seed % 2 ? CT_EVENT_NO_TIMING : 0, &event);
    for (uint32_t i = 0; i < kQueues; ++i) queues.push_back(host.queue(-static_cast<int32_t>(random() % 6)));
    constexpr uint32_t kBlocks = 6, kSize = kBlocks * 32;
    std::vector<std::vector<uint32_t>> cells(kQueues, std::vector<uint32_t>(kSize, 1)), model = cells;
    for (int step = 0; step < 400; ++step) {
      const uint32_t q = static_cast<uint32_t>(random() % kQueues), other = (q + 1 + static_cast<uint32_t>(random() % (kQueues - 1))) % kQueues;
      switch (random() % 5) {
        case 0:
          // q reads other's cells: after what is there by now, and other's next write after the read.
          host.target->queue->record(queues[other], events[other]);
          host.target->queue->wait(queues[q], events[other]);
          host.copy(queues[q], cells[q].data(), cells[other].data(), kSize * 4);
          host.target->queue->record(queues[q], events[q]);
          host.target->queue->wait(queues[other], events[q]);
          model[q] = model[other];
          break;
        case 1:
          host.target->queue->host_call(
              queues[q], [](void *user, ct_status) { ++(*static_cast<std::vector<uint32_t> *>(user))[3]; }, &cells[q]);
          ++model[q][3];
          break;
        case 2:
          if (random() % 4 == 0) {
            ASSERT_EQ(host.synchronize(queues[q]), CT_OK);
            ASSERT_EQ(cells[q], model[q]);
          }
          break;
        default:
          host.launch(queues[q], scale, Pointer{cells[q].data()}, kBlocks, 32);
          for (uint32_t &cell : model[q]) cell = cell * 3 + 1;
      }
    }
    for (ct_queue *queue : queues) ASSERT_EQ(host.synchronize(queue), CT_OK);
    EXPECT_EQ(cells, model);
    for (ct_event *event : events) host.target->event->destroy(event);
  }
}

TEST(HostQueue, CopiesOfAllSizesAndShapes) {
  Host host;
  ct_queue *queue = host.queue();
  std::mt19937 random(1);
  for (uint64_t size : {uint64_t{1}, uint64_t{63}, uint64_t{70'001}, uint64_t{5'000'003}, uint64_t{40'000'017}}) {
    std::vector<uint8_t> from(size), to(size + 2, 0xee);
    for (auto &byte : from) byte = static_cast<uint8_t>(random());
    ASSERT_EQ(host.copy(queue, to.data() + 1, from.data(), size), CT_OK);
    ASSERT_EQ(host.synchronize(queue), CT_OK);
    EXPECT_TRUE(std::equal(from.begin(), from.end(), to.begin() + 1));
    EXPECT_EQ(to.front(), 0xee);
    EXPECT_EQ(to.back(), 0xee);
  }
  // 900 x 70 x 100 of a box with gaps: a job of many rows.
  constexpr uint64_t kPitch = 1000, kSlice = 80 * kPitch, kDepth = 100;
  std::vector<uint8_t> from(kSlice * kDepth), to(from.size(), 0);
  for (auto &byte : from) byte = static_cast<uint8_t>(random() | 1);
  ct_copy box{sizeof box, CT_SIDE_DEVICE, CT_SIDE_DEVICE, reinterpret_cast<uint64_t>(to.data()), reinterpret_cast<uint64_t>(from.data()),
              900, 70, kDepth, kPitch, kSlice, kPitch, kSlice};
  ASSERT_EQ(host.target->queue->copy(queue, &box), CT_OK);
  ASSERT_EQ(host.synchronize(queue), CT_OK);
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < from.size(); ++i) {
    const bool inside = i % kPitch < 900 && i % kSlice / kPitch < 70;
    wrong += to[i] != (inside ? from[i] : 0);
  }
  EXPECT_EQ(wrong, 0u);
}

TEST(HostQueue, FillsOfAllSizesAndShapes) {
  Host host;
  ct_queue *queue = host.queue();
  for (uint32_t element : {1u, 2u, 4u}) {
    for (uint64_t width : {uint64_t{3}, uint64_t{5000}, uint64_t{3'000'001}}) {
      for (uint64_t height : {uint64_t{1}, uint64_t{5}}) {
        const uint64_t pitch = (width + 3) * element;
        std::vector<uint8_t> data(pitch * height, 0);
        const ct_fill fill{sizeof fill, element, reinterpret_cast<uint64_t>(data.data()), 0x04030201, width, height, pitch};
        ASSERT_EQ(host.target->queue->fill(queue, &fill), CT_OK);
        ASSERT_EQ(host.synchronize(queue), CT_OK);
        uint64_t wrong = 0;
        for (uint64_t i = 0; i < data.size(); ++i) {
          const uint64_t x = i % pitch;
          wrong += data[i] != (x < width * element ? x % element + 1 : 0);
        }
        EXPECT_EQ(wrong, 0u) << element << " " << width << " " << height;
      }
    }
  }
}

TEST(HostQueue, AWaitForAWordOfMemoryThatIsGoneIsAFault) {
  Host host;
  ct_queue *queue = host.queue(), *other = host.queue();
  auto *flag = host.memory<uint32_t>(1);
  *flag = 0;
  const ct_word forever{sizeof forever, 4, reinterpret_cast<uint64_t>(flag), 1, CT_COMPARE_EQ};
  ASSERT_EQ(host.target->queue->wait_word(other, &forever), CT_OK);
  const ct_word wild{sizeof wild, 8, 16, 1, CT_COMPARE_EQ};
  ASSERT_EQ(host.target->queue->wait_word(queue, &wild), CT_OK);
  EXPECT_EQ(host.synchronize(queue), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(host.synchronize(other), CT_ERR_ILLEGAL_ADDRESS) << "a fault ends all waits";
  ASSERT_EQ(host.reports().size(), 1u);
  EXPECT_NE(host.reports()[0].find("word of memory"), std::string::npos) << host.reports()[0];
}

}  // namespace
}  // namespace cutrans::host::test
