// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "program.h"

#include <cuda_runtime_api.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "checks.h"
#include "launched_graph.h"

namespace order {
namespace {

constexpr int kCallsOfAProgram = 40;
static_assert(kCallsOfAProgram <= LaunchedGraph::kMostLaunches);

class Program {
 public:
  Program(uint64_t seed, int threads) : random_(seed), threads_(threads) {
    addStream(StreamKind::legacy, nullptr);
    // The per-thread streams are made by their threads; they are blocking ones.
    for (int t = 0; t < threads; ++t) addStream(StreamKind::blocking, cudaStreamPerThread);
    int least = 0, greatest = 0;
    CHECK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
    for (int i = 0, n = 2 + pick(3); i < n; ++i) {
      cudaStream_t stream = nullptr;
      const bool apart = pick(3) == 0;
      CHECK(cudaStreamCreateWithPriority(&stream, apart ? cudaStreamNonBlocking : cudaStreamDefault, pick(2) ? least : greatest));
      addStream(apart ? StreamKind::non_blocking : StreamKind::blocking, stream);
    }
    for (int i = 0, n = 1 + pick(3); i < n; ++i) {
      cudaEvent_t event = nullptr;
      CHECK(cudaEventCreateWithFlags(&event, pick(2) ? cudaEventDisableTiming : cudaEventDefault));
      events_.push_back(event);
    }
    for (int i = 0; i < 2; ++i) graphs_.push_back(std::make_unique<LaunchedGraph>(random_));
    CHECK(cudaMalloc(reinterpret_cast<void **>(&cells_), streams_.size() * sizeof(uint32_t)));
    CHECK(cudaMemset(cells_, 0, streams_.size() * sizeof(uint32_t)));
    CHECK(cudaMallocHost(reinterpret_cast<void **>(&values_), (kMostCalls + kMostCalls) * sizeof(uint32_t)));
    CHECK(cudaDeviceSynchronize());
  }
  ~Program() {
    CHECK(cudaDeviceSynchronize());
    for (cudaStream_t stream : streams_)
      if (stream && stream != cudaStreamPerThread) CHECK(cudaStreamDestroy(stream));
    for (cudaEvent_t event : events_) CHECK(cudaEventDestroy(event));
    CHECK(cudaFree(cells_));
    CHECK(cudaFreeHost(values_));
  }

  History run() {
    if (threads_ == 1) {
      runThread(0, random_);
    } else {
      std::vector<std::thread> threads;
      for (int t = 0; t < threads_; ++t) threads.emplace_back([this, t, random = std::mt19937_64(random_())]() mutable { runThread(t, random); });
      for (std::thread &thread : threads) thread.join();
    }
    Call all;
    all.kind = Kind::sync_device;
    all.called = tick();
    CHECK(cudaDeviceSynchronize());
    all.returned = tick();
    for (Slot &slot : slots_) {
      if (slot.call.kind == Kind::read) slot.call.value = values_[slot.place];
      slot.call.began = slot.began;
      slot.call.ended = slot.ended;
      history_.calls.push_back(slot.call);
    }
    for (auto &graph : graphs_) graph->addCalls(history_.calls);
    history_.calls.push_back(all);
    return history_;
  }

 private:
  struct Slot {
    Call call;
    size_t place = 0;        // in values_
    unsigned microseconds = 0;
    std::atomic<Ticket> began{0}, ended{0};
  };

  int pick(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }
  void addStream(StreamKind kind, cudaStream_t stream) {
    history_.streams.push_back(kind);
    streams_.push_back(stream);
  }
  Slot &newSlot() {
    std::lock_guard hold(lock_);
    Slot &slot = slots_.emplace_back();
    slot.place = slots_.size() - 1;
    return slot;
  }

  static void hostFunction(void *user) {
    Slot &slot = *static_cast<Slot *>(user);
    slot.began = tick();
    if (slot.microseconds) std::this_thread::sleep_for(std::chrono::microseconds(slot.microseconds));
    slot.ended = tick();
  }

