// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queues: order within one, independence between two, and what waiting means.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "session.h"

namespace cutrans::conformance {
namespace {

struct Journal {
  std::vector<int> entries;  // written by one queue only
};
struct Entry {
  Journal *journal;
  int number;
};

void inOrder(Session &s) {
  Journal journal;
  std::vector<Entry> entries(500);
  ct_queue *queue = s.queue();
  for (int i = 0; i < 500; ++i) {
    entries[i] = {&journal, i};
    s.ok(s.queues().host_call(
             queue, [](void *user, ct_status) { static_cast<Entry *>(user)->journal->entries.push_back(static_cast<Entry *>(user)->number); },
             &entries[i]),
         "host call");
  }
  s.wait(queue);
  s.check(journal.entries.size() == 500, "all host calls ran");
  for (int i = 0; i < 500; ++i) s.check(journal.entries[i] == i, "in the order of submission");
}

void mixedOrder(Session &s) {
  // Copy, fill and host calls on one queue see each other's results.
  uint64_t device = s.alloc(CT_MEMORY_DEVICE, 1 << 20);
  auto *host = s.pinned<unsigned char>(1 << 20);
  ct_queue *queue = s.queue();
  for (int i = 1; i <= 20; ++i) {
    ct_fill fill{sizeof(ct_fill), 1, device, static_cast<uint32_t>(i), 1 << 20, 1, 1 << 20};
    s.ok(s.queues().fill(queue, &fill), "fill");
    ct_copy copy = linearCopy(CT_SIDE_HOST, address(host), CT_SIDE_DEVICE, device, 1 << 20);
    s.ok(s.queues().copy(queue, &copy), "copy");
    struct Check {
      unsigned char *host;
      int value;
      std::atomic<int> *wrong;
    };
    static std::atomic<int> wrong;
    s.ok(s.queues().host_call(
             queue,
             [](void *user, ct_status) {
               auto *check = static_cast<Check *>(user);
               if (check->host[0] != check->value || check->host[(1 << 20) - 1] != check->value) ++*check->wrong;
               delete check;
             },
             new Check{host, i, &wrong}),
         "host call");
    if (i == 20) {
      s.wait(queue);
      s.check(wrong == 0, "each host call sees the copy before it, and that the fill before it");
    }
  }
}

void independent(Session &s) {
  ct_queue *held = s.queue(), *other = s.queue();
  Gate gate;
  s.hold(held, gate);
  std::atomic<bool> ran{false};
  s.ok(s.queues().host_call(other, [](void *user, ct_status) { *static_cast<std::atomic<bool> *>(user) = true; }, &ran), "host call");
  s.wait(other);
  s.check(ran, "a queue runs while another one is held");
  s.is(CT_NOT_READY, s.queues().query(held), "query of the held queue");
  gate.open();
  s.wait(held);
}

void manyHeld(Session &s) {
  Gate gate;
  std::vector<ct_queue *> held;
  for (int i = 0; i < 12; ++i) {
    held.push_back(s.queue());
    s.hold(held.back(), gate);
  }
  uint64_t device = s.alloc(CT_MEMORY_DEVICE, 4096);
  s.write(device, "alive", 6);
  char back[6] = {};
  s.read(back, device, 6);
  s.check(std::strcmp(back, "alive") == 0, "copies run while a dozen queues are held by host calls");
  gate.open();
  for (ct_queue *queue : held) s.wait(queue);
}

void queries(Session &s) {
  ct_queue *queue = s.queue();
  s.is(CT_OK, s.queues().query(queue), "query of a new queue");
  s.is(CT_OK, s.queues().synchronize(queue), "synchronize of a new queue");
  Gate gate;
  s.hold(queue, gate);
  s.is(CT_NOT_READY, s.queues().query(queue), "query while it works");
  gate.open();
  s.wait(queue);
  s.is(CT_OK, s.queues().query(queue), "query afterwards");
}

void waitersAndSubmitters(Session &s) {
  ct_queue *queue = s.queue();
  Gate gate;
  s.hold(queue, gate);
  std::atomic<int> waited{0}, ran{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i)
    waiters.emplace_back([&] {
      if (s.queues().synchronize(queue) == CT_OK) ++waited;
    });
  for (int i = 0; i < 100; ++i) {
    s.ok(s.queues().host_call(queue, [](void *user, ct_status) { ++*static_cast<std::atomic<int> *>(user); }, &ran), "submitting meanwhile");
    s.is(CT_NOT_READY, s.queues().query(queue), "query meanwhile");
  }
  gate.open();
  for (std::thread &waiter : waiters) waiter.join();
  s.wait(queue);
  s.check(waited == 3 && ran == 100, "waiting and submitting overlap");
}

void destroyWaits(Session &s) {
  std::atomic<int> ran{0};
  ct_queue *queue = nullptr;
  s.ok(s.queues().create(s.device(), 0, 0, &queue), "create");
  for (int i = 0; i < 50; ++i)
    s.ok(s.queues().host_call(queue, [](void *user, ct_status) { ++*static_cast<std::atomic<int> *>(user); }, &ran), "host call");
  s.queues().destroy(queue);
  s.check(ran == 50, "destroy waits for what was submitted");
}

void hostCallStatus(Session &s) {
  ct_queue *queue = s.queue();
  std::atomic<int> status{-1};
  s.ok(s.queues().host_call(queue, [](void *user, ct_status said) { *static_cast<std::atomic<int> *>(user) = said; }, &status), "host call");
  s.wait(queue);
  s.check(status == CT_OK, "a host call is told that all is well");
}

void submitFromHostCall(Session &s) {
  struct Both {
    Session *s;
    ct_queue *other;
    std::atomic<int> status{-1}, ran{0};
  } both{&s, s.queue()};
  ct_queue *queue = s.queue();
  s.ok(s.queues().host_call(
           queue,
           [](void *user, ct_status) {
             auto *b = static_cast<Both *>(user);
             b->status = b->s->queues().host_call(b->other, [](void *at, ct_status) { ++*static_cast<std::atomic<int> *>(at); }, &b->ran);
           },
           &both),
       "host call");
  s.wait(queue);
  s.wait(both.other);
  s.check(both.status == CT_OK && both.ran == 1, "a host call may submit to another queue");
}

void needTogether(Session &s) {
  if (s.queues().struct_size <= offsetof(ct_queue_ops, submit_many) || !s.queues().submit_many) throw Unsupported{"the slot is empty: the runtime submits one by one"};
}

void together(Session &s) {
  needTogether(s);
  // Fill, copy, host call, record and wait, many times over; more than a queue may be willing to hold.
  uint64_t device = s.alloc(CT_MEMORY_DEVICE, 4);
  auto *host = s.pinned<uint32_t>(1);
  ct_queue *queue = s.queue(), *other = s.queue();
  ct_event *event = s.event(), *far = s.event();
  constexpr uint32_t kRounds = 20'000;
  std::vector<ct_fill> fills;
  for (uint32_t i = 0; i < kRounds; ++i) fills.push_back({sizeof(ct_fill), 4, device, i + 1, 1, 1, 4});
  const ct_copy copy = linearCopy(CT_SIDE_HOST, address(host), CT_SIDE_DEVICE, device, 4);
  struct State {
    uint32_t *host;
    uint32_t next = 1, wrong = 0;
  } state{host};
  std::vector<ct_operation> operations;
  auto add = [&](ct_operation_kind kind) -> auto & { return operations.emplace_back(ct_operation{kind, {}}).u; };
  add(CT_OPERATION_WAIT).event = far;
  for (uint32_t i = 0; i < kRounds; ++i) {
    add(CT_OPERATION_FILL).fill = &fills[i];
    add(CT_OPERATION_COPY).copy = &copy;
    auto &call = add(CT_OPERATION_HOST_CALL).host_call;
    call.fn = [](void *user, ct_status) {
      auto *state = static_cast<State *>(user);
      state->wrong += *state->host != state->next++;
    };
    call.user = &state;
    add(CT_OPERATION_RECORD).event = event;
    add(CT_OPERATION_WAIT).event = event;
  }
  Gate gate;
  s.hold(other, gate);
  s.ok(s.queues().record(other, far), "record");
  size_t taken = 0;
  s.ok(s.queues().submit_many(queue, operations.data(), operations.size(), &taken), "submit_many");
  s.check(taken == operations.size(), "all are taken");
  fills.clear();
  operations.clear();
  s.is(CT_NOT_READY, s.events().query(event), "the record at the end");
  gate.open();
  s.ok(s.events().synchronize(event), "synchronize");
  s.wait(queue);
  s.check(state.next == kRounds + 1 && state.wrong == 0, "each in its turn");
  s.ok(s.queues().submit_many(queue, nullptr, 0, &taken), "none");
  s.check(taken == 0 && s.queues().query(queue) == CT_OK, "none is nothing");
}

// Something that this target refuses when it is submitted.
ct_launch refused(Session &s) {
  if (!s.has(CT_DEVICE_RUNS_KERNELS) || !s.has(CT_DEVICE_COOPERATIVE)) throw Untested{"nothing is known that this target refuses when it is submitted"};
  KernelRequest request;
  request.cooperative = true;
  static uint64_t params[3];
  return describe(s.kernel("meeting", request), {1 << 20, 1, 1}, {1024, 1, 1}, params, sizeof params, CT_LAUNCH_COOPERATIVE);
}

void togetherStops(Session &s) {
  needTogether(s);
  const ct_launch bad = refused(s);
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 64);
  const uint32_t zero[16] = {};
  s.write(at, zero, sizeof zero);
  const ct_fill first{sizeof(ct_fill), 4, at, 1, 1, 1, 4}, second{sizeof(ct_fill), 4, at + 4, 2, 1, 1, 4}, third{sizeof(ct_fill), 4, at + 8, 3, 1, 1, 4};
  ct_operation operations[4] = {};
  operations[0].kind = operations[1].kind = operations[3].kind = CT_OPERATION_FILL;
  operations[0].u.fill = &first;
  operations[1].u.fill = &second;
  operations[2].kind = CT_OPERATION_LAUNCH;
  operations[2].u.launch = &bad;
  operations[3].u.fill = &third;
  ct_queue *queue = s.queue();
  size_t taken = 99;
  s.is(CT_ERR_TOO_LARGE, s.queues().submit_many(queue, operations, 4, &taken), "submit_many with one that is refused");
  s.check(taken == 2, "the two before it are taken");
  s.wait(queue);
  auto out = s.read<uint32_t>(at, 3);
  s.check(out[0] == 1 && out[1] == 2 && out[2] == 0, "what comes before it runs, what comes after it does not");
}

void togetherKernels(Session &s) {
  needTogether(s);
  const Kernel kernel = s.kernel("move");
  auto *flag = s.pinned<uint32_t>(4);
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 64);
  struct {
    uint64_t dst, src;
    uint32_t value;
  } params{at, 0, 77}, copied{at + 4, at, 0};
  const ct_launch launch = describe(kernel, {1, 1, 1}, {1, 1, 1}, &params, 20), again = describe(kernel, {1, 1, 1}, {1, 1, 1}, &copied, 20);
  const ct_copy out = linearCopy(CT_SIDE_HOST, address(flag + 2), CT_SIDE_DEVICE, at + 4, 4);
  const ct_word wait{sizeof(ct_word), 4, address(flag), 1, CT_COMPARE_EQ}, write{sizeof(ct_word), 4, address(flag + 1), 1, CT_COMPARE_EQ};
  const bool words = s.queues().wait_word != nullptr;
  std::vector<ct_operation> operations;
  auto add = [&](ct_operation_kind kind) -> auto & { return operations.emplace_back(ct_operation{kind, {}}).u; };
  if (words) add(CT_OPERATION_WAIT_WORD).word = &wait;
  add(CT_OPERATION_LAUNCH).launch = &launch;
  add(CT_OPERATION_LAUNCH).launch = &again;
  add(CT_OPERATION_COPY).copy = &out;
  if (words) add(CT_OPERATION_WRITE_WORD).word = &write;
  ct_queue *queue = s.queue();
  size_t taken = 0;
  s.ok(s.queues().submit_many(queue, operations.data(), operations.size(), &taken), "submit_many");
  s.check(taken == operations.size(), "all are taken");
  params.value = 0;  // copied during the call
  if (words) s.is(CT_NOT_READY, s.queues().query(queue), "they wait for the word");
  __atomic_store_n(flag, 1u, __ATOMIC_SEQ_CST);
  s.wait(queue);
  s.check(flag[2] == 77 && (!words || flag[1] == 1), "kernels and words, each in its turn");
}

