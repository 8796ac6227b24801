// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executable graphs, memory nodes and conditions, in both APIs. See graph_cases.h.

GRAPH_CASE(GraphExecs, InstantiateAndLaunch) {
  unsigned value = 2;
  CUgraphNode node = fillBy(4, &value);
  CUgraphExec exec = nullptr;
  OK(API(GraphInstantiateWithFlags)(&exec, graph, CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY | CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH));
  Flags64 flags = 0;
  OK(API(GraphExecGetFlags)(exec, &flags));
  EXPECT_EQ(flags, Flags64{CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY | CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH});
  OK(API(GraphUpload)(exec, stream));
  OK(API(GraphDestroyNode)(node));  // the executable graph has its own
  run(exec);
  EXPECT_THAT(read(4), Each(2u));
  for (CUgraphExec wrong : {CUgraphExec{}, noHandle<CUgraphExec>(), reinterpret_cast<CUgraphExec>(graph)}) {
    FAILS(API(GraphLaunch)(wrong, stream), kInvalidValue);
    FAILS(API(GraphUpload)(wrong, stream), kInvalidValue);
    FAILS(API(GraphExecDestroy)(wrong), kInvalidValue);
    FAILS(API(GraphExecGetFlags)(wrong, &flags), kInvalidValue);
  }
  FAILS(API(GraphExecGetFlags)(exec, nullptr), kInvalidValue);
  FAILS(API(GraphLaunch)(exec, noHandle<CUstream>()), kInvalidHandle);
  FAILS(API(GraphUpload)(exec, noHandle<CUstream>()), kInvalidHandle);
  OK(API(GraphLaunch)(exec, nullptr));
  OK(API(GraphExecDestroy)(exec));  // legal while it runs
  FAILS(API(GraphExecDestroy)(exec), kInvalidValue);
  FAILS(API(GraphLaunch)(exec, stream), kInvalidValue);
}

GRAPH_CASE(GraphExecs, FlagsThatAreNone) {
  CUgraphExec exec = nullptr;
  FAILS(API(GraphInstantiateWithFlags)(nullptr, graph, 0), kInvalidValue);
  FAILS(API(GraphInstantiateWithFlags)(&exec, nullptr, 0), kInvalidValue);
  FAILS(API(GraphInstantiateWithFlags)(&exec, staleGraph(), 0), kInvalidValue);
  for (unsigned long long wrong : {16ull, 1ull << 40, static_cast<unsigned long long>(CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD),
                                   static_cast<unsigned long long>(CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH)})
    FAILS(API(GraphInstantiateWithFlags)(&exec, graph, wrong), kInvalidValue) << wrong;
}

GRAPH_CASE(GraphExecs, ByParameters) {
  unsigned value = 8;
  fillBy(4, &value);
  InstantiateParams params{};
  CUgraphExec exec = nullptr;
  std::memset(&params, 0xff, sizeof params);
  params.flags = CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD;
  uploadStreamOf(params) = stream;
  OK(API(GraphInstantiateWithParams)(&exec, graph, &params));
  EXPECT_EQ(static_cast<int>(params.result_out), CUDA_GRAPH_INSTANTIATE_SUCCESS);
  EXPECT_EQ(errorNodeOf(params), nullptr);
  run(exec);
  EXPECT_THAT(read(4), Each(8u));
  OK(API(GraphExecDestroy)(exec));
  params.flags = 1 << 30;
  FAILS(API(GraphInstantiateWithParams)(&exec, graph, &params), kInvalidValue);
  EXPECT_EQ(static_cast<int>(params.result_out), CUDA_GRAPH_INSTANTIATE_ERROR);
  params.flags = CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD;
  uploadStreamOf(params) = noHandle<CUstream>();
  FAILS(API(GraphInstantiateWithParams)(&exec, graph, &params), kInvalidHandle);
  EXPECT_EQ(static_cast<int>(params.result_out), CUDA_GRAPH_INSTANTIATE_ERROR);
  params.flags = 0;
  FAILS(API(GraphInstantiateWithParams)(nullptr, graph, &params), kInvalidValue);
  FAILS(API(GraphInstantiateWithParams)(&exec, nullptr, &params), kInvalidValue);
  FAILS(API(GraphInstantiateWithParams)(&exec, graph, nullptr), kInvalidValue);
}

