// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs through the driver API, on the host target: what both APIs do alike, and copies.
#include <cuda.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "fixture.h"
#include "graph_kernels.h"
#include "semaphore_file.h"

#define API(name) CT_JOIN(cu, name)
#define CT_JOIN(a, b) a##b
#define CT_SUITE(name) CT_JOIN(Driver, name)
#define GRAPH_CASE(suite, name) TEST_F(Driver##suite, name)
#define OK(call) EXPECT_EQ(call, CUDA_SUCCESS)
#define FAILS(call, error) EXPECT_EQ(call, error)
#define cuEventCreateWithFlags cuEventCreate

namespace {

constexpr CUresult kSuccess = CUDA_SUCCESS, kInvalidValue = CUDA_ERROR_INVALID_VALUE, kInvalidFunction = CUDA_ERROR_INVALID_VALUE,
                   kInvalidConfiguration = CUDA_ERROR_INVALID_VALUE, kInvalidCluster = CUDA_ERROR_INVALID_CLUSTER_SIZE,
                   kInvalidHandle = CUDA_ERROR_INVALID_HANDLE, kInvalidDevice = CUDA_ERROR_INVALID_DEVICE, kNotSupported = CUDA_ERROR_NOT_SUPPORTED,
                   kLossyQuery = CUDA_ERROR_LOSSY_QUERY, kOperatingSystem = CUDA_ERROR_OPERATING_SYSTEM,
                   kUpdateFailure = CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
using NodeType = CUgraphNodeType;
using EdgeData = CUgraphEdgeData;
using NodeParams = CUgraphNodeParams;
using KernelParams = CUDA_KERNEL_NODE_PARAMS;
using MemsetParams = CUDA_MEMSET_NODE_PARAMS;
using HostParams = CUDA_HOST_NODE_PARAMS;
using AllocParams = CUDA_MEM_ALLOC_NODE_PARAMS;
using CaptureMode = CUstreamCaptureMode;
using Semaphore = CUexternalSemaphore;
using SemaphoreDescription = CUDA_EXTERNAL_SEMAPHORE_HANDLE_DESC;
using SignalParams = CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS;
using WaitParams = CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS;
using SignalNodeParams = CUDA_EXT_SEM_SIGNAL_NODE_PARAMS;
using WaitNodeParams = CUDA_EXT_SEM_WAIT_NODE_PARAMS;
using InstantiateParams = CUDA_GRAPH_INSTANTIATE_PARAMS;
using UpdateInfo = CUgraphExecUpdateResultInfo;
using AttributeId = CUkernelNodeAttrID;
using AttributeValue = CUkernelNodeAttrValue;
using MemoryAttribute = CUgraphMem_attribute;
using ConditionHandle = CUgraphConditionalHandle;
using Flags64 = cuuint64_t;

uint64_t number(CUdeviceptr pointer) { return pointer; }
CUdeviceptr devicePointer(uint64_t address) { return address; }
CUresult freeMemory(CUdeviceptr pointer) { return cuMemFree(pointer); }
unsigned &gridOf(KernelParams &params) { return params.gridDimX; }
CUstream &uploadStreamOf(InstantiateParams &params) { return params.hUploadStream; }
CUgraphNode errorNodeOf(const InstantiateParams &params) { return params.hErrNode_out; }
void clearError() {}

MemsetParams memsetParams(uint64_t dst, unsigned value, unsigned element, size_t width, size_t height, size_t pitch) {
  return {dst, pitch, value, element, width, height};
}

class GraphApi : public shim_test::WithContext {
 protected:
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuModuleLoadData(&module, kGraphKernels), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleGetFunction(&fill, module, "fill"), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleGetFunction(&count_down, module, "count_down"), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    CUdeviceptr allocated = 0;
    ASSERT_EQ(cuMemAlloc(&allocated, 4096), CUDA_SUCCESS);
    ASSERT_EQ(cuMemsetD8(allocated, 0, 4096), CUDA_SUCCESS);
    memory = allocated;
  }
  void TearDown() override {
    EXPECT_EQ(cuMemFree(memory), CUDA_SUCCESS);
    WithContext::TearDown();
  }
  static KernelParams kernelParams(CUfunction function, unsigned block, void **arguments) {
    return {function, 1, 1, 1, block, 1, 1, 0, arguments, nullptr, nullptr, nullptr};
  }
  std::vector<unsigned> read(size_t count) {
    std::vector<unsigned> words(count);
    EXPECT_EQ(cuMemcpyDtoH(words.data(), memory, count * 4), CUDA_SUCCESS);
    return words;
  }
  void write(const std::vector<unsigned> &words) { EXPECT_EQ(cuMemcpyHtoD(memory, words.data(), words.size() * 4), CUDA_SUCCESS); }
  CUresult tryAddFill(CUgraphNode *out, CUgraph into, const MemsetParams *params) { return cuGraphAddMemsetNode(out, into, nullptr, 0, params, context); }
  CUgraphNode addFill(CUgraph into, const MemsetParams &params) {
    CUgraphNode node = nullptr;
    EXPECT_EQ(tryAddFill(&node, into, &params), CUDA_SUCCESS);
    return node;
  }
  CUresult setFillIn(CUgraphExec exec, CUgraphNode node, const MemsetParams &params) { return cuGraphExecMemsetNodeSetParams(exec, node, &params, context); }
  CUresult createCondition(ConditionHandle *out, CUgraph graph, unsigned initial, unsigned flags) {
    return cuGraphConditionalHandleCreate(out, graph, context, initial, flags);
  }
  static CUDA_MEMCPY3D copyOf(uint64_t dst, uint64_t src, size_t bytes) {
    CUDA_MEMCPY3D copy{};
    copy.srcMemoryType = copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    copy.srcDevice = src;
    copy.dstDevice = dst;
    copy.WidthInBytes = bytes;
    copy.Height = copy.Depth = 1;
    return copy;
  }
  void describeCopy(NodeParams &params, uint64_t dst, uint64_t src, size_t bytes) {
    params.memcpy.copyCtx = context;
    params.memcpy.copyParams = copyOf(dst, src, bytes);
  }

