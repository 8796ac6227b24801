// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queues: order within one, independence between two, and what waiting means.
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

ct_word word(const void *at, uint64_t value, ct_compare compare = CT_COMPARE_GEQ, uint32_t bytes = 4) {
  return {sizeof(ct_word), bytes, address(at), value, compare};
}

void needWords(Session &s) {
  if (s.queues().struct_size < offsetof(ct_queue_ops, write_word) + sizeof(void *) || !s.queues().wait_word || !s.queues().write_word)
    throw Unsupported{"no waits for words"};
}

void words(Session &s) {
  needWords(s);
  auto *narrow = s.pinned<uint32_t>(2);
  auto *wide = s.pinned<uint64_t>(2);
  struct Row {
    uint64_t start, value;
    ct_compare compare;
    uint32_t bytes;
    uint64_t wrong, right;  // stays, goes
  };
  constexpr Row kRows[] = {
      {0, 5, CT_COMPARE_GEQ, 4, 4, 5},
      {0x7fffffff, 0x80000005, CT_COMPARE_GEQ, 4, 0x80000004, 0x80000006},  // cyclic
      {0xffffffff, 0, CT_COMPARE_GEQ, 4, 0xfffffff0, 0},
      {0, 9, CT_COMPARE_EQ, 4, 10, 9},
      {0, 6, CT_COMPARE_AND, 4, 9, 4},
      {0xffffffff, 0x0000ffff, CT_COMPARE_NOR, 4, 0xffff0000, 0xfffe0000},
      {0, uint64_t{1} << 40, CT_COMPARE_GEQ, 8, (uint64_t{1} << 40) - 1, uint64_t{1} << 40},
      {0, uint64_t{9} << 40, CT_COMPARE_EQ, 8, 9, uint64_t{9} << 40},
      {0, uint64_t{1} << 63, CT_COMPARE_AND, 8, 1, uint64_t{3} << 62},
      {~uint64_t{0}, ~uint64_t{0} >> 1, CT_COMPARE_NOR, 8, uint64_t{1} << 63, 0},
  };
  ct_queue *waiting = s.queue(), *writing = s.queue();
  for (const Row &row : kRows) {
    auto set = [&](uint64_t value) {
      if (row.bytes == 4)
        __atomic_store_n(narrow, static_cast<uint32_t>(value), __ATOMIC_SEQ_CST);
      else
        __atomic_store_n(wide, value, __ATOMIC_SEQ_CST);
    };
    const void *at = row.bytes == 4 ? static_cast<const void *>(narrow) : wide;
    set(row.start);
    const ct_word wait = word(at, row.value, row.compare, row.bytes);
    std::atomic<bool> ran{false};
    s.ok(s.queues().wait_word(waiting, &wait), "wait_word");
    s.ok(s.queues().host_call(waiting, [](void *user, ct_status) { *static_cast<std::atomic<bool> *>(user) = true; }, &ran), "host call");
    s.is(CT_NOT_READY, s.queues().query(waiting), "query before the word is right");
    set(row.wrong);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    s.check(!ran, "the word does not compare yet");
    const ct_word write = word(at, row.right, CT_COMPARE_GEQ, row.bytes);
    s.ok(s.queues().write_word(writing, &write), "write_word");
    s.wait(waiting);
    s.check(ran, "the wait is over");
  }
  s.wait(writing);
  s.check(narrow[1] == 0 && wide[1] == 0, "what lies behind the words is as it was");
}

void wordsHoldNobodyUp(Session &s) {
  needWords(s);
  constexpr int kQueues = 40;
  auto *flags = s.pinned<uint32_t>(kQueues);
  std::vector<ct_queue *> queues;
  for (int i = 0; i < kQueues; ++i) {
    queues.push_back(s.queue());
    // Each passes on what the one after it writes.
    const ct_word wait = word(&flags[i], 1), write = word(&flags[i > 0 ? i - 1 : 0], 1);
    s.ok(s.queues().wait_word(queues[i], &wait), "wait_word");
    s.ok(s.queues().write_word(queues[i], &write), "write_word");
  }
  uint64_t device = s.alloc(CT_MEMORY_DEVICE, 4096);
  s.write(device, "alive", 6);
  char back[6] = {};
  s.read(back, device, 6);
  s.check(std::strcmp(back, "alive") == 0, "copies run while many queues wait for words");
  s.is(CT_NOT_READY, s.queues().query(queues[0]), "query of a queue that waits");
  __atomic_store_n(&flags[kQueues - 1], 1u, __ATOMIC_SEQ_CST);
  for (ct_queue *queue : queues) s.wait(queue);
  s.check(flags[0] == 1, "each wait was ended by the write before it");
}

void together(Session &s) {
  if (s.queues().struct_size <= offsetof(ct_queue_ops, submit_many) || !s.queues().submit_many) return;
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

constexpr Case kCases[] = {
    {"queue.in-order", "Operations of one queue run in the order of submission.", inOrder},
    {"queue.mixed-order", "Copies, fills and host calls on one queue see each other's results.", mixedOrder},
    {"queue.submit-many", "Operations that are submitted together run in their order.", together},
    {"queue.independent", "A queue runs while another one is held.", independent},
    {"queue.many-held", "A dozen queues held by host calls do not stop the device.", manyHeld},
    {"queue.query", "query says NOT_READY while there is work, OK otherwise.", queries},
    {"queue.words", "A queue waits until a word compares; the four comparisons, of 4 and 8 bytes.", words},
    {"queue.words-hold-nobody-up", "Many queues that wait for words do not stop the device.", wordsHoldNobodyUp},
    {"queue.overlap", "query and synchronize may overlap with submissions.", waitersAndSubmitters},
    {"queue.destroy-waits", "destroy waits for the work that was submitted.", destroyWaits},
    {"queue.host-call-status", "A host call gets the queue's status.", hostCallStatus},
    {"queue.submit-from-host-call", "A host call may submit to another queue.", submitFromHostCall},
};

}  // namespace
std::span<const Case> queueCases() { return kCases; }
}  // namespace cutrans::conformance
