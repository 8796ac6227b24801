// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs: nodes, edges, copies, what a graph keeps, DOT. Running them: graph_exec_test.cpp.
#include "cutrans/runtime/graph.h"

#include <algorithm>
#include <thread>

#include "cutrans/runtime/event.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/user_object.h"
#include "environment.h"

namespace cutrans::runtime {
namespace {

class Graphs : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    graph_ = newGraph();
  }
  void TearDown() override {
    for (Graph *graph : made_)
      if (Graph::find(graph)) (void)graph->destroy();
    RuntimeTest::TearDown();
  }
  Graph *newGraph() {
    Result<Graph *> graph = Graph::create();
    EXPECT_OK(graph);
    made_.push_back(*graph);
    return *graph;
  }
  Graph &graph() { return *graph_; }
  GraphNode *node(std::vector<GraphNode *> after = {}) { return node(graph(), after); }
  static GraphNode *node(Graph &graph, const std::vector<GraphNode *> &after = {}) {
    std::vector<Dependency> dependencies;
    for (GraphNode *each : after) dependencies.push_back({each, {}});
    Result<GraphNode *> added = graph.add(EmptyWork{}, dependencies);
    EXPECT_OK(added);
    return *added;
  }
  static Edge edge(GraphNode *from, GraphNode *to) { return {from, to, {}}; }
  static std::vector<GraphNode *> nodesOf(const std::vector<Dependency> &dependencies) {
    std::vector<GraphNode *> nodes;
    for (const Dependency &each : dependencies) nodes.push_back(each.node);
    return nodes;
  }
  Graph *graph_ = nullptr;
  std::vector<Graph *> made_;
};

using Nodes = std::vector<GraphNode *>;

TEST_F(Graphs, NodesAndEdgesAreListedInTheOrderOfAdding) {
  GraphNode *a = node(), *b = node({a}), *c = node({a, b});
  EXPECT_EQ(graph().nodes(), (Nodes{a, b, c}));
  EXPECT_EQ(graph().roots(), Nodes{a});
  EXPECT_EQ(nodesOf(c->dependencies()), (Nodes{a, b}));
  EXPECT_EQ(nodesOf(a->dependents()), (Nodes{b, c}));
  EXPECT_EQ(graph().edges().size(), 3u);
  EXPECT_EQ(GraphNode::find(a), a);
  EXPECT_EQ(a->kind(), NodeKind::empty);
}

TEST_F(Graphs, WrongDependenciesAreRefusedAndNothingIsAdded) {
  GraphNode *a = node(), *foreign = node(*newGraph());
  Dependency twice[] = {{a, {}}, {a, {}}}, other[] = {{foreign, {}}}, none[] = {{nullptr, {}}};
  EXPECT_CODE(invalid_value, graph().add(EmptyWork{}, twice));
  EXPECT_CODE(invalid_value, graph().add(EmptyWork{}, other));
  EXPECT_CODE(invalid_value, graph().add(EmptyWork{}, none));
  EXPECT_EQ(graph().nodes(), Nodes{a});
}

TEST_F(Graphs, EdgesThatAreThereOrCloseACircleAreRefusedAllTogether) {
  GraphNode *a = node(), *b = node({a}), *c = node({b}), *d = node();
  for (std::vector<Edge> wrong : {std::vector{edge(a, b)}, {edge(a, a)}, {edge(c, a)}, {edge(d, a), edge(c, a)}, {edge(d, a), edge(d, a)},
                                  {edge(d, a), edge(c, d)}, {edge(d, node(*newGraph()))}, {edge(nullptr, a)}}) {
    EXPECT_CODE(invalid_value, graph().connect(wrong));
    EXPECT_EQ(graph().edges().size(), 2u);
    EXPECT_TRUE(d->dependents().empty());
  }
  std::vector<Edge> right{edge(d, a), edge(a, c)};
  EXPECT_OK(graph().connect(right));
  EXPECT_EQ(graph().roots(), Nodes{d}) << "an edge from a later node to an earlier one";
  EXPECT_CODE(invalid_value, graph().connect(std::vector{edge(c, d)}));
}

