// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Capture on the null target: which nodes and edges come out, which queues take part, what is refused and what a refusal
// does to the capture. Running what was captured: capture_model_test.cpp.
#include "cutrans/runtime/capture.h"

#include <algorithm>
#include <thread>

#include "cutrans/runtime/event.h"
#include "cutrans/runtime/memory.h"
#include "environment.h"

namespace cutrans::runtime {
namespace {

class Captures : public RuntimeTest {
 protected:
  static Status begin(Queue &queue, CaptureMode mode = CaptureMode::global) { return beginCapture(queue, mode, nullptr, {}); }
  Event *newEvent() { return *Event::create(context(), Event::kNoTiming); }
  // A node on the queue, of a kind that is told from others by `mark`.
  Status node(Queue &queue, uintptr_t mark = 0) {
    return queue.hostFunction([](void *) {}, reinterpret_cast<void *>(mark));
  }
  Status fork(Queue &from, Queue &to, Event *event = nullptr) {
    if (!event) event = newEvent();
    if (Status recorded = from.record(*event); !recorded.ok()) return recorded;
    return to.wait(*event);
  }
  static CaptureStatus statusOf(Queue &queue) { return captureInfo(queue)->status; }
  static uintptr_t mark(const GraphNode *node) { return reinterpret_cast<uintptr_t>(std::get<HostWork>(node->work()).user); }
  // Edges as pairs of marks, sorted.
  static std::vector<std::pair<uintptr_t, uintptr_t>> edges(const Graph &graph) {
    std::vector<std::pair<uintptr_t, uintptr_t>> found;
    for (const Edge &edge : graph.edges()) found.emplace_back(mark(edge.from), mark(edge.to));
    std::ranges::sort(found);
    return found;
  }
  // Ends a capture that was made invalid.
  static void endInvalid(Queue &queue) {
    EXPECT_EQ(statusOf(queue), CaptureStatus::invalidated);
    EXPECT_CODE(capture_invalidated, endCapture(queue));
    EXPECT_EQ(statusOf(queue), CaptureStatus::none);
  }
  using Edges = std::vector<std::pair<uintptr_t, uintptr_t>>;
};

constexpr CaptureMode kModes[] = {CaptureMode::global, CaptureMode::thread_local_, CaptureMode::relaxed};

TEST_F(Captures, OneQueueGivesAChainAndRunsNothing) {
  Queue &queue = *newQueue();
  for (CaptureMode mode : kModes) {
    ASSERT_OK(begin(queue, mode));
    EXPECT_EQ(statusOf(queue), CaptureStatus::active);
    for (uintptr_t i = 1; i <= 3; ++i) ASSERT_OK(node(queue, i));
    Result<Graph *> graph = endCapture(queue);
    ASSERT_OK(graph);
    EXPECT_EQ(edges(**graph), (Edges{{1, 2}, {2, 3}}));
    EXPECT_EQ(statusOf(queue), CaptureStatus::none);
    ASSERT_OK((*graph)->destroy());
  }
  EXPECT_OK(queue.query());
}

TEST_F(Captures, OperationsBecomeNodesOfTheirKind) {
  Queue &queue = *newQueue();
  const Address memory = *allocateMemory(context(), MemoryKind::device, 4096);
  char host[64] = {};
  Event &outside = *newEvent();
  ASSERT_OK(begin(queue));
  Copy copy;
  copy.dst = memory;
  copy.src = reinterpret_cast<Address>(host);
  copy.width = 16;
  copy.height = 2;
  copy.depth = 2;
  copy.dst_pitch = copy.src_pitch = 16;
  copy.dst_slice = 1024;
  copy.src_slice = 32;
  ASSERT_OK(queue.copy(copy));
  ASSERT_OK(queue.fill({.dst = memory, .element = 4, .value = 7, .width = 8}));
  ASSERT_OK(captureRecordNode(queue, outside));
  ASSERT_OK(captureWaitNode(queue, outside));
  AllocWork wanted;
  wanted.device = &context().device();
  wanted.size = 100;
  Result<Address> own = captureAllocation(queue, wanted);
  ASSERT_OK(own);
  ASSERT_OK(releaseMemoryAsync(queue, *own));
  ASSERT_OK(queue.copy({.dst = memory, .src = memory, .width = 0}));  // nothing to do: no node
  Result<Graph *> graph = endCapture(queue);
  ASSERT_OK(graph);
  std::vector<NodeKind> kinds;
  for (const GraphNode *each : (*graph)->nodes()) kinds.push_back(each->kind());
  EXPECT_EQ(kinds, (std::vector<NodeKind>{NodeKind::copy, NodeKind::fill, NodeKind::record, NodeKind::wait, NodeKind::alloc, NodeKind::free}));
  const auto &box = std::get<CopyWork>((*graph)->nodes()[0]->work());
  EXPECT_EQ(box.dst.rows, 64u);
  EXPECT_EQ(box.src.rows, 2u);
  EXPECT_EQ(std::get<FreeWork>((*graph)->nodes()[5]->work()).address, *own);
  EXPECT_OK(outside.query()) << "recorded by launches only";
  EXPECT_OK((*graph)->destroy());
}

TEST_F(Captures, ForkAndJoinThroughEvents) {
  Queue &a = *newQueue(), &b = *newQueue(), &c = *newQueue(Queue::kNonBlocking);
  ASSERT_OK(begin(a));
  ASSERT_OK(node(a, 1));
  ASSERT_OK(fork(a, b));
  EXPECT_EQ(statusOf(b), CaptureStatus::active);
  EXPECT_EQ(captureInfo(b)->id, captureInfo(a)->id);
  ASSERT_OK(fork(b, c));
  ASSERT_OK(node(b, 2));
  ASSERT_OK(node(c, 3));
  ASSERT_OK(node(a, 4));
  ASSERT_OK(fork(b, a));
  ASSERT_OK(fork(c, a));
  ASSERT_OK(node(a, 5));
  Result<Graph *> graph = endCapture(a);
  ASSERT_OK(graph);
  EXPECT_EQ(edges(**graph), (Edges{{1, 2}, {1, 3}, {1, 4}, {2, 5}, {3, 5}, {4, 5}}));
  for (Queue *each : {&a, &b, &c}) EXPECT_EQ(statusOf(*each), CaptureStatus::none);
  EXPECT_OK((*graph)->destroy());
}

TEST_F(Captures, AWaitAddsWhatTheEventSawAndNothingLater) {
  Queue &a = *newQueue(), &b = *newQueue();
  Event &event = *newEvent();
  ASSERT_OK(begin(a));
  ASSERT_OK(node(a, 1));
  ASSERT_OK(a.record(event));
  ASSERT_OK(a.wait(event)) << "of its own queue: nothing new";
  ASSERT_OK(node(a, 2));
  ASSERT_OK(b.wait(event));
  ASSERT_OK(node(b, 3));
  ASSERT_OK(a.wait(event)) << "an older node once more: an edge more, as in CUDA";
  ASSERT_OK(fork(b, a));
  ASSERT_OK(node(a, 4));
  Result<Graph *> graph = endCapture(a);
  ASSERT_OK(graph);
  EXPECT_EQ(edges(**graph), (Edges{{1, 2}, {1, 3}, {1, 4}, {2, 4}, {3, 4}}));
  EXPECT_OK((*graph)->destroy());
}

TEST_F(Captures, QueuesWithoutWorkNeedNoJoin) {
  Queue &a = *newQueue(), &b = *newQueue();
  ASSERT_OK(begin(a));
  ASSERT_OK(fork(a, b));
  ASSERT_OK(node(a, 1));
  Result<Graph *> graph = endCapture(a);
  ASSERT_OK(graph);
  EXPECT_EQ((*graph)->nodes().size(), 1u);
  EXPECT_EQ(statusOf(b), CaptureStatus::none);
  ASSERT_OK(begin(b)) << "free for a capture of its own";
  EXPECT_OK(endCapture(b));
}

TEST_F(Captures, WorkThatWasNotJoinedIsAnError) {
  Queue &a = *newQueue(), &b = *newQueue();
  for (bool join_early : {false, true}) {
    ASSERT_OK(begin(a));
    ASSERT_OK(fork(a, b));
    ASSERT_OK(node(b, 1));
    if (join_early) {
      ASSERT_OK(fork(b, a));
      ASSERT_OK(node(b, 2));
    }
    EXPECT_CODE(capture_unjoined, endCapture(a));
    EXPECT_EQ(statusOf(a), CaptureStatus::none);
    EXPECT_EQ(statusOf(b), CaptureStatus::none);
  }
  EXPECT_OK(node(a));
  EXPECT_OK(node(b));
  EXPECT_OK(context().synchronize());
}

TEST_F(Captures, BeginningIsRefusedWhereItMakesNoSense) {
  Queue &a = *newQueue(), &b = *newQueue();
  EXPECT_CODE(capture_unsupported, begin(context().legacyQueue()));
  ASSERT_OK(begin(a));
  EXPECT_CODE(illegal_state, begin(a));
  ASSERT_OK(fork(a, b));
  EXPECT_CODE(illegal_state, begin(b)) << "it takes part already";
  EXPECT_CODE(capture_unsupported, a.query());
  EXPECT_CODE(illegal_state, begin(a)) << "an invalid capture has to be ended first";
  EXPECT_CODE(illegal_state, begin(b));
  endInvalid(a);
  EXPECT_OK(begin(*context().threadQueue().value()));
  EXPECT_OK(endCapture(*context().threadQueue().value()));
}

TEST_F(Captures, EndingIsRefusedWhereItMakesNoSense) {
  Queue &a = *newQueue(), &b = *newQueue();
  EXPECT_CODE(illegal_state, endCapture(a));
  EXPECT_CODE(illegal_state, endCapture(context().legacyQueue()));
  ASSERT_OK(begin(a));
  ASSERT_OK(fork(a, b));
  EXPECT_CODE(capture_unmatched, endCapture(b));
  std::thread([&] { EXPECT_CODE(capture_wrong_thread, endCapture(a)); }).join();
  EXPECT_OK(endCapture(a)) << "neither did harm";
  ASSERT_OK(begin(a, CaptureMode::thread_local_));
  std::thread([&] { EXPECT_CODE(capture_wrong_thread, endCapture(a)); }).join();
  EXPECT_OK(endCapture(a));
  ASSERT_OK(begin(a, CaptureMode::relaxed));
  std::thread([&] { EXPECT_OK(endCapture(a)); }).join();
}

TEST_F(Captures, QuestionsAboutACapturingQueueMakeItInvalid) {
  Queue &a = *newQueue(), &b = *newQueue(Queue::kNonBlocking);
  Event &event = *newEvent();
  const auto none = [](void *, Code) {};
  for (CaptureMode mode : kModes) {
    for (int call = 0; call < 6; ++call) {
      ASSERT_OK(begin(a, mode));
      ASSERT_OK(fork(a, b, &event));
      switch (call) {
        case 0: EXPECT_CODE(capture_unsupported, a.query()); break;
        case 1: EXPECT_CODE(capture_unsupported, b.synchronize()); break;
        case 2: EXPECT_CODE(captured_event, event.query()); break;
        case 3: EXPECT_CODE(captured_event, event.synchronize()); break;
        case 4: EXPECT_CODE(capture_unsupported, context().synchronize()); break;
        case 5: EXPECT_CODE(capture_unsupported, a.hostCall(none, nullptr, true)); break;
      }
      EXPECT_EQ(statusOf(b), CaptureStatus::invalidated);
      EXPECT_CODE(capture_invalidated, node(a));
      EXPECT_CODE(capture_invalidated, b.query());
      EXPECT_CODE(capture_invalidated, a.record(event));
      endInvalid(a);
      EXPECT_EQ(statusOf(b), CaptureStatus::none);
      EXPECT_OK(context().synchronize());
    }
  }
}

TEST_F(Captures, SynchronousOperationsCannotBeCaptured) {
  Queue &a = *newQueue();
  const Address memory = *allocateMemory(context(), MemoryKind::device, 64);
  ASSERT_OK(begin(a));
  EXPECT_CODE(capture_unsupported, a.copy({.dst = memory, .src = memory + 32, .width = 32, .synchronous = true}));
  endInvalid(a);
  ASSERT_OK(begin(a));
  EXPECT_CODE(capture_unsupported, a.fill({.dst = memory, .width = 32, .synchronous = true}));
  endInvalid(a);
  ASSERT_OK(begin(a));
  EXPECT_CODE(capture_unsupported, forbidOnCapturing(a));
  endInvalid(a);
  EXPECT_OK(forbidOnCapturing(a));
}

TEST_F(Captures, WrongArgumentsAreErrorsButTheCaptureGoesOn) {
  Queue &a = *newQueue();
  const Address memory = *allocateMemory(context(), MemoryKind::device, 64);
  ASSERT_OK(begin(a));
  testing::internal::CaptureStderr();
  EXPECT_CODE(invalid_value, a.fill({.dst = memory, .width = 65}));
  testing::internal::GetCapturedStderr();
  EXPECT_CODE(invalid_value, a.hostFunction(nullptr, nullptr));
  EXPECT_CODE(invalid_value, releaseMemoryAsync(a, memory)) << "not memory of a graph";
  ASSERT_OK(node(a, 1));
  Result<Graph *> graph = endCapture(a);
  ASSERT_OK(graph);
  EXPECT_EQ((*graph)->nodes().size(), 1u);
}

TEST_F(Captures, TheLegacyQueueIsInTheWayOfBlockingQueuesOnly) {
  Queue &blocking = *newQueue(), &other = *newQueue(Queue::kNonBlocking), &legacy = context().legacyQueue();
  Event &event = *newEvent();
  ASSERT_OK(begin(other));
  EXPECT_OK(node(legacy));
  EXPECT_OK(legacy.synchronize());
  EXPECT_EQ(statusOf(legacy), CaptureStatus::none);
  ASSERT_OK(endCapture(other));

  const auto none = [](void *, Code) {};
  for (int call = 0; call < 6; ++call) {
    ASSERT_OK(begin(blocking, CaptureMode::relaxed));
    EXPECT_CODE(capture_implicit, captureInfo(legacy));
    EXPECT_EQ(statusOf(blocking), CaptureStatus::active) << "asking does no harm";
    switch (call) {
      case 0: EXPECT_CODE(capture_implicit, node(legacy)); break;
      case 1: EXPECT_CODE(capture_implicit, legacy.query()); break;
      case 2: EXPECT_CODE(capture_implicit, legacy.synchronize()); break;
      case 3: EXPECT_CODE(capture_implicit, legacy.record(event)); break;
      case 4: EXPECT_CODE(capture_implicit, legacy.wait(event)); break;
      case 5: EXPECT_CODE(capture_implicit, legacy.hostCall(none, nullptr)); break;
    }
    EXPECT_CODE(capture_implicit, legacy.query()) << "until the capture is ended";
    endInvalid(blocking);
    EXPECT_OK(legacy.query());
  }
  // A blocking queue that joins counts as well.
  ASSERT_OK(begin(other));
  ASSERT_OK(fork(other, blocking));
  EXPECT_CODE(capture_implicit, node(legacy));
  endInvalid(other);
  EXPECT_OK(node(legacy));
}

TEST_F(Captures, DependenciesDoNotCrossTheBorder) {
  Queue &a = *newQueue(), &b = *newQueue(), &outside = *newQueue();
  Event &plain = *newEvent(), &never = *newEvent(), &event = *newEvent();
  ASSERT_OK(outside.record(plain));
  ASSERT_OK(begin(a));
  EXPECT_OK(a.wait(never)) << "nothing to wait for";
  EXPECT_CODE(capture_isolation, a.wait(plain));
  endInvalid(a);

  ASSERT_OK(begin(a));
  ASSERT_OK(begin(b));
  ASSERT_OK(fork(a, outside, &event));
  EXPECT_CODE(capture_merge, b.wait(event));
  EXPECT_EQ(statusOf(outside), CaptureStatus::invalidated);
  endInvalid(a);
  endInvalid(b);

  // Events of captures that are over, or invalid.
  EXPECT_CODE(captured_event, event.query());
  EXPECT_CODE(invalid_value, outside.wait(event));
  ASSERT_OK(begin(a));
  EXPECT_CODE(capture_isolation, a.wait(event));
  endInvalid(a);
  ASSERT_OK(begin(a));
  ASSERT_OK(a.record(event));
  EXPECT_CODE(captured_event, event.query());
  EXPECT_CODE(invalid_value, b.wait(event)) << "the capture is invalid";
  EXPECT_EQ(statusOf(b), CaptureStatus::none);
  endInvalid(a);
  // Recorded outside, it is an event as others.
  ASSERT_OK(outside.record(event));
  EXPECT_OK(b.wait(event));
  EXPECT_OK(event.synchronize());
}

TEST_F(Captures, UnsafeCallsAreForbiddenByTheModes) {
  // Who begins with which mode; in which mode the asking thread is; whether it is the one that captures.
  Queue &a = *newQueue();
  for (CaptureMode mode : kModes)
    for (CaptureMode asking : kModes)
      for (bool same_thread : {true, false}) {
        ASSERT_OK(begin(a, mode));
        Status status;
        auto ask = [&] {
          CaptureMode before = exchangeCaptureMode(asking);
          EXPECT_EQ(before, CaptureMode::global);
          status = forbidDuringCapture();
          EXPECT_EQ(exchangeCaptureMode(before), asking);
        };
        if (same_thread)
          ask();
        else
          std::thread(ask).join();
        const bool forbidden = asking != CaptureMode::relaxed &&
                               (same_thread ? mode != CaptureMode::relaxed : mode == CaptureMode::global && asking == CaptureMode::global);
        EXPECT_EQ(status.code(), forbidden ? Code::capture_unsupported : Code::ok)
            << int(mode) << " " << int(asking) << " " << same_thread;
        if (forbidden) {
          EXPECT_OK(forbidDuringCapture()) << "an invalid capture is in nobody's way";
          endInvalid(a);
        } else {
          EXPECT_OK(endCapture(a));
        }
        EXPECT_OK(forbidDuringCapture());
      }
}

TEST_F(Captures, EventsOfOtherWorkMayNotBeAskedWhereUnsafeCallsMayNot) {
  Queue &a = *newQueue(), &other = *newQueue();
  Event &event = *newEvent(), &never = *newEvent();
  ASSERT_OK(other.record(event));
  ASSERT_OK(other.synchronize());
  ASSERT_OK(begin(a));
  std::thread([&] {
    EXPECT_OK(never.query());
    exchangeCaptureMode(CaptureMode::thread_local_);
    EXPECT_OK(event.query());
    exchangeCaptureMode(CaptureMode::global);
    EXPECT_CODE(capture_unsupported, event.query());
  }).join();
  endInvalid(a);
  EXPECT_OK(event.synchronize());
}

TEST_F(Captures, WorkOfOtherQueuesRunsMeanwhile) {
  Queue &a = *newQueue(), &other = *newQueue();
  ASSERT_OK(begin(a));
  ASSERT_OK(node(a, 1));
  int runs = 0;
  ASSERT_OK(other.hostFunction([](void *count) { ++*static_cast<int *>(count); }, &runs));
  EXPECT_OK(other.synchronize());
  EXPECT_EQ(runs, 1);
  EXPECT_OK(endCapture(a));
}

TEST_F(Captures, IntoAGraphThatIsThereAlready) {
  Queue &a = *newQueue(), &b = *newQueue();
  Graph &graph = **Graph::create(), &foreign = **Graph::create();
  const auto host = [](uintptr_t mark) { return HostWork{[](void *) {}, reinterpret_cast<void *>(mark)}; };
  GraphNode *first = *graph.add(host(1), {}), *second = *graph.add(host(2), {});
  GraphNode *stranger = *foreign.add(host(9), {});
  Dependency both[] = {{first, {}}, {second, {}}}, wrong[] = {{stranger, {}}}, twice[] = {{first, {}}, {first, {}}};
  EXPECT_CODE(invalid_value, beginCapture(a, CaptureMode::global, &graph, wrong));
  EXPECT_CODE(invalid_value, beginCapture(a, CaptureMode::global, &graph, twice));
  ASSERT_OK(beginCapture(a, CaptureMode::global, &graph, both));
  EXPECT_EQ(captureInfo(a)->graph, &graph);
  EXPECT_EQ(captureInfo(a)->nodes.size(), 2u);
  ASSERT_OK(fork(a, b));
  ASSERT_OK(node(a, 3));
  ASSERT_OK(node(b, 4));
  ASSERT_OK(fork(b, a));
  Result<Graph *> ended = endCapture(a);
  ASSERT_OK(ended);
  EXPECT_EQ(*ended, &graph);
  EXPECT_EQ(edges(graph), (Edges{{1, 3}, {1, 4}, {2, 3}, {2, 4}}));
  // A capture that fails leaves the program's graph alone.
  ASSERT_OK(beginCapture(a, CaptureMode::global, &graph, {}));
  EXPECT_CODE(capture_unsupported, a.query());
  endInvalid(a);
  EXPECT_EQ(Graph::find(&graph), &graph);
  EXPECT_OK(graph.destroy());
  EXPECT_OK(foreign.destroy());
}

TEST_F(Captures, DependenciesCanBeAskedForAndSet) {
  Queue &a = *newQueue(), &b = *newQueue();
  EXPECT_CODE(illegal_state, updateCaptureDependencies(a, {}, true));
  EXPECT_CODE(illegal_state, updateCaptureDependencies(context().legacyQueue(), {}, true));
  ASSERT_OK(begin(a));
  ASSERT_OK(fork(a, b));
  ASSERT_OK(node(a, 1));
  ASSERT_OK(node(b, 2));
  ASSERT_OK(fork(b, a));
  CaptureInfo info = *captureInfo(a);
  ASSERT_EQ(info.nodes.size(), 2u);
  const CaptureInfo of_b = *captureInfo(b);
  EXPECT_EQ(mark(info.nodes[0]), 1u) << "still there after a question about another queue";
  ASSERT_EQ(of_b.nodes.size(), 1u);
  EXPECT_EQ(mark(of_b.nodes[0]), 2u);

  GraphNode *own = *info.graph->add(HostWork{[](void *) {}, reinterpret_cast<void *>(7)}, {});
  Graph &foreign = **Graph::create();
  Dependency stranger{*foreign.add(EmptyWork{}, {}), {}}, mine{own, {}};
  EXPECT_CODE(invalid_value, updateCaptureDependencies(a, {&stranger, 1}, true));
  ASSERT_OK(updateCaptureDependencies(a, {&mine, 1}, true));
  ASSERT_OK(updateCaptureDependencies(a, {&mine, 1}, true)) << "is there already";
  EXPECT_EQ(captureInfo(a)->nodes.size(), 3u);
  ASSERT_OK(node(a, 3));
  ASSERT_OK(updateCaptureDependencies(a, {&mine, 1}, false));
  ASSERT_OK(node(a, 4));
  ASSERT_OK(updateCaptureDependencies(a, {}, false));
  ASSERT_OK(node(a, 5));
  Result<Graph *> graph = endCapture(a);
  ASSERT_OK(graph) << "what was dropped on purpose need not be joined";
  EXPECT_EQ(edges(**graph), (Edges{{1, 3}, {2, 3}, {7, 3}, {7, 4}}));
  EXPECT_OK(foreign.destroy());
}

TEST_F(Captures, AQueueThatEndsLeavesItsNodes) {
  Queue &a = *newQueue();
  for (bool join : {true, false}) {
    Queue &middle = *newQueue(), &last = *newQueue();
    ASSERT_OK(begin(a));
    ASSERT_OK(fork(a, middle));
    ASSERT_OK(node(middle, 1));
    ASSERT_OK(fork(middle, last));
    ASSERT_OK(node(last, 2));
    if (join) {
      ASSERT_OK(fork(middle, a));
    } else {
      ASSERT_OK(node(middle, 3));
    }
    ASSERT_OK(middle.destroy());
    EXPECT_EQ(statusOf(a), CaptureStatus::active);
    EXPECT_EQ(statusOf(last), CaptureStatus::active);
    ASSERT_OK(fork(last, a));
    Result<Graph *> graph = endCapture(a);
    if (join)
      EXPECT_OK(graph);
    else
      EXPECT_CODE(capture_unjoined, graph);
  }
}

TEST_F(Captures, TheEndOfTheOriginEndsTheCapture) {
  Queue &a = *newQueue(), &b = *newQueue();
  ASSERT_OK(begin(a));
  ASSERT_OK(fork(a, b));
  ASSERT_OK(node(b, 1));
  Graph *graph = captureInfo(a)->graph;
  ASSERT_OK(a.destroy());
  EXPECT_EQ(statusOf(b), CaptureStatus::none);
  EXPECT_EQ(Graph::find(graph), nullptr);
  EXPECT_OK(forbidDuringCapture());
  EXPECT_OK(node(context().legacyQueue()));
}

TEST_F(Captures, ResettingTheDeviceEndsTheCapture) {
  ASSERT_OK(begin(*newQueue()));
  ASSERT_OK(context().device().resetPrimary());
  EXPECT_OK(forbidDuringCapture());
  ASSERT_OK(ensureContext());
  EXPECT_OK(node(context().legacyQueue()));
}

TEST_F(Captures, AThreadThatEndsWithItsDefaultQueueCapturing) {
  std::thread([&] { ASSERT_OK(begin(*context().threadQueue().value())); }).join();
  EXPECT_OK(forbidDuringCapture());
  EXPECT_OK(node(context().legacyQueue()));
}

TEST_F(Captures, AnEventMayEndBeforeTheCapture) {
  Queue &a = *newQueue(), &b = *newQueue();
  Event &event = *newEvent();
  ASSERT_OK(begin(a));
  ASSERT_OK(node(a, 1));
  ASSERT_OK(fork(a, b, &event));
  ASSERT_OK(event.destroy());
  ASSERT_OK(node(b, 2));
  ASSERT_OK(fork(b, a));
  EXPECT_OK(endCapture(a));
}

TEST_F(Captures, AGraphThatTheProgramDestroysIsNoticed) {
  Queue &a = *newQueue();
  ASSERT_OK(begin(a));
  ASSERT_OK(node(a, 1));
  ASSERT_OK(captureInfo(a)->graph->destroy());
  EXPECT_CODE(capture_invalidated, node(a, 2));
  endInvalid(a);
}

TEST_F(Captures, ThreadsCaptureSideBySide) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Queue &a = *newQueue(t % 2 ? Queue::kNonBlocking : 0), &b = *newQueue();
      for (int i = 0; i < 50; ++i) {
        ASSERT_OK(begin(a, CaptureMode::thread_local_));
        ASSERT_OK(fork(a, b));
        ASSERT_OK(node(a, 1));
        ASSERT_OK(node(b, 2));
        ASSERT_OK(fork(b, a));
        ASSERT_OK(node(a, 3));
        Result<Graph *> graph = endCapture(a);
        ASSERT_OK(graph);
        ASSERT_EQ(edges(**graph), (Edges{{1, 3}, {2, 3}}));
        ASSERT_OK((*graph)->destroy());
      }
    });
  for (std::thread &thread : threads) thread.join();
}

TEST_F(Captures, ThreadsForkIntoOneCapture) {
  Queue &origin = *newQueue();
  Event &start = *newEvent();
  ASSERT_OK(begin(origin, CaptureMode::relaxed));
  ASSERT_OK(origin.record(start));
  std::vector<std::thread> threads;
  std::vector<Event *> ends(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Queue &own = *newQueue();
      ends[t] = newEvent();
      ASSERT_OK(own.wait(start));
      for (int i = 0; i < 50; ++i) ASSERT_OK(node(own));
      ASSERT_OK(own.record(*ends[t]));
    });
  for (std::thread &thread : threads) thread.join();
  for (Event *end : ends) ASSERT_OK(origin.wait(*end));
  Result<Graph *> graph = endCapture(origin);
  ASSERT_OK(graph);
  EXPECT_EQ((*graph)->nodes().size(), 200u);
  EXPECT_OK((*graph)->destroy());
}

}  // namespace
}  // namespace cutrans::runtime
