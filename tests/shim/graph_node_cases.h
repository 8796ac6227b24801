// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Nodes by kind, in both APIs: adding, asking, setting. See graph_cases.h.

// ---- kernels ---------------------------------------------------------------------------------------------------

GRAPH_CASE(GraphKernelNodes, ArgumentsAreCopiedAndShown) {
  unsigned value = 5;
  CUgraphNode node = fillBy(8, &value);
  value = 99;
  KernelParams got;
  std::memset(&got, 0xff, sizeof got);
  OK(API(GraphKernelNodeGetParams)(node, &got));
  EXPECT_EQ(got.func, fill) << "as the program named it";
  EXPECT_EQ(got.sharedMemBytes, 0u);
  ASSERT_NE(got.kernelParams, nullptr);
  EXPECT_EQ(got.extra, nullptr);
  EXPECT_EQ(*static_cast<uint64_t *>(got.kernelParams[0]), memory);
  EXPECT_EQ(*static_cast<unsigned *>(got.kernelParams[1]), 5u);
  KernelParams again;
  OK(API(GraphKernelNodeGetParams)(node, &again));
  EXPECT_EQ(again.kernelParams, got.kernelParams) << "the node's own, as long as it is not set";
  runOnce();
  EXPECT_THAT(read(8), Each(5u));
  // What was asked for can be set, on another node too.
  CUgraphNode other = fillBy(1, &value, {node});
  OK(API(GraphKernelNodeSetParams)(other, &got));
  value = 7;
  got.kernelParams[1] = &value;
  OK(API(GraphKernelNodeSetParams)(node, &got));
  runOnce();
  EXPECT_THAT(read(8), Each(5u));
  OK(API(GraphKernelNodeGetParams)(node, &got));
  EXPECT_EQ(*static_cast<unsigned *>(got.kernelParams[1]), 7u);
  // Pointers of before are still good: programs ask once and set many times.
  EXPECT_EQ(got.kernelParams, again.kernelParams);
  EXPECT_EQ(*static_cast<uint64_t *>(again.kernelParams[0]), memory);
}

GRAPH_CASE(GraphKernelNodes, ArgumentsInOneBuffer) {
  struct {
    uint64_t memory;
    unsigned value;
  } packed{memory, 21};
  size_t size = 12;
  void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &packed, CU_LAUNCH_PARAM_BUFFER_SIZE, &size, CU_LAUNCH_PARAM_END};
  KernelParams params = kernelParams(fill, 3, nullptr);
  params.extra = extra;
  CUgraphNode node = nullptr;
  OK(API(GraphAddKernelNode)(&node, graph, nullptr, 0, &params));
  packed.value = 0;
  runOnce();
  EXPECT_THAT(read(3), Each(21u));
  KernelParams got;
  OK(API(GraphKernelNodeGetParams)(node, &got));
  EXPECT_EQ(got.kernelParams, nullptr);
  ASSERT_NE(got.extra, nullptr);
  OK(API(GraphKernelNodeSetParams)(node, &got));
  size = 4;
  FAILS(API(GraphKernelNodeSetParams)(node, &params), kInvalidValue) << "too small";
  void *arguments[] = {&memory, &packed.value};
  size = 12;
  params.kernelParams = arguments;
  FAILS(API(GraphKernelNodeSetParams)(node, &params), kInvalidValue) << "both forms";
}

