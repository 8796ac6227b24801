// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Captured launches, on the host target with kernels built by hand: what the node keeps, and the edges of launches that
// may overlap (the table "Use in CUDA Graphs" of the CUDA programming guide's chapter on programmatic dependent launch).
#include "cutrans/runtime/capture.h"
#include "cutrans/runtime/event.h"
#include "cutrans/runtime/graph_exec.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/module.h"
#include "environment.h"

namespace cutrans::runtime {
namespace {

class CapturedLaunches : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    Unit unit{"unit", "kernel k ids 0 0 0 8 8"};  // out[i] = i + add
    kernel_ = *(*Module::load(context(), {&unit, 1}))->kernel("k");
    queue_ = newQueue();
    out_ = *allocateMemory(context(), MemoryKind::device, 64 * 8);
  }
  static LaunchShape shape(bool overlaps = false) {
    LaunchShape shape{{2, 1, 1}, {32, 1, 1}};
    shape.overlaps = overlaps;
    return shape;
  }
  Status launch(Queue &queue, bool overlaps = false) {
    void *pointers[] = {&out_, &add_};
    Arguments arguments;
    arguments.pointers = pointers;
    arguments.origin = this;
    return queue.launch(*kernel_, shape(overlaps), arguments);
  }
  Graph &end() {
    Result<Graph *> graph = endCapture(*queue_);
    EXPECT_OK(graph);
    return **graph;
  }
  static EdgeData edge(const Graph &graph, size_t to, size_t index = 0) { return graph.nodes()[to]->dependencies()[index].data; }

  Kernel *kernel_ = nullptr;
  Queue *queue_ = nullptr;
  Address out_ = 0;
  uint64_t add_ = 5;
};

constexpr EdgeData kWhole{}, kTrigger{1, 0, 1}, kStart{2, 0, 1};

TEST_F(CapturedLaunches, TakeTheirArgumentsWhenTheyAreCaptured) {
  ASSERT_OK(beginCapture(*queue_, CaptureMode::global, nullptr, {}));
  ASSERT_OK(launch(*queue_));
  add_ = 1000;
  Graph &graph = end();
  const auto &work = std::get<KernelWork>(graph.nodes()[0]->work());
  EXPECT_EQ(work.kernel, kernel_);
  EXPECT_EQ(work.origin, this);
  EXPECT_EQ(work.shape.grid[0], 2u);
  Result<GraphExec *> exec = GraphExec::instantiate(graph, 0, nullptr);
  ASSERT_OK(exec);
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(queue_->fill({.dst = out_, .width = 64 * 8}));
    ASSERT_OK((*exec)->launch(*queue_));
    ASSERT_OK(queue_->synchronize());
    EXPECT_EQ(reinterpret_cast<uint64_t *>(out_)[63], 68u);
  }
  EXPECT_OK((*exec)->destroy());
}

TEST_F(CapturedLaunches, HaveThePriorityOfTheirQueue) {
  Queue &urgent = **Queue::create(context(), 0, -2);
  ASSERT_OK(beginCapture(urgent, CaptureMode::global, nullptr, {}));
  ASSERT_OK(launch(urgent));
  Result<Graph *> graph = endCapture(urgent);
  ASSERT_OK(graph);
  const auto &attributes = std::get<KernelWork>((*graph)->nodes()[0]->work()).attributes;
  ASSERT_EQ(attributes.size(), 1u);
  EXPECT_EQ(attributes[0].id, kPriorityAttribute);
  EXPECT_EQ(static_cast<signed char>(attributes[0].value[0]), -2);
}

