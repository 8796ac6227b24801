// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the graph entry points of both APIs must do alike: compiled once for each, by driver_graph_test.cpp and
// cudart/graph_test.cpp. Who includes this defines before
//   API(name)                the entry point: cudaName, cuName
//   GRAPH_CASE(suite, name)  a test: of `suite` in the runtime API, of `Driver` + suite in the driver API
//   OK(call), FAILS(call, error)
//   kInvalidValue... and the types below of its API, and the fixture GraphApi.
// Enumerators are alike; the driver API's are used. Included in an unnamed namespace, below the headers of graph_kernels.h.
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

template <class Handle>
Handle noHandle() {
  return reinterpret_cast<Handle>(uintptr_t{0xdeadbeef0});
}

class GraphCase : public GraphApi {
 protected:
  void SetUp() override {
    GraphApi::SetUp();
    OK(API(GraphCreate)(&graph, 0));
  }
  void TearDown() override {
    OK(API(GraphDestroy)(graph));
    GraphApi::TearDown();
  }

  CUgraphNode empty(std::vector<CUgraphNode> after = {}) {
    CUgraphNode node = nullptr;
    OK(API(GraphAddEmptyNode)(&node, graph, after.data(), after.size()));
    return node;
  }
  // memory[0..n) = value
  CUgraphNode fillBy(unsigned n, const unsigned *value, std::vector<CUgraphNode> after = {}, CUgraph into = nullptr) {
    void *arguments[] = {&memory, const_cast<unsigned *>(value)};
    KernelParams params = kernelParams(fill, n, arguments);
    CUgraphNode node = nullptr;
    OK(API(GraphAddKernelNode)(&node, into ? into : graph, after.data(), after.size(), &params));
    return node;
  }
  CUgraphNode hostNode(CUhostFn fn, void *user, std::vector<CUgraphNode> after = {}) {
    HostParams params{fn, user};
    CUgraphNode node = nullptr;
    OK(API(GraphAddHostNode)(&node, graph, after.data(), after.size(), &params));
    return node;
  }
  CUgraphExec instantiated(CUgraph which = nullptr) {
    CUgraphExec exec = nullptr;
    OK(API(GraphInstantiateWithFlags)(&exec, which ? which : graph, 0));
    return exec;
  }
  void run(CUgraphExec exec) {
    OK(API(GraphLaunch)(exec, stream));
    OK(API(StreamSynchronize)(stream));
  }
  void runOnce() {
    CUgraphExec exec = instantiated();
    run(exec);
    OK(API(GraphExecDestroy)(exec));
  }
  static int typeOf(CUgraphNode node) {
    NodeType type{};
    OK(API(GraphNodeGetType)(node, &type));
    return static_cast<int>(type);
  }
  // A handle that was one.
  CUgraphNode staleNode() {
    CUgraphNode node = empty();
    OK(API(GraphDestroyNode)(node));
    return node;
  }
  static CUgraph staleGraph() {
    CUgraph gone = nullptr;
    OK(API(GraphCreate)(&gone, 0));
    OK(API(GraphDestroy)(gone));
    return gone;
  }
  std::vector<CUgraphNode> nodes() {
    size_t count = 0;
    OK(API(GraphGetNodes)(graph, nullptr, &count));
    std::vector<CUgraphNode> all(count);
    OK(API(GraphGetNodes)(graph, all.data(), &count));
    return all;
  }

  CUgraph graph = nullptr;
};

#define GRAPH_SUITE(name) class CT_SUITE(name) : public GraphCase {}
GRAPH_SUITE(GraphStructure);
GRAPH_SUITE(GraphNodes);
GRAPH_SUITE(GraphKernelNodes);
GRAPH_SUITE(GraphCopyNodes);
GRAPH_SUITE(GraphMemoryNodes);
GRAPH_SUITE(GraphExecs);
GRAPH_SUITE(GraphConditions);
GRAPH_SUITE(UserObjects);

// ---- structure -------------------------------------------------------------------------------------------------

