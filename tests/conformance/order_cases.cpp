// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random programs over several queues and events, against the model of tests/order: a queue is a stream that is independent of all
// others. Accesses of memory cross queues only where the model says that they are ordered.
#include <deque>
#include <random>
#include <thread>

#include "session.h"
#include "tests/order/model.h"

namespace cutrans::conformance {
namespace {

using order::Call;
using order::History;
using order::Kind;
using order::Ticket;

constexpr int kCalls = 60, kCells = 4, kEvents = 4;

class Program {
 public:
  Program(Session &s, uint64_t seed, const Kernel *move) : s_(s), random_(seed), move_(move) {
    for (int i = 0, n = 2 + pick(4); i < n; ++i) {
      queues_.push_back(s.queue(pick(2) ? uint32_t{CT_QUEUE_NON_BLOCKING} : 0u, pick(3) - 1));
      history_.streams.push_back(order::StreamKind::non_blocking);
    }
    for (int i = 0; i < kEvents; ++i) events_.push_back(s.event(pick(2) ? uint32_t{CT_EVENT_NO_TIMING} : 0u));
    cells_ = s.alloc(CT_MEMORY_DEVICE, kCells * 4);
    const uint32_t zero[kCells] = {};
    s.write(cells_, zero, sizeof zero);
    values_ = s.pinned<uint32_t>(2 * kCalls);
  }

  // "" or what was broken.
  std::string run() {
    for (int i = 0; i < kCalls; ++i) {
      const int what = pick(100);
      const int queue = pick(static_cast<int>(queues_.size())), event = pick(kEvents);
      if (what < 25) host(queue);
      else if (what < 60) access(queue);
      else if (what < 75) submit(Kind::record, queue, event, [&] { return s_.queues().record(queues_[queue], events_[event]); });
      else if (what < 92) submit(Kind::wait, queue, event, [&] { return s_.queues().wait(queues_[queue], events_[event]); });
      else if (what < 95) submit(Kind::sync_stream, queue, -1, [&] { return s_.queues().synchronize(queues_[queue]); });
      else if (what < 97) submit(Kind::sync_event, -1, event, [&] { return s_.events().synchronize(events_[event]); });
      else if (what < 99) query(queue);
      else queryEvent(event);
    }
    for (size_t q = 0; q < queues_.size(); ++q)
      submit(Kind::sync_stream, static_cast<int>(q), -1, [&] { return s_.queues().synchronize(queues_[q]); });
    for (Slot &slot : slots_) {
      if (slot.call.kind == Kind::read) slot.call.value = values_[slot.place];
      slot.call.began = slot.began;
      slot.call.ended = slot.ended;
      history_.calls.push_back(slot.call);
    }
    const std::string broken = order::violations(history_);
    return broken.empty() ? "" : broken + "\n" + order::print(history_);
  }

 private:
  struct Slot {
    Call call;
    size_t place = 0;
    unsigned microseconds = 0;
    std::atomic<Ticket> *clock = nullptr;
    std::atomic<Ticket> began{0}, ended{0};
  };

  int pick(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }
  Ticket tick() { return clock_.fetch_add(1); }

  Slot &newSlot(Kind kind, int queue, int event) {
    Slot &slot = slots_.emplace_back();
    slot.place = slots_.size() - 1;
    slot.clock = &clock_;
    slot.call.kind = kind;
    slot.call.stream = queue;
    slot.call.event = event;
    slot.call.called = tick();
    return slot;
  }

  template <class F>
  void submit(Kind kind, int queue, int event, F &&call) {
    Slot &slot = newSlot(kind, queue, event);
    s_.ok(call(), "a call of a random program");
    slot.call.returned = tick();
  }

  void host(int queue) {
    Slot &slot = newSlot(Kind::host, queue, -1);
    if (pick(4) == 0) slot.microseconds = static_cast<unsigned>(20 + pick(100));
    s_.ok(s_.queues().host_call(queues_[queue], [](void *user, ct_status) {
            Slot &slot = *static_cast<Slot *>(user);
            slot.began = slot.clock->fetch_add(1);
            if (slot.microseconds) std::this_thread::sleep_for(std::chrono::microseconds(slot.microseconds));
            slot.ended = slot.clock->fetch_add(1);
          }, &slot), "host call");
    slot.call.returned = tick();
  }

  void query(int queue) {
    const Ticket called = tick();
    const ct_status status = s_.queues().query(queues_[queue]);
    if (status == CT_NOT_READY) return;
    Slot &slot = newSlot(Kind::query_stream, queue, -1);
    slot.call.called = called;
    s_.ok(status, "query");
    slot.call.returned = tick();
  }
  void queryEvent(int event) {
    const Ticket called = tick();
    const ct_status status = s_.events().query(events_[event]);
    if (status == CT_NOT_READY) return;
    Slot &slot = newSlot(Kind::query_event, -1, event);
    slot.call.called = called;
    s_.ok(status, "query");
    slot.call.returned = tick();
  }

