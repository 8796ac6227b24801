// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queues that wait for words of memory and write them.
#include <atomic>
#include <chrono>
#include <thread>

#include "session.h"

namespace cutrans::conformance {
namespace {

ct_word wordAt(uint64_t at, uint64_t value, ct_compare compare = CT_COMPARE_GEQ, uint32_t bytes = 4) {
  return {sizeof(ct_word), bytes, at, value, compare};
}
ct_word word(const void *at, uint64_t value, ct_compare compare = CT_COMPARE_GEQ, uint32_t bytes = 4) {
  return wordAt(address(at), value, compare, bytes);
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

void inDeviceMemory(Session &s) {
  needWords(s);
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 64);
  const uint64_t zero[8] = {};
  s.write(at, zero, sizeof zero);
  ct_queue *waits = s.queue(), *writes = s.queue();
  // By a write, by a fill, by a copy.
  for (uint32_t round = 1; round <= 3; ++round) {
    std::atomic<bool> done{false};
    const ct_word wait = wordAt(at + 8, round, CT_COMPARE_EQ), write = wordAt(at + 8, round);
    s.ok(s.queues().wait_word(waits, &wait), "wait_word");
    mark(s, waits, done);
    s.is(CT_NOT_READY, s.queues().query(waits), "it waits");
    const ct_fill fill{sizeof(ct_fill), 4, at + 8, round, 1, 1, 4};
    const ct_copy copy = linearCopy(CT_SIDE_DEVICE, at + 8, CT_SIDE_HOST, address(&round), 4);
    if (round == 1) s.ok(s.queues().write_word(writes, &write), "write_word");
    if (round == 2) s.ok(s.queues().fill(writes, &fill), "fill");
    if (round == 3) s.ok(s.queues().copy(writes, &copy), "copy");
    s.wait(waits);
    s.check(done, "the wait ends");
    s.wait(writes);
  }
  auto words = s.read<uint32_t>(at, 16);
  s.check(words[2] == 3 && words[1] == 0 && words[3] == 0, "words beside it are as they were");
}

void publish(Session &s) {
  // A queue writes data, then the word; the host, and another queue, see the data when they see the word.
  needWords(s);
  constexpr uint32_t kCount = 1 << 16, kRounds = 30;
  const uint64_t data = s.alloc(CT_MEMORY_DEVICE, kCount * 4), copied = s.alloc(CT_MEMORY_DEVICE, kCount * 4);
  auto *host = s.pinned<uint32_t>(kCount), *flag = s.pinned<uint32_t>(2);
  ct_queue *queue = s.queue(), *other = s.queue();
  for (uint32_t round = 1; round <= kRounds; ++round) {
    const ct_fill fill{sizeof(ct_fill), 4, data, round, kCount, 1, kCount * 4};
    const ct_copy out = linearCopy(CT_SIDE_HOST, address(host), CT_SIDE_DEVICE, data, kCount * 4);
    const ct_copy on = linearCopy(CT_SIDE_DEVICE, copied, CT_SIDE_DEVICE, data, kCount * 4);
    const ct_word write = word(flag, round), wait = word(flag, round), said = word(flag + 1, round);
    s.ok(s.queues().fill(queue, &fill), "fill");
    s.ok(s.queues().copy(queue, &out), "copy");
    s.ok(s.queues().write_word(queue, &write), "write_word");
    s.ok(s.queues().wait_word(other, &wait), "wait_word");
    s.ok(s.queues().copy(other, &on), "copy behind the wait");
    s.ok(s.queues().write_word(other, &said), "write_word");
    while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) != round) std::this_thread::yield();
    s.check(host[0] == round && host[kCount - 1] == round, "who sees the word sees what the queue did before");
    while (__atomic_load_n(flag + 1, __ATOMIC_ACQUIRE) != round) std::this_thread::yield();
    s.check(s.read<uint32_t>(copied, kCount)[kCount - 1] == round, "a queue that waited for it, too");
  }
}

void whole(Session &s) {
  needWords(s);
  auto *wide = s.pinned<uint64_t>(2);
  std::atomic<bool> end{false};
  std::atomic<uint64_t> torn{0};
  std::thread reader([&] {
    while (!end) {
      const uint64_t seen = __atomic_load_n(wide, __ATOMIC_RELAXED);
      if (static_cast<uint32_t>(seen) != static_cast<uint32_t>(seen >> 32)) ++torn;
    }
  });
  ct_queue *queue = s.queue();
  for (uint64_t i = 0; i < 5000; ++i) {
    const ct_word write = word(wide, i << 32 | i, CT_COMPARE_GEQ, 8);
    (void)s.queues().write_word(queue, &write);
  }
  const ct_status status = s.queues().synchronize(queue);
  end = true;
  reader.join();
  s.ok(status, "synchronize");
  s.check(torn == 0 && wide[0] == (uint64_t{4999} << 32 | 4999) && wide[1] == 0, "8 bytes are written at once");
}

void passed(Session &s) {
  // A wait whose word compares already is no wait; the description is read during the call.
  needWords(s);
  auto *flag = s.pinned<uint32_t>(1);
  *flag = 5;
  ct_queue *queue = s.queue();
  for (ct_compare compare : {CT_COMPARE_GEQ, CT_COMPARE_EQ, CT_COMPARE_AND, CT_COMPARE_NOR}) {
    ct_word wait = word(flag, 5, compare), write = word(flag, 5);
    s.ok(s.queues().wait_word(queue, &wait), "wait_word");
    std::memset(&wait, 0xff, sizeof wait);
    s.ok(s.queues().write_word(queue, &write), "write_word");
    std::memset(&write, 0xff, sizeof write);
    s.wait(queue);
  }
  s.check(*flag == 5, "the word");
}

void ofAnotherDevice(Session &s) {
  needWords(s);
  OtherDevice other(s);
  auto *flag = s.pinned<uint32_t>(2);
  std::atomic<bool> done{false};
  const ct_word wait = word(flag, 1), write = word(flag, 1);
  ct_queue *queue = s.queue();
  s.ok(s.queues().wait_word(queue, &wait), "wait_word");
  mark(s, queue, done);
  s.is(CT_NOT_READY, s.queues().query(queue), "it waits");
  s.ok(s.queues().write_word(other.queue(), &write), "write_word of another device");
  s.wait(queue);
  s.check(done, "another device ends the wait");
}

constexpr Case kCases[] = {
    {"word.compares", "A queue waits until a word compares; the four comparisons, of 4 and 8 bytes.", words},
    {"word.compares-already", "A wait for a word that compares already is over at once.", passed},
    {"word.hold-nobody-up", "Many queues that wait for words do not stop the device.", wordsHoldNobodyUp},
    {"word.in-device-memory", "Words may be in device memory, and change by writes, fills and copies.", inDeviceMemory},
    {"word.of-another-device", "A wait ends by what another device writes.", ofAnotherDevice},
    {"word.publish", "Who sees a word that a queue wrote sees what the queue did before.", publish},
    {"word.whole", "Nobody sees a part of a word that is written.", whole},
};

}  // namespace
std::span<const Case> wordCases() { return kCases; }
}  // namespace cutrans::conformance