GRAPH_CASE(GraphStructure, CreateAndDestroy) {
  CUgraph other = nullptr;
  FAILS(API(GraphCreate)(nullptr, 0), kInvalidValue);
  FAILS(API(GraphCreate)(&other, 1), kInvalidValue);
  OK(API(GraphCreate)(&other, 0));
  EXPECT_NE(other, graph);
  OK(API(GraphDestroy)(other));
  FAILS(API(GraphDestroy)(other), kInvalidValue);
  FAILS(API(GraphDestroy)(nullptr), kInvalidValue);
  FAILS(API(GraphDestroy)(noHandle<CUgraph>()), kInvalidValue);
  FAILS(API(GraphDestroy)(reinterpret_cast<CUgraph>(empty())), kInvalidValue) << "a node is no graph";
}

GRAPH_CASE(GraphStructure, NodesAndRoots) {
  CUgraphNode a = empty(), b = empty({a}), c = empty();
  size_t count = 77;
  OK(API(GraphGetNodes)(graph, nullptr, &count));
  EXPECT_EQ(count, 3u);
  CUgraphNode list[4] = {a, a, a, a};
  count = 4;
  OK(API(GraphGetNodes)(graph, list, &count));
  EXPECT_EQ(count, 3u);
  EXPECT_THAT(list, ElementsAre(a, b, c, nullptr));
  count = 2;
  OK(API(GraphGetNodes)(graph, list, &count));
  EXPECT_EQ(count, 2u);
  OK(API(GraphGetRootNodes)(graph, nullptr, &count));
  EXPECT_EQ(count, 2u);
  count = 4;
  OK(API(GraphGetRootNodes)(graph, list, &count));
  EXPECT_THAT(list, ElementsAre(a, c, nullptr, nullptr));
  for (CUgraph wrong : {CUgraph{}, noHandle<CUgraph>(), staleGraph()}) {
    FAILS(API(GraphGetNodes)(wrong, nullptr, &count), kInvalidValue);
    FAILS(API(GraphGetRootNodes)(wrong, nullptr, &count), kInvalidValue);
  }
  FAILS(API(GraphGetNodes)(graph, nullptr, nullptr), kInvalidValue);
  FAILS(API(GraphGetRootNodes)(graph, list, nullptr), kInvalidValue);
}

GRAPH_CASE(GraphStructure, EdgesComeAndGo) {
  CUgraphNode a = empty(), b = empty(), c = empty();
  CUgraphNode from[] = {a, a, b}, to[] = {b, c, c};
  OK(API(GraphAddDependencies)(graph, from, to, nullptr, 3));
  size_t count = 0;
  OK(API(GraphGetEdges)(graph, nullptr, nullptr, nullptr, &count));
  EXPECT_EQ(count, 3u);
  CUgraphNode tails[4], heads[4];
  EdgeData data[4];
  std::memset(data, 0xff, sizeof data);
  count = 4;
  OK(API(GraphGetEdges)(graph, tails, heads, data, &count));
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(tails[3], nullptr);
  EXPECT_EQ(heads[3], nullptr);
  std::vector<std::pair<CUgraphNode, CUgraphNode>> edges;
  for (int i = 0; i < 3; ++i) {
    edges.emplace_back(tails[i], heads[i]);
    EXPECT_EQ(data[i].type, 0);
    EXPECT_EQ(data[i].from_port, 0);
  }
  EXPECT_THAT(edges, UnorderedElementsAre(std::pair(a, b), std::pair(a, c), std::pair(b, c)));
  CUgraphNode list[3];
  count = 3;
  OK(API(GraphNodeGetDependencies)(c, list, nullptr, &count));
  EXPECT_EQ(count, 2u);
  EXPECT_THAT(list, ElementsAre(a, b, nullptr));
  OK(API(GraphNodeGetDependencies)(c, nullptr, nullptr, &count));
  EXPECT_EQ(count, 2u);
  count = 3;
  OK(API(GraphNodeGetDependentNodes)(a, list, data, &count));
  EXPECT_THAT(list, ElementsAre(b, c, nullptr));
  OK(API(GraphNodeGetDependentNodes)(c, nullptr, nullptr, &count));
  EXPECT_EQ(count, 0u);
  OK(API(GraphRemoveDependencies)(graph, from, to, nullptr, 2));
  OK(API(GraphGetEdges)(graph, nullptr, nullptr, nullptr, &count));
  EXPECT_EQ(count, 1u);
  FAILS(API(GraphRemoveDependencies)(graph, from, to, nullptr, 1), kInvalidValue) << "there is none any more";
}

