// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Events: records, waits, times.
#include <atomic>
#include <chrono>
#include <thread>

#include "session.h"

namespace cutrans::conformance {
namespace {

void unrecorded(Session &s) {
  ct_event *event = s.event();
  s.is(CT_OK, s.events().query(event), "query");
  s.is(CT_OK, s.events().synchronize(event), "synchronize");
  ct_queue *queue = s.queue();
  s.ok(s.queues().wait(queue, event), "wait");
  s.wait(queue);
}

void follows(Session &s) {
  for (uint32_t flags : {0u, uint32_t{CT_EVENT_NO_TIMING}, uint32_t{CT_EVENT_BLOCKING_WAIT}, uint32_t{CT_EVENT_NO_TIMING | CT_EVENT_BLOCKING_WAIT}}) {
    ct_event *event = s.event(flags);
    ct_queue *queue = s.queue();
    Gate gate;
    s.hold(queue, gate);
    s.ok(s.queues().record(queue, event), "record");
    s.is(CT_NOT_READY, s.events().query(event), "query before");
    gate.open();
    s.is(CT_OK, s.events().synchronize(event), "synchronize");
    s.is(CT_OK, s.events().query(event), "query after");
  }
}

void orders(Session &s) {
  ct_event *event = s.event(CT_EVENT_NO_TIMING);
  ct_queue *first = s.queue(CT_QUEUE_NON_BLOCKING), *second = s.queue(CT_QUEUE_NON_BLOCKING);
  static std::atomic<int> step;
  static std::atomic<bool> right;
  step = 0;
  right = false;
  Gate gate;
  s.hold(first, gate);
  s.ok(s.queues().host_call(first, [](void *, ct_status) { step = 1; }, nullptr), "host call");
  s.ok(s.queues().record(first, event), "record");
  s.ok(s.queues().wait(second, event), "wait");
  s.ok(s.queues().host_call(second, [](void *, ct_status) { right = step == 1; }, nullptr), "host call");
  s.is(CT_NOT_READY, s.queues().query(second), "the second queue waits");
  gate.open();
  s.wait(second);
  s.check(right, "work after a wait sees work before the record");
}

void waitsForTheLast(Session &s) {
  ct_event *event = s.event();
  ct_queue *first = s.queue(), *second = s.queue();
  s.ok(s.queues().record(first, event), "record");
  s.ok(s.queues().wait(second, event), "wait");
  Gate gate;
  s.hold(first, gate);
  s.ok(s.queues().record(first, event), "second record");
  s.wait(second);
  s.is(CT_NOT_READY, s.events().query(event), "the event follows the second record");
  s.ok(s.queues().wait(second, event), "second wait");
  s.is(CT_NOT_READY, s.queues().query(second), "the second wait is for the second record");
  gate.open();
  s.wait(second);
}

void chain(Session &s) {
  // Two queues, each waiting for the other in turn, many times.
  ct_queue *queues[2] = {s.queue(), s.queue()};
  ct_event *events[2] = {s.event(CT_EVENT_NO_TIMING), s.event(CT_EVENT_NO_TIMING)};
  static int counter, wrong;
  counter = wrong = 0;
  for (intptr_t i = 0; i < 400; ++i) {
    s.ok(s.queues().host_call(queues[i % 2], [](void *user, ct_status) { wrong += counter++ != reinterpret_cast<intptr_t>(user); }, reinterpret_cast<void *>(i)), "host call");
    s.ok(s.queues().record(queues[i % 2], events[i % 2]), "record");
    s.ok(s.queues().wait(queues[(i + 1) % 2], events[i % 2]), "wait");
  }
  s.wait(queues[0]);
  s.wait(queues[1]);
  s.check(counter == 400 && wrong == 0, "records and waits order two queues many times");
}

void destroyedEarly(Session &s) {
  ct_queue *first = s.queue(), *second = s.queue();
  Gate gate;
  s.hold(first, gate);
  ct_event *event = nullptr;
  s.ok(s.events().create(s.device(), 0, &event), "create");
  s.ok(s.queues().record(first, event), "record");
  s.ok(s.queues().wait(second, event), "wait");
  s.events().destroy(event);
  s.is(CT_NOT_READY, s.queues().query(second), "the wait outlives the event");
  gate.open();
  s.wait(first);
  s.wait(second);
}

void times(Session &s) {
  ct_event *start = s.event(), *end = s.event();
  ct_queue *queue = s.queue();
  uint64_t from = 0, to = 0;
  for (int i = 0; i < 5; ++i) {
    s.ok(s.queues().record(queue, start), "record");
    for (int k = 0; k < 20; ++k) s.ok(s.queues().host_call(queue, [](void *, ct_status) {}, nullptr), "host call");
    s.ok(s.queues().record(queue, end), "record");
    s.wait(queue);
    s.ok(s.events().timestamp(start, &from), "timestamp");
    s.ok(s.events().timestamp(end, &to), "timestamp");
    s.check(from != 0 && to > from, "the later record has the later time");
  }
}

void acrossDevices(Session &s) {
  OtherDevice other(s);
  ct_event *event = s.event();
  ct_queue *mine = s.queue();
  Gate gate;
  s.hold(mine, gate);
  s.ok(s.queues().record(mine, event), "record");
  s.ok(s.queues().wait(other.queue(), event), "wait on another device");
  s.is(CT_NOT_READY, s.queues().query(other.queue()), "it waits");
  gate.open();
  s.ok(s.queues().synchronize(other.queue()), "synchronize");
}

void ownQueue(Session &s) {
  ct_event *event = s.event();
  ct_queue *queue = s.queue();
  std::atomic<bool> done{false};
  Gate gate;
  s.hold(queue, gate);
  for (int i = 0; i < 10; ++i) {
    s.ok(s.queues().record(queue, event), "record");
    s.ok(s.queues().wait(queue, event), "wait for its own record");
  }
  mark(s, queue, done);
  gate.open();
  s.wait(queue);
  s.check(done, "a queue may wait for a record of its own");
}

void anotherQueue(Session &s) {
  // The last record counts, whichever queue it is on.
  ct_event *event = s.event();
  ct_queue *first = s.queue(), *second = s.queue(), *waits = s.queue();
  Gate gate;
  s.hold(first, gate);
  s.ok(s.queues().record(first, event), "record on a held queue");
  s.ok(s.queues().record(second, event), "record on another queue");
  s.is(CT_OK, s.events().synchronize(event), "the event follows the second queue");
  s.ok(s.queues().wait(waits, event), "wait");
  s.wait(waits);
  gate.open();
  s.wait(first);
}

void finishedTime(Session &s) {
  ct_event *event = s.event();
  ct_queue *queue = s.queue();
  uint64_t first = 0, still = 0, second = 0;
  s.ok(s.queues().record(queue, event), "record");
  s.wait(queue);
  s.ok(s.events().timestamp(event, &first), "timestamp");
  Gate gate;
  s.hold(queue, gate);
  s.ok(s.queues().record(queue, event), "a record that is not done");
  s.ok(s.events().timestamp(event, &still), "timestamp meanwhile");
  s.check(still == first, "the time is that of the last record that is done");
  gate.open();
  s.wait(queue);
  s.ok(s.events().timestamp(event, &second), "timestamp");
  s.check(second > first, "then that of the later one");
}

void nanoseconds(Session &s) {
  using Clock = std::chrono::steady_clock;
  ct_event *start = s.event(), *end = s.event();
  ct_queue *queue = s.queue();
  const auto before = Clock::now();
  s.ok(s.queues().record(queue, start), "record");
  s.ok(s.queues().host_call(queue, [](void *, ct_status) { std::this_thread::sleep_for(std::chrono::milliseconds(50)); }, nullptr), "host call");
  s.ok(s.queues().record(queue, end), "record");
  s.wait(queue);
  const uint64_t outside = static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - before).count());
  uint64_t from = 0, to = 0;
  s.ok(s.events().timestamp(start, &from), "timestamp");
  s.ok(s.events().timestamp(end, &to), "timestamp");
  // A twentieth for clocks that run at different speeds.
  s.check(to - from >= 47'000'000 && to - from <= outside + outside / 20, "the time between two records is in nanoseconds");
}

