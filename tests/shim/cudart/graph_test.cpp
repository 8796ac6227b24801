// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs through the runtime API: what both APIs do alike, and copies; variables, kernels by the program's addresses.
#include <cuda.h>

#include <cstdint>

#include "../graph_kernels.h"
#include "../semaphore_file.h"
#include "program.h"

#define API(name) CT_JOIN(cuda, name)
#define CT_JOIN(a, b) a##b
#define CT_SUITE(name) name
#define GRAPH_CASE(suite, name) TEST_F(suite, name)
#define OK(call) EXPECT_EQ(call, cudaSuccess)
#define FAILS(call, error) EXPECT_EQ(failing(call), error)

namespace {

constexpr cudaError_t kSuccess = cudaSuccess, kInvalidValue = cudaErrorInvalidValue, kInvalidFunction = cudaErrorInvalidDeviceFunction,
                      kInvalidConfiguration = cudaErrorInvalidConfiguration, kInvalidCluster = cudaErrorInvalidClusterSize,
                      kInvalidHandle = cudaErrorInvalidResourceHandle, kInvalidDevice = cudaErrorInvalidDevice, kNotSupported = cudaErrorNotSupported,
                      kLossyQuery = cudaErrorLossyQuery, kOperatingSystem = cudaErrorOperatingSystem, kUpdateFailure = cudaErrorGraphExecUpdateFailure;
using NodeType = cudaGraphNodeType;
using EdgeData = cudaGraphEdgeData;
using NodeParams = cudaGraphNodeParams;
using KernelParams = cudaKernelNodeParams;
using MemsetParams = cudaMemsetParams;
using HostParams = cudaHostNodeParams;
using AllocParams = cudaMemAllocNodeParams;
using CaptureMode = cudaStreamCaptureMode;
using Semaphore = cudaExternalSemaphore_t;
using SemaphoreDescription = cudaExternalSemaphoreHandleDesc;
using SignalParams = cudaExternalSemaphoreSignalParams;
using WaitParams = cudaExternalSemaphoreWaitParams;
using SignalNodeParams = cudaExternalSemaphoreSignalNodeParams;
using WaitNodeParams = cudaExternalSemaphoreWaitNodeParams;
using InstantiateParams = cudaGraphInstantiateParams;
using UpdateInfo = cudaGraphExecUpdateResultInfo;
using AttributeId = cudaKernelNodeAttrID;
using AttributeValue = cudaKernelNodeAttrValue;
using MemoryAttribute = cudaGraphMemAttributeType;
using ConditionHandle = cudaGraphConditionalHandle;
using Flags64 = unsigned long long;

// A call that fails leaves its error behind, once.
cudaError_t failing(cudaError_t error) {
  EXPECT_EQ(cudaGetLastError(), error);
  return error;
}
void clearError() { (void)cudaGetLastError(); }
uint64_t number(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer); }
void *devicePointer(uint64_t address) { return reinterpret_cast<void *>(address); }
cudaError_t freeMemory(void *pointer) { return cudaFree(pointer); }
unsigned &gridOf(KernelParams &params) { return params.gridDim.x; }
cudaStream_t &uploadStreamOf(InstantiateParams &params) { return params.uploadStream; }
cudaGraphNode_t errorNodeOf(const InstantiateParams &params) { return params.errNode_out; }

MemsetParams memsetParams(uint64_t dst, unsigned value, unsigned element, size_t width, size_t height, size_t pitch) {
  return {devicePointer(dst), pitch, value, element, width, height};
}