GRAPH_CASE(GraphKernelNodes, Errors) {
  unsigned value = 0;
  void *arguments[] = {&memory, &value}, *missing[] = {&memory, nullptr};
  KernelParams good = kernelParams(fill, 1, arguments), bad = good;
  CUgraphNode node = fillBy(1, &value), out = nullptr;
  bad.kernelParams = missing;
  FAILS(API(GraphAddKernelNode)(&out, graph, nullptr, 0, &bad), kInvalidValue);
  bad.kernelParams = nullptr;
  FAILS(API(GraphKernelNodeSetParams)(node, &bad), kInvalidValue);
  bad = good;
  bad.func = noHandle<decltype(bad.func)>();
  FAILS(API(GraphAddKernelNode)(&out, graph, nullptr, 0, &bad), kInvalidFunction);
  FAILS(API(GraphKernelNodeSetParams)(node, &bad), kInvalidFunction);
  bad.func = nullptr;
  FAILS(API(GraphAddKernelNode)(&out, graph, nullptr, 0, &bad), kInvalidFunction);
  bad = kernelParams(fill, 0, arguments);
  FAILS(API(GraphAddKernelNode)(&out, graph, nullptr, 0, &bad), kInvalidConfiguration) << "an empty block";
  FAILS(API(GraphAddKernelNode)(&out, graph, nullptr, 0, nullptr), kInvalidValue);
  FAILS(API(GraphAddKernelNode)(nullptr, graph, nullptr, 0, &good), kInvalidValue);
  FAILS(API(GraphAddKernelNode)(&out, nullptr, nullptr, 0, &good), kInvalidValue);
  FAILS(API(GraphAddKernelNode)(&out, graph, nullptr, 1, &good), kInvalidValue);
  for (CUgraphNode wrong : {empty(), staleNode(), CUgraphNode{}}) {
    KernelParams got;
    FAILS(API(GraphKernelNodeGetParams)(wrong, &got), kInvalidValue);
    FAILS(API(GraphKernelNodeSetParams)(wrong, &good), kInvalidValue);
  }
  FAILS(API(GraphKernelNodeGetParams)(node, nullptr), kInvalidValue);
  FAILS(API(GraphKernelNodeSetParams)(node, nullptr), kInvalidValue);
}

GRAPH_CASE(GraphKernelNodes, Attributes) {
  const unsigned value = 3;
  CUgraphNode node = fillBy(4, &value), other = fillBy(4, &value);
  AttributeValue set{}, got;
  auto id = [](CUlaunchAttributeID id) { return static_cast<AttributeId>(id); };
  OK(API(GraphKernelNodeGetAttribute)(node, id(CU_LAUNCH_ATTRIBUTE_COOPERATIVE), &got));
  EXPECT_EQ(got.cooperative, 0);
  set.cooperative = 1;
  OK(API(GraphKernelNodeSetAttribute)(node, id(CU_LAUNCH_ATTRIBUTE_COOPERATIVE), &set));
  set = {};
  set.priority = -1;
  OK(API(GraphKernelNodeSetAttribute)(node, id(CU_LAUNCH_ATTRIBUTE_PRIORITY), &set));
  set = {};
  set.accessPolicyWindow.num_bytes = 4096;
  set.accessPolicyWindow.hitRatio = 0.5f;
  OK(API(GraphKernelNodeSetAttribute)(node, id(CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW), &set));
  // Parameters leave attributes alone.
  KernelParams params;
  OK(API(GraphKernelNodeGetParams)(node, &params));
  OK(API(GraphKernelNodeSetParams)(node, &params));
  OK(API(GraphKernelNodeCopyAttributes)(other, node));
  for (CUgraphNode each : {node, other}) {
    OK(API(GraphKernelNodeGetAttribute)(each, id(CU_LAUNCH_ATTRIBUTE_COOPERATIVE), &got));
    EXPECT_EQ(got.cooperative, 1);
    OK(API(GraphKernelNodeGetAttribute)(each, id(CU_LAUNCH_ATTRIBUTE_PRIORITY), &got));
    EXPECT_EQ(got.priority, -1);
    OK(API(GraphKernelNodeGetAttribute)(each, id(CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW), &got));
    EXPECT_EQ(got.accessPolicyWindow.num_bytes, 4096u);
    EXPECT_EQ(got.accessPolicyWindow.hitRatio, 0.5f);
  }
  runOnce();
  EXPECT_THAT(read(4), Each(3u));
  // Not of nodes, or of none; wrong values; wrong nodes.
  for (CUlaunchAttributeID wrong : {CU_LAUNCH_ATTRIBUTE_IGNORE, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT}) {
    FAILS(API(GraphKernelNodeGetAttribute)(node, id(wrong), &got), kInvalidValue);
    FAILS(API(GraphKernelNodeSetAttribute)(node, id(wrong), &got), kInvalidValue);
  }
  FAILS(API(GraphKernelNodeGetAttribute)(node, static_cast<AttributeId>(200), &got), kInvalidValue);
  set = {};
  FAILS(API(GraphKernelNodeSetAttribute)(node, id(CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION), &set), kInvalidValue) << "a dimension of 0";
  set.deviceUpdatableKernelNode.deviceUpdatable = 1;
  FAILS(API(GraphKernelNodeSetAttribute)(node, id(CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE), &set), kNotSupported);
  const AttributeId priority = id(CU_LAUNCH_ATTRIBUTE_PRIORITY);
  FAILS(API(GraphKernelNodeGetAttribute)(node, priority, nullptr), kInvalidValue);
  FAILS(API(GraphKernelNodeSetAttribute)(node, priority, nullptr), kInvalidValue);
  for (CUgraphNode wrong : {empty(), staleNode(), CUgraphNode{}}) {
    FAILS(API(GraphKernelNodeGetAttribute)(wrong, priority, &got), kInvalidValue);
    FAILS(API(GraphKernelNodeSetAttribute)(wrong, priority, &got), kInvalidValue);
    FAILS(API(GraphKernelNodeCopyAttributes)(wrong, node), kInvalidValue);
    FAILS(API(GraphKernelNodeCopyAttributes)(node, wrong), kInvalidValue);
  }
}

