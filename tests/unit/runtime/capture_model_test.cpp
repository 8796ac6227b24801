// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random programs over queues and events, against a model of what precedes what: run directly, and captured and launched.
// Results are equal, and the captured graph orders exactly what the program orders, no more and no less.
//
// Each operation writes a word of its own, made from words of operations that come before it in the program's order.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "cutrans/runtime/capture.h"
#include "cutrans/runtime/event.h"
#include "cutrans/runtime/graph_exec.h"
#include "cutrans/runtime/memory.h"
#include "environment.h"

namespace cutrans::runtime {
namespace {

constexpr unsigned kQueues = 4, kEvents = 4, kMostOperations = 24;
using Before = std::set<unsigned>;  // operations by number

struct Step {
  enum class Kind { compute, copy, fill, record, wait } kind;
  unsigned queue = 0, event = 0;
  unsigned operation = 0, from = 0, other = 0;  // what it writes; what it reads, kMostOperations: nothing
};

// The program, and which operations the model puts before each.
struct Program {
  std::vector<Step> steps;
  std::vector<Before> before;

  explicit Program(std::mt19937 &random) {
    auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
    struct Seen {
      bool valid = false;
      Before before;
    };
    Seen queues[kQueues], events[kEvents];
    queues[0].valid = true;
    auto record = [&](unsigned queue, unsigned event) {
      events[event] = queues[queue];
      steps.push_back({Step::Kind::record, queue, event});
    };
    auto wait = [&](unsigned queue, unsigned event) {
      if (events[event].valid) {
        queues[queue].valid = true;
        queues[queue].before.insert(events[event].before.begin(), events[event].before.end());
      }
      steps.push_back({Step::Kind::wait, queue, event});
    };
    const unsigned length = 4 + pick(40);
    for (unsigned i = 0; i < length; ++i) {
      const unsigned queue = pick(kQueues), event = pick(kEvents);
      if (!queues[queue].valid) {
        // Joins, or waits for what never was recorded.
        wait(queue, event);
        continue;
      }
      switch (pick(5)) {
        case 0: record(queue, event); break;
        case 1: wait(queue, event); break;
        default: work(queues[queue].before, queue, random);
      }
    }
    for (unsigned queue = 1; queue < kQueues; ++queue)
      if (queues[queue].valid) {
        record(queue, 0);
        wait(0, 0);
      }
    if (pick(2)) work(queues[0].before, 0, random);
  }

 private:
  void work(Before &known, unsigned queue, std::mt19937 &random) {
    if (before.size() == kMostOperations) return;
    auto one = [&] {
      if (known.empty()) return kMostOperations;
      auto it = known.begin();
      std::advance(it, random() % known.size());
      return *it;
    };
    Step step{static_cast<Step::Kind>(random() % 3), queue, 0, static_cast<unsigned>(before.size()), one(), one()};
    if (step.kind == Step::Kind::copy && step.from == kMostOperations) step.kind = Step::Kind::fill;
    steps.push_back(step);
    before.push_back(known);
    known.insert(step.operation);
  }
};

class Runner {
 public:
  explicit Runner(Context &context, unsigned seed) : context_(context), seed_(seed) {
    for (unsigned i = 0; i < kQueues; ++i) queues_.push_back(*Queue::create(context, i % 2 ? Queue::kNonBlocking : 0, 0));
    words_ = reinterpret_cast<uint32_t *>(*allocateMemory(context, MemoryKind::pinned, 4 * kMostOperations));
    for (unsigned i = 0; i < kMostOperations; ++i) compute_[i] = {this, i, 0, 0};
  }
  ~Runner() {
    for (Queue *queue : queues_) EXPECT_OK(queue->destroy());
  }

  void run(unsigned programs) {
    for (unsigned i = 0; i < programs && !testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE("program " + std::to_string(i) + " of seed " + std::to_string(seed_));
      std::mt19937 random(seed_ * 100003 + i);
      check(Program(random));
    }
  }

 private:
  struct Compute {
    Runner *runner;
    unsigned to, from, other;
  };
  uint32_t read(unsigned operation) const { return operation == kMostOperations ? 17u : words_[operation]; }
  static void compute(void *user) {
    auto *c = static_cast<Compute *>(user);
    c->runner->words_[c->to] = c->runner->read(c->from) * 31 + c->runner->read(c->other) * 7 + c->to + 1;
  }
  Address at(unsigned operation) const { return reinterpret_cast<Address>(words_ + operation); }

  void submit(const Step &step) {
    Queue &queue = *queues_[step.queue];
    Status status;
    switch (step.kind) {
      case Step::Kind::compute:
        compute_[step.operation] = {this, step.operation, step.from, step.other};
        status = queue.hostFunction(compute, &compute_[step.operation]);
        break;
      case Step::Kind::copy: status = queue.copy({.dst = at(step.operation), .src = at(step.from), .width = 4}); break;
      case Step::Kind::fill:
        status = queue.fill({.dst = at(step.operation), .element = 4, .value = step.operation * 1000 + 1, .width = 1});
        break;
      case Step::Kind::record: status = queue.record(*events_[step.event]); break;
      case Step::Kind::wait: status = queue.wait(*events_[step.event]); break;
    }
    ASSERT_OK(status);
  }

  void play(const Program &program) {
    for (unsigned i = 0; i < kEvents; ++i) events_.push_back(*Event::create(context_, Event::kNoTiming));
    for (const Step &step : program.steps) submit(step);
  }