  CUmodule module = nullptr;
  CUfunction fill = nullptr, count_down = nullptr;
  CUstream stream = nullptr;
  uint64_t memory = 0;
};

#include "graph_cases.h"
#include "graph_exec_cases.h"
#include "graph_node_cases.h"
#include "semaphore_cases.h"

TEST_F(DriverGraphCopyNodes, Boxes) {
  // Two rows of two words, from the second and third column of a host matrix of four.
  const std::vector<unsigned> matrix{0, 1, 2, 3, 4, 5, 6, 7};
  CUDA_MEMCPY3D copy{}, got;
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = matrix.data();
  copy.srcPitch = 16;
  copy.srcXInBytes = 4;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = memory;
  copy.dstPitch = 8;
  copy.WidthInBytes = 8;
  copy.Height = 2;
  copy.Depth = 1;
  CUgraphNode node = nullptr, out = nullptr;
  OK(cuGraphAddMemcpyNode(&node, graph, nullptr, 0, &copy, context));
  EXPECT_EQ(typeOf(node), CU_GRAPH_NODE_TYPE_MEMCPY);
  runOnce();
  EXPECT_THAT(read(5), ElementsAre(1u, 2u, 5u, 6u, 0u));
  OK(cuGraphMemcpyNodeGetParams(node, &got));
  EXPECT_EQ(got.srcMemoryType, CU_MEMORYTYPE_HOST);
  EXPECT_EQ(got.srcHost, matrix.data());
  EXPECT_EQ(got.srcPitch, 16u);
  EXPECT_EQ(got.srcXInBytes, 4u);
  EXPECT_EQ(got.dstMemoryType, CU_MEMORYTYPE_DEVICE);
  EXPECT_EQ(got.dstDevice, memory);
  EXPECT_EQ(got.WidthInBytes, 8u);
  EXPECT_EQ(got.Height, 2u);
  OK(cuGraphMemcpyNodeSetParams(node, &got));
  CUDA_MEMCPY3D line = copyOf(memory + 64, memory, 16);
  OK(cuGraphMemcpyNodeSetParams(node, &line));
  CUgraphExec exec = instantiated();
  line.dstDevice = memory + 128;
  OK(cuGraphExecMemcpyNodeSetParams(exec, node, &line, context));
  run(exec);
  EXPECT_EQ(read(33)[32], 1u);
  EXPECT_EQ(read(17)[16], 0u);

  auto wrong = [&](auto &&change, CUresult error = CUDA_ERROR_INVALID_VALUE) {
    CUDA_MEMCPY3D bad = copy;
    change(bad);
    FAILS(cuGraphAddMemcpyNode(&out, graph, nullptr, 0, &bad, context), error);
    FAILS(cuGraphMemcpyNodeSetParams(node, &bad), error);
    FAILS(cuGraphExecMemcpyNodeSetParams(exec, node, &bad, context), error);
  };
  wrong([](CUDA_MEMCPY3D &c) { c.WidthInBytes = 0; });
  wrong([](CUDA_MEMCPY3D &c) { c.Depth = 0; });
  wrong([](CUDA_MEMCPY3D &c) { c.srcLOD = 1; });
  wrong([](CUDA_MEMCPY3D &c) { c.srcHost = nullptr; });
  wrong([](CUDA_MEMCPY3D &c) { c.dstDevice = 0; });
  wrong([](CUDA_MEMCPY3D &c) { c.dstMemoryType = static_cast<CUmemorytype>(9); });
  wrong([](CUDA_MEMCPY3D &c) { c.srcXInBytes = 12; });
  wrong([](CUDA_MEMCPY3D &c) { c.dstPitch = 4; });
  wrong([](CUDA_MEMCPY3D &c) { c.srcY = SIZE_MAX; });
  wrong([](CUDA_MEMCPY3D &c) { c.dstZ = SIZE_MAX / 8; });
  wrong([](CUDA_MEMCPY3D &c) { c.dstMemoryType = CU_MEMORYTYPE_ARRAY, c.dstArray = noHandle<CUarray>(); });
  FAILS(cuGraphAddMemcpyNode(&out, graph, nullptr, 0, nullptr, context), CUDA_ERROR_INVALID_VALUE);
  FAILS(cuGraphAddMemcpyNode(nullptr, graph, nullptr, 0, &copy, context), CUDA_ERROR_INVALID_VALUE);
  FAILS(cuGraphAddMemcpyNode(&out, nullptr, nullptr, 0, &copy, context), CUDA_ERROR_INVALID_VALUE);
  FAILS(cuGraphAddMemcpyNode(&out, graph, nullptr, 0, &copy, nullptr), CUDA_ERROR_INVALID_CONTEXT);
  FAILS(cuGraphExecMemcpyNodeSetParams(exec, node, &line, noHandle<CUcontext>()), CUDA_ERROR_INVALID_CONTEXT);
  FAILS(cuGraphExecMemcpyNodeSetParams(exec, node, nullptr, context), CUDA_ERROR_INVALID_VALUE);
  FAILS(cuGraphExecMemcpyNodeSetParams(nullptr, node, &line, context), CUDA_ERROR_INVALID_VALUE);
  FAILS(cuGraphMemcpyNodeGetParams(node, nullptr), CUDA_ERROR_INVALID_VALUE);
  FAILS(cuGraphMemcpyNodeSetParams(node, nullptr), CUDA_ERROR_INVALID_VALUE);
  for (CUgraphNode other : {empty(), staleNode(), CUgraphNode{}}) {
    FAILS(cuGraphMemcpyNodeGetParams(other, &got), CUDA_ERROR_INVALID_VALUE);
    FAILS(cuGraphMemcpyNodeSetParams(other, &line), CUDA_ERROR_INVALID_VALUE);
    FAILS(cuGraphExecMemcpyNodeSetParams(exec, other, &line, context), CUDA_ERROR_INVALID_VALUE);
  }
  MemsetParams fill_params = memsetParams(memory, 1, 4, 1, 1, 0);
  FAILS(cuGraphAddMemsetNode(&out, graph, nullptr, 0, &fill_params, nullptr), CUDA_ERROR_INVALID_CONTEXT);
  OK(cuGraphExecDestroy(exec));
}