GRAPH_CASE(GraphStructure, EdgesThatMayNotBe) {
  CUgraphNode a = empty(), b = empty({a});
  CUgraph other = nullptr;
  CUgraphNode foreign = nullptr, gone = staleNode(), none = nullptr;
  OK(API(GraphCreate)(&other, 0));
  OK(API(GraphAddEmptyNode)(&foreign, other, nullptr, 0));
  auto fails = [&](CUgraphNode from, CUgraphNode to) { FAILS(API(GraphAddDependencies)(graph, &from, &to, nullptr, 1), kInvalidValue); };
  fails(a, a);
  fails(a, b);
  fails(b, a);
  fails(a, foreign);
  fails(gone, b);
  fails(a, none);
  OK(API(GraphAddDependencies)(graph, nullptr, nullptr, nullptr, 0));
  FAILS(API(GraphAddDependencies)(graph, nullptr, &b, nullptr, 1), kInvalidValue);
  FAILS(API(GraphAddDependencies)(nullptr, &a, &b, nullptr, 1), kInvalidValue);
  FAILS(API(GraphAddDependencies)(other, &a, &b, nullptr, 1), kInvalidValue);
  FAILS(API(GraphRemoveDependencies)(graph, &b, &a, nullptr, 1), kInvalidValue);
  FAILS(API(GraphRemoveDependencies)(graph, &a, nullptr, nullptr, 1), kInvalidValue);
  FAILS(API(GraphRemoveDependencies)(noHandle<CUgraph>(), &a, &b, nullptr, 1), kInvalidValue);
  OK(API(GraphRemoveDependencies)(graph, nullptr, nullptr, nullptr, 0));
  size_t count = 0;
  FAILS(API(GraphGetEdges)(graph, &a, nullptr, nullptr, &count), kInvalidValue);
  FAILS(API(GraphGetEdges)(graph, nullptr, nullptr, nullptr, nullptr), kInvalidValue);
  FAILS(API(GraphGetEdges)(nullptr, nullptr, nullptr, nullptr, &count), kInvalidValue);
  EdgeData data{};
  FAILS(API(GraphGetEdges)(graph, nullptr, nullptr, &data, &count), kInvalidValue);
  FAILS(API(GraphNodeGetDependencies)(gone, nullptr, nullptr, &count), kInvalidValue);
  FAILS(API(GraphNodeGetDependencies)(b, nullptr, nullptr, nullptr), kInvalidValue);
  FAILS(API(GraphNodeGetDependencies)(b, nullptr, &data, &count), kInvalidValue);
  FAILS(API(GraphNodeGetDependentNodes)(nullptr, nullptr, nullptr, &count), kInvalidValue);
  FAILS(API(GraphNodeGetDependentNodes)(a, nullptr, nullptr, nullptr), kInvalidValue);
  // Dependencies of a new node.
  CUgraphNode node = nullptr, twice[] = {a, a}, wrong[] = {a, foreign};
  FAILS(API(GraphAddEmptyNode)(&node, graph, twice, 2), kInvalidValue);
  FAILS(API(GraphAddEmptyNode)(&node, graph, wrong, 2), kInvalidValue);
  FAILS(API(GraphAddEmptyNode)(&node, graph, nullptr, 1), kInvalidValue);
  FAILS(API(GraphAddEmptyNode)(nullptr, graph, nullptr, 0), kInvalidValue);
  FAILS(API(GraphAddEmptyNode)(&node, staleGraph(), nullptr, 0), kInvalidValue);
  EXPECT_EQ(nodes().size(), 2u) << "nothing was added";
  OK(API(GraphDestroy)(other));
}

