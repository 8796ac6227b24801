// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// External semaphores in both APIs: importing, streams, nodes of graphs. See graph_cases.h.
using shim_test::SemaphoreFile;

constexpr int kBinaryFd = CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD, kTimelineFd = CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_TIMELINE_SEMAPHORE_FD;
constexpr uint64_t kTooLarge = uint64_t{1} << 63;

class SemaphoreCase : public GraphCase {
 protected:
  static SemaphoreDescription described(int type, int file) {
    SemaphoreDescription wanted{};
    wanted.type = static_cast<decltype(wanted.type)>(type);
    wanted.handle.fd = file;
    return wanted;
  }
  static Semaphore imported(int type, const SemaphoreFile &file) {
    Semaphore semaphore = nullptr;
    SemaphoreDescription wanted = described(type, file.duplicate());
    OK(API(ImportExternalSemaphore)(&semaphore, &wanted));
    return semaphore;
  }
  void SetUp() override {
    GraphCase::SetUp();
    line = imported(kTimelineFd, timeline);
    flag = imported(kBinaryFd, binary);
  }
  void TearDown() override {
    OK(API(DestroyExternalSemaphore)(line));
    OK(API(DestroyExternalSemaphore)(flag));
    GraphCase::TearDown();
  }
  template <class Params>
  static Params valued(uint64_t value) {
    Params params{};
    params.params.fence.value = value;
    return params;
  }
  auto signal(Semaphore which, uint64_t value) {
    auto params = valued<SignalParams>(value);
    return API(SignalExternalSemaphoresAsync)(&which, &params, 1, stream);
  }
  auto wait(Semaphore which, uint64_t value) {
    auto params = valued<WaitParams>(value);
    return API(WaitExternalSemaphoresAsync)(&which, &params, 1, stream);
  }
  bool done(CUstream which = nullptr) {
    const bool is = API(StreamQuery)(which ? which : stream) == kSuccess;
    clearError();
    return is;
  }
  CUgraphNode waitNode(uint64_t value, std::vector<CUgraphNode> after = {}) {
    auto params = valued<WaitParams>(value);
    WaitNodeParams node_params{&line, &params, 1};
    CUgraphNode node = nullptr;
    OK(API(GraphAddExternalSemaphoresWaitNode)(&node, graph, after.data(), after.size(), &node_params));
    return node;
  }
  CUgraphNode signalNode(uint64_t value, std::vector<CUgraphNode> after = {}) {
    auto params = valued<SignalParams>(value);
    SignalNodeParams node_params{&line, &params, 1};
    CUgraphNode node = nullptr;
    OK(API(GraphAddExternalSemaphoresSignalNode)(&node, graph, after.data(), after.size(), &node_params));
    return node;
  }

  SemaphoreFile timeline{CUTRANS_SEMAPHORE_TIMELINE}, binary{CUTRANS_SEMAPHORE_BINARY};
  Semaphore line = nullptr, flag = nullptr;
};
class CT_SUITE(Semaphores) : public SemaphoreCase {};
class CT_SUITE(GraphSemaphoreNodes) : public SemaphoreCase {};

// ---- streams ---------------------------------------------------------------------------------------------------

GRAPH_CASE(Semaphores, TimelinesRise) {
  OK(wait(line, 5));
  OK(signal(line, 6));
  EXPECT_FALSE(done());
  timeline.set(4);
  EXPECT_FALSE(done());
  EXPECT_EQ(timeline.value(), 4u);
  timeline.set(5);
  OK(API(StreamSynchronize)(stream));
  EXPECT_EQ(timeline.value(), 6u);
  OK(wait(line, 0));
  OK(wait(line, 6));
  OK(API(StreamSynchronize)(stream));
  timeline.set(kTooLarge - 1);
  OK(wait(line, 7));
  OK(API(StreamSynchronize)(stream)) << "the largest value is greater than all";
  timeline.set(0);
  OK(wait(line, kTooLarge - 1));
  EXPECT_FALSE(done()) << "and far away from the first";
  timeline.set(kTooLarge - 1);
  OK(API(StreamSynchronize)(stream));
}

