// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One graph in the hands of both APIs: handles are the same, and what one sets the other reads.
#include <cuda.h>

#include "../graph_kernels.h"
#include "program.h"

namespace {

class GraphsOfBothApis : public RuntimeApi {
 protected:
  void SetUp() override {
    RuntimeApi::SetUp();
    ASSERT_CUDA(cudaMalloc(&memory, 64));
    ASSERT_CUDA(cudaMemset(memory, 0, 64));
    ASSERT_CUDA(cudaGraphCreate(&graph, 0));
    ASSERT_EQ(cuCtxGetCurrent(&context), CUDA_SUCCESS);
  }
  void TearDown() override {
    EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
    RuntimeApi::TearDown();
  }
  std::vector<unsigned> run() {
    CUgraphExec exec = nullptr;
    EXPECT_EQ(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
    EXPECT_CUDA(cudaGraphLaunch(exec, nullptr));
    std::vector<unsigned> words(16);
    EXPECT_CUDA(cudaMemcpy(words.data(), memory, 64, cudaMemcpyDeviceToHost));
    EXPECT_CUDA(cudaGraphExecDestroy(exec));
    return words;
  }

  void *memory = nullptr;
  cudaGraph_t graph = nullptr;
  CUcontext context = nullptr;
  Program program{{{Program::ptxEntry(kGraphKernels, 90)}}};
  const void *fill = program.kernel("fill");
};

TEST_F(GraphsOfBothApis, Kernels) {
  unsigned value = 3;
  void *arguments[] = {&memory, &value};
  cudaKernelNodeParams params{const_cast<void *>(fill), 1, 4, 0, arguments, nullptr}, got{};
  CUgraphNode node = nullptr;
  ASSERT_CUDA(cudaGraphAddKernelNode(&node, graph, nullptr, 0, &params));
  CUDA_KERNEL_NODE_PARAMS low{};
  ASSERT_EQ(cuGraphKernelNodeGetParams(node, &low), CUDA_SUCCESS);
  EXPECT_NE(low.func, fill) << "a function of the driver API";
  const char *name = nullptr;
  EXPECT_EQ(cuFuncGetName(&name, low.func), CUDA_SUCCESS);
  EXPECT_STREQ(name, "fill");
  EXPECT_EQ(low.ctx, context);
  EXPECT_EQ(low.blockDimX, 4u);
  EXPECT_EQ(*static_cast<unsigned *>(low.kernelParams[1]), 3u);
  low.blockDimX = 8;
  ASSERT_EQ(cuGraphKernelNodeSetParams(node, &low), CUDA_SUCCESS);
  ASSERT_CUDA(cudaGraphKernelNodeGetParams(node, &got));
  EXPECT_EQ(got.func, fill) << "the address that the program knows it by";
  EXPECT_EQ(got.blockDim.x, 8u);
  EXPECT_THAT(run(), testing::ElementsAre(3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0));
}

TEST_F(GraphsOfBothApis, KernelsOfTheDriversModules) {
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  ASSERT_EQ(cuModuleLoadData(&module, kGraphKernels), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleGetFunction(&function, module, "fill"), CUDA_SUCCESS);
  unsigned value = 4;
  void *arguments[] = {&memory, &value};
  CUDA_KERNEL_NODE_PARAMS params{function, 1, 1, 1, 4, 1, 1, 0, arguments, nullptr, nullptr, nullptr};
  CUgraphNode node = nullptr;
  ASSERT_EQ(cuGraphAddKernelNode(&node, graph, nullptr, 0, &params), CUDA_SUCCESS);
  cudaKernelNodeParams got{};
  ASSERT_CUDA(cudaGraphKernelNodeGetParams(node, &got));
  EXPECT_EQ(got.func, function) << "the program knows no address of it";
  got.blockDim.x = 2;
  ASSERT_CUDA(cudaGraphKernelNodeSetParams(node, &got));
  EXPECT_THAT(run(), testing::ElementsAre(4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_EQ(cuModuleUnload(module), CUDA_SUCCESS);
}

TEST_F(GraphsOfBothApis, CopiesAndFills) {
  const unsigned in[] = {1, 2, 3, 4};
  CUgraphNode copy = nullptr, set = nullptr;
  ASSERT_CUDA(cudaGraphAddMemcpyNode1D(&copy, graph, nullptr, 0, memory, in, 16, cudaMemcpyHostToDevice));
  CUDA_MEMCPY3D low{};
  ASSERT_EQ(cuGraphMemcpyNodeGetParams(copy, &low), CUDA_SUCCESS);
  EXPECT_EQ(low.srcMemoryType, CU_MEMORYTYPE_HOST);
  EXPECT_EQ(low.srcHost, in);
  EXPECT_EQ(low.dstDevice, reinterpret_cast<uintptr_t>(memory));
  EXPECT_EQ(low.WidthInBytes, 16u);
  low.WidthInBytes = 8;
  ASSERT_EQ(cuGraphMemcpyNodeSetParams(copy, &low), CUDA_SUCCESS);
  cudaMemcpy3DParms got{};
  ASSERT_CUDA(cudaGraphMemcpyNodeGetParams(copy, &got));
  EXPECT_EQ(got.extent.width, 8u);
  EXPECT_EQ(got.kind, cudaMemcpyHostToDevice);
  CUDA_MEMSET_NODE_PARAMS params{reinterpret_cast<uintptr_t>(memory) + 8, 0, 9, 4, 2, 1};
  ASSERT_EQ(cuGraphAddMemsetNode(&set, graph, &copy, 1, &params, context), CUDA_SUCCESS);
  cudaMemsetParams high{};
  ASSERT_CUDA(cudaGraphMemsetNodeGetParams(set, &high));
  EXPECT_EQ(high.dst, static_cast<char *>(memory) + 8);
  EXPECT_EQ(high.value, 9u);
  EXPECT_THAT(run(), testing::ElementsAre(1, 2, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

}  // namespace