GRAPH_CASE(GraphStructure, PortsBelongToKernels) {
  const unsigned value = 1;
  CUgraphNode a = fillBy(1, &value), b = fillBy(1, &value), host = empty();
  EdgeData programmatic{};
  programmatic.from_port = CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC;
  programmatic.type = decltype(programmatic.type){CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC};
  OK(API(GraphAddDependencies)(graph, &a, &b, &programmatic, 1));
  CUgraphNode from = nullptr, to = nullptr;
  size_t count = 1;
  FAILS(API(GraphGetEdges)(graph, &from, &to, nullptr, &count), kLossyQuery);
  FAILS(API(GraphNodeGetDependencies)(b, &from, nullptr, &count), kLossyQuery);
  FAILS(API(GraphNodeGetDependentNodes)(a, &to, nullptr, &count), kLossyQuery);
  EdgeData got{};
  OK(API(GraphGetEdges)(graph, &from, &to, &got, &count));
  EXPECT_EQ(std::memcmp(&got, &programmatic, sizeof got), 0);
  got = {};
  OK(API(GraphNodeGetDependencies)(b, &from, &got, &count));
  EXPECT_EQ(from, a);
  EXPECT_EQ(got.from_port, CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC);
  FAILS(API(GraphRemoveDependencies)(graph, &a, &b, nullptr, 1), kInvalidValue) << "the data are part of the edge";
  OK(API(GraphRemoveDependencies)(graph, &a, &b, &programmatic, 1));
  FAILS(API(GraphAddDependencies)(graph, &a, &host, &programmatic, 1), kInvalidValue);
  FAILS(API(GraphAddDependencies)(graph, &host, &b, &programmatic, 1), kInvalidValue);
  EdgeData wrong = programmatic;
  wrong.from_port = 0;
  FAILS(API(GraphAddDependencies)(graph, &a, &b, &wrong, 1), kInvalidValue);
  wrong.from_port = 9;
  FAILS(API(GraphAddDependencies)(graph, &a, &b, &wrong, 1), kInvalidValue);
  wrong = programmatic;
  wrong.to_port = 1;
  FAILS(API(GraphAddDependencies)(graph, &a, &b, &wrong, 1), kInvalidValue);
  wrong = programmatic;
  wrong.reserved[2] = 1;
  FAILS(API(GraphAddDependencies)(graph, &a, &b, &wrong, 1), kInvalidValue);
  wrong = programmatic;
  wrong.type = 7;
  FAILS(API(GraphAddDependencies)(graph, &a, &b, &wrong, 1), kInvalidValue);
  EdgeData completion{};
  completion.from_port = CU_GRAPH_KERNEL_NODE_PORT_LAUNCH_ORDER;
  OK(API(GraphAddDependencies)(graph, &a, &b, &completion, 1));
}

GRAPH_CASE(GraphStructure, DestroyedNodesTakeTheirEdgesAlong) {
  CUgraphNode a = empty(), b = empty({a}), c = empty({b});
  OK(API(GraphDestroyNode)(b));
  FAILS(API(GraphDestroyNode)(b), kInvalidValue);
  FAILS(API(GraphDestroyNode)(nullptr), kInvalidValue);
  FAILS(API(GraphDestroyNode)(reinterpret_cast<CUgraphNode>(graph)), kInvalidValue);
  size_t count = 1;
  OK(API(GraphGetEdges)(graph, nullptr, nullptr, nullptr, &count));
  EXPECT_EQ(count, 0u);
  EXPECT_THAT(nodes(), ElementsAre(a, c));
}

