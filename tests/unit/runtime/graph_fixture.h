// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What tests of executable graphs share.
#pragma once
#include <algorithm>
#include <atomic>
#include <functional>
#include <initializer_list>
#include <memory>
#include <thread>
#include <vector>

#include "cutrans/runtime/event.h"
#include "cutrans/runtime/graph_exec.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/user_object.h"
#include "environment.h"

namespace cutrans::runtime {

class GraphTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    graph_ = newGraph();
    queue_ = newQueue();
  }
  void TearDown() override {
    gate_.open();
    if (Queue::find(queue_)) (void)queue_->synchronize();
    for (GraphExec *exec : execs_)
      if (GraphExec::find(exec)) (void)exec->destroy();
    for (Graph *graph : graphs_)
      if (Graph::find(graph)) (void)graph->destroy();
    RuntimeTest::TearDown();
  }

  Graph &graph() { return *graph_; }
  Queue &queue() { return *queue_; }
  Graph *newGraph() {
    graphs_.push_back(*Graph::create());
    return graphs_.back();
  }
  GraphExec &instantiate(Graph &graph, uint32_t flags = 0) {
    Result<GraphExec *> exec = GraphExec::instantiate(graph, flags, nullptr);
    EXPECT_OK(exec);
    execs_.push_back(*exec);
    return **exec;
  }
  GraphExec &instantiate() { return instantiate(graph()); }

  static std::vector<Dependency> after(std::initializer_list<GraphNode *> nodes) {
    std::vector<Dependency> dependencies;
    for (GraphNode *node : nodes) dependencies.push_back({node, {}});
    return dependencies;
  }
  GraphNode *add(NodeWork work, std::initializer_list<GraphNode *> nodes = {}) { return addTo(graph(), std::move(work), nodes); }
  static GraphNode *addTo(Graph &graph, NodeWork work, std::initializer_list<GraphNode *> nodes = {}) {
    Result<GraphNode *> node = graph.add(std::move(work), after(nodes));
    EXPECT_OK(node);
    return *node;
  }

  // A host node that runs `fn`, which lives as long as the test.
  HostWork call(std::function<void()> fn) {
    calls_.push_back(std::make_unique<std::function<void()>>(std::move(fn)));
    return {[](void *user) { (*static_cast<std::function<void()> *>(user))(); }, calls_.back().get()};
  }
  // Words that host and device reach.
  uint32_t *words(uint64_t count) {
    auto *memory = reinterpret_cast<uint32_t *>(*allocateMemory(context(), MemoryKind::pinned, count * 4));
    std::fill_n(memory, count, 0u);
    return memory;
  }
  static Address at(const uint32_t *word) { return reinterpret_cast<Address>(word); }
  FillWork fill(Address word, uint32_t value, uint64_t count = 1) {
    return {&context(), {.dst = word, .element = 4, .value = value, .width = count}};
  }
  CopyWork copy(Address to, Address from, uint64_t bytes = 4) {
    CopyWork work;
    work.context = &context();
    work.dst.address = to;
    work.src.address = from;
    work.width = bytes;
    return work;
  }

  Graph *graph_ = nullptr;
  Queue *queue_ = nullptr;
  std::vector<Graph *> graphs_;
  std::vector<GraphExec *> execs_;
  std::vector<std::unique_ptr<std::function<void()>>> calls_;
};

}  // namespace cutrans::runtime