  // Whether nothing races with an access, by all that was called so far.
  bool ordered(const Call &next) const {
    History so_far = history_;
    for (const Slot &slot : slots_) so_far.calls.push_back(slot.call);
    so_far.calls.push_back(next);
    so_far.calls.back().returned = next.called + 1;
    const order::Order order(so_far);
    const size_t last = so_far.calls.size() - 1;
    for (size_t i = 0; i < last; ++i) {
      const Call &other = so_far.calls[i];
      const bool clash = other.cell == next.cell && (other.kind == Kind::write || (other.kind == Kind::read && next.kind == Kind::write));
      if (clash && !order.before(i, last) && !waitedFor(so_far, order, i)) return false;
    }
    return true;
  }
  static bool waitedFor(const History &history, const order::Order &order, size_t work) {
    for (size_t i = 0; i + 1 < history.calls.size(); ++i) {
      const Call &call = history.calls[i];
      if (call.called < history.calls[work].called) continue;
      if (call.kind == Kind::sync_stream && call.stream == history.calls[work].stream) return true;
      if (call.kind == Kind::sync_event && order.recordOf(i) >= 0 && order.before(work, static_cast<size_t>(order.recordOf(i)))) return true;
    }
    return false;
  }

  void access(int queue) {
    Call wish;
    wish.kind = pick(2) ? Kind::write : Kind::read;
    wish.stream = queue;
    wish.called = clock_.load();
    for (int tries = 0; wish.cell < 0 && tries < kCells; ++tries) {
      wish.cell = pick(kCells);
      if (!ordered(wish)) wish.cell = -1;
    }
    if (wish.cell < 0) return;
    Slot &slot = newSlot(wish.kind, queue, -1);
    slot.call.cell = wish.cell;
    const uint64_t cell = cells_ + 4 * static_cast<uint64_t>(wish.cell);
    const int way = pick(move_ ? 3 : 2);
    const uint32_t value = static_cast<uint32_t>(slot.place + 1);
    uint32_t *out = values_ + slot.place, *in = values_ + kCalls + slot.place;
    ct_status status;
    if (wish.kind == Kind::read) {
      *out = ~0u;
      const ct_copy copy = linearCopy(CT_SIDE_HOST, address(out), CT_SIDE_DEVICE, cell, 4);
      status = way == 2 ? launch(queue, address(out), cell, 0) : s_.queues().copy(queues_[queue], &copy);
    } else {
      slot.call.value = *in = value;
      const ct_copy copy = linearCopy(CT_SIDE_DEVICE, cell, CT_SIDE_HOST, address(in), 4);
      const ct_fill fill{sizeof(ct_fill), 4, cell, value, 1, 1, 4};
      status = way == 2 ? launch(queue, cell, 0, value) : way == 1 ? s_.queues().fill(queues_[queue], &fill) : s_.queues().copy(queues_[queue], &copy);
    }
    s_.ok(status, "an access of a random program");
    slot.call.returned = tick();
  }
  ct_status launch(int queue, uint64_t dst, uint64_t src, uint32_t value) {
    const struct {
      uint64_t dst, src;
      uint32_t value;
    } params{dst, src, value};
    const ct_launch launch = describe(*move_, {1, 1, 1}, {1, 1, 1}, &params, 20);
    return s_.queues().launch(queues_[queue], &launch);
  }

  Session &s_;
  std::mt19937_64 random_;
  const Kernel *move_;
  std::atomic<Ticket> clock_{1};
  History history_;
  std::vector<ct_queue *> queues_;
  std::vector<ct_event *> events_;
  uint64_t cells_ = 0;
  uint32_t *values_ = nullptr;  // what is read, then what is written
  std::deque<Slot> slots_;
};

void programs(Session &s, const Kernel *move) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const std::string broken = Program(s, seed, move).run();
    s.check(broken.empty(), "random program " + std::to_string(seed) + ": " + broken);
  }
}

void withoutKernels(Session &s) { programs(s, nullptr); }
void withKernels(Session &s) {
  const Kernel move = s.kernel("move");
  programs(s, &move);
}

constexpr Case kCases[] = {
    {"order.random", "Random copies, fills, host calls, records and waits on several queues keep their order.", withoutKernels},
    {"order.random-kernels", "So do kernels among them.", withKernels},
};

}  // namespace
std::span<const Case> orderCases() { return kCases; }
}  // namespace cutrans::conformance
