// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executable graphs: what a launch does and in which order. On every target; kernels are in graph_launch_test.cpp.
#include <random>
#include <set>

#include "cutrans/runtime/capture.h"
#include "graph_fixture.h"

namespace cutrans::runtime {
namespace {

using GraphExecs = GraphTest;
using Trouble = GraphExec::Trouble;

TEST_F(GraphExecs, AnEmptyGraphRuns) {
  GraphExec &exec = instantiate();
  EXPECT_OK(exec.upload(queue()));
  EXPECT_OK(exec.launch(queue()));
  EXPECT_OK(queue().synchronize());
  EXPECT_EQ(GraphExec::find(&exec), &exec);
  EXPECT_OK(exec.destroy());
  EXPECT_EQ(GraphExec::find(&exec), nullptr);
  EXPECT_CODE(invalid_value, GraphExec::instantiate(graph(), 16, nullptr));
  testing::internal::CaptureStderr();
  GraphExec::Report report;
  EXPECT_CODE(unsupported, GraphExec::instantiate(graph(), GraphExec::kDeviceLaunch, &report));
  EXPECT_EQ(report.trouble, Trouble::unsupported);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("CT2015"), std::string::npos);
}

TEST_F(GraphExecs, FillsCopiesAndHostFunctionsSeeEachOther) {
  uint32_t *w = words(4), seen = 0;
  Address device = *allocateMemory(context(), MemoryKind::device, 16);
  GraphNode *a = add(fill(device, 7, 4)), *b = add(copy(at(w), device, 16), {a});
  add(call([&] { seen = w[3]; }), {b});
  GraphExec &exec = instantiate();
  ASSERT_OK(graph().destroy()) << "the executable graph lives on";
  for (int i = 0; i < 3; ++i) {
    w[3] = seen = 0;
    ASSERT_OK(exec.launch(queue()));
    ASSERT_OK(queue().synchronize());
    EXPECT_EQ(seen, 7u);
  }
}

TEST_F(GraphExecs, HostMemoryIsReadWhenItsTurnComes) {
  uint32_t pageable = 1, *w = words(1);
  add(copy(at(w), at(&pageable)));
  GraphExec &exec = instantiate();
  ASSERT_OK(gate_.close(queue()));
  ASSERT_OK(exec.launch(queue()));
  pageable = 2;
  gate_.open();
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(*w, 2u);
}

TEST_F(GraphExecs, NothingToCopyIsNothing) {
  add(copy(0, 0, 0));
  uint32_t *w = words(1);
  add(fill(at(w), 1, 0));
  EXPECT_OK(instantiate().launch(queue()));
  EXPECT_OK(queue().synchronize());
  EXPECT_EQ(*w, 0u);
}

TEST_F(GraphExecs, ChildGraphsRunInPlaceOfTheirNodes) {
  std::vector<int> order;
  Graph *inner = newGraph();
  GraphNode *x = addTo(*inner, call([&] { order.push_back(2); }));
  addTo(*inner, call([&] { order.push_back(3); }), {x});
  GraphNode *first = add(call([&] { order.push_back(1); }));
  GraphNode *child = add(ChildWork{inner, false}, {first});
  GraphNode *again = add(ChildWork{inner, false}, {child});
  add(call([&] { order.push_back(4); }), {again});
  ASSERT_OK(instantiate().launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(order, (std::vector{1, 2, 3, 2, 3, 4}));
}

// A graph of host functions and fills at random; each host function checks that what its node comes after has run in this
// launch, each fill is checked by what comes after it.
TEST_F(GraphExecs, EdgesAreRespectedWhateverTheShape) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    const size_t count = 1 + random() % 60;
    uint32_t *done = words(count);
    std::atomic<int> wrong{0}, ran{0};
    std::vector<Graph *> all{newGraph()};
    std::vector<GraphNode *> nodes;
    std::vector<std::set<size_t>> before(count);
    Graph &g = *all[0];
    for (size_t i = 0; i < count; ++i) {
      if (random() % 3 == 0)
        nodes.push_back(addTo(g, fill(at(done + i), 1)));
      else if (random() % 8 == 0)
        nodes.push_back(addTo(g, EmptyWork{})), done[i] = 1;
      else
        nodes.push_back(addTo(g, call([&, i, done] {
          ++ran;
          for (size_t b : before[i]) wrong += done[b] != 1;
          done[i] = 1;
        })));
    }
    // Edges along a random order of the nodes, so that many lead from later to earlier ones.
    std::vector<size_t> rank(count);
    for (size_t i = 0; i < count; ++i) rank[i] = i;
    std::shuffle(rank.begin(), rank.end(), random);
    for (size_t tries = random() % (3 * count); tries; --tries) {
      size_t a = random() % count, b = random() % count;
      if (a == b) continue;
      if (a > b) std::swap(a, b);
      if (!before[rank[b]].insert(rank[a]).second) continue;
      ASSERT_OK(g.connect(std::vector<Edge>{{nodes[rank[a]], nodes[rank[b]], {}}}));
    }
    // Empty nodes hand on what is before them.
    for (size_t r = 0; r < count; ++r)
      for (size_t b : std::set<size_t>(before[rank[r]]))
        if (nodes[b]->kind() == NodeKind::empty) before[rank[r]].insert(before[b].begin(), before[b].end());
    GraphExec &exec = instantiate(g);
    for (int launch = 0; launch < 3; ++launch) {
      for (size_t i = 0; i < count; ++i) done[i] = nodes[i]->kind() == NodeKind::empty;
      ASSERT_OK(exec.launch(queue()));
      ASSERT_OK(queue().synchronize());
      EXPECT_EQ(wrong, 0) << "seed " << seed;
      EXPECT_EQ(std::count(done, done + count, 1u), static_cast<ptrdiff_t>(count)) << "seed " << seed;
    }
  }
}