class GraphApi : public RuntimeApi {
 protected:
  void SetUp() override {
    RuntimeApi::SetUp();
    void *allocated = nullptr;
    ASSERT_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaMalloc(&allocated, 4096));
    ASSERT_CUDA(cudaMemset(allocated, 0, 4096));
    memory = number(allocated);
  }
  void TearDown() override {
    EXPECT_CUDA(cudaStreamDestroy(stream));
    EXPECT_CUDA(cudaFree(devicePointer(memory)));
    RuntimeApi::TearDown();
  }
  static KernelParams kernelParams(const void *function, unsigned block, void **arguments) {
    return {const_cast<void *>(function), 1, block, 0, arguments, nullptr};
  }
  std::vector<unsigned> read(size_t count) {
    std::vector<unsigned> words(count);
    EXPECT_CUDA(cudaMemcpy(words.data(), devicePointer(memory), count * 4, cudaMemcpyDeviceToHost));
    return words;
  }
  void write(const std::vector<unsigned> &words) {
    EXPECT_CUDA(cudaMemcpy(devicePointer(memory), words.data(), words.size() * 4, cudaMemcpyHostToDevice));
  }
  static cudaError_t tryAddFill(cudaGraphNode_t *out, cudaGraph_t into, const MemsetParams *params) { return cudaGraphAddMemsetNode(out, into, nullptr, 0, params); }
  static cudaGraphNode_t addFill(cudaGraph_t into, const MemsetParams &params) {
    cudaGraphNode_t node = nullptr;
    EXPECT_CUDA(tryAddFill(&node, into, &params));
    return node;
  }
  static cudaError_t setFillIn(cudaGraphExec_t exec, cudaGraphNode_t node, const MemsetParams &params) {
    return cudaGraphExecMemsetNodeSetParams(exec, node, &params);
  }
  static cudaError_t createCondition(ConditionHandle *out, cudaGraph_t graph, unsigned initial, unsigned flags) {
    return cudaGraphConditionalHandleCreate(out, graph, initial, flags);
  }
  static void describeCopy(NodeParams &params, uint64_t dst, uint64_t src, size_t bytes) {
    params.memcpy.copyParams.dstPtr = {devicePointer(dst), bytes, bytes, 1};
    params.memcpy.copyParams.srcPtr = {devicePointer(src), bytes, bytes, 1};
    params.memcpy.copyParams.extent = {bytes, 1, 1};
    params.memcpy.copyParams.kind = cudaMemcpyDeviceToDevice;
  }

  cudaStream_t stream = nullptr;
  uint64_t memory = 0;
  Program program{{{Program::ptxEntry(kGraphKernels, 90)}}};
  const void *fill = program.kernel("fill"), *count_down = program.kernel("count_down"), *symbol = program.variable("symbol", 32);
};

#include "../graph_cases.h"
#include "../graph_exec_cases.h"
#include "../graph_node_cases.h"
#include "../semaphore_cases.h"