GRAPH_CASE(Semaphores, BinaryOnesAreTaken) {
  OK(signal(flag, 77));
  OK(API(StreamSynchronize)(stream));
  EXPECT_EQ(binary.value(), 1u);
  OK(wait(flag, 0));
  OK(API(StreamSynchronize)(stream));
  EXPECT_EQ(binary.value(), 0u);
  OK(wait(flag, 0));
  EXPECT_FALSE(done()) << "one wait for each signal";
  binary.set(1);
  OK(API(StreamSynchronize)(stream));
  EXPECT_EQ(binary.value(), 0u);
}

GRAPH_CASE(Semaphores, SeveralInOneCall) {
  Semaphore both[] = {line, flag};
  WaitParams waits[] = {valued<WaitParams>(3), valued<WaitParams>(0)};
  SignalParams signals[] = {valued<SignalParams>(4), valued<SignalParams>(0)};
  OK(API(WaitExternalSemaphoresAsync)(both, waits, 2, stream));
  OK(API(SignalExternalSemaphoresAsync)(both, signals, 2, stream));
  binary.set(1);
  EXPECT_FALSE(done());
  timeline.set(3);
  OK(API(StreamSynchronize)(stream));
  EXPECT_EQ(timeline.value(), 4u);
  EXPECT_EQ(binary.value(), 1u);
}

// Far more streams than the device has units, all waiting, while others work; each lets the next one go.
GRAPH_CASE(Semaphores, WaitingHoldsNothingUp) {
  constexpr unsigned kStreams = 40;
  std::vector<CUstream> streams(kStreams);
  for (unsigned i = 0; i < kStreams; ++i) {
    OK(API(StreamCreateWithPriority)(&streams[i], CU_STREAM_NON_BLOCKING, 0));
    auto from = valued<WaitParams>(i + 1);
    auto to = valued<SignalParams>(i + 2);
    OK(API(WaitExternalSemaphoresAsync)(&line, &from, 1, streams[i]));
    OK(API(SignalExternalSemaphoresAsync)(&line, &to, 1, streams[i]));
  }
  const unsigned value = 9;
  fillBy(4, &value);
  runOnce();
  EXPECT_THAT(read(4), Each(9u));
  EXPECT_FALSE(done(streams[kStreams - 1]));
  OK(signal(line, 1));
  OK(API(StreamSynchronize)(streams[kStreams - 1]));
  EXPECT_EQ(timeline.value(), kStreams + 1);
  for (CUstream each : streams) OK(API(StreamDestroy)(each));
}

GRAPH_CASE(Semaphores, WorkKeepsADestroyedOne) {
  SemaphoreFile other(CUTRANS_SEMAPHORE_TIMELINE);
  Semaphore gone = imported(kTimelineFd, other);
  OK(wait(gone, 1));
  OK(signal(gone, 2));
  OK(API(DestroyExternalSemaphore)(gone));
  FAILS(API(DestroyExternalSemaphore)(gone), kInvalidHandle);
  FAILS(wait(gone, 1), kInvalidHandle);
  FAILS(signal(gone, 1), kInvalidHandle);
  other.set(1);
  OK(API(StreamSynchronize)(stream));
  EXPECT_EQ(other.value(), 2u);
}

GRAPH_CASE(Semaphores, TheDescriptorIsTakenOver) {
  const int file = timeline.duplicate();
  Semaphore semaphore = nullptr;
  SemaphoreDescription wanted = described(kBinaryFd, file);
  FAILS(API(ImportExternalSemaphore)(&semaphore, &wanted), kInvalidHandle) << "a timeline";
  EXPECT_NE(fcntl(file, F_GETFD), -1) << "what was refused stays ours";
  wanted = described(kTimelineFd, file);
  OK(API(ImportExternalSemaphore)(&semaphore, &wanted));
  EXPECT_EQ(fcntl(file, F_GETFD), -1);
  OK(signal(semaphore, 8));
  OK(wait(line, 8));
  OK(API(StreamSynchronize)(stream)) << "another handle of the same";
  OK(API(DestroyExternalSemaphore)(semaphore));
}