void priorities(Session &s) {
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 4096);
  for (int32_t priority : {-5, -1, 0, 1, 100, INT32_MIN, INT32_MAX})
    for (uint32_t flags : {0u, uint32_t{CT_QUEUE_NON_BLOCKING}}) {
      ct_queue *queue = s.queue(flags, priority);
      const ct_fill fill{sizeof(ct_fill), 1, at, 1, 4096, 1, 4096};
      s.ok(s.queues().fill(queue, &fill), "fill");
      s.wait(queue);
    }
}

void farAhead(Session &s) {
  // More than a target may be willing to hold at a time.
  constexpr uint32_t kCount = 100'000;
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 4);
  ct_queue *queue = s.queue();
  for (uint32_t i = 1; i <= kCount; ++i) {
    const ct_fill fill{sizeof(ct_fill), 4, at, i, 1, 1, 4};
    s.ok(s.queues().fill(queue, &fill), "fill");
  }
  s.wait(queue);
  s.check(s.read<uint32_t>(at, 1)[0] == kCount, "the last of a hundred thousand");
}

void many(Session &s) {
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 400);
  std::vector<ct_queue *> queues;
  for (uint32_t i = 0; i < 100; ++i) {
    queues.push_back(s.queue());
    const ct_fill fill{sizeof(ct_fill), 4, at + 4 * i, i + 1, 1, 1, 4};
    s.ok(s.queues().fill(queues.back(), &fill), "fill");
  }
  for (ct_queue *queue : queues) s.wait(queue);
  auto out = s.read<uint32_t>(at, 100);
  for (uint32_t i = 0; i < 100; ++i) s.check(out[i] == i + 1, "a hundred queues work");
}