  std::vector<uint32_t> results(const Program &program) {
    for (Queue *queue : queues_) EXPECT_OK(queue->synchronize());
    for (Event *event : std::exchange(events_, {})) EXPECT_OK(event->destroy());
    std::vector<uint32_t> values(words_, words_ + program.before.size());
    std::fill_n(words_, kMostOperations, 0u);
    return values;
  }

  // Each node's operation: nodes are captured in the order of the program.
  static std::vector<Before> order(const Graph &graph) {
    std::vector<Before> all;
    std::map<const GraphNode *, unsigned> numbers;
    for (const GraphNode *node : graph.nodes()) {
      Before before;
      for (const Dependency &each : node->dependencies()) {
        const unsigned number = numbers.at(each.node);
        before.insert(number);
        before.insert(all[number].begin(), all[number].end());
      }
      numbers[node] = static_cast<unsigned>(all.size());
      all.push_back(std::move(before));
    }
    return all;
  }

  void check(const Program &program) {
    play(program);
    const std::vector<uint32_t> expected = results(program);
    ASSERT_OK(beginCapture(*queues_[0], CaptureMode::thread_local_, nullptr, {}));
    play(program);
    Result<Graph *> graph = endCapture(*queues_[0]);
    ASSERT_OK(graph);
    EXPECT_EQ(results(program), std::vector<uint32_t>(program.before.size())) << "something ran while it was captured";
    EXPECT_EQ(order(**graph), program.before);
    Result<GraphExec *> exec = GraphExec::instantiate(**graph, 0, nullptr);
    ASSERT_OK(exec);
    for (Queue *queue : {queues_[0], queues_[1]}) {
      ASSERT_OK((*exec)->launch(*queue));
      EXPECT_EQ(results(program), expected);
    }
    EXPECT_OK((*exec)->destroy());
    EXPECT_OK((*graph)->destroy());
  }

  Context &context_;
  unsigned seed_;
  std::vector<Queue *> queues_;
  std::vector<Event *> events_;
  uint32_t *words_ = nullptr;
  Compute compute_[kMostOperations];
};

class CaptureModel : public RuntimeTest {};

TEST_F(CaptureModel, ProgramsGiveTheSameCapturedAndOrderTheSame) { Runner(context(), 1).run(2000); }

TEST_F(CaptureModel, AlsoInSeveralThreads) {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) threads.emplace_back([&, t] { Runner(context(), 10 + t).run(500); });
  for (std::thread &thread : threads) thread.join();
}

// Any call at any time: each gives a code that makes sense, and afterwards nothing is left of the captures.
TEST_F(CaptureModel, MisuseAtRandomLeavesNothingBehind) {
  constexpr Code kExpected[] = {Code::ok, Code::not_ready, Code::illegal_state, Code::capture_unsupported, Code::capture_invalidated,
                                Code::capture_merge, Code::capture_unmatched, Code::capture_unjoined, Code::capture_isolation,
                                Code::capture_implicit, Code::captured_event, Code::invalid_value};
  std::mt19937 random(7);
  auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  for (int round = 0; round < 500; ++round) {
    std::vector<Queue *> queues{&context().legacyQueue()};
    std::vector<Event *> events;
    for (unsigned i = 0; i < 3; ++i) queues.push_back(newQueue(i % 2 ? Queue::kNonBlocking : 0));
    for (unsigned i = 0; i < 3; ++i) events.push_back(*Event::create(context(), Event::kNoTiming));
    std::vector<Graph *> graphs;
    for (int step = 0; step < 30; ++step) {
      Queue &queue = *queues[pick(static_cast<unsigned>(queues.size()))];
      Event &event = *events[pick(3)];
      Status status;
      switch (pick(12)) {
        case 0: status = beginCapture(queue, static_cast<CaptureMode>(pick(3)), nullptr, {}); break;
        case 1: {
          Result<Graph *> graph = endCapture(queue);
          if (graph.ok()) graphs.push_back(*graph);
          status = graph.status();
          break;
        }
        case 2: case 3: status = queue.record(event); break;
        case 4: case 5: status = queue.wait(event); break;
        case 6: case 7: status = queue.hostFunction([](void *) {}, nullptr); break;
        case 8: status = pick(4) ? captureInfo(queue).status() : queue.query(); break;
        case 9: status = pick(4) ? Status() : event.query(); break;
        case 10: status = pick(4) ? updateCaptureDependencies(queue, {}, pick(2)) : forbidDuringCapture(); break;
        case 11:
          if (queues.size() > 2 && !queue.isLegacy() && pick(4) == 0) {
            std::erase(queues, &queue);
            status = queue.destroy();
          }
          break;
      }
      ASSERT_TRUE(std::ranges::find(kExpected, status.code()) != std::end(kExpected)) << name(status) << " in round " << round;
    }
    for (Queue *queue : queues)
      if (Result<Graph *> graph = endCapture(*queue); graph.ok()) graphs.push_back(*graph);
    for (Queue *queue : queues) {
      ASSERT_FALSE(capturing(*queue));
      ASSERT_OK(queue->synchronize());
      if (!queue->isLegacy()) ASSERT_OK(queue->destroy());
    }
    ASSERT_OK(forbidDuringCapture());
    ASSERT_OK(context().synchronize());
    for (Event *event : events) ASSERT_OK(event->destroy());
    for (Graph *graph : graphs) ASSERT_OK(graph->destroy());
  }
}

}  // namespace
}  // namespace cutrans::runtime
