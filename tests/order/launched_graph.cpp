// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "launched_graph.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "checks.h"

namespace order {
namespace {

std::atomic<Ticket> clock_now{1};

size_t choose(std::mt19937_64 &random, size_t below) { return static_cast<size_t>(random() % below); }

}  // namespace

void check(cudaError_t error, const char *what) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(error));
  std::abort();
}

Ticket tick() { return clock_now.fetch_add(1); }

LaunchedGraph::LaunchedGraph(std::mt19937_64 &random) {
  cudaGraph_t graph = choose(random, 2) ? build(random) : capture(random);
  CHECK(cudaGraphInstantiate(&exec_, graph, 0));
  CHECK(cudaGraphDestroy(graph));
}

LaunchedGraph::~LaunchedGraph() { CHECK(cudaGraphExecDestroy(exec_)); }

void LaunchedGraph::hostFunction(void *user) {
  Node &node = *static_cast<Node *>(user);
  Run &run = node.seen.at(node.runs++);
  run.began = tick();
  if (node.microseconds) std::this_thread::sleep_for(std::chrono::microseconds(node.microseconds));
  run.ended = tick();
}

LaunchedGraph::Node &LaunchedGraph::newNode(Kind kind, std::vector<int> after, std::mt19937_64 &random) {
  Node &node = nodes_.emplace_back();
  node.kind = kind;
  node.after = std::move(after);
  if (choose(random, 4) == 0) node.microseconds = static_cast<unsigned>(20 + choose(random, 60));
  return node;
}

// Host functions, empty nodes and graphs of two host functions in a row, with random edges.
cudaGraph_t LaunchedGraph::build(std::mt19937_64 &random) {
  cudaGraph_t graph = nullptr;
  CHECK(cudaGraphCreate(&graph, 0));
  std::vector<cudaGraphNode_t> made;
  std::vector<int> last;  // of each node of `made`, the one in nodes_ that ends it
  for (size_t i = 0, n = 2 + choose(random, 5); i < n; ++i) {
    std::vector<cudaGraphNode_t> from;
    std::vector<int> after;
    for (size_t k = 0; k < i; ++k) {
      if (choose(random, 3) != 0) continue;
      from.push_back(made[k]);
      after.push_back(last[k]);
    }
    cudaGraphNode_t node = nullptr;
    auto addHost = [&](cudaGraph_t into, const std::vector<cudaGraphNode_t> &before, std::vector<int> edges) {
      cudaHostNodeParams params = {hostFunction, &newNode(Kind::host, std::move(edges), random)};
      CHECK(cudaGraphAddHostNode(&node, into, before.data(), before.size(), &params));
    };
    switch (choose(random, 6)) {
      case 0: {
        newNode(Kind::empty, after, random);
        CHECK(cudaGraphAddEmptyNode(&node, graph, from.data(), from.size()));
        break;
      }
      case 1: {
        cudaGraph_t child = nullptr;
        CHECK(cudaGraphCreate(&child, 0));
        addHost(child, {}, after);
        addHost(child, {node}, {static_cast<int>(nodes_.size()) - 1});
        CHECK(cudaGraphAddChildGraphNode(&node, graph, from.data(), from.size(), child));
        CHECK(cudaGraphDestroy(child));
        break;
      }
      default: addHost(graph, from, after);
    }
    made.push_back(node);
    last.push_back(static_cast<int>(nodes_.size()) - 1);
  }
  return graph;
}

// Three streams that fork and join by events. What the model says of the calls as they were made holds for the nodes.
cudaGraph_t LaunchedGraph::capture(std::mt19937_64 &random) {
  std::array<cudaStream_t, 3> streams{};
  std::array<cudaEvent_t, 3> events{};
  for (cudaStream_t &stream : streams) CHECK(cudaStreamCreateWithFlags(&stream, choose(random, 2) ? cudaStreamNonBlocking : cudaStreamDefault));
  for (cudaEvent_t &event : events) CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  constexpr std::array kModes = {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed};
  History made;
  made.streams.assign(streams.size(), StreamKind::non_blocking);
  std::vector<int> node_of;             // of each call of `made`, or -1
  std::array<bool, 3> joined{true}, recorded{};
  auto add = [&](Kind kind, size_t stream, int event) {
    Call call;
    call.kind = kind;
    call.stream = static_cast<int>(stream);
    call.event = event;
    call.called = made.calls.size() * 2 + 1;
    call.returned = call.called + 1;
    made.calls.push_back(call);
    node_of.push_back(-1);
  };
  auto record = [&](size_t stream, size_t event) {
    CHECK(cudaEventRecord(events[event], streams[stream]));
    recorded[event] = true;
    add(Kind::record, stream, static_cast<int>(event));
  };
  auto wait = [&](size_t stream, size_t event) {
    CHECK(cudaStreamWaitEvent(streams[stream], events[event], 0));
    joined[stream] = true;
    add(Kind::wait, stream, static_cast<int>(event));
  };
  CHECK(cudaStreamBeginCapture(streams[0], kModes[choose(random, kModes.size())]));
  for (size_t i = 0, n = 4 + choose(random, 12); i < n; ++i) {
    const size_t stream = choose(random, streams.size()), event = choose(random, events.size()), what = choose(random, 10);
    if (what < 4 && recorded[event]) {
      wait(stream, event);
    } else if (joined[stream] && what < 7) {
      record(stream, event);
    } else if (joined[stream]) {
      add(Kind::host, stream, -1);
      const Order order(made);
      std::vector<int> after;
      for (size_t k = 0; k + 1 < made.calls.size(); ++k)
        if (node_of[k] >= 0 && order.before(k, made.calls.size() - 1)) after.push_back(node_of[k]);
      node_of.back() = static_cast<int>(nodes_.size());
      CHECK(cudaLaunchHostFunc(streams[stream], hostFunction, &newNode(Kind::host, std::move(after), random)));
    }
  }
  for (size_t stream = 1; stream < streams.size(); ++stream) {
    if (!joined[stream]) continue;
    record(stream, 0);
    wait(0, 0);
  }
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(streams[0], &graph));
  for (cudaStream_t stream : streams) CHECK(cudaStreamDestroy(stream));
  for (cudaEvent_t event : events) CHECK(cudaEventDestroy(event));
  return graph;
}

void LaunchedGraph::launch(cudaStream_t stream, int stream_index) {
  std::lock_guard hold(lock_);
  Launch &launch = launches_.emplace_back(stream_index, tick(), 0);
  CHECK(cudaGraphLaunch(exec_, stream));
  launch.returned = tick();
}

// A launch comes behind the earlier ones of the same graph, in whatever streams they are.
void LaunchedGraph::addCalls(std::vector<Call> &calls) const {
  int previous = -1;  // where the nodes of the launch before begin
  for (size_t n = 0; n < launches_.size(); ++n) {
    const int first = static_cast<int>(calls.size());
    for (const Node &node : nodes_) {
      Call call;
      call.kind = node.kind;
      call.stream = launches_[n].stream;
      call.launch = static_cast<int>(n);
      call.called = launches_[n].called;
      call.returned = launches_[n].returned;
      call.began = node.seen[n].began;
      call.ended = node.seen[n].ended;
      for (int before : node.after) call.after.push_back(first + before);
      if (previous >= 0)
        for (int before = previous; before < first; ++before) call.after.push_back(before);
      calls.push_back(call);
    }
    previous = first;
  }
}

}  // namespace order