TEST_F(DriverGraphCopyNodes, Arrays) {
  CUDA_ARRAY_DESCRIPTOR shape{4, 2, CU_AD_FORMAT_UNSIGNED_INT32, 1};
  CUarray array = nullptr;
  OK(cuArrayCreate(&array, &shape));
  write({1, 2, 3, 4, 5, 6, 7, 8});
  CUDA_MEMCPY3D in{}, out{}, got;
  in.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  in.srcDevice = memory;
  in.srcPitch = 16;
  in.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  in.dstArray = array;
  in.WidthInBytes = 16;
  in.Height = 2;
  in.Depth = 1;
  out.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  out.srcArray = array;
  out.srcXInBytes = 8;
  out.srcY = 1;
  out.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
  out.dstDevice = memory;
  out.WidthInBytes = 8;
  out.Height = out.Depth = 1;
  CUgraphNode first = nullptr, second = nullptr;
  OK(cuGraphAddMemcpyNode(&first, graph, nullptr, 0, &in, context));
  OK(cuGraphAddMemcpyNode(&second, graph, &first, 1, &out, context));
  runOnce();
  EXPECT_THAT(read(3), ElementsAre(7u, 8u, 3u));
  OK(cuGraphMemcpyNodeGetParams(second, &got));
  EXPECT_EQ(got.srcMemoryType, CU_MEMORYTYPE_ARRAY);
  EXPECT_EQ(got.srcArray, array);
  EXPECT_EQ(got.srcXInBytes, 8u);
  EXPECT_EQ(got.dstMemoryType, CU_MEMORYTYPE_UNIFIED);
  out.srcXInBytes = 12;
  FAILS(cuGraphMemcpyNodeSetParams(second, &out), CUDA_ERROR_INVALID_VALUE) << "beyond the array";
  OK(cuArrayDestroy(array));
}

}  // namespace