TEST_F(GraphExecs, LaunchesOfOneNeverOverlapAndAreOrderedAcrossQueues) {
  std::atomic<int> inside{0}, most{0}, ran{0};
  GraphNode *in = add(call([&] { most = std::max(most.load(), ++inside); }));
  add(call([&] { --inside, ++ran; }), {in});
  GraphExec &exec = instantiate();
  Queue *others[] = {&queue(), newQueue(Queue::kNonBlocking), &context().legacyQueue()};
  for (int i = 0; i < 60; ++i) ASSERT_OK(exec.launch(*others[i % 3]));
  ASSERT_OK(context().synchronize());
  EXPECT_EQ(most, 1);
  EXPECT_EQ(ran, 60);
}

TEST_F(GraphExecs, ThreadsMayLaunchDifferentOnesAndOneAtATime) {
  std::atomic<int> ran{0};
  add(call([&] { ++ran; }));
  GraphExec &shared = instantiate();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, own = newQueue(Queue::kNonBlocking), exec = &instantiate()] {
      for (int i = 0; i < 50; ++i) {
        ASSERT_OK(exec->launch(*own));
        ASSERT_OK(shared.launch(*own));
      }
      ASSERT_OK(own->synchronize());
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(ran, 400);
}

TEST_F(GraphExecs, DestroyingOneLetsItsLaunchesEnd) {
  std::atomic<int> ran{0};
  static std::atomic<int> ended;
  ended = 0;
  UserObject *object = *UserObject::create(nullptr, [](void *) { ++ended; }, 1);
  ASSERT_OK(graph().retain(*object, 1, true));
  uint32_t *w = words(1);
  GraphNode *f = add(fill(at(w), 5));
  add(call([&] { ran += ended == 0; }), {f});
  GraphExec &exec = instantiate();
  ASSERT_OK(graph().destroy());
  ASSERT_OK(gate_.close(queue()));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(exec.destroy());
  EXPECT_EQ(ended, 0);
  gate_.open();
  ASSERT_OK(context().synchronize());
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(*w, 5u);
  EXPECT_EQ(ended, 1) << "with the last launch";
  GraphExec &idle = instantiate(*newGraph());
  EXPECT_OK(idle.destroy());
}