void sourceIsReadInItsTurn(Session &s) {
  // Pageable memory that an earlier operation of the queue writes.
  std::vector<uint32_t> source(1000, 1);
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 4000);
  ct_queue *queue = s.queue();
  Gate gate;
  s.hold(queue, gate);
  s.ok(s.queues().host_call(queue, [](void *user, ct_status) {
         auto &words = *static_cast<std::vector<uint32_t> *>(user);
         std::fill(words.begin(), words.end(), 2);
       }, &source), "host call");
  const ct_copy copy = linearCopy(CT_SIDE_DEVICE, at, CT_SIDE_HOST, address(source.data()), 4000);
  s.ok(s.queues().copy(queue, &copy), "copy");
  gate.open();
  s.wait(queue);
  s.check(s.read<uint32_t>(at, 1000) == std::vector<uint32_t>(1000, 2), "a copy reads the host's memory in its turn");
}

constexpr Case kCases[] = {
    {"queue.in-order", "Operations of one queue run in the order of submission.", inOrder},
    {"queue.mixed-order", "Copies, fills and host calls on one queue see each other's results.", mixedOrder},
    {"queue.submit-many", "Operations that are submitted together run in their order.", together},
    {"queue.submit-many-stops", "The first that is refused ends a submission of several; how many were taken is told.", togetherStops},
    {"queue.submit-many-kernels", "Launches, and waits for words, may be among them.", togetherKernels},
    {"queue.priorities", "Any number is a priority.", priorities},
    {"queue.far-ahead", "A program may be far ahead of a queue.", farAhead},
    {"queue.many", "A hundred queues work at a time.", many},
    {"queue.copies-in-turn", "A copy reads the host's memory in its turn, not when it is submitted.", sourceIsReadInItsTurn},
    {"queue.independent", "A queue runs while another one is held.", independent},
    {"queue.many-held", "A dozen queues held by host calls do not stop the device.", manyHeld},
    {"queue.query", "query says NOT_READY while there is work, OK otherwise.", queries},
    {"queue.overlap", "query and synchronize may overlap with submissions.", waitersAndSubmitters},
    {"queue.destroy-waits", "destroy waits for the work that was submitted.", destroyWaits},
    {"queue.host-call-status", "A host call gets the queue's status.", hostCallStatus},
    {"queue.submit-from-host-call", "A host call may submit to another queue.", submitFromHostCall},
};

}  // namespace
std::span<const Case> queueCases() { return kCases; }
}  // namespace cutrans::conformance