GRAPH_CASE(GraphStructure, ClonesAndTheirNodes) {
  const unsigned value = 6;
  CUgraphNode a = fillBy(4, &value), b = empty({a}), copy = nullptr;
  CUgraph clone = nullptr;
  FAILS(API(GraphClone)(nullptr, graph), kInvalidValue);
  FAILS(API(GraphClone)(&clone, staleGraph()), kInvalidValue);
  OK(API(GraphClone)(&clone, graph));
  OK(API(GraphNodeFindInClone)(&copy, b, clone));
  EXPECT_NE(copy, b);
  EXPECT_EQ(typeOf(copy), CU_GRAPH_NODE_TYPE_EMPTY);
  CUgraphNode before = nullptr;
  size_t count = 1;
  OK(API(GraphNodeGetDependencies)(copy, &before, nullptr, &count));
  OK(API(GraphNodeFindInClone)(&copy, a, clone));
  EXPECT_EQ(before, copy);
  CUgraphNode later = empty();
  FAILS(API(GraphNodeFindInClone)(&copy, later, clone), kInvalidValue) << "added after the clone was made";
  FAILS(API(GraphNodeFindInClone)(&copy, a, graph), kInvalidValue) << "no clone";
  FAILS(API(GraphNodeFindInClone)(nullptr, a, clone), kInvalidValue);
  FAILS(API(GraphNodeFindInClone)(&copy, nullptr, clone), kInvalidValue);
  FAILS(API(GraphNodeFindInClone)(&copy, a, nullptr), kInvalidValue);
  OK(API(GraphNodeFindInClone)(&copy, b, clone));
  OK(API(GraphDestroyNode)(copy));
  FAILS(API(GraphNodeFindInClone)(&copy, b, clone), kInvalidValue);
  OK(API(GraphDestroyNode)(a));
  CUgraphExec exec = instantiated(clone);
  run(exec);
  EXPECT_THAT(read(4), Each(6u)) << "the clone has its own";
  OK(API(GraphExecDestroy)(exec));
  OK(API(GraphDestroy)(clone));
}

GRAPH_CASE(GraphStructure, Types) {
  const unsigned value = 0;
  EXPECT_EQ(typeOf(empty()), CU_GRAPH_NODE_TYPE_EMPTY);
  EXPECT_EQ(typeOf(fillBy(1, &value)), CU_GRAPH_NODE_TYPE_KERNEL);
  EXPECT_EQ(typeOf(hostNode([](void *) {}, nullptr)), CU_GRAPH_NODE_TYPE_HOST);
  NodeType type{};
  FAILS(API(GraphNodeGetType)(nullptr, &type), kInvalidValue);
  FAILS(API(GraphNodeGetType)(staleNode(), &type), kInvalidValue);
  FAILS(API(GraphNodeGetType)(empty(), nullptr), kInvalidValue);
}

GRAPH_CASE(GraphStructure, DotFiles) {
  const unsigned value = 0;
  CUgraphNode a = fillBy(1, &value);
  empty({a});
  const std::string path = testing::TempDir() + "graph_" + std::to_string(getpid()) + ".dot";
  for (unsigned flags : {0u, unsigned{CU_GRAPH_DEBUG_DOT_FLAGS_VERBOSE}}) {
    OK(API(GraphDebugDotPrint)(graph, path.c_str(), flags));
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    EXPECT_THAT(text.str(), HasSubstr("digraph"));
    EXPECT_THAT(text.str(), HasSubstr("->"));
    EXPECT_THAT(text.str(), HasSubstr("fill"));
  }
  std::filesystem::remove(path);
  FAILS(API(GraphDebugDotPrint)(graph, "/there/is/no/such/place.dot", 0), kOperatingSystem);
  FAILS(API(GraphDebugDotPrint)(graph, nullptr, 0), kInvalidValue);
  FAILS(API(GraphDebugDotPrint)(nullptr, path.c_str(), 0), kInvalidValue);
  FAILS(API(GraphDebugDotPrint)(graph, path.c_str(), 1u << 20), kInvalidValue);
}

// ---- user objects ----------------------------------------------------------------------------------------------