GRAPH_CASE(GraphKernelNodes, Clusters) {
  const unsigned value = 3;
  CUgraphNode node = fillBy(4, &value);
  AttributeValue set{}, got;
  set.clusterDim = {2, 1, 1};
  const auto cluster = static_cast<AttributeId>(CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
  FAILS(API(GraphKernelNodeSetAttribute)(node, cluster, &set), kInvalidCluster) << "one block is no cluster of two";
  KernelParams params;
  OK(API(GraphKernelNodeGetParams)(node, &params));
  gridOf(params) = 4;
  OK(API(GraphKernelNodeSetParams)(node, &params));
  OK(API(GraphKernelNodeSetAttribute)(node, cluster, &set));
  OK(API(GraphKernelNodeGetAttribute)(node, cluster, &got));
  EXPECT_EQ(got.clusterDim.x, 2u);
  EXPECT_EQ(got.clusterDim.z, 1u);
  runOnce();
  EXPECT_THAT(read(16), Each(3u));
}

GRAPH_CASE(GraphKernelNodes, InExecutableGraphs) {
  unsigned value = 1, next = 2;
  CUgraphNode node = fillBy(4, &value);
  CUgraphExec exec = instantiated();
  void *arguments[] = {&memory, &next};
  KernelParams params = kernelParams(fill, 8, arguments), bad = params;
  OK(API(GraphExecKernelNodeSetParams)(exec, node, &params));
  run(exec);
  EXPECT_THAT(read(8), Each(2u));
  KernelParams got;
  OK(API(GraphKernelNodeGetParams)(node, &got));
  EXPECT_EQ(*static_cast<unsigned *>(got.kernelParams[1]), 1u) << "the node stays as it is";
  bad.func = noHandle<decltype(bad.func)>();
  FAILS(API(GraphExecKernelNodeSetParams)(exec, node, &bad), kInvalidFunction);
  FAILS(API(GraphExecKernelNodeSetParams)(exec, node, nullptr), kInvalidValue);
  FAILS(API(GraphExecKernelNodeSetParams)(nullptr, node, &params), kInvalidValue);
  FAILS(API(GraphExecKernelNodeSetParams)(noHandle<CUgraphExec>(), node, &params), kInvalidValue);
  FAILS(API(GraphExecKernelNodeSetParams)(exec, nullptr, &params), kInvalidValue);
  FAILS(API(GraphExecKernelNodeSetParams)(exec, empty(), &params), kInvalidValue);
  FAILS(API(GraphExecKernelNodeSetParams)(exec, fillBy(1, &value), &params), kInvalidValue) << "a node that came later";
  OK(API(GraphExecDestroy)(exec));
  FAILS(API(GraphExecKernelNodeSetParams)(exec, node, &params), kInvalidValue);
}

// ---- fills -----------------------------------------------------------------------------------------------------

GRAPH_CASE(GraphCopyNodes, Fills) {
  MemsetParams params = memsetParams(memory, 0x01020304, 4, 3, 1, 0), got{};
  CUgraphNode node = addFill(graph, params);
  EXPECT_EQ(typeOf(node), CU_GRAPH_NODE_TYPE_MEMSET);
  runOnce();
  EXPECT_THAT(read(4), ElementsAre(0x01020304u, 0x01020304u, 0x01020304u, 0u));
  OK(API(GraphMemsetNodeGetParams)(node, &got));
  EXPECT_EQ(got.value, 0x01020304u);
  EXPECT_EQ(got.elementSize, 4u);
  EXPECT_EQ(got.width, 3u);
  EXPECT_EQ(got.height, 1u);
  EXPECT_EQ(number(got.dst), memory);
  // Rows of one 2-byte element each, 8 bytes from row to row.
  params = memsetParams(memory, 0x0506, 2, 1, 3, 8);
  OK(API(GraphMemsetNodeSetParams)(node, &params));
  runOnce();
  EXPECT_THAT(read(5), ElementsAre(0x01020506u, 0x01020304u, 0x01020506u, 0u, 0x0506u));
  CUgraphExec exec = instantiated();
  params = memsetParams(memory + 32, 0x07, 2, 1, 3, 8);
  OK(setFillIn(exec, node, params));
  run(exec);
  EXPECT_EQ(read(9)[8], 7u);

  const MemsetParams wrong[] = {memsetParams(0, 1, 4, 1, 1, 0),          memsetParams(memory, 1, 3, 1, 1, 0), memsetParams(memory, 1, 4, 0, 1, 0),
                                memsetParams(memory, 1, 4, 1, 0, 0),     memsetParams(memory + 2, 1, 4, 1, 1, 0),
                                memsetParams(memory, 1, 4, 4, 2, 8),     memsetParams(memory, 1, 4, 1 << 24, 1, 0)};
  for (const MemsetParams &each : wrong) {
    CUgraphNode out = nullptr;
    FAILS(tryAddFill(&out, graph, &each), kInvalidValue);
    FAILS(API(GraphMemsetNodeSetParams)(node, &each), kInvalidValue);
    FAILS(setFillIn(exec, node, each), kInvalidValue);
  }
  CUgraphNode out = nullptr;
  FAILS(tryAddFill(&out, graph, nullptr), kInvalidValue);
  FAILS(tryAddFill(nullptr, graph, &params), kInvalidValue);
  FAILS(tryAddFill(&out, nullptr, &params), kInvalidValue);
  FAILS(setFillIn(nullptr, node, params), kInvalidValue);
  FAILS(API(GraphMemsetNodeGetParams)(node, nullptr), kInvalidValue);
  FAILS(API(GraphMemsetNodeSetParams)(node, nullptr), kInvalidValue);
  for (CUgraphNode other : {empty(), staleNode(), CUgraphNode{}}) {
    FAILS(API(GraphMemsetNodeGetParams)(other, &got), kInvalidValue);
    FAILS(API(GraphMemsetNodeSetParams)(other, &params), kInvalidValue);
    FAILS(setFillIn(exec, other, params), kInvalidValue);
  }
  OK(API(GraphExecDestroy)(exec));
}

// ---- host functions, events, child graphs, nodes of any kind -----------------------------------------------------

GRAPH_CASE(GraphNodes, HostFunctions) {
  static std::atomic<int> sum;
  sum = 0;
  int one = 1, ten = 10, hundred = 100;
  auto add = [](void *user) { sum += *static_cast<int *>(user); };
  CUgraphNode node = hostNode(add, &one);
  HostParams params{add, &ten}, got{};
  OK(API(GraphHostNodeGetParams)(node, &got));
  EXPECT_EQ(got.userData, &one);
  EXPECT_EQ(got.fn, params.fn);
  CUgraphExec exec = instantiated();
  OK(API(GraphHostNodeSetParams)(node, &params));
  run(exec);
  EXPECT_EQ(sum, 1) << "made before the change";
  params.userData = &hundred;
  OK(API(GraphExecHostNodeSetParams)(exec, node, &params));
  run(exec);
  EXPECT_EQ(sum, 101);
  runOnce();
  EXPECT_EQ(sum, 111);
  HostParams none{};
  CUgraphNode out = nullptr;
  FAILS(API(GraphAddHostNode)(&out, graph, nullptr, 0, &none), kInvalidValue);
  FAILS(API(GraphAddHostNode)(&out, graph, nullptr, 0, nullptr), kInvalidValue);
  FAILS(API(GraphAddHostNode)(nullptr, graph, nullptr, 0, &params), kInvalidValue);
  FAILS(API(GraphAddHostNode)(&out, nullptr, nullptr, 0, &params), kInvalidValue);
  FAILS(API(GraphHostNodeSetParams)(node, &none), kInvalidValue);
  FAILS(API(GraphExecHostNodeSetParams)(exec, node, &none), kInvalidValue);
  FAILS(API(GraphExecHostNodeSetParams)(exec, node, nullptr), kInvalidValue);
  FAILS(API(GraphExecHostNodeSetParams)(nullptr, node, &params), kInvalidValue);
  FAILS(API(GraphHostNodeGetParams)(node, nullptr), kInvalidValue);
  for (CUgraphNode wrong : {empty(), staleNode(), CUgraphNode{}}) {
    FAILS(API(GraphHostNodeGetParams)(wrong, &got), kInvalidValue);
    FAILS(API(GraphHostNodeSetParams)(wrong, &params), kInvalidValue);
    FAILS(API(GraphExecHostNodeSetParams)(exec, wrong, &params), kInvalidValue);
  }
  OK(API(GraphExecDestroy)(exec));
}

GRAPH_CASE(GraphNodes, Events) {
  CUevent a = nullptr, b = nullptr, got = nullptr, gone = nullptr;
  OK(API(EventCreateWithFlags)(&a, CU_EVENT_DISABLE_TIMING));
  OK(API(EventCreateWithFlags)(&b, CU_EVENT_DISABLE_TIMING));
  OK(API(EventCreateWithFlags)(&gone, CU_EVENT_DISABLE_TIMING));
  OK(API(EventDestroy)(gone));
  CUgraphNode record = nullptr, wait = nullptr, out = nullptr;
  OK(API(GraphAddEventRecordNode)(&record, graph, nullptr, 0, a));
  OK(API(GraphAddEventWaitNode)(&wait, graph, &record, 1, a));
  EXPECT_EQ(typeOf(record), CU_GRAPH_NODE_TYPE_EVENT_RECORD);
  EXPECT_EQ(typeOf(wait), CU_GRAPH_NODE_TYPE_WAIT_EVENT);
  runOnce();
  OK(API(EventQuery)(a));
  OK(API(GraphEventRecordNodeSetEvent)(record, b));
  OK(API(GraphEventWaitNodeSetEvent)(wait, b));
  OK(API(GraphEventRecordNodeGetEvent)(record, &got));
  EXPECT_EQ(got, b);
  OK(API(GraphEventWaitNodeGetEvent)(wait, &got));
  EXPECT_EQ(got, b);
  CUgraphExec exec = instantiated();
  OK(API(GraphExecEventRecordNodeSetEvent)(exec, record, a));
  OK(API(GraphExecEventWaitNodeSetEvent)(exec, wait, a));
  run(exec);
  for (CUevent wrong : {gone, CUevent{}, noHandle<CUevent>()}) {
    FAILS(API(GraphAddEventRecordNode)(&out, graph, nullptr, 0, wrong), kInvalidValue);
    FAILS(API(GraphAddEventWaitNode)(&out, graph, nullptr, 0, wrong), kInvalidValue);
    FAILS(API(GraphEventRecordNodeSetEvent)(record, wrong), kInvalidValue);
    FAILS(API(GraphEventWaitNodeSetEvent)(wait, wrong), kInvalidValue);
    FAILS(API(GraphExecEventRecordNodeSetEvent)(exec, record, wrong), kInvalidValue);
    FAILS(API(GraphExecEventWaitNodeSetEvent)(exec, wait, wrong), kInvalidValue);
  }
  FAILS(API(GraphAddEventRecordNode)(nullptr, graph, nullptr, 0, a), kInvalidValue);
  FAILS(API(GraphAddEventWaitNode)(&out, nullptr, nullptr, 0, a), kInvalidValue);
  FAILS(API(GraphEventRecordNodeGetEvent)(record, nullptr), kInvalidValue);
  FAILS(API(GraphEventWaitNodeGetEvent)(wait, nullptr), kInvalidValue);
  // The other kind of event node counts as wrong too.
  FAILS(API(GraphEventRecordNodeGetEvent)(wait, &got), kInvalidValue);
  FAILS(API(GraphEventWaitNodeGetEvent)(record, &got), kInvalidValue);
  FAILS(API(GraphEventRecordNodeSetEvent)(wait, a), kInvalidValue);
  FAILS(API(GraphEventWaitNodeSetEvent)(record, a), kInvalidValue);
  FAILS(API(GraphExecEventRecordNodeSetEvent)(exec, wait, a), kInvalidValue);
  FAILS(API(GraphExecEventWaitNodeSetEvent)(exec, record, a), kInvalidValue);
  FAILS(API(GraphExecEventRecordNodeSetEvent)(nullptr, record, a), kInvalidValue);
  FAILS(API(GraphExecEventWaitNodeSetEvent)(exec, staleNode(), a), kInvalidValue);
  OK(API(GraphExecDestroy)(exec));
  OK(API(EventDestroy)(a));
  OK(API(EventDestroy)(b));
}

GRAPH_CASE(GraphNodes, ChildGraphs) {
  CUgraph child = nullptr, inner = nullptr;
  const unsigned value = 4, other = 5;
  OK(API(GraphCreate)(&child, 0));
  CUgraphNode fill_node = fillBy(2, &value, {}, child), node = nullptr, out = nullptr;
  OK(API(GraphAddChildGraphNode)(&node, graph, nullptr, 0, child));
  EXPECT_EQ(typeOf(node), CU_GRAPH_NODE_TYPE_GRAPH);
  fillBy(4, &other, {}, child);  // after the copy was made
  OK(API(GraphChildGraphNodeGetGraph)(node, &inner));
  EXPECT_NE(inner, child);
  size_t count = 0;
  OK(API(GraphGetNodes)(inner, nullptr, &count));
  EXPECT_EQ(count, 1u);
  FAILS(API(GraphDestroy)(inner), kInvalidValue) << "the node's own";
  CUgraphExec exec = instantiated();
  run(exec);
  EXPECT_THAT(read(3), ElementsAre(4u, 4u, 0u));
  // The same shape with other arguments.
  CUgraph next = nullptr;
  OK(API(GraphCreate)(&next, 0));
  fillBy(3, &other, {}, next);
  OK(API(GraphExecChildGraphNodeSetParams)(exec, node, next));
  run(exec);
  EXPECT_THAT(read(4), ElementsAre(5u, 5u, 5u, 0u));
  EXPECT_NE(API(GraphExecChildGraphNodeSetParams)(exec, node, child), kSuccess) << "two nodes for one";
  clearError();
  FAILS(API(GraphExecChildGraphNodeSetParams)(exec, node, nullptr), kInvalidValue);
  FAILS(API(GraphExecChildGraphNodeSetParams)(nullptr, node, next), kInvalidValue);
  FAILS(API(GraphExecChildGraphNodeSetParams)(exec, empty(), next), kInvalidValue);
  FAILS(API(GraphAddChildGraphNode)(&out, graph, nullptr, 0, nullptr), kInvalidValue);
  FAILS(API(GraphAddChildGraphNode)(&out, graph, nullptr, 0, staleGraph()), kInvalidValue);
  FAILS(API(GraphAddChildGraphNode)(nullptr, graph, nullptr, 0, child), kInvalidValue);
  FAILS(API(GraphAddChildGraphNode)(&out, nullptr, nullptr, 0, child), kInvalidValue);
  FAILS(API(GraphChildGraphNodeGetGraph)(node, nullptr), kInvalidValue);
  FAILS(API(GraphChildGraphNodeGetGraph)(fill_node, &inner), kInvalidValue);
  FAILS(API(GraphChildGraphNodeGetGraph)(nullptr, &inner), kInvalidValue);
  OK(API(GraphExecDestroy)(exec));
  OK(API(GraphDestroy)(next));
  OK(API(GraphDestroy)(child));
  OK(API(GraphDestroyNode)(node));
  FAILS(API(GraphDestroy)(inner), kInvalidValue) << "gone with its node";
}

GRAPH_CASE(GraphNodes, OfAnyKind) {
  unsigned value = 9, next = 10;
  void *arguments[] = {&memory, &value};
  NodeParams params{};
  params.type = static_cast<NodeType>(CU_GRAPH_NODE_TYPE_KERNEL);
  const KernelParams kernel = kernelParams(fill, 4, arguments);
  std::memcpy(&params.kernel, &kernel, sizeof kernel);
  CUgraphNode node = nullptr, out = nullptr;
  OK(API(GraphAddNode)(&node, graph, nullptr, nullptr, 0, &params));
  EXPECT_EQ(typeOf(node), CU_GRAPH_NODE_TYPE_KERNEL);
  CUgraphExec exec = instantiated();
  run(exec);
  EXPECT_THAT(read(4), Each(9u));
  arguments[1] = &next;
  OK(API(GraphExecNodeSetParams)(exec, node, &params));
  run(exec);
  EXPECT_THAT(read(4), Each(10u));
  value = 11;
  arguments[1] = &value;
  OK(API(GraphNodeSetParams)(node, &params));
  runOnce();
  EXPECT_THAT(read(4), Each(11u));

  NodeParams wrong = params;
  wrong.reserved0[1] = 1;
  FAILS(API(GraphAddNode)(&out, graph, nullptr, nullptr, 0, &wrong), kInvalidValue);
  wrong = params;
  wrong.reserved2 = 1;
  FAILS(API(GraphNodeSetParams)(node, &wrong), kInvalidValue);
  wrong = params;
  wrong.reserved1[28] = 1;
  FAILS(API(GraphAddNode)(&out, graph, nullptr, nullptr, 0, &wrong), kInvalidValue) << "bytes behind the member";
  wrong = params;
  wrong.type = static_cast<NodeType>(99);
  FAILS(API(GraphAddNode)(&out, graph, nullptr, nullptr, 0, &wrong), kInvalidValue);
  NodeParams nothing{};
  nothing.type = static_cast<NodeType>(CU_GRAPH_NODE_TYPE_EMPTY);
  OK(API(GraphAddNode)(&out, graph, &node, nullptr, 1, &nothing));
  FAILS(API(GraphNodeSetParams)(node, &nothing), kInvalidValue) << "another kind";
  FAILS(API(GraphExecNodeSetParams)(exec, node, &nothing), kInvalidValue);
  FAILS(API(GraphAddNode)(&out, graph, nullptr, nullptr, 0, nullptr), kInvalidValue);
  FAILS(API(GraphAddNode)(nullptr, graph, nullptr, nullptr, 0, &params), kInvalidValue);
  FAILS(API(GraphAddNode)(&out, nullptr, nullptr, nullptr, 0, &params), kInvalidValue);
  FAILS(API(GraphNodeSetParams)(nullptr, &params), kInvalidValue);
  FAILS(API(GraphNodeSetParams)(node, nullptr), kInvalidValue);
  FAILS(API(GraphExecNodeSetParams)(nullptr, node, &params), kInvalidValue);
  FAILS(API(GraphExecNodeSetParams)(exec, node, nullptr), kInvalidValue);
  FAILS(API(GraphExecNodeSetParams)(exec, staleNode(), &params), kInvalidValue);
  OK(API(GraphExecDestroy)(exec));
}

GRAPH_CASE(GraphNodes, MembersOfTheUnion) {
  static std::atomic<int> calls;
  calls = 0;
  CUevent event = nullptr;
  OK(API(EventCreateWithFlags)(&event, CU_EVENT_DISABLE_TIMING));
  std::vector<CUgraphNode> added;
  auto add = [&](CUgraphNodeType type, auto &&fill) {
    NodeParams params{};
    params.type = static_cast<NodeType>(type);
    fill(params);
    CUgraphNode node = nullptr;
    OK(API(GraphAddNode)(&node, graph, added.empty() ? nullptr : &added.back(), nullptr, added.empty() ? 0 : 1, &params));
    EXPECT_EQ(typeOf(node), type);
    added.push_back(node);
  };
  add(CU_GRAPH_NODE_TYPE_MEMSET, [&](NodeParams &p) {
    const MemsetParams fill = memsetParams(memory, 3, 4, 4, 1, 0);
    std::memcpy(&p.memset, &fill, sizeof fill);
  });
  add(CU_GRAPH_NODE_TYPE_HOST, [&](NodeParams &p) { p.host.fn = [](void *) { ++calls; }; });
  add(CU_GRAPH_NODE_TYPE_EVENT_RECORD, [&](NodeParams &p) { p.eventRecord.event = event; });
  add(CU_GRAPH_NODE_TYPE_WAIT_EVENT, [&](NodeParams &p) { p.eventWait.event = event; });
  add(CU_GRAPH_NODE_TYPE_MEMCPY, [&](NodeParams &p) { describeCopy(p, memory + 16, memory, 16); });
  CUgraph child = nullptr, moved = nullptr;
  OK(API(GraphCreate)(&child, 0));
  OK(API(GraphCreate)(&moved, 0));
  add(CU_GRAPH_NODE_TYPE_GRAPH, [&](NodeParams &p) { p.graph.graph = child; });
  add(CU_GRAPH_NODE_TYPE_GRAPH, [&](NodeParams &p) {
    p.graph.graph = moved;
    p.graph.ownership = static_cast<decltype(p.graph.ownership)>(CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE);
  });
  CUgraph inner = nullptr;
  OK(API(GraphChildGraphNodeGetGraph)(added.back(), &inner));
  EXPECT_EQ(inner, moved);
  FAILS(API(GraphDestroy)(moved), kInvalidValue) << "owned by the node";
  OK(API(GraphDestroy)(child));
  runOnce();
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(read(9), ElementsAre(3u, 3u, 3u, 3u, 3u, 3u, 3u, 3u, 0u));
  OK(API(EventDestroy)(event));
}
