// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stream capture as programs use it: a step of work that forks over several streams is captured once and replayed many
// times; memory in stream order inside a capture; a library that forks on its own; threads that capture side by side.
#include <cuda_runtime.h>

#include <cstdio>
#include <thread>
#include <vector>

#include "check.h"

constexpr int kCount = 1 << 12;
constexpr int kBlock = 256;

__global__ void scale(float *out, const float *in, float factor) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < kCount) out[i] = in[i] * factor;
}

__global__ void add(float *out, const float *a, const float *b) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < kCount) out[i] = a[i] + b[i];
}

__global__ void count(int *counter) {
  if (threadIdx.x == 0 && blockIdx.x == 0) ++*counter;
}

static bool capturing(cudaStream_t stream) {
  cudaStreamCaptureStatus status;
  CUDA(cudaStreamIsCapturing(stream, &status));
  return status == cudaStreamCaptureStatusActive;
}

// As a library does it: work on a side stream, forked from the caller's and joined back, captured or not.
struct Library {
  cudaStream_t side;
  cudaEvent_t fork, join;
  Library() {
    CUDA(cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking));
    CUDA(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
    CUDA(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
  }
  ~Library() {
    CUDA(cudaEventDestroy(join));
    CUDA(cudaEventDestroy(fork));
    CUDA(cudaStreamDestroy(side));
  }
  // out = 2 in + 3 in
  void run(float *out, const float *in, float *scratch, cudaStream_t stream) {
    const int grid = (kCount + kBlock - 1) / kBlock;
    CUDA(cudaEventRecord(fork, stream));
    CUDA(cudaStreamWaitEvent(side, fork, 0));
    scale<<<grid, kBlock, 0, side>>>(scratch, in, 2.0f);
    scale<<<grid, kBlock, 0, stream>>>(out, in, 3.0f);
    CUDA(cudaEventRecord(join, side));
    CUDA(cudaStreamWaitEvent(stream, join, 0));
    add<<<grid, kBlock, 0, stream>>>(out, out, scratch);
    CUDA(cudaGetLastError());
  }
};

static void replayAForkedStep() {
  Library library;
  cudaStream_t stream;
  CUDA(cudaStreamCreate(&stream));
  float *in, *out, *scratch;
  int *counter;
  CUDA(cudaMalloc(&in, kCount * sizeof(float)));
  CUDA(cudaMalloc(&out, kCount * sizeof(float)));
  CUDA(cudaMalloc(&scratch, kCount * sizeof(float)));
  CUDA(cudaMalloc(&counter, sizeof(int)));
  CUDA(cudaMemset(counter, 0, sizeof(int)));
  std::vector<float> host(kCount), result(kCount);  // pageable: read and written by each launch
  library.run(out, in, scratch, stream);            // warm-up, uncaptured
  CUDA(cudaStreamSynchronize(stream));

  cudaGraph_t graph;
  cudaGraphExec_t exec;
  CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  EXPECT(capturing(stream) && !capturing(library.side));
  CUDA(cudaMemcpyAsync(in, host.data(), kCount * sizeof(float), cudaMemcpyHostToDevice, stream));
  library.run(out, in, scratch, stream);
  EXPECT(capturing(library.side));
  count<<<1, 32, 0, stream>>>(counter);
  CUDA(cudaMemcpyAsync(result.data(), out, kCount * sizeof(float), cudaMemcpyDeviceToHost, stream));
  CUDA(cudaStreamEndCapture(stream, &graph));
  EXPECT(!capturing(stream) && !capturing(library.side));
  size_t nodes = 0, edges = 0;
  CUDA(cudaGraphGetNodes(graph, nullptr, &nodes));
  CUDA(cudaGraphGetEdges(graph, nullptr, nullptr, nullptr, &edges));
  EXPECT(nodes == 6 && edges == 6);
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  CUDA(cudaGraphDestroy(graph));
  bool right = true;
  for (int i = 0; i < 1000; ++i) {
    const bool look = i % 100 == 0;
    if (look) {
      CUDA(cudaStreamSynchronize(stream));
      for (int k = 0; k < kCount; ++k) host[k] = static_cast<float>(i + k);
    }
    CUDA(cudaGraphLaunch(exec, stream));
    if (look) {
      CUDA(cudaStreamSynchronize(stream));
      for (int k = 0; k < kCount; ++k) right = right && result[k] == 5.0f * static_cast<float>(i + k);
    }
  }
  CUDA(cudaStreamSynchronize(stream));
  EXPECT(right);
  int replays = 0;
  CUDA(cudaMemcpy(&replays, counter, sizeof replays, cudaMemcpyDeviceToHost));
  EXPECT(replays == 1000);
  CUDA(cudaGraphExecDestroy(exec));
  for (void *p : {static_cast<void *>(in), static_cast<void *>(out), static_cast<void *>(scratch), static_cast<void *>(counter)}) CUDA(cudaFree(p));
  CUDA(cudaStreamDestroy(stream));
}

static void memoryInsideTheCapture() {
  Library library;
  cudaStream_t stream;
  CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  float *in, *out, *result;
  CUDA(cudaMalloc(&in, kCount * sizeof(float)));
  CUDA(cudaMalloc(&out, kCount * sizeof(float)));
  CUDA(cudaMallocHost(&result, kCount * sizeof(float)));
  std::vector<float> host(kCount, 4.0f);
  CUDA(cudaMemcpy(in, host.data(), kCount * sizeof(float), cudaMemcpyHostToDevice));
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  float *scratch = nullptr;
  CUDA(cudaMallocAsync(&scratch, kCount * sizeof(float), stream));
  library.run(out, in, scratch, stream);
  CUDA(cudaFreeAsync(scratch, stream));
  CUDA(cudaMemcpyAsync(result, out, kCount * sizeof(float), cudaMemcpyDeviceToHost, stream));
  CUDA(cudaStreamEndCapture(stream, &graph));
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  for (int i = 0; i < 50; ++i) {
    for (int k = 0; k < kCount; ++k) result[k] = 0;
    CUDA(cudaGraphLaunch(exec, stream));
    CUDA(cudaStreamSynchronize(stream));
    EXPECT(result[0] == 20.0f && result[kCount - 1] == 20.0f);
  }
  CUDA(cudaGraphExecDestroy(exec));
  CUDA(cudaGraphDestroy(graph));
  CUDA(cudaFreeHost(result));
  CUDA(cudaFree(out));
  CUDA(cudaFree(in));
  CUDA(cudaStreamDestroy(stream));
}

// A captured graph that is launched into another capture becomes a child node.
static void graphsInsideACapture() {
  cudaStream_t stream;
  int *counter, total = 0, calls = 0;
  CUDA(cudaStreamCreate(&stream));
  CUDA(cudaMalloc(&counter, sizeof(int)));
  CUDA(cudaMemset(counter, 0, sizeof(int)));
  cudaGraph_t inner, outer;
  cudaGraphExec_t inner_exec, outer_exec;
  CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  for (int i = 0; i < 3; ++i) count<<<1, 1, 0, stream>>>(counter);
  CUDA(cudaLaunchHostFunc(stream, [](void *p) { ++*static_cast<int *>(p); }, &calls));
  CUDA(cudaStreamEndCapture(stream, &inner));
  CUDA(cudaGraphInstantiate(&inner_exec, inner, 0));
  CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  count<<<1, 1, 0, stream>>>(counter);
  CUDA(cudaGraphLaunch(inner_exec, stream));
  CUDA(cudaGraphLaunch(inner_exec, stream));
  CUDA(cudaStreamEndCapture(stream, &outer));
  size_t nodes = 0;
  CUDA(cudaGraphGetNodes(outer, nullptr, &nodes));
  EXPECT(nodes == 3);
  CUDA(cudaGraphInstantiate(&outer_exec, outer, 0));
  for (int i = 0; i < 10; ++i) CUDA(cudaGraphLaunch(outer_exec, stream));
  CUDA(cudaStreamSynchronize(stream));
  CUDA(cudaMemcpy(&total, counter, sizeof total, cudaMemcpyDeviceToHost));
  EXPECT(total == 70 && calls == 20);
  CUDA(cudaGraphExecDestroy(outer_exec));
  CUDA(cudaGraphExecDestroy(inner_exec));
  CUDA(cudaGraphDestroy(outer));
  CUDA(cudaGraphDestroy(inner));
  CUDA(cudaFree(counter));
  CUDA(cudaStreamDestroy(stream));
}

// Each thread captures on its own; the others allocate and synchronise meanwhile.
static void threadsSideBySide() {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      cudaStreamCaptureMode mode = cudaStreamCaptureModeThreadLocal;
      CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
      cudaStream_t stream;
      CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
      for (int round = 0; round < 10; ++round) {
        int *counter, total = 0;
        CUDA(cudaMalloc(&counter, sizeof(int)));
        CUDA(cudaMemsetAsync(counter, 0, sizeof(int), stream));
        CUDA(cudaStreamSynchronize(stream));
        cudaGraph_t graph;
        cudaGraphExec_t exec;
        CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        for (int i = 0; i < 5; ++i) count<<<1, 1, 0, stream>>>(counter);
        CUDA(cudaStreamEndCapture(stream, &graph));
        CUDA(cudaGraphInstantiate(&exec, graph, 0));
        for (int i = 0; i < 20; ++i) CUDA(cudaGraphLaunch(exec, stream));
        CUDA(cudaMemcpyAsync(&total, counter, sizeof total, cudaMemcpyDeviceToHost, stream));
        CUDA(cudaStreamSynchronize(stream));
        EXPECT(total == 100);
        CUDA(cudaGraphExecDestroy(exec));
        CUDA(cudaGraphDestroy(graph));
        CUDA(cudaFree(counter));
      }
      CUDA(cudaStreamDestroy(stream));
    });
  for (std::thread &thread : threads) thread.join();
}