inline std::atomic<int> destroyed{0};
inline void countDestroyed(void *) { ++destroyed; }
inline void waitForDestroyed(int count) {
  for (int i = 0; i < 5000 && destroyed < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(destroyed, count);
}

GRAPH_CASE(UserObjects, GoWithTheirLastReference) {
  destroyed = 0;
  CUuserObject object = nullptr;
  OK(API(UserObjectCreate)(&object, &object, countDestroyed, 2, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
  OK(API(UserObjectRetain)(object, 3));
  OK(API(UserObjectRelease)(object, 4));
  EXPECT_EQ(destroyed, 0);
  OK(API(UserObjectRelease)(object, 1));
  waitForDestroyed(1);
  FAILS(API(UserObjectRetain)(object, 1), kInvalidValue);
  FAILS(API(UserObjectRelease)(object, 1), kInvalidValue);
}

GRAPH_CASE(UserObjects, GraphsAndTheirLaunchesKeepThem) {
  destroyed = 0;
  CUuserObject object = nullptr;
  CUgraph other = nullptr;
  OK(API(GraphCreate)(&other, 0));
  OK(API(UserObjectCreate)(&object, nullptr, countDestroyed, 1, CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
  OK(API(GraphRetainUserObject)(other, object, 2, 0));
  OK(API(GraphReleaseUserObject)(other, object, 1));
  FAILS(API(GraphReleaseUserObject)(other, object, 2), kInvalidValue) << "it holds one";
  OK(API(GraphRetainUserObject)(other, object, 1, CU_GRAPH_USER_OBJECT_MOVE));  // the caller's own
  CUgraphExec exec = instantiated(other);
  OK(API(GraphDestroy)(other));
  EXPECT_EQ(destroyed, 0) << "the executable graph has it";
  run(exec);
  OK(API(GraphExecDestroy)(exec));
  waitForDestroyed(1);
}

GRAPH_CASE(UserObjects, Errors) {
  destroyed = 0;
  CUuserObject object = nullptr, none = nullptr;
  const unsigned flags = CU_USER_OBJECT_NO_DESTRUCTOR_SYNC;
  FAILS(API(UserObjectCreate)(nullptr, nullptr, countDestroyed, 1, flags), kInvalidValue);
  FAILS(API(UserObjectCreate)(&object, nullptr, nullptr, 1, flags), kInvalidValue);
  FAILS(API(UserObjectCreate)(&object, nullptr, countDestroyed, 0, flags), kInvalidValue);
  FAILS(API(UserObjectCreate)(&object, nullptr, countDestroyed, unsigned{INT_MAX} + 1, flags), kInvalidValue);
  FAILS(API(UserObjectCreate)(&object, nullptr, countDestroyed, 1, 0), kInvalidValue);
  OK(API(UserObjectCreate)(&object, nullptr, countDestroyed, 1, flags));
  for (unsigned count : {0u, unsigned{INT_MAX} + 1}) {
    FAILS(API(UserObjectRetain)(object, count), kInvalidValue);
    FAILS(API(UserObjectRelease)(object, count), kInvalidValue);
    FAILS(API(GraphRetainUserObject)(graph, object, count, 0), kInvalidValue);
    FAILS(API(GraphReleaseUserObject)(graph, object, count), kInvalidValue);
  }
  FAILS(API(UserObjectRetain)(none, 1), kInvalidValue);
  FAILS(API(UserObjectRelease)(noHandle<CUuserObject>(), 1), kInvalidValue);
  FAILS(API(GraphRetainUserObject)(nullptr, object, 1, 0), kInvalidValue);
  FAILS(API(GraphRetainUserObject)(graph, none, 1, 0), kInvalidValue);
  FAILS(API(GraphRetainUserObject)(graph, object, 1, 2), kInvalidValue);
  FAILS(API(GraphReleaseUserObject)(nullptr, object, 1), kInvalidValue);
  FAILS(API(GraphReleaseUserObject)(graph, none, 1), kInvalidValue);
  FAILS(API(GraphReleaseUserObject)(graph, object, 1), kInvalidValue) << "it holds none";
  EXPECT_EQ(destroyed, 0);
  OK(API(UserObjectRelease)(object, 1));
  waitForDestroyed(1);
}