  void runThread(int thread, std::mt19937_64 &random) {
    auto choose = [&](size_t below) { return static_cast<size_t>(random() % below); };
    for (int i = 0, n = kCallsOfAProgram / threads_; i < n; ++i) {
      Slot &slot = newSlot();
      Call &call = slot.call;
      // Any stream but the per-thread ones of others.
      do call.stream = static_cast<int>(choose(streams_.size()));
      while (call.stream >= 1 && call.stream <= threads_ && call.stream != thread + 1);
      cudaStream_t stream = streams_[static_cast<size_t>(call.stream)];
      const int event = static_cast<int>(choose(events_.size()));
      const size_t what = choose(100);
      if (what < 5) {
        graphs_[choose(graphs_.size())]->launch(stream, call.stream);
        call.kind = Kind::query_event, call.event = -2;  // the nodes are the calls
        call.called = tick();
      } else if (what < 35) {
        call.kind = Kind::host;
        if (choose(4) == 0) slot.microseconds = static_cast<unsigned>(20 + choose(100));
        call.called = tick();
        CHECK(cudaLaunchHostFunc(stream, hostFunction, &slot));
      } else if (what < 65) {
        access(slot, stream, random);
      } else if (what < 77) {
        call.kind = Kind::record;
        call.event = event;
        call.called = tick();
        CHECK(cudaEventRecord(events_[static_cast<size_t>(event)], stream));
      } else if (what < 90) {
        call.kind = Kind::wait;
        call.event = event;
        call.called = tick();
        CHECK(cudaStreamWaitEvent(stream, events_[static_cast<size_t>(event)], 0));
      } else if (what < 93) {
        call.kind = Kind::sync_stream;
        call.called = tick();
        CHECK(cudaStreamSynchronize(stream));
      } else if (what < 95) {
        call.kind = Kind::sync_event;
        call.event = event;
        call.called = tick();
        CHECK(cudaEventSynchronize(events_[static_cast<size_t>(event)]));
      } else if (what < 96) {
        call.kind = Kind::sync_device;
        call.called = tick();
        CHECK(cudaDeviceSynchronize());
      } else {
        const bool of_event = what < 98;
        call.kind = of_event ? Kind::query_event : Kind::query_stream;
        call.called = tick();
        cudaError_t done = of_event ? cudaEventQuery(events_[static_cast<size_t>(event)]) : cudaStreamQuery(stream);
        if (of_event) call.event = event;
        if (done == cudaErrorNotReady) {
          (void)cudaGetLastError();
          // Says nothing: counts as a question about an event that nobody records.
          call.kind = Kind::query_event;
          call.event = -2;
        } else {
          check(done, "query");
        }
      }
      call.returned = tick();
    }
  }

  // One thread: what the model knows so far, of all calls.
  bool orderedWithAll(const Call &next) const {
    History so_far = history_;
    for (const Slot &slot : slots_) so_far.calls.push_back(slot.call);
    so_far.calls.back() = next;
    so_far.calls.back().returned = next.called + 1;
    const Order order(so_far);
    const size_t last = so_far.calls.size() - 1;
    for (size_t i = 0; i < last; ++i) {
      const Call &other = so_far.calls[i];
      const bool clash = other.cell == next.cell && (other.kind == Kind::write || (other.kind == Kind::read && next.kind == Kind::write));
      if (clash && !order.before(i, last) && !doneBefore(so_far, order, i)) return false;
    }
    return true;
  }
  // The program has waited for it.
  static bool doneBefore(const History &history, const Order &order, size_t work) {
    for (size_t i = 0; i + 1 < history.calls.size(); ++i) {
      const Call &call = history.calls[i];
      if (call.called < history.calls[work].called) continue;
      if (call.kind == Kind::sync_device) return true;
      if (call.kind == Kind::sync_stream && call.stream == history.calls[work].stream) return true;
      if (call.synchronous && (i == work || order.before(work, i))) return true;
    }
    return false;
  }

  void access(Slot &slot, cudaStream_t stream, std::mt19937_64 &random) {
    Call &call = slot.call;
    call.kind = random() % 2 ? Kind::write : Kind::read;
    call.cell = call.stream;
    call.called = tick();
    if (threads_ == 1) {
      // Another stream's cell, if nothing races.
      Call wish = call;
      wish.cell = static_cast<int>(random() % streams_.size());
      if (orderedWithAll(wish)) call.cell = wish.cell;
      else if (!orderedWithAll(call)) call.kind = Kind::query_event, call.event = -2;
    }
    if (call.kind == Kind::query_event) return;
    uint32_t *cell = cells_ + call.cell;
    if (call.kind == Kind::read) {
      // In the legacy stream also the form that waits.
      call.synchronous = stream == nullptr && random() % 2;
      values_[slot.place] = ~0u;
      if (call.synchronous)
        CHECK(cudaMemcpy(values_ + slot.place, cell, sizeof *cell, cudaMemcpyDeviceToHost));
      else
        CHECK(cudaMemcpyAsync(values_ + slot.place, cell, sizeof *cell, cudaMemcpyDeviceToHost, stream));
      return;
    }
    call.value = static_cast<uint32_t>(slot.place + 1);
    uint32_t *source = values_ + kMostCalls + slot.place;
    *source = call.value;
    if (random() % 2)
      CHECK(cudaMemcpyAsync(cell, source, sizeof *cell, cudaMemcpyHostToDevice, stream));
    else  // pageable memory is read before the call returns
      CHECK(cudaMemcpyAsync(cell, &call.value, sizeof *cell, cudaMemcpyHostToDevice, stream));
  }

  std::mt19937_64 random_;
  const int threads_;
  History history_;
  std::vector<cudaStream_t> streams_;
  std::vector<cudaEvent_t> events_;
  std::vector<std::unique_ptr<LaunchedGraph>> graphs_;
  uint32_t *cells_ = nullptr;
  uint32_t *values_ = nullptr;  // what is read, then what is written
  std::mutex lock_;
  std::deque<Slot> slots_;
};

}  // namespace

History runProgram(uint64_t seed, int threads) { return Program(seed, threads).run(); }

}  // namespace order
