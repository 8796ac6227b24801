// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Programs with graphs, captures and values that streams wait for.
#include <cuda.h>

#include <algorithm>
#include <memory>

#include "../shim/cudart/program.h"
#include "script.h"

namespace cutrans::faults {
namespace {

constexpr size_t kBytes = 256;

struct Memory {
  unsigned char *device = nullptr, *pinned = nullptr;
};
// Device memory, and pinned memory full of 1. False: the script ends.
bool makeMemory(Steps &steps, Memory &memory) {
  if (!steps.run("cudaMalloc", [&] { return cudaMalloc(reinterpret_cast<void **>(&memory.device), kBytes); })) return false;
  steps.later("cudaFree", [at = memory.device] { return cudaFree(at); });
  if (!steps.run("cudaMallocHost", [&] { return cudaMallocHost(reinterpret_cast<void **>(&memory.pinned), kBytes); })) return false;
  steps.later("cudaFreeHost", [at = memory.pinned] { return cudaFreeHost(at); });
  std::fill_n(memory.pinned, kBytes, static_cast<unsigned char>(1));
  return true;
}

void expectBytes(Steps &steps, const unsigned char *device, unsigned char first, unsigned char last) {
  auto &result = steps.bytes(kBytes);
  STEP(cudaMemcpy(result.data(), device, kBytes, cudaMemcpyDeviceToHost));
  steps.expect(result.front() == first && result.back() == last, "what the graph wrote");
}

void addOne(void *count) { ++*static_cast<int *>(count); }

// Every sort of node that needs no kernel; launched twice, changed, launched again, in two streams.
void graph(Steps &steps) {
  Memory memory;
  if (!makeMemory(steps, memory)) return;
  auto calls = std::make_shared<int>(0);
  cudaGraph_t graph = nullptr, child = nullptr;
  cudaGraphNode_t copy = nullptr, fill = nullptr, call = nullptr, node = nullptr;
  cudaEvent_t event = nullptr;
  cudaStream_t stream = nullptr;
  STEP(cudaStreamCreate(&stream));
  LATER(cudaStreamDestroy(stream));
  STEP(cudaEventCreate(&event));
  LATER(cudaEventDestroy(event));
  STEP(cudaGraphCreate(&graph, 0));
  LATER(cudaGraphDestroy(graph));
  STEP(cudaGraphAddMemcpyNode1D(&copy, graph, nullptr, 0, memory.device, memory.pinned, kBytes, cudaMemcpyHostToDevice));
  cudaMemsetParams half{memory.device, 0, 2, 1, kBytes / 2, 1};
  STEP(cudaGraphAddMemsetNode(&fill, graph, &copy, 1, &half));
  cudaHostNodeParams host{addOne, calls.get()};
  STEP(cudaGraphAddHostNode(&call, graph, &fill, 1, &host));
  steps.later("the count goes", [calls] { return cudaSuccess; });
  STEP(cudaGraphAddEventRecordNode(&node, graph, &call, 1, event));
  STEP(cudaGraphCreate(&child, 0));
  LATER(cudaGraphDestroy(child));
  cudaMemsetParams quarter{memory.device, 0, 3, 1, kBytes / 4, 1};
  cudaGraphNode_t in_child = nullptr;
  STEP(cudaGraphAddMemsetNode(&in_child, child, nullptr, 0, &quarter));
  STEP(cudaGraphAddChildGraphNode(&node, graph, &node, 1, child));
  cudaGraphExec_t exec = nullptr;
  STEP(cudaGraphInstantiate(&exec, graph, 0));
  LATER(cudaGraphExecDestroy(exec));
  STEP(cudaGraphUpload(exec, stream));
  STEP(cudaGraphLaunch(exec, stream));
  STEP(cudaGraphLaunch(exec, nullptr));
  STEP(cudaStreamSynchronize(nullptr));
  STEP(cudaEventSynchronize(event));
  expectBytes(steps, memory.device, 3, 1);
  half.value = 5;
  half.dst = memory.device + kBytes / 2;
  STEP(cudaGraphExecMemsetNodeSetParams(exec, fill, &half));
  STEP(cudaGraphLaunch(exec, stream));
  STEP(cudaStreamSynchronize(stream));
  expectBytes(steps, memory.device, 3, 5);
}

// Two streams that fork and join; the graph is updated from a second capture.
void capture(Steps &steps) {
  Memory memory;
  if (!makeMemory(steps, memory)) return;
  cudaStream_t a = nullptr, b = nullptr;
  cudaEvent_t fork = nullptr, join = nullptr;
  STEP(cudaStreamCreate(&a));
  LATER(cudaStreamDestroy(a));
  STEP(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
  LATER(cudaStreamDestroy(b));
  STEP(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
  LATER(cudaEventDestroy(fork));
  STEP(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
  LATER(cudaEventDestroy(join));
  auto record = [&](int value, cudaGraph_t *graph) {
    STEP(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
    STEP(cudaMemcpyAsync(memory.device, memory.pinned, kBytes, cudaMemcpyHostToDevice, a));
    STEP(cudaEventRecord(fork, a));
    STEP(cudaStreamWaitEvent(b, fork, 0));
    STEP(cudaMemsetAsync(memory.device, value, kBytes / 2, b));
    STEP(cudaEventRecord(join, b));
    STEP(cudaStreamWaitEvent(a, join, 0));
    STEP(cudaStreamEndCapture(a, graph));
    steps.later("cudaGraphDestroy", [made = *graph] { return cudaGraphDestroy(made); });
  };
  cudaGraph_t first = nullptr, second = nullptr;
  record(2, &first);
  if (!first) return;
  cudaGraphExec_t exec = nullptr;
  STEP(cudaGraphInstantiate(&exec, first, 0));
  LATER(cudaGraphExecDestroy(exec));
  STEP(cudaGraphLaunch(exec, b));
  STEP(cudaStreamSynchronize(b));
  expectBytes(steps, memory.device, 2, 1);
  record(4, &second);
  if (!second) return;
  cudaGraphExecUpdateResultInfo info{};
  STEP(cudaGraphExecUpdate(exec, second, &info));
  STEP(cudaGraphLaunch(exec, a));
  STEP(cudaStreamSynchronize(a));
  expectBytes(steps, memory.device, 4, 1);
}

// Memory that a graph allocates, uses and frees.
void graphMemory(Steps &steps) {
  Memory memory;
  if (!makeMemory(steps, memory)) return;
  cudaGraph_t graph = nullptr;
  STEP(cudaGraphCreate(&graph, 0));
  LATER(cudaGraphDestroy(graph));
  cudaMemAllocNodeParams wish{};
  wish.poolProps.allocType = cudaMemAllocationTypePinned;
  wish.poolProps.location = {cudaMemLocationTypeDevice, 0};
  wish.bytesize = kBytes;
  cudaGraphNode_t node = nullptr, allocation = nullptr;
  STEP(cudaGraphAddMemAllocNode(&allocation, graph, nullptr, 0, &wish));
  cudaMemsetParams fill{wish.dptr, 0, 6, 1, kBytes, 1};
  STEP(cudaGraphAddMemsetNode(&node, graph, &allocation, 1, &fill));
  STEP(cudaGraphAddMemcpyNode1D(&node, graph, &node, 1, memory.device, wish.dptr, kBytes, cudaMemcpyDeviceToDevice));
  STEP(cudaGraphAddMemFreeNode(&node, graph, &node, 1, wish.dptr));
  cudaGraphExec_t exec = nullptr;
  STEP(cudaGraphInstantiate(&exec, graph, 0));
  LATER(cudaGraphExecDestroy(exec));
  for (int i = 0; i < 2; ++i) {
    STEP(cudaGraphLaunch(exec, nullptr));
    STEP(cudaStreamSynchronize(nullptr));
    expectBytes(steps, memory.device, 6, 6);
    STEP(cudaMemset(memory.device, 0, kBytes));
  }
  STEP(cudaDeviceGraphMemTrim(0));
}

// One stream waits for what the other one writes.
void values(Steps &steps) {
  Memory memory;
  if (!makeMemory(steps, memory)) return;
  CUstream a = nullptr, b = nullptr;
  STEP(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking));
  LATER(cudaStreamDestroy(a));
  STEP(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
  LATER(cudaStreamDestroy(b));
  const auto word = reinterpret_cast<CUdeviceptr>(memory.device);
  STEP(cudaMemset(memory.device, 0, kBytes));
  // Whatever fails, nobody waits for ever.
  steps.later("the wait ends", [device = memory.device] {
    *reinterpret_cast<volatile unsigned *>(device) = 9;
    return cudaSuccess;
  });
  STEP(cuStreamWaitValue32(a, word, 7, CU_STREAM_WAIT_VALUE_GEQ));
  STEP(cudaMemsetAsync(memory.device + 64, 8, 64, a));
  STEP(cuStreamWriteValue32(b, word, 7, 0));
  CUstreamBatchMemOpParams both[2] = {};
  both[0].writeValue = {CU_STREAM_MEM_OP_WRITE_VALUE_64, word + 8, {}, 0, 0};
  both[0].writeValue.value64 = 3;
  both[1].waitValue = {CU_STREAM_MEM_OP_WAIT_VALUE_64, word + 8, {}, CU_STREAM_WAIT_VALUE_EQ, 0};
  both[1].waitValue.value64 = 3;
  STEP(cuStreamBatchMemOp(b, 2, both, 0));
  STEP(cudaStreamSynchronize(b));
  STEP(cudaStreamSynchronize(a));
  auto &result = steps.bytes(kBytes);
  STEP(cudaMemcpy(result.data(), memory.device, kBytes, cudaMemcpyDeviceToHost));
  steps.expect(result[0] == 7 && result[8] == 3 && result[64] == 8, "what was written behind the wait");
}

const std::string kKernels = kPtxHead + R"(
.visible .global .align 4 .u32 total = 0;
.visible .entry add(.param .u32 much) {
  .reg .b64 %rd1; .reg .b32 %r1;
  mov.u64 %rd1, total; ld.param.u32 %r1, [much];
  red.global.add.u32 [%rd1], %r1;
  ret;
}
)";

void graphKernels(Steps &steps) {
  auto program = std::make_shared<Program>(kKernels);
  steps.later("the program ends", [program] { return 0; });
  const void *total = program->variable("total", 4);
  auto much = std::make_shared<unsigned>(1);
  void *arguments[] = {much.get()};
  cudaKernelNodeParams launch{};
  launch.func = const_cast<void *>(program->kernel("add"));
  launch.gridDim = {2, 1, 1};
  launch.blockDim = {4, 1, 1};
  launch.kernelParams = arguments;
  cudaGraph_t graph = nullptr;
  STEP(cudaGraphCreate(&graph, 0));
  LATER(cudaGraphDestroy(graph));
  cudaGraphNode_t first = nullptr, second = nullptr;
  STEP(cudaGraphAddKernelNode(&first, graph, nullptr, 0, &launch));
  *much = 10;
  STEP(cudaGraphAddKernelNode(&second, graph, &first, 1, &launch));
  cudaGraphExec_t exec = nullptr;
  STEP(cudaGraphInstantiate(&exec, graph, 0));
  LATER(cudaGraphExecDestroy(exec));
  STEP(cudaGraphLaunch(exec, nullptr));
  *much = 20;
  STEP(cudaGraphExecKernelNodeSetParams(exec, second, &launch));
  STEP(cudaGraphLaunch(exec, nullptr));
  auto &result = steps.bytes(4);
  STEP(cudaMemcpyFromSymbol(result.data(), total, 4, 0, cudaMemcpyDeviceToHost));
  steps.expect(*reinterpret_cast<unsigned *>(result.data()) == 8 * (1 + 10 + 1 + 20), "what the kernels added");
}

}  // namespace

const std::vector<Script> &graphScripts() {
  static const std::vector<Script> all = {
      {"graph", graph, 0},
      {"capture", capture, 0},
      {"graphMemory", graphMemory, 0},
      {"values", values, Script::kManaged},
      {"graphKernels", graphKernels, Script::kLaunches},
  };
  return all;
}

}  // namespace cutrans::faults