TEST_F(CapturedLaunches, WrongOnesAreErrorsButTheCaptureGoesOn) {
  ASSERT_OK(beginCapture(*queue_, CaptureMode::global, nullptr, {}));
  EXPECT_CODE(invalid_value, queue_->launch(*kernel_, shape(), {}));
  testing::internal::CaptureStderr();
  LaunchShape wrong{{0, 1, 1}, {32, 1, 1}};
  void *pointers[] = {&out_, &add_};
  Arguments arguments;
  arguments.pointers = pointers;
  EXPECT_CODE(invalid_configuration, queue_->launch(*kernel_, wrong, arguments));
  testing::internal::GetCapturedStderr();
  EXPECT_OK(launch(*queue_));
  EXPECT_EQ(end().nodes().size(), 1u);
}

TEST_F(CapturedLaunches, ThatMayOverlapGetProgrammaticEdges) {
  ASSERT_OK(beginCapture(*queue_, CaptureMode::global, nullptr, {}));
  ASSERT_OK(launch(*queue_));
  ASSERT_OK(launch(*queue_, true));                                 // 1: from the kernel before it
  ASSERT_OK(launch(*queue_));                                       // 2
  ASSERT_OK(queue_->fill({.dst = out_, .width = 8}));               // 3
  ASSERT_OK(launch(*queue_, true));                                 // 4: what comes before is no kernel
  Graph &graph = end();
  EXPECT_EQ(edge(graph, 1), kTrigger);
  EXPECT_EQ(edge(graph, 2), kWhole);
  EXPECT_EQ(edge(graph, 3), kWhole);
  EXPECT_EQ(edge(graph, 4), kWhole);
}

TEST_F(CapturedLaunches, EventsInsideALaunchAreForKernels) {
  Queue &other = *newQueue(), &third = *newQueue();
  Event &trigger = **Event::create(context(), Event::kNoTiming), &start = **Event::create(context(), Event::kNoTiming);
  ASSERT_OK(beginCapture(*queue_, CaptureMode::global, nullptr, {}));
  ASSERT_OK(launch(*queue_));                                       // 0
  ASSERT_OK(queue_->record(trigger, LaunchPoint::trigger));
  ASSERT_OK(queue_->record(start, LaunchPoint::start));
  ASSERT_OK(other.wait(trigger));
  ASSERT_OK(launch(other));                                         // 1
  ASSERT_OK(third.wait(start));
  ASSERT_OK(launch(third));                                         // 2
  ASSERT_OK(queue_->wait(trigger));                                 // nothing new: the queue is behind the whole of it
  ASSERT_OK(queue_->fill({.dst = out_, .width = 8}));               // 3
  for (Queue *each : {&other, &third}) {
    Event &joined = **Event::create(context(), Event::kNoTiming);
    ASSERT_OK(each->record(joined));
    ASSERT_OK(queue_->wait(joined));
  }
  EXPECT_EQ(captureInfo(*queue_)->nodes.size(), 3u);
  Graph &graph = end();
  EXPECT_EQ(edge(graph, 1), kTrigger);
  EXPECT_EQ(edge(graph, 2), kStart);
  EXPECT_EQ(edge(graph, 3), kWhole);
  EXPECT_OK(GraphExec::instantiate(graph, 0, nullptr));
}

TEST_F(CapturedLaunches, AWaitForAPointBehindNoKernelNodeIsForAllOfIt) {
  Queue &other = *newQueue();
  Event &trigger = **Event::create(context(), Event::kNoTiming);
  ASSERT_OK(beginCapture(*queue_, CaptureMode::global, nullptr, {}));
  ASSERT_OK(launch(*queue_));
  ASSERT_OK(queue_->record(trigger, LaunchPoint::trigger));
  ASSERT_OK(other.wait(trigger));
  ASSERT_OK(other.fill({.dst = out_, .width = 8}));
  Event &joined = **Event::create(context(), Event::kNoTiming);
  ASSERT_OK(other.record(joined));
  ASSERT_OK(queue_->wait(joined));
  Graph &graph = end();
  EXPECT_EQ(edge(graph, 1), kWhole);
}

}  // namespace
}  // namespace cutrans::runtime
