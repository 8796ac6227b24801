// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a node of a graph costs: to launch and to run, beside the same kernels launched one by one. Goal: at most 0.2 us a node
// to launch.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/graph_exec.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/module.h"

namespace {

using namespace cutrans::runtime;

constexpr int kLaunches = 8;

void check(cutrans::Status status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(cutrans::codeName(status.code())).c_str());
  std::exit(1);
}
template <class T>
T take(cutrans::Result<T> result) {
  check(result.status());
  return *result;
}

struct Work {
  Context *context;
  Queue *queue;
  Kernel *kernel;
  Address memory;
  LaunchShape shape;
  std::vector<std::byte> arguments;
};

const Work &work() {
  static const Work made = [] {
    setenv("CUTRANS_TARGET", CUTRANS_TEST_TARGET, 0);
    setenv("CUTRANS_HOME", CUTRANS_TEST_HOME, 0);
    Work w{};
    w.context = take(ensureContext());
    w.queue = take(Queue::create(*w.context, Queue::kNonBlocking, 0));
    Unit unit{"unit", "kernel k increment 0 0 0 8"};
    w.kernel = take(take(Module::load(*w.context, {&unit, 1}))->kernel("k"));
    w.memory = take(allocateMemory(*w.context, MemoryKind::device, 1024));
    w.shape.block[0] = 32;
    void *pointers[] = {const_cast<Address *>(&w.memory)};
    w.arguments = take(packArguments(*w.kernel, {pointers}));
    return w;
  }();
  return made;
}

GraphExec *makeChain(int64_t nodes) {
  const Work &w = work();
  Graph *graph = take(Graph::create());
  Dependency last{};
  for (int64_t i = 0; i < nodes; ++i) {
    KernelWork kernel;
    kernel.kernel = w.kernel;
    kernel.shape = w.shape;
    kernel.arguments = w.arguments;
    last.node = take(graph->add(std::move(kernel), std::span(&last, last.node ? 1 : 0)));
  }
  GraphExec *exec = take(GraphExec::instantiate(*graph, 0, nullptr));
  check(graph->destroy());
  return exec;
}

template <class Launch>
void measure(benchmark::State &state, bool whole, Launch &&launch) {
  const Work &w = work();
  for (auto _ : state) {
    for (int i = 0; i < kLaunches; ++i) launch(w);
    if (!whole) state.PauseTiming();
    check(w.queue->synchronize());
    if (!whole) state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kLaunches * state.range(0));
}

void graphLaunch(benchmark::State &state, bool whole) {
  GraphExec *exec = makeChain(state.range(0));
  measure(state, whole, [&](const Work &w) { check(exec->launch(*w.queue)); });
  check(exec->destroy());
}

void singleLaunches(benchmark::State &state, bool whole) {
  measure(state, whole, [&](const Work &w) {
    Arguments arguments;
    arguments.buffer = w.arguments.data();
    arguments.buffer_size = w.arguments.size();
    for (int64_t i = 0; i < state.range(0); ++i) check(w.queue->launch(*w.kernel, w.shape, arguments));
  });
}

void instantiation(benchmark::State &state) {
  for (auto _ : state) {
    state.PauseTiming();
    const Work &w = work();
    Graph *graph = take(Graph::create());
    Dependency last{};
    for (int64_t i = 0; i < state.range(0); ++i) {
      KernelWork kernel;
      kernel.kernel = w.kernel;
      kernel.shape = w.shape;
      kernel.arguments = w.arguments;
      last.node = take(graph->add(std::move(kernel), std::span(&last, last.node ? 1 : 0)));
    }
    state.ResumeTiming();
    GraphExec *exec = take(GraphExec::instantiate(*graph, 0, nullptr));
    state.PauseTiming();
    check(exec->destroy());
    check(graph->destroy());
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

}  // namespace

BENCHMARK_CAPTURE(graphLaunch, submit, false)->Arg(1)->Arg(10)->Arg(1000)->UseRealTime();
BENCHMARK_CAPTURE(graphLaunch, submit_and_run, true)->Arg(1)->Arg(10)->Arg(1000)->UseRealTime();
BENCHMARK_CAPTURE(singleLaunches, submit, false)->Arg(1000)->UseRealTime();
BENCHMARK_CAPTURE(singleLaunches, submit_and_run, true)->Arg(1000)->UseRealTime();
BENCHMARK(instantiation)->Arg(1000)->UseRealTime();