TEST_F(Graphs, EdgesAreTakenOffAllTogetherOrNotAtAll) {
  GraphNode *a = node(), *b = node({a}), *c = node({a, b});
  EXPECT_CODE(invalid_value, graph().disconnect(std::vector{edge(a, b), edge(b, a)}));
  EXPECT_CODE(invalid_value, graph().disconnect(std::vector{edge(a, b), edge(a, b)}));
  EdgeData ports{1, 0, 1};
  EXPECT_CODE(invalid_value, graph().disconnect(std::vector{Edge{a, b, ports}}));
  EXPECT_EQ(graph().edges().size(), 3u);
  EXPECT_OK(graph().disconnect(std::vector{edge(a, b), edge(a, c)}));
  EXPECT_EQ(graph().roots(), (Nodes{a, b}));
  EXPECT_OK(graph().connect(std::vector{Edge{b, a, ports}}));
  EXPECT_EQ(a->dependencies().front().data, ports);
}

TEST_F(Graphs, ANodeGoesWithItsEdges) {
  GraphNode *a = node(), *b = node({a}), *c = node({b});
  EXPECT_OK(b->destroy());
  EXPECT_EQ(GraphNode::find(b), nullptr);
  EXPECT_TRUE(a->dependents().empty());
  EXPECT_TRUE(c->dependencies().empty());
  EXPECT_EQ(graph().nodes(), (Nodes{a, c}));
  EXPECT_OK(graph().destroy());
  EXPECT_EQ(GraphNode::find(a), nullptr);
  EXPECT_EQ(Graph::find(graph_), nullptr);
}

TEST_F(Graphs, WorkIsCheckedWhenItIsGiven) {
  Address memory = *allocateMemory(context(), MemoryKind::device, 256);
  FillWork fill{&context(), {.dst = memory, .element = 1, .value = 1, .width = 256}};
  Result<GraphNode *> added = graph().add(fill, {});
  ASSERT_OK(added);
  fill.fill.width = 64;
  EXPECT_OK((*added)->setWork(fill));
  EXPECT_EQ(std::get<FillWork>((*added)->work()).fill.width, 64u);
  testing::internal::CaptureStderr();
  fill.fill.width = 257;
  EXPECT_CODE(invalid_value, (*added)->setWork(fill));
  EXPECT_CODE(invalid_value, graph().add(fill, {}));
  testing::internal::GetCapturedStderr();
  EXPECT_CODE(invalid_value, (*added)->setWork(EmptyWork{})) << "another kind";
  EXPECT_EQ(std::get<FillWork>((*added)->work()).fill.width, 64u);
  EXPECT_CODE(invalid_value, graph().add(HostWork{}, {}));
  EXPECT_CODE(invalid_value, graph().add(FillWork{}, {}));
  EXPECT_CODE(invalid_value, graph().add(CopyWork{}, {}));
  EXPECT_CODE(invalid_handle, graph().add(KernelWork{}, {}));
  EXPECT_CODE(invalid_handle, graph().add(RecordWork{}, {}));
  EXPECT_CODE(invalid_handle, graph().add(WaitWork{}, {}));
  EXPECT_CODE(invalid_value, graph().add(ChildWork{}, {}));
  CopyWork copy{&context(), {.address = memory}, {.address = memory + 128}, 128};
  EXPECT_OK(graph().add(copy, {}));
  copy.src.x = 1;
  testing::internal::CaptureStderr();
  EXPECT_CODE(invalid_value, graph().add(copy, {}));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(graph().nodes().size(), 2u);
}

TEST_F(Graphs, ClonesHaveTheSameShapeAndKnowTheirOriginals) {
  GraphNode *a = node(), *b = node({a}), *c = node({b, a});
  ASSERT_OK(a->destroy());
  GraphNode *d = node({c, b});
  Graph *clone = *graph().clone();
  made_.push_back(clone);
  ASSERT_EQ(clone->nodes().size(), 3u);
  GraphNode *copy = clone->copyOf(*d);
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->id(), d->id());
  EXPECT_EQ(nodesOf(copy->dependencies()), (Nodes{clone->copyOf(*c), clone->copyOf(*b)}));
  EXPECT_EQ(clone->copyOf(*copy), nullptr) << "a node of the clone is no original";
  GraphNode *later = node();
  GraphNode *in_clone = node(*clone);
  EXPECT_EQ(later->id(), in_clone->id());
  EXPECT_EQ(clone->copyOf(*later), nullptr);
  ASSERT_OK(copy->destroy());
  EXPECT_EQ(clone->copyOf(*d), nullptr);
  EXPECT_EQ(graph().copyOf(*d), nullptr);
}