TEST_F(GraphExecs, EventsAreRecordedAndWaitedForInLaunchOrder) {
  Event &outside = **Event::create(context(), 0), &inside = **Event::create(context(), 0);
  Queue &other = *newQueue(Queue::kNonBlocking);
  std::atomic<bool> opened{false}, right{false};
  GraphNode *wait = add(WaitWork{&outside});
  GraphNode *check = add(call([&] { right = opened.load(); }), {wait});
  add(RecordWork{&inside}, {check});
  GraphExec &exec = instantiate();
  ASSERT_OK(exec.launch(queue())) << "never recorded: no wait";
  ASSERT_OK(inside.synchronize());
  EXPECT_FALSE(right);
  Gate gate;
  ASSERT_OK(gate.close(other));
  ASSERT_OK(other.hostCall([](void *user, Code) { *static_cast<std::atomic<bool> *>(user) = true; }, &opened));
  ASSERT_OK(other.record(outside));
  ASSERT_OK(exec.launch(queue()));
  EXPECT_CODE(not_ready, inside.query());
  gate.open();
  ASSERT_OK(inside.synchronize());
  EXPECT_TRUE(right);
  ASSERT_OK(queue().synchronize());
  ASSERT_OK(outside.destroy());
  EXPECT_CODE(invalid_handle, exec.launch(queue()));
  EXPECT_CODE(invalid_handle, GraphExec::instantiate(graph(), 0, nullptr));
}

