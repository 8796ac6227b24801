// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stream capture through the runtime API: each entry point, its errors, and which other calls a capture forbids.
#include <initializer_list>
#include <thread>
#include <vector>

#include "api_test.h"

namespace {

constexpr cudaStreamCaptureMode kModes[] = {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed};

class Capture : public RuntimeApi {
 protected:
  void SetUp() override {
    RuntimeApi::SetUp();
    ASSERT_CUDA(cudaStreamCreate(&stream_));
    ASSERT_CUDA(cudaStreamCreateWithFlags(&other_, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming));
    ASSERT_CUDA(cudaMalloc(&memory_, kBytes));
  }
  void TearDown() override {
    EXPECT_CUDA(cudaFree(memory_));
    EXPECT_CUDA(cudaEventDestroy(event_));
    EXPECT_CUDA(cudaStreamDestroy(other_));
    EXPECT_CUDA(cudaStreamDestroy(stream_));
    RuntimeApi::TearDown();
  }
  void begin(cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) { ASSERT_CUDA(cudaStreamBeginCapture(stream_, mode)); }
  // Ends a capture that a call made invalid.
  void endInvalid() {
    cudaGraph_t graph = reinterpret_cast<cudaGraph_t>(1);
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    EXPECT_CUDA(cudaStreamIsCapturing(stream_, &status));
    EXPECT_EQ(status, cudaStreamCaptureStatusInvalidated);
    EXPECT_CUDA_ERROR(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
    EXPECT_CUDA(cudaStreamIsCapturing(stream_, &status));
    EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  }
  void endValid() {
    cudaGraph_t graph = nullptr;
    EXPECT_CUDA(cudaStreamEndCapture(stream_, &graph));
    EXPECT_NE(graph, nullptr);
  }
  size_t dependencies(cudaStream_t stream) {
    cudaStreamCaptureStatus status;
    size_t count = 99;
    const cudaGraphNode_t *nodes = nullptr;
    const cudaGraphEdgeData *edges = nullptr;
    EXPECT_CUDA(cudaStreamGetCaptureInfo(stream, &status, nullptr, nullptr, &nodes, &edges, &count));
    EXPECT_EQ(status, cudaStreamCaptureStatusActive);
    return count;
  }
  static constexpr size_t kBytes = 4096;
  cudaStream_t stream_ = nullptr, other_ = nullptr;  // blocking; not
  cudaEvent_t event_ = nullptr;
  void *memory_ = nullptr;
};

// A handle that was one.
cudaStream_t stale() {
  cudaStream_t gone;
  EXPECT_CUDA(cudaStreamCreate(&gone));
  EXPECT_CUDA(cudaStreamDestroy(gone));
  return gone;
}

TEST_F(Capture, cudaStreamBeginCapture) {
  cudaGraph_t graph;
  EXPECT_CUDA_ERROR(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  EXPECT_CUDA_ERROR(cudaStreamBeginCapture(cudaStreamLegacy, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  EXPECT_CUDA_ERROR(cudaStreamBeginCapture(stale(), cudaStreamCaptureModeGlobal), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaStreamBeginCapture(stream_, static_cast<cudaStreamCaptureMode>(3)), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamBeginCapture(stream_, static_cast<cudaStreamCaptureMode>(-1)), cudaErrorInvalidValue);
  for (cudaStream_t stream : {stream_, other_, cudaStreamPerThread})
    for (cudaStreamCaptureMode mode : kModes) {
      EXPECT_CUDA(cudaStreamBeginCapture(stream, mode));
      EXPECT_CUDA_ERROR(cudaStreamBeginCapture(stream, mode), cudaErrorIllegalState);
      EXPECT_CUDA(cudaStreamEndCapture(stream, &graph));
    }
}

TEST_F(Capture, cudaStreamBeginCaptureToGraph) {
  cudaGraph_t graph = nullptr;
  begin();
  ASSERT_CUDA(cudaMemsetAsync(memory_, 0, kBytes, stream_));
  ASSERT_CUDA(cudaStreamEndCapture(stream_, &graph));
  EXPECT_CUDA_ERROR(cudaStreamBeginCaptureToGraph(stream_, nullptr, nullptr, nullptr, 0, cudaStreamCaptureModeGlobal), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamBeginCaptureToGraph(nullptr, graph, nullptr, nullptr, 0, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  EXPECT_CUDA_ERROR(cudaStreamBeginCaptureToGraph(stream_, graph, nullptr, nullptr, 1, cudaStreamCaptureModeGlobal), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamBeginCaptureToGraph(stream_, graph, nullptr, nullptr, 0, static_cast<cudaStreamCaptureMode>(7)), cudaErrorInvalidValue);
  cudaGraphNode_t no_node = reinterpret_cast<cudaGraphNode_t>(graph);
  EXPECT_CUDA_ERROR(cudaStreamBeginCaptureToGraph(stream_, graph, &no_node, nullptr, 1, cudaStreamCaptureModeGlobal), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaStreamBeginCaptureToGraph(stream_, graph, nullptr, nullptr, 0, cudaStreamCaptureModeGlobal));
  EXPECT_EQ(dependencies(stream_), 0u);
  ASSERT_CUDA(cudaMemsetAsync(memory_, 0, kBytes, stream_));
  cudaGraph_t same = nullptr;
  EXPECT_CUDA(cudaStreamEndCapture(stream_, &same));
  EXPECT_EQ(same, graph);
  ASSERT_CUDA(cudaStreamBeginCaptureToGraph(stream_, graph, nullptr, nullptr, 0, cudaStreamCaptureModeGlobal));
  EXPECT_CUDA(cudaStreamEndCapture(stream_, nullptr)) << "the program has the graph";
}

TEST_F(Capture, cudaStreamEndCapture) {
  cudaGraph_t graph = nullptr;
  EXPECT_CUDA_ERROR(cudaStreamEndCapture(stream_, &graph), cudaErrorIllegalState);
  EXPECT_CUDA_ERROR(cudaStreamEndCapture(stream_, nullptr), cudaErrorIllegalState);
  EXPECT_CUDA_ERROR(cudaStreamEndCapture(nullptr, &graph), cudaErrorIllegalState);
  EXPECT_CUDA_ERROR(cudaStreamEndCapture(stale(), &graph), cudaErrorInvalidResourceHandle);
  begin();
  EXPECT_CUDA_ERROR(cudaStreamEndCapture(stream_, nullptr), cudaErrorInvalidValue);
  std::thread([&] { EXPECT_CUDA_ERROR(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureWrongThread); }).join();
  ASSERT_CUDA(cudaEventRecord(event_, stream_));
  ASSERT_CUDA(cudaStreamWaitEvent(other_, event_, 0));
  EXPECT_CUDA_ERROR(cudaStreamEndCapture(other_, &graph), cudaErrorStreamCaptureUnmatched);
  ASSERT_CUDA(cudaMemsetAsync(memory_, 0, kBytes, other_));
  EXPECT_CUDA_ERROR(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureUnjoined);
  EXPECT_EQ(graph, nullptr);
  begin(cudaStreamCaptureModeRelaxed);
  std::thread([&] { EXPECT_CUDA(cudaStreamEndCapture(stream_, &graph)); }).join();
  EXPECT_NE(graph, nullptr);
}

TEST_F(Capture, cudaStreamIsCapturing) {
  cudaStreamCaptureStatus status;
  EXPECT_CUDA_ERROR(cudaStreamIsCapturing(stream_, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamIsCapturing(stale(), &status), cudaErrorInvalidResourceHandle);
  for (cudaStream_t stream : {cudaStream_t{nullptr}, stream_, other_}) {
    EXPECT_CUDA(cudaStreamIsCapturing(stream, &status));
    EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  }
  begin();
  EXPECT_CUDA(cudaStreamIsCapturing(stream_, &status));
  EXPECT_EQ(status, cudaStreamCaptureStatusActive);
  EXPECT_CUDA(cudaStreamIsCapturing(other_, &status));
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  EXPECT_CUDA_ERROR(cudaStreamIsCapturing(nullptr, &status), cudaErrorStreamCaptureImplicit);
  endValid();
}

TEST_F(Capture, cudaStreamGetCaptureInfo) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusActive;
  unsigned long long id = 7, again = 0;
  cudaGraph_t graph = nullptr, result = nullptr;
  const cudaGraphNode_t *nodes = nullptr;
  const cudaGraphEdgeData *edges = nullptr;
  size_t count = 7;
  EXPECT_CUDA(cudaStreamGetCaptureInfo(stream_, &status, &id, &graph, &nodes, &edges, &count));
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  EXPECT_CUDA_ERROR(cudaStreamGetCaptureInfo(stream_, nullptr, &id, nullptr, nullptr, nullptr, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamGetCaptureInfo(stale(), &status, nullptr, nullptr, nullptr, nullptr, nullptr), cudaErrorInvalidResourceHandle);
  begin();
  EXPECT_CUDA(cudaStreamGetCaptureInfo(stream_, &status, nullptr, nullptr, nullptr, nullptr, nullptr));
  EXPECT_CUDA_ERROR(cudaStreamGetCaptureInfo(nullptr, &status, nullptr, nullptr, nullptr, nullptr, nullptr), cudaErrorStreamCaptureImplicit);
  EXPECT_CUDA_ERROR(cudaStreamGetCaptureInfo(stream_, &status, nullptr, nullptr, nullptr, &edges, &count), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaMemsetAsync(memory_, 0, kBytes, stream_));
  EXPECT_CUDA(cudaStreamGetCaptureInfo(stream_, &status, &id, &graph, &nodes, nullptr, &count));
  EXPECT_EQ(count, 1u);
  EXPECT_NE(nodes[0], nullptr);
  EXPECT_CUDA(cudaStreamGetCaptureInfo(stream_, &status, &again, nullptr, &nodes, &edges, &count));
  EXPECT_EQ(again, id);
  EXPECT_EQ(edges[0].type, cudaGraphDependencyTypeDefault);
  EXPECT_CUDA(cudaStreamEndCapture(stream_, &result));
  EXPECT_EQ(result, graph);
  begin();
  EXPECT_CUDA(cudaStreamGetCaptureInfo(stream_, &status, &again, nullptr, nullptr, nullptr, nullptr));
  EXPECT_NE(again, id);
  endValid();
}

TEST_F(Capture, cudaStreamUpdateCaptureDependencies) {
  EXPECT_CUDA_ERROR(cudaStreamUpdateCaptureDependencies(stream_, nullptr, nullptr, 0, 0), cudaErrorIllegalState);
  EXPECT_CUDA_ERROR(cudaStreamUpdateCaptureDependencies(stale(), nullptr, nullptr, 0, 0), cudaErrorInvalidResourceHandle);
  begin();
  ASSERT_CUDA(cudaMemsetAsync(memory_, 0, kBytes, stream_));
  cudaStreamCaptureStatus status;
  const cudaGraphNode_t *nodes = nullptr;
  size_t count = 0;
  ASSERT_CUDA(cudaStreamGetCaptureInfo(stream_, &status, nullptr, nullptr, &nodes, nullptr, &count));
  cudaGraphNode_t first = nodes[0], none = nullptr;
  EXPECT_CUDA_ERROR(cudaStreamUpdateCaptureDependencies(stream_, nullptr, nullptr, 1, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamUpdateCaptureDependencies(stream_, &none, nullptr, 1, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamUpdateCaptureDependencies(stream_, &first, nullptr, 1, 20), cudaErrorInvalidValue);
  cudaGraphEdgeData wrong{};
  wrong.type = 9;
  EXPECT_CUDA_ERROR(cudaStreamUpdateCaptureDependencies(stream_, &first, &wrong, 1, 0), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaMemsetAsync(memory_, 0, kBytes, stream_));
  EXPECT_CUDA(cudaStreamUpdateCaptureDependencies(stream_, &first, nullptr, 1, cudaStreamAddCaptureDependencies));
  EXPECT_EQ(dependencies(stream_), 2u);
  EXPECT_CUDA(cudaStreamUpdateCaptureDependencies(stream_, &first, nullptr, 1, cudaStreamSetCaptureDependencies));
  EXPECT_EQ(dependencies(stream_), 1u);
  EXPECT_CUDA(cudaStreamUpdateCaptureDependencies(stream_, nullptr, nullptr, 0, cudaStreamSetCaptureDependencies));
  EXPECT_EQ(dependencies(stream_), 0u);
  endValid();
}

TEST_F(Capture, cudaThreadExchangeStreamCaptureMode) {
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  EXPECT_EQ(mode, cudaStreamCaptureModeGlobal);
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  EXPECT_EQ(mode, cudaStreamCaptureModeRelaxed);
  EXPECT_CUDA_ERROR(cudaThreadExchangeStreamCaptureMode(nullptr), cudaErrorInvalidValue);
  mode = static_cast<cudaStreamCaptureMode>(5);
  EXPECT_CUDA_ERROR(cudaThreadExchangeStreamCaptureMode(&mode), cudaErrorInvalidValue);
}

TEST_F(Capture, UnsafeCallsFailAndInvalidate) {
  void *p = nullptr;
  int host = 0;
  cudaArray_t array = nullptr;
  const cudaChannelFormatDesc format = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
  for (cudaStreamCaptureMode mode : kModes)
    for (int call = 0; call < 8; ++call) {
      begin(mode);
      cudaError_t error = cudaSuccess;
      switch (call) {
        case 0: error = cudaMalloc(&p, 16); break;
        case 1: error = cudaFree(nullptr); break;
        case 2: error = cudaMallocHost(&p, 16); break;
        case 3: error = cudaHostRegister(&host, sizeof host, 0); break;
        case 4: error = cudaStreamSynchronize(other_); break;
        case 5: error = cudaStreamQuery(other_); break;
        case 6: error = cudaMallocManaged(&p, 16); break;
        case 7: error = cudaMallocArray(&array, &format, 4, 4); break;
      }
      if (mode == cudaStreamCaptureModeRelaxed) {
        EXPECT_EQ(error, cudaSuccess) << call;
        endValid();
      } else {
        EXPECT_EQ(error, cudaErrorStreamCaptureUnsupported) << call;
        EXPECT_EQ(cudaGetLastError(), cudaErrorStreamCaptureUnsupported);
        endInvalid();
      }
    }
  EXPECT_CUDA(cudaHostUnregister(&host));
}

TEST_F(Capture, AThreadMayBeRelaxed) {
  begin();
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  ASSERT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  void *p = nullptr;
  EXPECT_CUDA(cudaMalloc(&p, 16));
  EXPECT_CUDA(cudaFree(p));
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  std::thread([&] {
    cudaStreamCaptureMode local = cudaStreamCaptureModeThreadLocal;
    EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&local));
    EXPECT_CUDA(cudaMalloc(&p, 16));
  }).join();
  endValid();
  EXPECT_CUDA(cudaFree(p));
}

TEST_F(Capture, WhatWaitsForTheCaptureIsRefusedInAllModes) {
  for (cudaStreamCaptureMode mode : kModes)
    for (int call = 0; call < 9; ++call) {
      begin(mode);
      ASSERT_CUDA(cudaEventRecord(event_, stream_));
      int word = 0;
      cudaError_t error = cudaSuccess, expected = cudaErrorStreamCaptureUnsupported;
      float ms = 0;
      switch (call) {
        case 0: error = cudaStreamSynchronize(stream_); break;
        case 1: error = cudaStreamQuery(stream_); break;
        case 2: error = cudaDeviceSynchronize(); break;
        case 3: error = cudaEventSynchronize(event_), expected = cudaErrorCapturedEvent; break;
        case 4: error = cudaEventQuery(event_), expected = cudaErrorCapturedEvent; break;
        case 5: error = cudaMemcpy(memory_, &word, 4, cudaMemcpyHostToDevice), expected = cudaErrorStreamCaptureImplicit; break;
        case 6: error = cudaMemset(memory_, 0, 4), expected = cudaErrorStreamCaptureImplicit; break;
        case 7: error = cudaStreamAddCallback(stream_, [](cudaStream_t, cudaError_t, void *) {}, nullptr, 0); break;
        case 8: error = cudaEventElapsedTime(&ms, event_, event_), expected = cudaErrorCapturedEvent; break;
      }
      EXPECT_EQ(error, expected) << call;
      EXPECT_EQ(cudaGetLastError(), expected);
      endInvalid();
    }
  void *managed = nullptr;
  ASSERT_CUDA(cudaMallocManaged(&managed, 4096));
  begin();
  EXPECT_CUDA_ERROR(cudaStreamAttachMemAsync(stream_, managed, 0, cudaMemAttachGlobal), cudaErrorStreamCaptureUnsupported);
  endInvalid();
  EXPECT_CUDA(cudaFree(managed));
}

TEST_F(Capture, CallsThatDoNotDisturb) {
  begin();
  cudaEvent_t event;
  cudaStream_t stream;
  unsigned flags = 0;
  int device = 9;
  EXPECT_CUDA(cudaEventCreate(&event));
  EXPECT_CUDA(cudaEventQuery(event)) << "never recorded";
  EXPECT_CUDA(cudaStreamCreate(&stream));
  EXPECT_CUDA(cudaStreamGetFlags(stream_, &flags));
  EXPECT_CUDA(cudaGetDevice(&device));
  EXPECT_CUDA(cudaMemsetAsync(memory_, 1, 16, other_)) << "runs";
  EXPECT_CUDA(cudaEventDestroy(event));
  EXPECT_CUDA(cudaStreamDestroy(stream));
  endValid();
}

TEST_F(Capture, TheLegacyStreamBesideANonBlockingCapture) {
  cudaGraph_t graph;
  int word = 3;
  ASSERT_CUDA(cudaStreamBeginCapture(other_, cudaStreamCaptureModeGlobal));
  EXPECT_CUDA(cudaMemsetAsync(memory_, 0, 4, nullptr));
  EXPECT_CUDA(cudaMemcpy(&word, memory_, 4, cudaMemcpyDeviceToHost));
  EXPECT_EQ(word, 0);
  EXPECT_CUDA(cudaStreamEndCapture(other_, &graph));
}

TEST_F(Capture, EventsCrossNoBorder) {
  cudaGraph_t graph;
  ASSERT_CUDA(cudaEventRecord(event_, other_));
  begin();
  EXPECT_CUDA_ERROR(cudaStreamWaitEvent(stream_, event_, 0), cudaErrorStreamCaptureIsolation);
  endInvalid();
  begin();
  EXPECT_CUDA(cudaStreamWaitEvent(stream_, event_, cudaEventWaitExternal));
  EXPECT_CUDA(cudaEventRecordWithFlags(event_, stream_, cudaEventRecordExternal));
  EXPECT_EQ(dependencies(stream_), 1u);
  endValid();
  EXPECT_CUDA(cudaEventSynchronize(event_)) << "it is no captured event";
  EXPECT_CUDA_ERROR(cudaStreamWaitEvent(stream_, event_, cudaEventWaitExternal), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaEventRecordWithFlags(event_, stream_, cudaEventRecordExternal), cudaErrorInvalidValue);
  // Two captures do not become one.
  begin();
  ASSERT_CUDA(cudaStreamBeginCapture(other_, cudaStreamCaptureModeGlobal));
  ASSERT_CUDA(cudaEventRecord(event_, stream_));
  EXPECT_CUDA_ERROR(cudaStreamWaitEvent(other_, event_, 0), cudaErrorStreamCaptureMerge);
  EXPECT_CUDA_ERROR(cudaStreamEndCapture(other_, &graph), cudaErrorStreamCaptureInvalidated);
  endInvalid();
}

TEST_F(Capture, MemoryInStreamOrderBelongsToTheGraph) {
  void *p = nullptr;
  begin();
  ASSERT_CUDA(cudaMallocAsync(&p, 100, stream_));
  EXPECT_NE(p, nullptr);
  ASSERT_CUDA(cudaMemsetAsync(p, 0, 100, stream_));
  EXPECT_CUDA(cudaFreeAsync(p, stream_));
  EXPECT_CUDA_ERROR(cudaFreeAsync(memory_, stream_), cudaErrorInvalidValue);
  endValid();
  begin();
  EXPECT_CUDA_ERROR(cudaMallocAsync(&p, 100, nullptr), cudaErrorStreamCaptureImplicit);
  endInvalid();
}

// An address that belonged to a graph is an allocation's like any other once the device was reset. As a rule it comes back soon.
TEST_F(RuntimeApi, MemoryOfAGraphEndsWithTheContext) {
  cudaStream_t stream;
  void *of_graph = nullptr;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  ASSERT_CUDA(cudaMallocAsync(&of_graph, 100, stream));
  ASSERT_CUDA(cudaStreamEndCapture(stream, &graph));
  ASSERT_CUDA(cudaGraphInstantiate(&exec, graph, 0));
  ASSERT_CUDA(cudaDeviceReset());
  std::vector<void *> taken;
  while (taken.size() < 1000 && (taken.empty() || taken.back() != of_graph)) {
    void *memory = nullptr;
    ASSERT_CUDA(cudaMalloc(&memory, 100));
    taken.push_back(memory);
  }
  for (void *memory : taken) EXPECT_CUDA(cudaFree(memory));
  EXPECT_CUDA_ERROR(cudaFree(of_graph), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaStreamCreate(&stream));
  EXPECT_CUDA_ERROR(cudaGraphLaunch(exec, stream), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

}  // namespace