GRAPH_CASE(GraphExecs, UpdatesFromAGraph) {
  unsigned value = 1, next = 2;
  CUgraphNode first = fillBy(4, &value);
  empty({first});
  CUgraphExec exec = instantiated();
  CUgraph other = nullptr;
  OK(API(GraphCreate)(&other, 0));
  CUgraphNode changed = fillBy(4, &next, {}, other), last = nullptr;
  UpdateInfo info;
  std::memset(&info, 0xff, sizeof info);
  FAILS(API(GraphExecUpdate)(exec, other, &info), kUpdateFailure);
  EXPECT_EQ(static_cast<int>(info.result), CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
  OK(API(GraphAddEmptyNode)(&last, other, &changed, 1));
  OK(API(GraphExecUpdate)(exec, other, &info));
  EXPECT_EQ(static_cast<int>(info.result), CU_GRAPH_EXEC_UPDATE_SUCCESS);
  EXPECT_EQ(info.errorNode, nullptr);
  EXPECT_EQ(info.errorFromNode, nullptr);
  run(exec);
  EXPECT_THAT(read(4), Each(2u));
  // The node that stands where the empty one was is of another kind.
  OK(API(GraphDestroyNode)(last));
  HostParams host{[](void *) {}, nullptr};
  OK(API(GraphAddHostNode)(&last, other, &changed, 1, &host));
  FAILS(API(GraphExecUpdate)(exec, other, &info), kUpdateFailure);
  EXPECT_EQ(static_cast<int>(info.result), CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED);
  EXPECT_EQ(info.errorNode, last);
  FAILS(API(GraphExecUpdate)(nullptr, other, &info), kInvalidValue);
  EXPECT_EQ(static_cast<int>(info.result), CU_GRAPH_EXEC_UPDATE_ERROR);
  FAILS(API(GraphExecUpdate)(exec, nullptr, &info), kInvalidValue);
  FAILS(API(GraphExecUpdate)(exec, other, nullptr), kInvalidValue);
  OK(API(GraphExecDestroy)(exec));
  FAILS(API(GraphExecUpdate)(exec, other, &info), kInvalidValue);
  OK(API(GraphDestroy)(other));
}

GRAPH_CASE(GraphExecs, NodesThatAreDisabled) {
  unsigned value = 6, is = 77;
  CUgraphNode node = fillBy(4, &value), host = hostNode([](void *) {}, nullptr);
  CUgraphExec exec = instantiated();
  OK(API(GraphNodeGetEnabled)(exec, node, &is));
  EXPECT_EQ(is, 1u);
  OK(API(GraphNodeSetEnabled)(exec, node, 0));
  OK(API(GraphNodeGetEnabled)(exec, node, &is));
  EXPECT_EQ(is, 0u);
  run(exec);
  EXPECT_THAT(read(4), Each(0u));
  OK(API(GraphNodeSetEnabled)(exec, node, 1));
  run(exec);
  EXPECT_THAT(read(4), Each(6u));
  FAILS(API(GraphNodeSetEnabled)(exec, host, 0), kInvalidValue) << "kernels, copies and fills only";
  FAILS(API(GraphNodeGetEnabled)(exec, host, &is), kInvalidValue);
  FAILS(API(GraphNodeGetEnabled)(exec, node, nullptr), kInvalidValue);
  for (CUgraphNode wrong : {empty(), staleNode(), CUgraphNode{}}) {
    FAILS(API(GraphNodeSetEnabled)(exec, wrong, 1), kInvalidValue);
    FAILS(API(GraphNodeGetEnabled)(exec, wrong, &is), kInvalidValue);
  }
  FAILS(API(GraphNodeSetEnabled)(nullptr, node, 1), kInvalidValue);
  FAILS(API(GraphNodeGetEnabled)(nullptr, node, &is), kInvalidValue);
  OK(API(GraphExecDestroy)(exec));
}

// ---- memory ----------------------------------------------------------------------------------------------------

GRAPH_CASE(GraphMemoryNodes, FromOneNodeToAnother) {
  AllocParams params{}, got;
  auto &pool = reinterpret_cast<CUmemPoolProps &>(params.poolProps);
  pool.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  pool.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  params.bytesize = 64;
  CUmemAccessDesc access{};
  access.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  params.accessDescs = reinterpret_cast<decltype(params.accessDescs)>(&access);
  params.accessDescCount = 1;
  CUgraphNode alloc = nullptr, fill_node = nullptr, copy = nullptr, free_node = nullptr, out = nullptr;
  OK(API(GraphAddMemAllocNode)(&alloc, graph, nullptr, 0, &params));
  EXPECT_EQ(typeOf(alloc), CU_GRAPH_NODE_TYPE_MEM_ALLOC);
  const uint64_t address = number(params.dptr);
  ASSERT_NE(address, 0u);
  OK(API(GraphMemAllocNodeGetParams)(alloc, &got));
  EXPECT_EQ(number(got.dptr), address);
  EXPECT_EQ(got.bytesize, 64u);
  EXPECT_EQ(got.accessDescCount, 1u);
  EXPECT_EQ(static_cast<int>(got.accessDescs[0].flags), CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
  EXPECT_EQ(static_cast<int>(got.poolProps.location.type), CU_MEM_LOCATION_TYPE_DEVICE);
  NodeParams any{};
  any.type = static_cast<NodeType>(CU_GRAPH_NODE_TYPE_MEMSET);
  const MemsetParams fill_params = memsetParams(address, 12, 4, 16, 1, 0);
  std::memcpy(&any.memset, &fill_params, sizeof fill_params);
  OK(API(GraphAddNode)(&fill_node, graph, &alloc, nullptr, 1, &any));
  any = {};
  any.type = static_cast<NodeType>(CU_GRAPH_NODE_TYPE_MEMCPY);
  describeCopy(any, memory, address, 64);
  OK(API(GraphAddNode)(&copy, graph, &fill_node, nullptr, 1, &any));
  OK(API(GraphAddMemFreeNode)(&free_node, graph, &copy, 1, devicePointer(address)));
  EXPECT_EQ(typeOf(free_node), CU_GRAPH_NODE_TYPE_MEM_FREE);
  auto freed = devicePointer(0);
  OK(API(GraphMemFreeNodeGetParams)(free_node, &freed));
  EXPECT_EQ(number(freed), address);
  FAILS(API(GraphAddMemFreeNode)(&out, graph, &copy, 1, devicePointer(address)), kInvalidValue) << "freed twice";
  CUgraphExec exec = instantiated();
  run(exec);
  run(exec);
  EXPECT_THAT(read(16), Each(12u));
  // What graphs with memory may not do.
  CUgraph clone = nullptr, parent = nullptr;
  CUgraphExec second = nullptr;
  EXPECT_NE(API(GraphClone)(&clone, graph), kSuccess);
  EXPECT_NE(API(GraphDestroyNode)(copy), kSuccess);
  EXPECT_NE(API(GraphRemoveDependencies)(graph, &alloc, &fill_node, nullptr, 1), kSuccess);
  EXPECT_NE(API(GraphInstantiateWithFlags)(&second, graph, 0), kSuccess) << "one at a time";
  OK(API(GraphCreate)(&parent, 0));
  EXPECT_NE(API(GraphAddChildGraphNode)(&out, parent, nullptr, 0, graph), kSuccess);
  clearError();
  OK(API(GraphDestroy)(parent));
  OK(API(GraphExecDestroy)(exec));
  runOnce();
  // Memory nodes keep what they are.
  any = {};
  any.type = static_cast<NodeType>(CU_GRAPH_NODE_TYPE_MEM_FREE);
  any.free.dptr = devicePointer(address);
  FAILS(API(GraphNodeSetParams)(free_node, &any), kNotSupported);
}

GRAPH_CASE(GraphMemoryNodes, Errors) {
  AllocParams good{};
  auto &pool = reinterpret_cast<CUmemPoolProps &>(good.poolProps);
  pool.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  pool.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  good.bytesize = 64;
  CUgraphNode node = nullptr, out = nullptr;
  auto fails = [&](auto &&change, auto error) {
    AllocParams bad = good;
    change(bad);
    FAILS(API(GraphAddMemAllocNode)(&out, graph, nullptr, 0, &bad), error);
  };
  fails([](AllocParams &p) { p.bytesize = 0; }, kInvalidValue);
  fails([](AllocParams &p) { p.poolProps.allocType = {}; }, kInvalidValue);
  fails([](AllocParams &p) { p.poolProps.location.id = 99; }, kInvalidValue);
  fails([](AllocParams &p) { p.poolProps.location.type = {}; }, kInvalidValue);
  fails([](AllocParams &p) { p.poolProps.handleTypes = static_cast<decltype(p.poolProps.handleTypes)>(1); }, kInvalidValue);
  fails([](AllocParams &p) { p.accessDescCount = 1; }, kInvalidValue);
  FAILS(API(GraphAddMemAllocNode)(&out, graph, nullptr, 0, nullptr), kInvalidValue);
  FAILS(API(GraphAddMemAllocNode)(nullptr, graph, nullptr, 0, &good), kInvalidValue);
  FAILS(API(GraphAddMemAllocNode)(&out, nullptr, nullptr, 0, &good), kInvalidValue);
  OK(API(GraphAddMemAllocNode)(&node, graph, nullptr, 0, &good));
  AllocParams got;
  auto address = devicePointer(0);
  FAILS(API(GraphMemAllocNodeGetParams)(node, nullptr), kInvalidValue);
  FAILS(API(GraphMemAllocNodeGetParams)(empty(), &got), kInvalidValue);
  FAILS(API(GraphMemAllocNodeGetParams)(nullptr, &got), kInvalidValue);
  FAILS(API(GraphMemFreeNodeGetParams)(node, &address), kInvalidValue);
  FAILS(API(GraphMemFreeNodeGetParams)(nullptr, &address), kInvalidValue);
  FAILS(API(GraphAddMemFreeNode)(&out, graph, nullptr, 0, devicePointer(0)), kInvalidValue);
  FAILS(API(GraphAddMemFreeNode)(&out, graph, nullptr, 0, devicePointer(memory)), kInvalidValue) << "of no memory node";
  FAILS(API(GraphAddMemFreeNode)(&out, nullptr, nullptr, 0, good.dptr), kInvalidValue);
  FAILS(API(GraphAddMemFreeNode)(nullptr, graph, nullptr, 0, good.dptr), kInvalidValue);
  OK(API(GraphAddMemFreeNode)(&out, graph, &node, 1, good.dptr));
  FAILS(API(GraphMemFreeNodeGetParams)(out, nullptr), kInvalidValue);
}

GRAPH_CASE(GraphMemoryNodes, WhatADeviceCounts) {
  const auto attribute = [](CUgraphMem_attribute value) { return static_cast<MemoryAttribute>(value); };
  auto ask = [&](CUgraphMem_attribute which) {
    uint64_t value = 77;
    OK(API(DeviceGetGraphMemAttribute)(0, attribute(which), &value));
    return value;
  };
  const uint64_t before = ask(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT);
  AllocParams params{};
  auto &pool = reinterpret_cast<CUmemPoolProps &>(params.poolProps);
  pool.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  pool.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  params.bytesize = 1 << 20;
  CUgraphNode node = nullptr;
  OK(API(GraphAddMemAllocNode)(&node, graph, nullptr, 0, &params));
  CUgraphExec exec = instantiated();
  run(exec);
  EXPECT_GE(ask(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), before + (1 << 20));
  EXPECT_GE(ask(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT), ask(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT));
  OK(freeMemory(params.dptr));
  EXPECT_EQ(ask(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), before);
  EXPECT_GE(ask(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), before + (1 << 20));
  uint64_t zero = 0, one = 1;
  OK(API(DeviceSetGraphMemAttribute)(0, attribute(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), &zero));
  EXPECT_EQ(ask(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), before);
  OK(API(GraphExecDestroy)(exec));
  OK(API(DeviceGraphMemTrim)(0));
  OK(API(DeviceSetGraphMemAttribute)(0, attribute(CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH), &zero));
  EXPECT_EQ(ask(CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH), ask(CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT));

  FAILS(API(DeviceSetGraphMemAttribute)(0, attribute(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), &one), kInvalidValue) << "only to zero";
  FAILS(API(DeviceSetGraphMemAttribute)(0, attribute(CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT), &zero), kInvalidValue);
  FAILS(API(DeviceSetGraphMemAttribute)(0, attribute(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), nullptr), kInvalidValue);
  FAILS(API(DeviceGetGraphMemAttribute)(0, static_cast<MemoryAttribute>(50), &one), kInvalidValue);
  FAILS(API(DeviceGetGraphMemAttribute)(0, attribute(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), nullptr), kInvalidValue);
  for (int device : {-1, 64}) {
    FAILS(API(DeviceGetGraphMemAttribute)(device, attribute(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), &one), kInvalidDevice);
    FAILS(API(DeviceSetGraphMemAttribute)(device, attribute(CU_GRAPH_MEM_ATTR_USED_MEM_HIGH), &zero), kInvalidDevice);
    FAILS(API(DeviceGraphMemTrim)(device), kInvalidDevice);
  }
}

// ---- conditions ------------------------------------------------------------------------------------------------

// A conditional node, and its bodies.
struct Bodies {
  CUgraphNode node = nullptr;
  std::vector<CUgraph> graphs;
};

#define CONDITIONAL(bodies, kind, count, condition)                                     \
  do {                                                                                  \
    NodeParams params{};                                                                \
    params.type = static_cast<NodeType>(CU_GRAPH_NODE_TYPE_CONDITIONAL);                \
    params.conditional.handle = condition;                                              \
    params.conditional.type = static_cast<decltype(params.conditional.type)>(kind);     \
    params.conditional.size = count;                                                    \
    OK(API(GraphAddNode)(&bodies.node, graph, nullptr, nullptr, 0, &params));           \
    ASSERT_NE(params.conditional.phGraph_out, nullptr);                                 \
    for (unsigned i = 0; i < count; ++i) bodies.graphs.push_back(params.conditional.phGraph_out[i]); \
  } while (0)

GRAPH_CASE(GraphConditions, IfAndElse) {
  ConditionHandle condition = 0;
  OK(createCondition(&condition, graph, 1, CU_GRAPH_COND_ASSIGN_DEFAULT));
  Bodies bodies;
  CONDITIONAL(bodies, CU_GRAPH_COND_TYPE_IF, 2, condition);
  EXPECT_EQ(typeOf(bodies.node), CU_GRAPH_NODE_TYPE_CONDITIONAL);
  const unsigned yes = 1, no = 2;
  fillBy(4, &yes, {}, bodies.graphs[0]);
  fillBy(4, &no, {}, bodies.graphs[1]);
  runOnce();
  EXPECT_THAT(read(4), Each(1u));
  FAILS(API(GraphDestroy)(bodies.graphs[0]), kInvalidValue) << "the node's own";
  CUgraph clone = nullptr;
  EXPECT_NE(API(GraphClone)(&clone, graph), kSuccess);
  clearError();
}

GRAPH_CASE(GraphConditions, LoopsThatAKernelEnds) {
  ConditionHandle condition = 0;
  OK(createCondition(&condition, graph, 1, CU_GRAPH_COND_ASSIGN_DEFAULT));
  Bodies bodies;
  CONDITIONAL(bodies, CU_GRAPH_COND_TYPE_WHILE, 1u, condition);
  uint64_t handle = condition;
  void *arguments[] = {&handle, &memory};
  KernelParams params = kernelParams(count_down, 1, arguments);
  CUgraphNode node = nullptr;
  OK(API(GraphAddKernelNode)(&node, bodies.graphs[0], nullptr, 0, &params));
  CUgraphExec exec = instantiated();
  for (unsigned rounds : {5u, 1u}) {
    write({rounds, 0});
    run(exec);
    EXPECT_THAT(read(2), ElementsAre(0u, rounds));
  }
  OK(API(GraphExecDestroy)(exec));
}

GRAPH_CASE(GraphConditions, Choices) {
  for (unsigned chosen : {0u, 2u, 3u}) {
    CUgraph kept = graph;
    OK(API(GraphCreate)(&graph, 0));
    ConditionHandle condition = 0;
    OK(createCondition(&condition, graph, chosen, CU_GRAPH_COND_ASSIGN_DEFAULT));
    Bodies bodies;
    CONDITIONAL(bodies, CU_GRAPH_COND_TYPE_SWITCH, 3u, condition);
    const unsigned values[] = {10, 11, 12};
    for (int i = 0; i < 3; ++i) fillBy(2, &values[i], {}, bodies.graphs[i]);
    write({0, 0});
    runOnce();
    EXPECT_THAT(read(2), Each(chosen < 3 ? values[chosen] : 0u));
    OK(API(GraphDestroy)(graph));
    graph = kept;
  }
}

GRAPH_CASE(GraphConditions, Errors) {
  ConditionHandle condition = 0, spare = 0;
  FAILS(createCondition(nullptr, graph, 0, 0), kInvalidValue);
  FAILS(createCondition(&condition, nullptr, 0, 0), kInvalidValue);
  FAILS(createCondition(&condition, graph, 0, 2), kInvalidValue);
  OK(createCondition(&condition, graph, 0, 0));
  NodeParams params{};
  params.type = static_cast<NodeType>(CU_GRAPH_NODE_TYPE_CONDITIONAL);
  params.conditional.handle = condition;
  CUgraphNode node = nullptr;
  auto fails = [&](int kind, unsigned size, ConditionHandle handle) {
    params.conditional.type = static_cast<decltype(params.conditional.type)>(kind);
    params.conditional.size = size;
    params.conditional.handle = handle;
    FAILS(API(GraphAddNode)(&node, graph, nullptr, nullptr, 0, &params), kInvalidValue) << kind << " " << size;
  };
  fails(CU_GRAPH_COND_TYPE_IF, 0, condition);
  fails(CU_GRAPH_COND_TYPE_IF, 3, condition);
  fails(CU_GRAPH_COND_TYPE_WHILE, 2, condition);
  fails(CU_GRAPH_COND_TYPE_SWITCH, 0, condition);
  fails(9, 1, condition);
  fails(CU_GRAPH_COND_TYPE_IF, 1, 0);
  fails(CU_GRAPH_COND_TYPE_IF, 1, memory);
  Bodies bodies;
  CONDITIONAL(bodies, CU_GRAPH_COND_TYPE_IF, 1u, condition);
  fails(CU_GRAPH_COND_TYPE_IF, 1, condition);  // one node for each
  // A handle that no node uses is found at instantiation.
  OK(createCondition(&spare, graph, 0, 0));
  InstantiateParams how{};
  CUgraphExec exec = nullptr;
  EXPECT_NE(API(GraphInstantiateWithParams)(&exec, graph, &how), kSuccess);
  clearError();
  EXPECT_EQ(static_cast<int>(how.result_out), CUDA_GRAPH_INSTANTIATE_CONDITIONAL_HANDLE_UNUSED);
}