TEST_F(GraphExecs, WordsAreWaitedForAndWritten) {
  uint32_t *w = words(3);
  WordsWork work{&context(), {{WordOperation::Kind::wait, CT_COMPARE_EQ, false, at(w), 7}, {WordOperation::Kind::write, {}, false, at(w + 1), 8}}};
  EXPECT_CODE(invalid_value, graph().add(WordsWork{&context(), {}}, {}));
  GraphNode *node = add(work);
  add(copy(at(w + 2), at(w + 1)), {node});
  GraphExec &exec = instantiate();
  ASSERT_OK(exec.launch(queue()));
  EXPECT_CODE(not_ready, queue().query());
  __atomic_store_n(w, 7u, __ATOMIC_RELEASE);
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(w[2], 8u);
  work.operations[1].value = 9;
  ASSERT_OK(exec.setWork(*node, work));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(w[2], 9u);
  ASSERT_OK(beginCapture(queue(), CaptureMode::relaxed, nullptr, {}));
  ASSERT_OK(queue().onWords(work.operations));
  ASSERT_OK(exec.launch(queue())) << "captured too";
  Result<Graph *> captured = endCapture(queue());
  ASSERT_OK(captured);
  graphs_.push_back(*captured);
  ASSERT_EQ((*captured)->nodes().size(), 2u);
  EXPECT_EQ(std::get<WordsWork>((*captured)->nodes()[0]->work()).operations[1].value, 9u);
  EXPECT_EQ((*captured)->nodes()[1]->kind(), NodeKind::child);
  w[2] = 0;
  ASSERT_OK(instantiate(**captured).launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(w[2], 9u);
  work.operations.pop_back();
  EXPECT_CODE(invalid_value, exec.setWork(*node, work));
  testing::internal::CaptureStderr();
  work.operations[0].address += 1;
  EXPECT_CODE(invalid_value, node->setWork(work));
  testing::internal::GetCapturedStderr();
}

TEST_F(GraphExecs, NodesOfOtherContextsAreOrderedToo) {
  Context &second = **Context::create(context().device(), 0);
  uint32_t *w = words(3);
  std::atomic<bool> right{false};
  FillWork there = fill(at(w + 1), 9);
  there.context = &second;
  GraphNode *a = add(fill(at(w), 1)), *b = add(there, {a}), *c = add(copy(at(w + 2), at(w + 1)), {b});
  add(call([&] { right = w[2] == 9; }), {c});
  GraphExec &exec = instantiate();
  Queue &far = second.legacyQueue();
  for (int i = 0; i < 10; ++i) {
    w[2] = 0, right = false;
    Queue &home = i % 2 ? far : queue();
    ASSERT_OK(exec.launch(home));
    ASSERT_OK(home.synchronize());
    EXPECT_TRUE(right);
  }
  ASSERT_OK(second.destroy());
  EXPECT_CODE(invalid_context, exec.launch(queue()));
}

TEST_F(GraphExecs, NodesOfAResetDeviceAreRefused) {
  uint32_t *w = words(1);
  add(fill(at(w), 1));
  GraphExec &exec = instantiate();
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(context().device().resetPrimary());
  ASSERT_OK(ensureContext());
  EXPECT_CODE(invalid_context, exec.launch(*newQueue()));
  EXPECT_OK(exec.destroy());
}

TEST_F(GraphExecs, MoreNodesThanAQueueHoldsAtATime) {
  const size_t count = 70'000;
  uint32_t *w = words(count);
  Graph &g = graph();
  GraphNode *last = nullptr;
  for (size_t i = 0; i < count; ++i) {
    Dependency before{last, {}};
    Result<GraphNode *> node = g.add(fill(at(w + i), static_cast<uint32_t>(i)), std::span(&before, last ? 1 : 0));
    ASSERT_OK(node);
    last = *node;
  }
  GraphExec &exec = instantiate();
  ASSERT_OK(gate_.close(queue()));
  ASSERT_OK(exec.launch(queue())) << "held, and does not wait";
  gate_.open();
  ASSERT_OK(queue().synchronize());
  for (size_t i = 0; i < count; ++i) ASSERT_EQ(w[i], i);
}

// ---- changes ---------------------------------------------------------------------------------------------------

TEST_F(GraphExecs, WorkChangesForLaterLaunchesOnly) {
  uint32_t *w = words(4), own = 3;
  GraphNode *f = add(fill(at(w), 1)), *c = add(copy(at(w + 1), at(w)), {f}), *h = add(call([&] { w[2] = 1; }));
  GraphExec &exec = instantiate();
  ASSERT_OK(gate_.close(queue()));
  ASSERT_OK(exec.launch(queue()));
  EXPECT_OK(exec.setWork(*f, fill(at(w), 2)));
  EXPECT_OK(exec.setWork(*c, copy(at(w + 3), at(w))));
  EXPECT_OK(exec.setWork(*h, call([&] { w[2] = 2; })));
  EXPECT_EQ(std::get<FillWork>(f->work()).fill.value, 1u) << "the graph stays";
  gate_.open();
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(std::vector(w, w + 4), (std::vector<uint32_t>{1, 1, 1, 0}));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(std::vector(w, w + 4), (std::vector<uint32_t>{2, 1, 2, 2}));

  EXPECT_CODE(invalid_value, exec.setWork(*f, EmptyWork{})) << "another kind";
  EXPECT_CODE(invalid_value, exec.setWork(*c, copy(at(w + 3), at(&own)))) << "memory of another sort";
  EXPECT_CODE(invalid_value, exec.setWork(*c, copy(at(w + 3), at(w), 0)));
  EXPECT_CODE(invalid_value, exec.setWork(*addTo(*newGraph(), EmptyWork{}), EmptyWork{}));
  EXPECT_CODE(invalid_value, exec.setWork(*add(EmptyWork{}), EmptyWork{})) << "added later";
  testing::internal::CaptureStderr();
  EXPECT_CODE(invalid_value, exec.setWork(*f, fill(at(w), 2, 1 << 20)));
  testing::internal::GetCapturedStderr();
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
}

TEST_F(GraphExecs, DisabledNodesDoNothing) {
  uint32_t *w = words(3);
  GraphNode *a = add(fill(at(w), 1)), *b = add(fill(at(w + 1), 1), {a}), *h = add(call([&] { w[2] = w[1]; }), {b});
  GraphExec &exec = instantiate();
  EXPECT_TRUE(*exec.enabled(*b));
  ASSERT_OK(exec.setEnabled(*b, false));
  EXPECT_FALSE(*exec.enabled(*b));
  ASSERT_OK(exec.setWork(*b, fill(at(w + 1), 5)));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(std::vector(w, w + 3), (std::vector<uint32_t>{1, 0, 0}));
  ASSERT_OK(exec.setEnabled(*b, true));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(std::vector(w, w + 3), (std::vector<uint32_t>{1, 5, 5}));
  EXPECT_CODE(invalid_value, exec.setEnabled(*h, false));
  EXPECT_CODE(invalid_value, exec.enabled(*h));
  EXPECT_CODE(invalid_value, exec.setEnabled(*addTo(*newGraph(), fill(at(w), 1)), false));
}

TEST_F(GraphExecs, NodesOfChildGraphsChangeOneByOneOrAllTogether) {
  uint32_t *w = words(2);
  Graph *inner = newGraph();
  addTo(*inner, fill(at(w + 1), 2), {addTo(*inner, fill(at(w), 1))});
  GraphNode *child = add(ChildWork{inner, false});
  GraphExec &exec = instantiate();
  Graph *own = std::get<ChildWork>(child->work()).graph;
  ASSERT_OK(exec.setWork(*own->nodes()[1], fill(at(w + 1), 3)));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(w[1], 3u);
  Graph *same = newGraph(), *different = newGraph();
  addTo(*same, fill(at(w + 1), 8), {addTo(*same, fill(at(w), 7))});
  addTo(*different, fill(at(w), 9)), addTo(*different, fill(at(w), 9));
  EXPECT_CODE(invalid_value, exec.setWork(*child, ChildWork{different, false}));
  EXPECT_CODE(invalid_value, exec.setWork(*child, ChildWork{}));
  ASSERT_OK(exec.setWork(*child, ChildWork{same, false}));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(w[0], 7u);
  EXPECT_EQ(w[1], 8u);
}

TEST_F(GraphExecs, UpdatesTakeTheWorkOfAGraphOfTheSameShape) {
  uint32_t *w = words(3);
  auto build = [&](Graph &g, uint32_t base) {
    GraphNode *a = addTo(g, fill(at(w), base)), *b = addTo(g, fill(at(w + 1), base + 1), {a});
    addTo(g, copy(at(w + 2), at(w + 1)), {b});
    return b;
  };
  GraphNode *b = build(graph(), 1);
  GraphExec &exec = instantiate();
  Graph *next = newGraph();
  build(*next, 10);
  ASSERT_OK(exec.setEnabled(*b, false));
  GraphExec::Report report;
  ASSERT_OK(exec.update(*next, &report));
  EXPECT_EQ(report.trouble, Trouble::none);
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(std::vector(w, w + 3), (std::vector<uint32_t>{10, 0, 0})) << "disabled stays disabled";
  EXPECT_FALSE(*exec.enabled(*b)) << "by the node of the graph that it was made from";
  ASSERT_OK(exec.setEnabled(*b, true));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(std::vector(w, w + 3), (std::vector<uint32_t>{10, 11, 11}));
  ASSERT_OK(exec.update(graph(), nullptr)) << "and back";
}

TEST_F(GraphExecs, UpdatesThatDoNotFitSayWhyAndChangeNothing) {
  uint32_t *w = words(4);
  GraphNode *a = add(fill(at(w), 1)), *b = add(fill(at(w + 1), 1), {a});
  add(EmptyWork{}, {a, b});
  GraphExec &exec = instantiate();
  auto trouble = [&](Graph &g) {
    GraphExec::Report report;
    EXPECT_CODE(graph_update_failure, exec.update(g, &report));
    return report;
  };
  {
    Graph &g = *newGraph();
    addTo(g, EmptyWork{});
    const GraphExec::Report report = trouble(g);
    EXPECT_EQ(report.trouble, Trouble::topology);
    EXPECT_EQ(report.node, nullptr);
  }
  {
    Graph &g = *newGraph();  // two ends
    GraphNode *x = addTo(g, fill(at(w), 1));
    addTo(g, fill(at(w + 1), 1), {x});
    GraphNode *end = addTo(g, EmptyWork{}, {x});
    const GraphExec::Report report = trouble(g);
    EXPECT_EQ(report.trouble, Trouble::topology);
    EXPECT_EQ(report.node, end);
  }
  {
    Graph &g = *newGraph();  // one edge less
    GraphNode *x = addTo(g, fill(at(w), 1)), *y = addTo(g, fill(at(w + 1), 1), {x}), *z = addTo(g, EmptyWork{}, {y});
    const GraphExec::Report report = trouble(g);
    EXPECT_EQ(report.trouble, Trouble::topology);
    EXPECT_EQ(report.node, z);
  }
  {
    Graph &g = *newGraph();  // edges in another order
    GraphNode *x = addTo(g, fill(at(w), 1)), *y = addTo(g, fill(at(w + 1), 1), {x});
    addTo(g, EmptyWork{}, {y, x});
    EXPECT_EQ(trouble(g).trouble, Trouble::topology);
  }
  {
    Graph &g = *newGraph();
    GraphNode *x = addTo(g, fill(at(w), 1)), *y = addTo(g, copy(at(w + 1), at(w)), {x});
    addTo(g, EmptyWork{}, {x, y});
    const GraphExec::Report report = trouble(g);
    EXPECT_EQ(report.trouble, Trouble::kind);
    EXPECT_EQ(report.node, y);
  }
  {
    Graph &g = *newGraph();  // memory of another kind
    Address device = *allocateMemory(context(), MemoryKind::device, 16);
    GraphNode *x = addTo(g, fill(at(w), 2)), *y = addTo(g, fill(device, 1), {x});
    addTo(g, EmptyWork{}, {x, y});
    const GraphExec::Report report = trouble(g);
    EXPECT_EQ(report.trouble, Trouble::parameters);
    EXPECT_EQ(report.node, y);
  }
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(w[0], 1u);
  EXPECT_EQ(w[1], 1u);
}

// ---- conditional nodes -----------------------------------------------------------------------------------------

TEST_F(GraphExecs, IfAndElse) {
  uint32_t *w = words(2);
  Address handle = *graph().createCondition(context(), 0, false);
  GraphNode *set = add(copy(handle, at(w)));
  GraphNode *node = add(ConditionalWork{handle, ConditionalKind::once, {nullptr, nullptr}}, {set});
  uint32_t seen = 0;
  add(call([&] { seen = w[1]; }), {node});
  const auto &bodies = std::get<ConditionalWork>(node->work()).bodies;
  GraphNode *then = addTo(*bodies[0], fill(at(w + 1), 1));
  addTo(*bodies[1], fill(at(w + 1), 2));
  GraphExec &exec = instantiate();
  for (uint32_t value : {1u, 0u, 77u}) {
    w[0] = value;
    ASSERT_OK(exec.launch(queue()));
    ASSERT_OK(queue().synchronize());
    EXPECT_EQ(seen, value ? 1u : 2u) << "what comes after the node comes after its body";
  }
  w[0] = 1;
  ASSERT_OK(gate_.close(queue()));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(exec.setWork(*then, fill(at(w + 1), 9)));
  gate_.open();
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(seen, 1u) << "a launch under way keeps what it began with";
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(seen, 9u);
  // As part of an update, with a handle of the other graph.
  Graph &g = *newGraph();
  Address other = *g.createCondition(context(), 1, true);
  GraphNode *first = addTo(g, copy(other, at(w)));
  GraphNode *second = addTo(g, ConditionalWork{other, ConditionalKind::once, {nullptr, nullptr}}, {first});
  addTo(g, call([&] { seen = 100 + w[1]; }), {second});
  for (uint32_t i : {0u, 1u}) addTo(*std::get<ConditionalWork>(second->work()).bodies[i], fill(at(w + 1), 20 + i));
  ASSERT_OK(exec.update(g, nullptr));
  ASSERT_OK(g.destroy());
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(seen, 120u);
}

TEST_F(GraphExecs, LoopsAndChoicesAlsoInsideEachOther) {
  // The loop's body takes numbers off a list until one is 0; inside it a choice counts them by kind.
  uint32_t *list = words(16), *counts = words(4), *shifted = words(16);
  Address loop = *graph().createCondition(context(), 1, true), choice = *graph().createCondition(context(), 0, false);
  GraphNode *node = add(ConditionalWork{loop, ConditionalKind::loop, {nullptr}});
  Graph &body = *std::get<ConditionalWork>(node->work()).bodies[0];
  GraphNode *take = addTo(body, copy(choice, at(list)));
  GraphNode *inner = addTo(body, ConditionalWork{choice, ConditionalKind::choice, {nullptr, nullptr, nullptr}}, {take});
  for (uint32_t i = 0; i < 3; ++i) addTo(*std::get<ConditionalWork>(inner->work()).bodies[i], fill(at(counts + i), i + 1));
  GraphNode *out = addTo(body, copy(at(shifted), at(list + 1), 60), {inner}), *back = addTo(body, copy(at(list), at(shifted), 60), {out});
  addTo(body, copy(loop, at(list)), {back});
  GraphExec &exec = instantiate();
  for (int i = 0; i < 3; ++i) {
    const uint32_t numbers[] = {2, 5, 1, 7, 0};
    std::copy_n(numbers, 5, list);
    std::fill_n(counts, 4, 0u);
    ASSERT_OK(exec.launch(queue()));
    ASSERT_OK(queue().synchronize());
    EXPECT_EQ(std::vector(counts, counts + 4), (std::vector<uint32_t>{0, 2, 3, 0}));
    EXPECT_EQ(list[0], 0u);
  }
}

TEST_F(GraphExecs, WhatBodiesMayNotHaveIsRefusedAndNamed) {
  Address handle = *graph().createCondition(context(), 0, true);
  GraphExec::Report report;
  EXPECT_CODE(invalid_value, GraphExec::instantiate(graph(), 0, &report)) << "a condition without a node";
  EXPECT_EQ(report.trouble, Trouble::conditional);
  GraphNode *node = add(ConditionalWork{handle, ConditionalKind::once, {nullptr}});
  EXPECT_OK(GraphExec::instantiate(graph(), 0, &report).value()->destroy());
  EXPECT_EQ(report.trouble, Trouble::none);
  Graph &body = *std::get<ConditionalWork>(node->work()).bodies[0];
  GraphNode *bad = addTo(body, call([] {}));
  EXPECT_CODE(unsupported, GraphExec::instantiate(graph(), 0, &report));
  EXPECT_EQ(report.trouble, Trouble::unsupported);
  EXPECT_EQ(report.node, bad);
  ASSERT_OK(bad->destroy());
  Context &second = **Context::create(context().device(), 0);
  FillWork work = fill(handle, 0), far = work;
  far.context = &second;
  bad = addTo(body, far);
  EXPECT_CODE(invalid_value, GraphExec::instantiate(graph(), 0, &report));
  EXPECT_EQ(report.trouble, Trouble::multiple_contexts);
  EXPECT_EQ(report.node, bad);
  ASSERT_OK(bad->setWork(work));
  GraphExec &exec = instantiate();
  EXPECT_CODE(invalid_value, exec.setWork(*bad, far));
  EXPECT_OK(exec.launch(queue()));
  EXPECT_OK(queue().synchronize());
  ASSERT_OK(second.destroy());
  EXPECT_CODE(unsupported, body.add(AllocWork{&context().device(), 16, 0, {}, {}}, {}));
}

// ---- memory nodes ----------------------------------------------------------------------------------------------

TEST_F(GraphExecs, MemoryThatIsFreedInTheGraphServesEachLaunch) {
  Device &device = context().device();
  uint32_t *w = words(1);
  const GraphMemory before = graphMemory(device);
  GraphNode *alloc = add(AllocWork{&device, 4096, 0, {}, {}});
  Address memory = std::get<AllocWork>(alloc->work()).address;
  GraphNode *f = add(fill(memory, 3, 1024), {alloc}), *c = add(copy(at(w), memory + 4092), {f});
  add(FreeWork{memory}, {c});
  GraphExec &exec = instantiate();
  EXPECT_CODE(unsupported, GraphExec::instantiate(graph(), 0, nullptr)) << "one at a time";
  for (int i = 0; i < 3; ++i) {
    *w = 0;
    ASSERT_OK(exec.launch(queue()));
    ASSERT_OK(queue().synchronize());
    EXPECT_EQ(*w, 3u);
  }
  EXPECT_CODE(invalid_value, releaseMemory(memory, false)) << "its own graph frees it";
  EXPECT_EQ(graphMemory(device).used, before.used);
  EXPECT_GE(graphMemory(device).used_high, 4096u);
  ASSERT_OK(exec.destroy());
  GraphExec &again = instantiate();
  ASSERT_OK(graph().destroy());
  ASSERT_OK(again.launch(queue()));
  ASSERT_OK(again.destroy());
  ASSERT_OK(context().synchronize());
  EXPECT_EQ(*w, 3u);
  EXPECT_EQ(graphMemory(device).reserved, before.reserved);
  resetGraphMemoryHigh(device, GraphMemoryHigh::used);
  EXPECT_EQ(graphMemory(device).used_high, before.used);
}

TEST_F(GraphExecs, MemoryThatStaysIsFreedByQueuesCallsAndOtherGraphs) {
  Device &device = context().device();
  GraphNode *alloc = add(AllocWork{&device, 4096, 0, {}, {}});
  Address memory = std::get<AllocWork>(alloc->work()).address;
  add(fill(memory, 3, 1024), {alloc});
  Graph &freeing = *newGraph();
  addTo(freeing, FreeWork{memory});
  GraphExec &exec = instantiate(), &frees = instantiate(freeing);
  EXPECT_CODE(invalid_value, frees.launch(queue())) << "not allocated";
  ASSERT_OK(exec.launch(queue()));
  EXPECT_CODE(invalid_value, exec.launch(queue())) << "not freed";
  EXPECT_EQ(graphMemory(device).used, 4096u);
  ASSERT_OK(frees.launch(queue()));
  EXPECT_CODE(invalid_value, frees.launch(queue())) << "twice";
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(releaseMemoryAsync(queue(), memory));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(releaseMemory(memory, false));
  EXPECT_CODE(invalid_value, releaseMemory(memory, false));
  EXPECT_CODE(invalid_value, releaseMemoryAsync(queue(), memory));
  EXPECT_EQ(graphMemory(device).used, 0u);
  ASSERT_OK(exec.destroy());
  GraphExec &automatic = instantiate(graph(), GraphExec::kAutoFreeOnLaunch);
  for (int i = 0; i < 3; ++i) ASSERT_OK(automatic.launch(queue()));
  // The last one's memory outlives the graphs.
  ASSERT_OK(automatic.destroy());
  ASSERT_OK(frees.destroy());
  ASSERT_OK(freeing.destroy());
  ASSERT_OK(graph().destroy());
  ASSERT_OK(context().synchronize());
  uint32_t *w = words(1);
  ASSERT_OK(queue().copy({.dst = at(w), .src = memory, .width = 4, .synchronous = true}));
  EXPECT_EQ(*w, 3u);
  ASSERT_OK(releaseMemory(memory, false));
  EXPECT_FALSE(findAllocation(memory));
  EXPECT_EQ(graphMemory(device).reserved, 0u);
  EXPECT_OK(trimGraphMemory(device));
}

}  // namespace
}  // namespace cutrans::runtime