void manyWaiters(Session &s) {
  ct_event *event = s.event(CT_EVENT_BLOCKING_WAIT);
  ct_queue *queue = s.queue();
  Gate gate;
  s.hold(queue, gate);
  s.ok(s.queues().record(queue, event), "record");
  std::atomic<int> woken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      if (s.events().synchronize(event) == CT_OK) ++woken;
    });
  s.is(CT_NOT_READY, s.events().query(event), "query while others wait");
  gate.open();
  for (std::thread &thread : threads) thread.join();
  s.check(woken == 4, "all threads that wait for an event are woken");
}

void thousands(Session &s) {
  ct_queue *queue = s.queue();
  std::vector<ct_event *> events;
  for (int i = 0; i < 3000; ++i) {
    events.push_back(s.event(i % 2 ? CT_EVENT_NO_TIMING : 0u));
    s.ok(s.queues().record(queue, events.back()), "record");
  }
  s.wait(queue);
  for (ct_event *event : events) s.is(CT_OK, s.events().query(event), "query");
}

constexpr Case kCases[] = {
    {"event.never-recorded", "An event that was never recorded counts as done, everywhere.", unrecorded},
    {"event.follows-its-queue", "An event is done when its queue got there, with all flags.", follows},
    {"event.orders-queues", "A wait holds a queue until the record is done.", orders},
    {"event.last-record", "A wait is for the last record before it.", waitsForTheLast},
    {"event.chain", "Two queues hand over to each other, many times.", chain},
    {"event.destroyed-early", "An event may be destroyed while a record and a wait are pending.", destroyedEarly},
    {"event.times", "Times are those of the records, in order.", times},
    {"event.own-queue", "A queue may wait for a record of its own.", ownQueue},
    {"event.another-queue", "An event may be recorded on one queue after another; the last record counts.", anotherQueue},
    {"event.time-of-the-finished", "While a record is pending, the time is that of the record before it.", finishedTime},
    {"event.nanoseconds", "Times are nanoseconds.", nanoseconds},
    {"event.many-waiters", "Several threads may wait for one event.", manyWaiters},
    {"event.thousands", "There may be thousands of events.", thousands},
    {"event.across-devices", "A queue may wait for an event of another device.", acrossDevices},
};

}  // namespace
std::span<const Case> eventCases() { return kCases; }
}  // namespace cutrans::conformance
