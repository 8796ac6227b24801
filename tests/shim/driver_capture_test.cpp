// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stream capture through the driver API, with the forms that older headers had: all by their exported names.
#include <thread>

#include "fixture.h"

// The headers' macros hide the older forms.
extern "C" {
CUresult cuStreamBeginCapture_v2(CUstream, CUstreamCaptureMode);
CUresult cuStreamGetCaptureInfo_v2(CUstream, CUstreamCaptureStatus *, cuuint64_t *, CUgraph *, const CUgraphNode **, size_t *);
CUresult cuStreamGetCaptureInfo_v3(CUstream, CUstreamCaptureStatus *, cuuint64_t *, CUgraph *, const CUgraphNode **, const CUgraphEdgeData **,
                                   size_t *);
CUresult cuStreamUpdateCaptureDependencies_v2(CUstream, CUgraphNode *, const CUgraphEdgeData *, size_t, unsigned);
}

namespace {

using namespace shim_test;

// A function by its name and the version of the headers that the caller was built with.
template <class F>
F entry(const char *name, int version) {
  void *found = nullptr;
  EXPECT_EQ(cuGetProcAddress(name, &found, version, CU_GET_PROC_ADDRESS_LEGACY_STREAM, nullptr), CUDA_SUCCESS);
  return reinterpret_cast<F>(found);
}

struct DriverCapture : WithContext {
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc(&memory, 64), CUDA_SUCCESS);
  }
  void endInvalid() {
    CUgraph graph = nullptr;
    EXPECT_EQ(cuStreamEndCapture(stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    EXPECT_EQ(graph, nullptr);
  }
  CUstream stream = nullptr;
  CUdeviceptr memory = 0;
};

TEST_F(DriverCapture, BeginsAndEnds) {
  CUgraph graph = nullptr;
  EXPECT_EQ(cuStreamBeginCapture_v2(nullptr, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(cuStreamBeginCapture_v2(garbage<CUstream>(), CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamBeginCapture_v2(stream, static_cast<CUstreamCaptureMode>(9)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamEndCapture(stream, &graph), CUDA_ERROR_ILLEGAL_STATE);
  EXPECT_EQ(cuStreamEndCapture(garbage<CUstream>(), &graph), CUDA_ERROR_INVALID_HANDLE);
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), CUDA_ERROR_ILLEGAL_STATE);
  EXPECT_EQ(cuStreamEndCapture(stream, nullptr), CUDA_ERROR_INVALID_VALUE);
  std::thread([&] {
    EXPECT_EQ(cuCtxSetCurrent(context), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamEndCapture(stream, &graph), CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
  }).join();
  ASSERT_EQ(cuMemsetD8Async(memory, 1, 64, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  ASSERT_NE(graph, nullptr);
  ASSERT_EQ(cuStreamBeginCaptureToGraph(stream, graph, nullptr, nullptr, 0, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_SUCCESS);
  CUgraph same = nullptr;
  EXPECT_EQ(cuStreamEndCapture(stream, &same), CUDA_SUCCESS);
  EXPECT_EQ(same, graph);
  EXPECT_EQ(cuStreamBeginCaptureToGraph(stream, nullptr, nullptr, nullptr, 0, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamBeginCaptureToGraph(stream, graph, nullptr, nullptr, 2, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverCapture, TheFirstFormIsGlobal) {
  auto begin = entry<CUresult (*)(CUstream)>("cuStreamBeginCapture", 10000);
  CUgraph graph = nullptr;
  ASSERT_EQ(begin(stream), CUDA_SUCCESS);
  std::thread([&] {
    CUdeviceptr p;
    EXPECT_EQ(cuCtxSetCurrent(context), CUDA_SUCCESS);
    EXPECT_EQ(cuMemAlloc(&p, 16), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  }).join();
  endInvalid();
  ASSERT_EQ(begin(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
}

TEST_F(DriverCapture, AnswersInAllVersions) {
  auto first = entry<CUresult (*)(CUstream, CUstreamCaptureStatus *, cuuint64_t *)>("cuStreamGetCaptureInfo", 10010);
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_ACTIVE;
  cuuint64_t id = 0, again = 0;
  CUgraph graph = nullptr, seen = nullptr;
  const CUgraphNode *nodes = nullptr;
  const CUgraphEdgeData *edges = nullptr;
  size_t count = 0;
  EXPECT_EQ(first(stream, &status, &id), CUDA_SUCCESS);
  EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_NONE);
  EXPECT_EQ(first(stream, nullptr, &id), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamGetCaptureInfo_v2(stream, nullptr, &id, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamGetCaptureInfo_v3(garbage<CUstream>(), &status, nullptr, nullptr, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamIsCapturing(stream, nullptr), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  ASSERT_EQ(cuMemsetD8Async(memory, 1, 64, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamIsCapturing(stream, &status), CUDA_SUCCESS);
  EXPECT_EQ(status, CU_STREAM_CAPTURE_STATUS_ACTIVE);
  EXPECT_EQ(first(stream, &status, &id), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamGetCaptureInfo_v2(stream, &status, &again, &seen, &nodes, &count), CUDA_SUCCESS);
  EXPECT_EQ(again, id);
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(cuStreamGetCaptureInfo_v3(stream, &status, &again, &seen, &nodes, &edges, &count), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamGetCaptureInfo_v3(stream, &status, nullptr, nullptr, nullptr, &edges, nullptr), CUDA_ERROR_INVALID_VALUE);

  // Dependencies in both versions.
  auto old_update = entry<CUresult (*)(CUstream, CUgraphNode *, size_t, unsigned)>("cuStreamUpdateCaptureDependencies", 11030);
  EXPECT_EQ(cuStreamGetCaptureInfo_v2(stream, &status, nullptr, nullptr, &nodes, &count), CUDA_SUCCESS);
  CUgraphNode node = nodes[0], none = nullptr;
  EXPECT_EQ(old_update(stream, nullptr, 0, CU_STREAM_SET_CAPTURE_DEPENDENCIES), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamGetCaptureInfo_v2(stream, &status, nullptr, nullptr, nullptr, &count), CUDA_SUCCESS);
  EXPECT_EQ(count, 0u);
  EXPECT_EQ(cuStreamUpdateCaptureDependencies_v2(stream, &node, nullptr, 1, CU_STREAM_ADD_CAPTURE_DEPENDENCIES), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamUpdateCaptureDependencies_v2(stream, &none, nullptr, 1, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(old_update(stream, &node, 1, 8), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  EXPECT_EQ(graph, seen);
  EXPECT_EQ(old_update(stream, &node, 1, 0), CUDA_ERROR_ILLEGAL_STATE);
  EXPECT_EQ(cuStreamUpdateCaptureDependencies_v2(stream, &node, nullptr, 1, 0), CUDA_ERROR_ILLEGAL_STATE);
}

TEST_F(DriverCapture, ThreadsHaveAMode) {
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
  EXPECT_EQ(cuThreadExchangeStreamCaptureMode(&mode), CUDA_SUCCESS);
  EXPECT_EQ(mode, CU_STREAM_CAPTURE_MODE_GLOBAL);
  EXPECT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  CUdeviceptr p = 0;
  EXPECT_EQ(cuMemAlloc(&p, 16), CUDA_SUCCESS);
  EXPECT_EQ(cuThreadExchangeStreamCaptureMode(&mode), CUDA_SUCCESS);
  EXPECT_EQ(mode, CU_STREAM_CAPTURE_MODE_RELAXED);
  EXPECT_EQ(cuMemFree(p), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  endInvalid();
  EXPECT_EQ(cuMemFree(p), CUDA_SUCCESS);
  mode = static_cast<CUstreamCaptureMode>(4);
  EXPECT_EQ(cuThreadExchangeStreamCaptureMode(&mode), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuThreadExchangeStreamCaptureMode(nullptr), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverCapture, WaitingForItIsRefused) {
  for (int call = 0; call < 4; ++call) {
    ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_SUCCESS);
    CUresult result = CUDA_SUCCESS;
    switch (call) {
      case 0: result = cuStreamSynchronize(stream); break;
      case 1: result = cuStreamQuery(stream); break;
      case 2: result = cuCtxSynchronize(); break;
      case 3: result = cuStreamAddCallback(stream, [](CUstream, CUresult, void *) {}, nullptr, 0); break;
    }
    EXPECT_EQ(result, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED) << call;
    endInvalid();
  }
}

TEST_F(DriverCapture, HostFunctionsEventsAndWordsAreNodes) {
  CUevent event;
  CUgraph graph;
  ASSERT_EQ(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  EXPECT_EQ(cuEventRecordWithFlags(event, stream, CU_EVENT_RECORD_EXTERNAL), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamWaitEvent(stream, event, CU_EVENT_WAIT_EXTERNAL), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  int runs = 0;
  EXPECT_EQ(cuLaunchHostFunc(stream, [](void *count) { ++*static_cast<int *>(count); }, &runs), CUDA_SUCCESS);
  EXPECT_EQ(cuEventRecordWithFlags(event, stream, CU_EVENT_RECORD_EXTERNAL), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamWaitEvent(stream, event, CU_EVENT_WAIT_EXTERNAL), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamWriteValue32(stream, memory, 1, 0), CUDA_SUCCESS);
  CUdeviceptr p = 0;
  EXPECT_EQ(cuMemAllocAsync(&p, 64, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFreeAsync(p, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(event), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(runs, 0);
}

}  // namespace