GRAPH_CASE(Semaphores, WhatIsNoneIsRefused) {
  Semaphore semaphore = nullptr;
  SemaphoreDescription wanted = described(kTimelineFd, timeline.file);
  FAILS(API(ImportExternalSemaphore)(nullptr, &wanted), kInvalidValue);
  FAILS(API(ImportExternalSemaphore)(&semaphore, nullptr), kInvalidValue);
  wanted.flags = 1;
  FAILS(API(ImportExternalSemaphore)(&semaphore, &wanted), kInvalidValue);
  for (int type : {0, 11, -1}) {
    wanted = described(type, timeline.file);
    FAILS(API(ImportExternalSemaphore)(&semaphore, &wanted), kInvalidValue) << type;
  }
  for (int type : {2, 3, 4, 5, 6, 7, 8, 10}) {
    wanted = described(type, timeline.file);
    FAILS(API(ImportExternalSemaphore)(&semaphore, &wanted), kNotSupported) << type;
  }
  auto refused = [&](int file, auto error) {
    for (int type : {kTimelineFd, kBinaryFd}) {
      wanted = described(type, file);
      FAILS(API(ImportExternalSemaphore)(&semaphore, &wanted), error);
    }
  };
  refused(-1, kOperatingSystem);
  refused(9999, kOperatingSystem);
  refused(SemaphoreFile(0).file, kInvalidHandle);
  refused(SemaphoreFile(3).file, kInvalidHandle);
  refused(SemaphoreFile(CUTRANS_SEMAPHORE_TIMELINE, F_SEAL_GROW).file, kInvalidHandle);
  refused(SemaphoreFile(CUTRANS_SEMAPHORE_TIMELINE, F_SEAL_SHRINK, 2 * CUTRANS_SEMAPHORE_BYTES).file, kInvalidHandle);
  SemaphoreFile later(CUTRANS_SEMAPHORE_TIMELINE), nothing(CUTRANS_SEMAPHORE_TIMELINE);
  later.page->version = 2;
  refused(later.file, kInvalidHandle);
  nothing.page->magic = 0;
  refused(nothing.file, kInvalidHandle);
  const int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  refused(program, kInvalidHandle);
  EXPECT_EQ(close(program), 0);
}

GRAPH_CASE(Semaphores, WrongArguments) {
  auto wrong = [&](const Semaphore *list, auto params, unsigned count, CUstream where, auto error) {
    SignalParams signals = valued<SignalParams>(params.value);
    WaitParams waits = valued<WaitParams>(params.value);
    signals.flags = waits.flags = params.flags;
    FAILS(API(SignalExternalSemaphoresAsync)(list, params.there ? &signals : nullptr, count, where), error);
    FAILS(API(WaitExternalSemaphoresAsync)(list, params.there ? &waits : nullptr, count, where), error);
  };
  struct Given {
    uint64_t value = 1;
    unsigned flags = 0;
    bool there = true;
  };
  const Semaphore none = nullptr, stray = noHandle<Semaphore>();
  wrong(nullptr, Given{}, 1, stream, kInvalidValue);
  wrong(&line, Given{1, 0, false}, 1, stream, kInvalidValue);
  wrong(&line, Given{}, 0, stream, kInvalidValue);
  wrong(&none, Given{}, 1, stream, kInvalidHandle);
  wrong(&stray, Given{}, 1, stream, kInvalidHandle);
  wrong(&line, Given{1, 1}, 1, stream, kInvalidValue);
  wrong(&line, Given{1, 2}, 1, stream, kInvalidValue);
  wrong(&line, Given{kTooLarge}, 1, stream, kInvalidValue);
  wrong(&line, Given{}, 1, noHandle<CUstream>(), kInvalidHandle);
  FAILS(API(DestroyExternalSemaphore)(nullptr), kInvalidHandle);
  FAILS(API(DestroyExternalSemaphore)(noHandle<Semaphore>()), kInvalidHandle);
  EXPECT_TRUE(done()) << "nothing was submitted";
  EXPECT_EQ(timeline.value(), 0u);
}