TEST_F(Graphs, AChildIsACopyThatItsNodeOwns) {
  Graph *inner = newGraph();
  GraphNode *x = node(*inner), *y = node(*inner, {x});
  GraphNode *child = *graph().add(ChildWork{inner}, {});
  Graph *own = std::get<ChildWork>(child->work()).graph;
  EXPECT_NE(own, inner);
  EXPECT_EQ(own->nodes().size(), 2u);
  EXPECT_NE(own->copyOf(*y), nullptr);
  EXPECT_EQ(&own->root(), &graph());
  EXPECT_CODE(invalid_value, own->destroy());
  EXPECT_CODE(unsupported, child->setWork(ChildWork{inner}));
  // Twice in itself is no circle: each time a copy.
  EXPECT_OK(graph().add(ChildWork{&graph()}, {}));
  Graph *clone = *graph().clone();
  made_.push_back(clone);
  EXPECT_NE(std::get<ChildWork>(clone->nodes()[0]->work()).graph, own);
  GraphNode *taken = *graph().add(ChildWork{inner, true}, {});
  EXPECT_EQ(std::get<ChildWork>(taken->work()).graph, inner);
  EXPECT_CODE(invalid_value, inner->destroy());
  EXPECT_CODE(invalid_value, newGraph()->add(ChildWork{inner, true}, {}));
  EXPECT_CODE(invalid_value, graph().add(ChildWork{&graph(), true}, {}));
  ASSERT_OK(taken->destroy());
  EXPECT_EQ(Graph::find(inner), nullptr);
  ASSERT_OK(graph().destroy());
  EXPECT_EQ(Graph::find(own), nullptr);
}

TEST_F(Graphs, ConditionalNodesHaveBodies) {
  Result<Address> handle = graph().createCondition(context(), 3, true);
  ASSERT_OK(handle);
  EXPECT_CODE(invalid_value, graph().add(ConditionalWork{*handle, ConditionalKind::once, {}}, {}));
  EXPECT_CODE(invalid_value, graph().add(ConditionalWork{*handle, ConditionalKind::loop, {nullptr, nullptr}}, {}));
  EXPECT_CODE(invalid_value, graph().add(ConditionalWork{*handle + 512, ConditionalKind::loop, {nullptr}}, {}));
  EXPECT_CODE(invalid_value, newGraph()->add(ConditionalWork{*handle, ConditionalKind::loop, {nullptr}}, {}));
  Address inner_handle = *graph().createCondition(context(), 0, false);
  Result<GraphNode *> added = graph().add(ConditionalWork{*handle, ConditionalKind::once, {nullptr, nullptr}}, {});
  ASSERT_OK(added);
  Graph *body = std::get<ConditionalWork>((*added)->work()).bodies[1];
  EXPECT_NE(node(*body), nullptr);
  EXPECT_OK(body->add(ConditionalWork{inner_handle, ConditionalKind::choice, {nullptr}}, {})) << "a handle of the graph around it";
  EXPECT_CODE(invalid_value, graph().add(ConditionalWork{*handle, ConditionalKind::loop, {nullptr}}, {})) << "one node for a handle";
  EXPECT_CODE(unsupported, graph().clone());
  EXPECT_CODE(unsupported, newGraph()->add(ChildWork{&graph()}, {}));
  EXPECT_CODE(invalid_value, body->destroy());
}