// Programs try, and fall back when the capture fails.
static void failureAndFallback() {
  cudaStream_t stream;
  int *counter, total = 0;
  CUDA(cudaStreamCreate(&stream));
  CUDA(cudaMalloc(&counter, sizeof(int)));
  CUDA(cudaMemset(counter, 0, sizeof(int)));
  cudaGraph_t graph = nullptr;
  CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  count<<<1, 1, 0, stream>>>(counter);
  EXPECT(cudaStreamSynchronize(stream) == cudaErrorStreamCaptureUnsupported);
  count<<<1, 1, 0, stream>>>(counter);
  EXPECT(cudaGetLastError() == cudaErrorStreamCaptureInvalidated);
  EXPECT(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated && graph == nullptr);
  (void)cudaGetLastError();
  count<<<1, 1, 0, stream>>>(counter);
  CUDA(cudaStreamSynchronize(stream));
  CUDA(cudaMemcpy(&total, counter, sizeof total, cudaMemcpyDeviceToHost));
  EXPECT(total == 1);
  CUDA(cudaFree(counter));
  CUDA(cudaStreamDestroy(stream));
}

int main() {
  replayAForkedStep();
  memoryInsideTheCapture();
  graphsInsideACapture();
  threadsSideBySide();
  failureAndFallback();
  return finish("capture");
}