// ---- nodes of graphs -------------------------------------------------------------------------------------------

GRAPH_CASE(GraphSemaphoreNodes, WaitWorkSignal) {
  const unsigned value = 21;
  CUgraphNode waits = waitNode(1), work = fillBy(4, &value, {waits}), signals = signalNode(2, {work});
  EXPECT_EQ(typeOf(waits), CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT);
  EXPECT_EQ(typeOf(signals), CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL);
  WaitNodeParams wait_params{};
  SignalNodeParams signal_params{};
  OK(API(GraphExternalSemaphoresWaitNodeGetParams)(waits, &wait_params));
  OK(API(GraphExternalSemaphoresSignalNodeGetParams)(signals, &signal_params));
  ASSERT_EQ(wait_params.numExtSems, 1u);
  EXPECT_EQ(wait_params.extSemArray[0], line);
  EXPECT_EQ(wait_params.paramsArray[0].params.fence.value, 1u);
  ASSERT_EQ(signal_params.numExtSems, 1u);
  EXPECT_EQ(signal_params.extSemArray[0], line);
  EXPECT_EQ(signal_params.paramsArray[0].params.fence.value, 2u);
  CUgraphExec exec = instantiated();
  OK(API(GraphLaunch)(exec, stream));
  EXPECT_FALSE(done());
  EXPECT_THAT(read(4), Each(0u));
  timeline.set(1);
  OK(API(StreamSynchronize)(stream));
  EXPECT_THAT(read(4), Each(21u));
  EXPECT_EQ(timeline.value(), 2u);
  // What was asked for can be set: here in the executable graph, for the next launch only.
  auto next_wait = valued<WaitParams>(3);
  auto next_signal = valued<SignalParams>(4);
  wait_params.paramsArray = &next_wait;
  signal_params.paramsArray = &next_signal;
  OK(API(GraphExecExternalSemaphoresWaitNodeSetParams)(exec, waits, &wait_params));
  OK(API(GraphExecExternalSemaphoresSignalNodeSetParams)(exec, signals, &signal_params));
  OK(API(GraphLaunch)(exec, stream));
  EXPECT_FALSE(done());
  timeline.set(3);
  OK(API(StreamSynchronize)(stream));
  EXPECT_EQ(timeline.value(), 4u);
  OK(API(GraphExternalSemaphoresWaitNodeGetParams)(waits, &wait_params));
  EXPECT_EQ(wait_params.paramsArray[0].params.fence.value, 1u) << "the node is as it was";
  // And in the nodes.
  next_wait = valued<WaitParams>(5);
  next_signal = valued<SignalParams>(6);
  wait_params.paramsArray = &next_wait;
  signal_params.paramsArray = &next_signal;
  OK(API(GraphExternalSemaphoresWaitNodeSetParams)(waits, &wait_params));
  OK(API(GraphExternalSemaphoresSignalNodeSetParams)(signals, &signal_params));
  timeline.set(5);
  runOnce();
  EXPECT_EQ(timeline.value(), 6u);
  OK(API(GraphExecDestroy)(exec));
}

GRAPH_CASE(GraphSemaphoreNodes, ByTheGeneralCalls) {
  Semaphore both[] = {line, flag};
  WaitParams waits[] = {valued<WaitParams>(1), valued<WaitParams>(0)};
  SignalParams signals[] = {valued<SignalParams>(2), valued<SignalParams>(0)};
  NodeParams any{};
  any.type = static_cast<NodeType>(CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT);
  any.extSemWait.extSemArray = both;
  any.extSemWait.paramsArray = waits;
  any.extSemWait.numExtSems = 2;
  NodeParams then{};
  then.type = static_cast<NodeType>(CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL);
  then.extSemSignal.extSemArray = both;
  then.extSemSignal.paramsArray = signals;
  then.extSemSignal.numExtSems = 2;
  CUgraphNode first = nullptr, second = nullptr;
  OK(API(GraphAddNode)(&first, graph, nullptr, nullptr, 0, &any));
  OK(API(GraphAddNode)(&second, graph, &first, nullptr, 1, &then));
  CUgraphExec exec = instantiated();
  signals[0] = valued<SignalParams>(3);
  OK(API(GraphExecNodeSetParams)(exec, second, &then));
  OK(API(GraphNodeSetParams)(second, &then));
  timeline.set(1);
  binary.set(1);
  run(exec);
  EXPECT_EQ(timeline.value(), 3u);
  EXPECT_EQ(binary.value(), 1u);
  then.extSemSignal.numExtSems = 1;
  FAILS(API(GraphExecNodeSetParams)(exec, second, &then), kInvalidValue) << "their number stays";
  FAILS(API(GraphExecNodeSetParams)(exec, first, &then), kInvalidValue) << "the other kind";
  any.reserved1[20] = 1;
  FAILS(API(GraphAddNode)(&first, graph, nullptr, nullptr, 0, &any), kInvalidValue);
  OK(API(GraphExecDestroy)(exec));
}