TEST_F(Graphs, MemoryNodesFixAGraphsShape) {
  Device &device = context().device();
  const GraphMemory before = graphMemory(device);
  GraphNode *alloc = *graph().add(AllocWork{&device, 4096, 0, {}, {}}, {});
  const Address address = std::get<AllocWork>(alloc->work()).address;
  ASSERT_TRUE(findAllocation(address));
  EXPECT_EQ(graphMemory(device).reserved - before.reserved, 4096u);
  EXPECT_EQ(graphMemory(device).used, before.used);
  Graph *other = newGraph();
  EXPECT_CODE(invalid_value, other->add(FreeWork{address + 16}, {}));
  Dependency after[] = {{alloc, {}}};
  GraphNode *free = *graph().add(FreeWork{address}, after);
  EXPECT_CODE(invalid_value, graph().add(FreeWork{address}, after)) << "twice in one graph";
  EXPECT_CODE(invalid_value, other->add(FreeWork{address}, {})) << "its own graph frees it";
  EXPECT_CODE(unsupported, alloc->destroy());
  EXPECT_CODE(unsupported, graph().disconnect(std::vector{edge(alloc, free)}));
  EXPECT_CODE(unsupported, graph().clone());
  EXPECT_CODE(unsupported, other->add(ChildWork{&graph()}, {}));
  EXPECT_CODE(unsupported, alloc->setWork(alloc->work()));
  EXPECT_CODE(invalid_value, graph().add(AllocWork{&device, 0, 0, {}, {}}, {}));
  EXPECT_CODE(invalid_value, releaseMemory(address, false)) << "not allocated: never launched";
  // What is freed for certain serves a later node.
  Dependency then[] = {{free, {}}};
  GraphNode *again = *graph().add(AllocWork{&device, 4000, 0, {}, {}}, then), *beside = *graph().add(AllocWork{&device, 4000, 0, {}, {}}, after);
  EXPECT_EQ(std::get<AllocWork>(again->work()).address, address);
  EXPECT_NE(std::get<AllocWork>(beside->work()).address, address);
  ASSERT_OK(other->add(ChildWork{&graph(), true}, {}));
  EXPECT_CODE(unsupported, other->clone());
  ASSERT_OK(other->destroy());
  EXPECT_FALSE(findAllocation(address));
  EXPECT_EQ(graphMemory(device).reserved, before.reserved);
}

TEST_F(Graphs, FreedElsewhereIsNotFreedAtHome) {
  GraphNode *alloc = *graph().add(AllocWork{&context().device(), 100, 0, {}, {}}, {});
  const Address address = std::get<AllocWork>(alloc->work()).address;
  EXPECT_OK(newGraph()->add(FreeWork{address}, {}));
  EXPECT_OK(newGraph()->add(FreeWork{address}, {}));
  EXPECT_CODE(invalid_value, graph().add(FreeWork{address}, {}));
}

TEST_F(Graphs, UserObjectsLiveAsLongAsAReference) {
  static int ended;
  ended = 0;
  auto end = [](void *object) { ended += *static_cast<int *>(object); };
  int seven = 7;
  EXPECT_CODE(invalid_value, UserObject::create(&seven, nullptr, 1));
  EXPECT_CODE(invalid_value, UserObject::create(&seven, end, 0));
  UserObject *object = *UserObject::create(&seven, end, 2);
  EXPECT_OK(object->retain(1));
  EXPECT_CODE(invalid_value, object->release(4));
  EXPECT_CODE(invalid_value, object->retain(0));
  EXPECT_OK(graph().retain(*object, 1, false));
  EXPECT_OK(graph().retain(*object, 1, true));  // of the program's three
  Graph *clone = *graph().clone();
  made_.push_back(clone);
  EXPECT_OK(object->release(2));
  EXPECT_CODE(invalid_value, graph().release(*object, 3));
  EXPECT_OK(graph().release(*object, 1));
  EXPECT_OK(graph().destroy());
  EXPECT_EQ(ended, 0);
  EXPECT_EQ(UserObject::find(object), object);
  EXPECT_OK(clone->destroy());
  EXPECT_EQ(ended, 7);
  EXPECT_EQ(UserObject::find(object), nullptr);
}

TEST_F(Graphs, DotShowsNodesAndEdges) {
  Graph *inner = newGraph();
  node(*inner);
  GraphNode *a = node();
  Dependency after[] = {{a, {1, 0, 1}}};
  ASSERT_OK(graph().add(ChildWork{inner}, after));
  const std::string text = graph().dot(true);
  EXPECT_EQ(text.substr(0, 14), "digraph dot {\n");
  EXPECT_NE(text.find("_node_0\" -> \""), std::string::npos);
  EXPECT_NE(text.find("port 1 to 0, type 1"), std::string::npos);
  EXPECT_NE(text.find("_node_1_node_0\""), std::string::npos) << text;
  EXPECT_EQ(std::ranges::count(text, '{'), std::ranges::count(text, '}'));
}

TEST_F(Graphs, HandlesAreFoundWhileOthersAreMade) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) {
        Graph *graph = *Graph::create();
        GraphNode *a = *graph->add(EmptyWork{}, {});
        ASSERT_EQ(GraphNode::find(a), a);
        ASSERT_EQ(Graph::find(graph), graph);
        ASSERT_OK(graph->destroy());
      }
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(GraphNode::find(reinterpret_cast<void *>(1)), nullptr);
}

}  // namespace
}  // namespace cutrans::runtime