TEST_F(GraphCopyNodes, Ranges) {
  const unsigned in[] = {1, 2, 3, 4};
  unsigned out[4] = {};
  cudaGraphNode_t up = nullptr, down = nullptr, none = nullptr;
  void *device = devicePointer(memory);
  ASSERT_CUDA(cudaGraphAddMemcpyNode1D(&up, graph, nullptr, 0, device, in, 16, cudaMemcpyHostToDevice));
  ASSERT_CUDA(cudaGraphAddMemcpyNode1D(&down, graph, &up, 1, out, device, 16, cudaMemcpyDefault));
  EXPECT_EQ(typeOf(up), CU_GRAPH_NODE_TYPE_MEMCPY);
  runOnce();
  EXPECT_THAT(out, ElementsAre(1u, 2u, 3u, 4u));
  cudaMemcpy3DParms got{};
  EXPECT_CUDA(cudaGraphMemcpyNodeGetParams(up, &got));
  EXPECT_EQ(got.dstPtr.ptr, device);
  EXPECT_EQ(got.srcPtr.ptr, in);
  EXPECT_EQ(got.extent.width, 16u);
  EXPECT_EQ(got.extent.height, 1u);
  EXPECT_EQ(got.kind, cudaMemcpyHostToDevice);
  EXPECT_CUDA(cudaGraphMemcpyNodeSetParams(up, &got));
  EXPECT_CUDA(cudaGraphMemcpyNodeSetParams1D(down, out + 1, device, 4, cudaMemcpyDeviceToHost));
  cudaGraphExec_t exec = instantiated();
  EXPECT_CUDA(cudaGraphExecMemcpyNodeSetParams1D(exec, up, device, in + 2, 4, cudaMemcpyHostToDevice));
  run(exec);
  EXPECT_EQ(out[1], 3u);
  FAILS(cudaGraphAddMemcpyNode1D(&none, graph, nullptr, 0, device, in, 0, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  FAILS(cudaGraphAddMemcpyNode1D(&none, graph, nullptr, 0, nullptr, in, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  FAILS(cudaGraphAddMemcpyNode1D(&none, graph, nullptr, 0, device, nullptr, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  FAILS(cudaGraphAddMemcpyNode1D(&none, graph, nullptr, 0, device, in, 4, static_cast<cudaMemcpyKind>(9)), cudaErrorInvalidMemcpyDirection);
  FAILS(cudaGraphAddMemcpyNode1D(&none, nullptr, nullptr, 0, device, in, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  FAILS(cudaGraphAddMemcpyNode1D(nullptr, graph, nullptr, 0, device, in, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  FAILS(cudaGraphMemcpyNodeSetParams1D(up, nullptr, in, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  FAILS(cudaGraphExecMemcpyNodeSetParams1D(nullptr, up, device, in, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  for (cudaGraphNode_t wrong : {empty(), staleNode(), cudaGraphNode_t{}}) {
    FAILS(cudaGraphMemcpyNodeSetParams1D(wrong, device, in, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    FAILS(cudaGraphExecMemcpyNodeSetParams1D(exec, wrong, device, in, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  }
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
}

TEST_F(GraphCopyNodes, Boxes) {
  const std::vector<unsigned> matrix{0, 1, 2, 3, 4, 5, 6, 7};
  cudaMemcpy3DParms copy{}, got{};
  copy.srcPtr = {const_cast<unsigned *>(matrix.data()), 16, 16, 2};
  copy.srcPos = {4, 0, 0};
  copy.dstPtr = {devicePointer(memory), 8, 8, 2};
  copy.extent = {8, 2, 1};
  copy.kind = cudaMemcpyHostToDevice;
  cudaGraphNode_t node = nullptr, out = nullptr;
  ASSERT_CUDA(cudaGraphAddMemcpyNode(&node, graph, nullptr, 0, &copy));
  runOnce();
  EXPECT_THAT(read(5), ElementsAre(1u, 2u, 5u, 6u, 0u));
  EXPECT_CUDA(cudaGraphMemcpyNodeGetParams(node, &got));
  EXPECT_EQ(got.srcPos.x, 4u);
  EXPECT_EQ(got.srcPtr.pitch, 16u);
  EXPECT_EQ(got.extent.height, 2u);
  EXPECT_EQ(got.kind, cudaMemcpyHostToDevice);
  EXPECT_CUDA(cudaGraphMemcpyNodeSetParams(node, &got));
  cudaMemcpy3DParms line = copy;
  line.srcPos.x = 0;
  line.extent = {4, 1, 1};
  EXPECT_CUDA(cudaGraphMemcpyNodeSetParams(node, &line));
  cudaGraphExec_t exec = instantiated();
  line.srcPos.x = 12;
  EXPECT_CUDA(cudaGraphExecMemcpyNodeSetParams(exec, node, &line));
  run(exec);
  EXPECT_EQ(read(1)[0], 3u);
  auto wrong = [&](auto &&change, cudaError_t error = cudaErrorInvalidValue) {
    cudaMemcpy3DParms bad = copy;
    change(bad);
    FAILS(cudaGraphAddMemcpyNode(&out, graph, nullptr, 0, &bad), error);
    FAILS(cudaGraphMemcpyNodeSetParams(node, &bad), error);
    FAILS(cudaGraphExecMemcpyNodeSetParams(exec, node, &bad), error);
  };
  wrong([](cudaMemcpy3DParms &c) { c.extent.width = 0; });
  wrong([](cudaMemcpy3DParms &c) { c.srcPtr.ptr = nullptr; });
  wrong([](cudaMemcpy3DParms &c) { c.srcArray = noHandle<cudaArray_t>(), c.kind = cudaMemcpyDefault; });
  wrong([](cudaMemcpy3DParms &c) { c.srcPtr.ptr = nullptr, c.srcArray = noHandle<cudaArray_t>(); }, cudaErrorInvalidMemcpyDirection);
  wrong([](cudaMemcpy3DParms &c) { c.srcPtr.ptr = nullptr, c.srcArray = noHandle<cudaArray_t>(), c.kind = cudaMemcpyDefault; });
  wrong([](cudaMemcpy3DParms &c) { c.srcPos.x = 12; }, cudaErrorInvalidPitchValue);
  wrong([](cudaMemcpy3DParms &c) { c.dstPos.y = SIZE_MAX; });
  wrong([](cudaMemcpy3DParms &c) { c.kind = static_cast<cudaMemcpyKind>(-1); }, cudaErrorInvalidMemcpyDirection);
  FAILS(cudaGraphAddMemcpyNode(&out, graph, nullptr, 0, nullptr), cudaErrorInvalidValue);
  FAILS(cudaGraphAddMemcpyNode(nullptr, graph, nullptr, 0, &copy), cudaErrorInvalidValue);
  FAILS(cudaGraphAddMemcpyNode(&out, nullptr, nullptr, 0, &copy), cudaErrorInvalidValue);
  FAILS(cudaGraphMemcpyNodeGetParams(node, nullptr), cudaErrorInvalidValue);
  FAILS(cudaGraphMemcpyNodeSetParams(node, nullptr), cudaErrorInvalidValue);
  FAILS(cudaGraphExecMemcpyNodeSetParams(exec, node, nullptr), cudaErrorInvalidValue);
  FAILS(cudaGraphExecMemcpyNodeSetParams(nullptr, node, &line), cudaErrorInvalidValue);
  for (cudaGraphNode_t other : {empty(), staleNode(), cudaGraphNode_t{}}) {
    FAILS(cudaGraphMemcpyNodeGetParams(other, &got), cudaErrorInvalidValue);
    FAILS(cudaGraphMemcpyNodeSetParams(other, &line), cudaErrorInvalidValue);
    FAILS(cudaGraphExecMemcpyNodeSetParams(exec, other, &line), cudaErrorInvalidValue);
  }
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
}

TEST_F(GraphCopyNodes, ArraysCountElements) {
  const cudaChannelFormatDesc format = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindUnsigned);
  cudaArray_t array = nullptr;
  ASSERT_CUDA(cudaMallocArray(&array, &format, 4, 2, 0));
  write({1, 2, 3, 4, 5, 6, 7, 8});
  cudaMemcpy3DParms in{}, out{}, got{};
  in.srcPtr = {devicePointer(memory), 16, 16, 2};
  in.dstArray = array;
  in.extent = {4, 2, 1};
  in.kind = cudaMemcpyDeviceToDevice;
  out.srcArray = array;
  out.srcPos = {2, 1, 0};
  out.dstPtr = {devicePointer(memory), 8, 8, 1};
  out.extent = {2, 1, 1};
  out.kind = cudaMemcpyDefault;
  cudaGraphNode_t first = nullptr, second = nullptr;
  ASSERT_CUDA(cudaGraphAddMemcpyNode(&first, graph, nullptr, 0, &in));
  ASSERT_CUDA(cudaGraphAddMemcpyNode(&second, graph, &first, 1, &out));
  runOnce();
  EXPECT_THAT(read(3), ElementsAre(7u, 8u, 3u));
  EXPECT_CUDA(cudaGraphMemcpyNodeGetParams(second, &got));
  EXPECT_EQ(got.srcArray, array);
  EXPECT_EQ(got.srcPos.x, 2u);
  EXPECT_EQ(got.extent.width, 2u);
  EXPECT_EQ(got.kind, cudaMemcpyDefault);
  out.extent.width = 3;
  FAILS(cudaGraphMemcpyNodeSetParams(second, &out), cudaErrorInvalidValue) << "beyond the array";
  EXPECT_CUDA(cudaFreeArray(array));
}

TEST_F(GraphCopyNodes, Symbols) {
  const unsigned in[] = {5, 6};
  unsigned out[2] = {};
  cudaGraphNode_t to = nullptr, from = nullptr, none = nullptr;
  ASSERT_CUDA(cudaGraphAddMemcpyNodeToSymbol(&to, graph, nullptr, 0, symbol, in, 8, 4, cudaMemcpyHostToDevice));
  ASSERT_CUDA(cudaGraphAddMemcpyNodeFromSymbol(&from, graph, &to, 1, out, symbol, 8, 4, cudaMemcpyDeviceToHost));
  runOnce();
  EXPECT_THAT(out, ElementsAre(5u, 6u));
  EXPECT_CUDA(cudaGraphMemcpyNodeSetParamsToSymbol(to, symbol, in + 1, 4, 4, cudaMemcpyDefault));
  EXPECT_CUDA(cudaGraphMemcpyNodeSetParamsFromSymbol(from, out + 1, symbol, 4, 4, cudaMemcpyDefault));
  cudaGraphExec_t exec = instantiated();
  run(exec);
  EXPECT_THAT(out, ElementsAre(5u, 6u));
  EXPECT_CUDA(cudaGraphExecMemcpyNodeSetParamsToSymbol(exec, to, symbol, in, 4, 0, cudaMemcpyHostToDevice));
  EXPECT_CUDA(cudaGraphExecMemcpyNodeSetParamsFromSymbol(exec, from, out + 1, symbol, 4, 0, cudaMemcpyDeviceToHost));
  run(exec);
  EXPECT_THAT(out, ElementsAre(5u, 5u));
  // The same six calls with arguments that are wrong.
  struct Wrong {
    const void *symbol, *memory;
    size_t bytes, offset;
    cudaMemcpyKind to, from;
    cudaError_t error;
  };
  const Wrong all[] = {{out, in, 4, 0, cudaMemcpyDefault, cudaMemcpyDefault, cudaErrorInvalidSymbol},
                       {symbol, in, 4, 32, cudaMemcpyDefault, cudaMemcpyDefault, cudaErrorInvalidValue},
                       {symbol, in, 0, 0, cudaMemcpyDefault, cudaMemcpyDefault, cudaErrorInvalidValue},
                       {symbol, nullptr, 4, 0, cudaMemcpyDefault, cudaMemcpyDefault, cudaErrorInvalidValue},
                       {symbol, in, 4, 0, cudaMemcpyDeviceToHost, cudaMemcpyHostToDevice, cudaErrorInvalidMemcpyDirection}};
  for (const Wrong &w : all) {
    void *dst = const_cast<void *>(w.memory);
    FAILS(cudaGraphAddMemcpyNodeToSymbol(&none, graph, nullptr, 0, w.symbol, w.memory, w.bytes, w.offset, w.to), w.error);
    FAILS(cudaGraphMemcpyNodeSetParamsToSymbol(to, w.symbol, w.memory, w.bytes, w.offset, w.to), w.error);
    FAILS(cudaGraphExecMemcpyNodeSetParamsToSymbol(exec, to, w.symbol, w.memory, w.bytes, w.offset, w.to), w.error);
    FAILS(cudaGraphAddMemcpyNodeFromSymbol(&none, graph, nullptr, 0, dst, w.symbol, w.bytes, w.offset, w.from), w.error);
    FAILS(cudaGraphMemcpyNodeSetParamsFromSymbol(from, dst, w.symbol, w.bytes, w.offset, w.from), w.error);
    FAILS(cudaGraphExecMemcpyNodeSetParamsFromSymbol(exec, from, dst, w.symbol, w.bytes, w.offset, w.from), w.error);
  }
  FAILS(cudaGraphMemcpyNodeSetParamsToSymbol(empty(), symbol, in, 4, 0, cudaMemcpyDefault), cudaErrorInvalidValue);
  FAILS(cudaGraphMemcpyNodeSetParamsFromSymbol(empty(), out, symbol, 4, 0, cudaMemcpyDefault), cudaErrorInvalidValue);
  FAILS(cudaGraphExecMemcpyNodeSetParamsToSymbol(nullptr, to, symbol, in, 4, 0, cudaMemcpyDefault), cudaErrorInvalidValue);
  FAILS(cudaGraphExecMemcpyNodeSetParamsFromSymbol(exec, staleNode(), out, symbol, 4, 0, cudaMemcpyDefault), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
}

TEST_F(GraphKernelNodes, ByKernelHandle) {
  cudaKernel_t kernel = nullptr;
  ASSERT_CUDA(cudaGetKernel(&kernel, fill));
  unsigned value = 17;
  void *arguments[] = {&memory, &value};
  KernelParams params = kernelParams(kernel, 4, arguments), got{};
  cudaGraphNode_t node = nullptr;
  ASSERT_CUDA(cudaGraphAddKernelNode(&node, graph, nullptr, 0, &params));
  EXPECT_CUDA(cudaGraphKernelNodeGetParams(node, &got));
  EXPECT_EQ(got.func, kernel);
  runOnce();
  EXPECT_THAT(read(4), Each(17u));
}

TEST_F(GraphExecs, ShortForm) {
  unsigned value = 17;
  fillBy(4, &value);
  cudaGraphExec_t exec = nullptr;
  ASSERT_CUDA(cudaGraphInstantiate(&exec, graph, 0));
  run(exec);
  EXPECT_THAT(read(4), Each(17u));
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  FAILS(cudaGraphInstantiate(&exec, nullptr, 0), cudaErrorInvalidValue);
}

}  // namespace