GRAPH_CASE(GraphSemaphoreNodes, Captured) {
  CUgraph captured = nullptr;
  OK(API(StreamBeginCapture)(stream, static_cast<CaptureMode>(CU_STREAM_CAPTURE_MODE_RELAXED)));
  OK(wait(line, 2));
  OK(signal(line, 3));
  OK(API(StreamEndCapture)(stream, &captured));
  EXPECT_EQ(timeline.value(), 0u);
  CUgraphNode list[3];
  size_t count = 3;
  OK(API(GraphGetNodes)(captured, list, &count));
  ASSERT_EQ(count, 2u);
  EXPECT_EQ(typeOf(list[0]), CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT);
  EXPECT_EQ(typeOf(list[1]), CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL);
  SignalNodeParams params{};
  OK(API(GraphExternalSemaphoresSignalNodeGetParams)(list[1], &params));
  ASSERT_EQ(params.numExtSems, 1u);
  EXPECT_EQ(params.paramsArray[0].params.fence.value, 3u);
  CUgraphExec exec = instantiated(captured);
  timeline.set(2);
  run(exec);
  EXPECT_EQ(timeline.value(), 3u);
  OK(API(GraphExecDestroy)(exec));
  OK(API(GraphDestroy)(captured));
}

GRAPH_CASE(GraphSemaphoreNodes, UpdatesKeepTheirNumber) {
  waitNode(1);
  CUgraphExec exec = instantiated();
  CUgraph other = nullptr;
  OK(API(GraphCreate)(&other, 0));
  Semaphore both[] = {line, flag};
  WaitParams waits[] = {valued<WaitParams>(7), valued<WaitParams>(0)};
  WaitNodeParams params{both, waits, 1};
  CUgraphNode node = nullptr;
  OK(API(GraphAddExternalSemaphoresWaitNode)(&node, other, nullptr, 0, &params));
  UpdateInfo info{};
  OK(API(GraphExecUpdate)(exec, other, &info));
  timeline.set(6);
  OK(API(GraphLaunch)(exec, stream));
  EXPECT_FALSE(done());
  timeline.set(7);
  OK(API(StreamSynchronize)(stream));
  params.numExtSems = 2;
  OK(API(GraphExternalSemaphoresWaitNodeSetParams)(node, &params));
  FAILS(API(GraphExecUpdate)(exec, other, &info), kUpdateFailure);
  EXPECT_EQ(static_cast<int>(info.result), CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED);
  OK(API(GraphExecDestroy)(exec));
  OK(API(GraphDestroy)(other));
}

GRAPH_CASE(GraphSemaphoreNodes, LaunchesKeepDestroyedOnes) {
  SemaphoreFile other(CUTRANS_SEMAPHORE_TIMELINE);
  Semaphore gone = imported(kTimelineFd, other);
  auto from = valued<WaitParams>(1);
  auto to = valued<SignalParams>(2);
  WaitNodeParams wait_params{&gone, &from, 1};
  SignalNodeParams signal_params{&gone, &to, 1};
  CUgraphNode first = nullptr, second = nullptr;
  OK(API(GraphAddExternalSemaphoresWaitNode)(&first, graph, nullptr, 0, &wait_params));
  OK(API(GraphAddExternalSemaphoresSignalNode)(&second, graph, &first, 1, &signal_params));
  CUgraphExec exec = instantiated();
  OK(API(GraphLaunch)(exec, stream));
  OK(API(DestroyExternalSemaphore)(gone));
  FAILS(API(GraphLaunch)(exec, stream), kInvalidHandle);
  OK(API(GraphExecDestroy)(exec));
  other.set(1);
  OK(API(StreamSynchronize)(stream));
  EXPECT_EQ(other.value(), 2u);
  FAILS(API(GraphInstantiateWithFlags)(&exec, graph, 0), kInvalidHandle);
}

GRAPH_CASE(GraphSemaphoreNodes, WrongArguments) {
  CUgraphNode waits = waitNode(1), signals = signalNode(2), other = empty(), out = nullptr;
  CUgraphExec exec = instantiated();
  auto each = [&](auto &&change) {
    auto from = valued<WaitParams>(1);
    auto to = valued<SignalParams>(1);
    WaitNodeParams wait_params{&line, &from, 1};
    SignalNodeParams signal_params{&line, &to, 1};
    change(wait_params, from);
    change(signal_params, to);
    FAILS(API(GraphAddExternalSemaphoresWaitNode)(&out, graph, nullptr, 0, &wait_params), kInvalidValue);
    FAILS(API(GraphAddExternalSemaphoresSignalNode)(&out, graph, nullptr, 0, &signal_params), kInvalidValue);
    FAILS(API(GraphExternalSemaphoresWaitNodeSetParams)(waits, &wait_params), kInvalidValue);
    FAILS(API(GraphExternalSemaphoresSignalNodeSetParams)(signals, &signal_params), kInvalidValue);
    FAILS(API(GraphExecExternalSemaphoresWaitNodeSetParams)(exec, waits, &wait_params), kInvalidValue);
    FAILS(API(GraphExecExternalSemaphoresSignalNodeSetParams)(exec, signals, &signal_params), kInvalidValue);
  };
  Semaphore stray = noHandle<Semaphore>();
  each([](auto &params, auto &) { params.extSemArray = nullptr; });
  each([](auto &params, auto &) { params.paramsArray = nullptr; });
  each([](auto &params, auto &) { params.numExtSems = 0; });
  each([&](auto &params, auto &) { params.extSemArray = &stray; });
  each([](auto &, auto &one) { one.flags = 1; });
  each([](auto &, auto &one) { one.params.fence.value = kTooLarge; });
  WaitNodeParams wait_params{};
  SignalNodeParams signal_params{};
  OK(API(GraphExternalSemaphoresWaitNodeGetParams)(waits, &wait_params));
  OK(API(GraphExternalSemaphoresSignalNodeGetParams)(signals, &signal_params));
  FAILS(API(GraphExternalSemaphoresWaitNodeGetParams)(waits, nullptr), kInvalidValue);
  FAILS(API(GraphExternalSemaphoresSignalNodeGetParams)(signals, nullptr), kInvalidValue);
  for (CUgraphNode wrong : {CUgraphNode{}, noHandle<CUgraphNode>(), staleNode(), other}) {
    FAILS(API(GraphExternalSemaphoresWaitNodeGetParams)(wrong, &wait_params), kInvalidValue);
    FAILS(API(GraphExternalSemaphoresSignalNodeGetParams)(wrong, &signal_params), kInvalidValue);
    FAILS(API(GraphExternalSemaphoresWaitNodeSetParams)(wrong, &wait_params), kInvalidValue);
    FAILS(API(GraphExternalSemaphoresSignalNodeSetParams)(wrong, &signal_params), kInvalidValue);
    FAILS(API(GraphExecExternalSemaphoresWaitNodeSetParams)(exec, wrong, &wait_params), kInvalidValue);
    FAILS(API(GraphExecExternalSemaphoresSignalNodeSetParams)(exec, wrong, &signal_params), kInvalidValue);
  }
  OK(API(GraphExecDestroy)(exec));
}
