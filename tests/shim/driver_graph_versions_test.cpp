// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graph entry points in their older forms, which programs that were built long ago call, and kernels by CUkernel.
#define __CUDA_API_VERSION_INTERNAL  // all versions by their exported names
#include <cuda.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "graph_kernels.h"

namespace {

class DriverGraphVersions : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
    ASSERT_EQ(cuCtxCreate_v4(&context, nullptr, 0, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuLibraryLoadData(&library, kGraphKernels, nullptr, nullptr, 0, nullptr, nullptr, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuLibraryGetKernel(&kernel, library, "fill"), CUDA_SUCCESS);
    ASSERT_EQ(cuKernelGetFunction(&function, kernel), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc_v2(&memory, 64), CUDA_SUCCESS);
    ASSERT_EQ(cuGraphCreate(&graph, 0), CUDA_SUCCESS);
  }
  void TearDown() override {
    EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
    EXPECT_EQ(cuLibraryUnload(library), CUDA_SUCCESS);
    EXPECT_EQ(cuCtxDestroy_v2(context), CUDA_SUCCESS);
  }
  void expectFilled(unsigned expected) {
    std::array<unsigned, 4> words{};
    EXPECT_EQ(cuMemcpyDtoH_v2(words.data(), memory, sizeof words), CUDA_SUCCESS);
    EXPECT_THAT(words, testing::Each(expected));
  }
  void run(CUgraphExec exec) {
    EXPECT_EQ(cuGraphLaunch(exec, nullptr), CUDA_SUCCESS);
    EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  }

  CUcontext context = nullptr;
  CUlibrary library = nullptr;
  CUkernel kernel = nullptr;
  CUfunction function = nullptr;
  CUdeviceptr memory = 0;
  CUgraph graph = nullptr;
  unsigned value = 3;
  void *arguments[2] = {&memory, &value};
};

TEST_F(DriverGraphVersions, Kernels) {
  CUDA_KERNEL_NODE_PARAMS_v1 old{function, 1, 1, 1, 4, 1, 1, 0, arguments, nullptr}, got{};
  CUDA_KERNEL_NODE_PARAMS_v2 by_kernel{nullptr, 1, 1, 1, 4, 1, 1, 0, arguments, nullptr, kernel, context}, got_new{};
  CUgraphNode first = nullptr, second = nullptr;
  ASSERT_EQ(cuGraphAddKernelNode(&first, graph, nullptr, 0, &old), CUDA_SUCCESS);
  value = 4;
  ASSERT_EQ(cuGraphAddKernelNode_v2(&second, graph, &first, 1, &by_kernel), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphKernelNodeGetParams(first, &got), CUDA_SUCCESS);
  EXPECT_EQ(got.func, function);
  EXPECT_EQ(*static_cast<unsigned *>(got.kernelParams[1]), 3u);
  EXPECT_EQ(cuGraphKernelNodeGetParams_v2(second, &got_new), CUDA_SUCCESS);
  EXPECT_EQ(got_new.kern, kernel);
  EXPECT_EQ(got_new.ctx, context);
  EXPECT_EQ(cuGraphKernelNodeSetParams_v2(second, &got_new), CUDA_SUCCESS) << "what was asked for can be set";
  CUgraphExec exec = nullptr;
  ASSERT_EQ(cuGraphInstantiateWithFlags(&exec, graph, 0), CUDA_SUCCESS);
  run(exec);
  expectFilled(4);
  value = 5;
  EXPECT_EQ(cuGraphExecKernelNodeSetParams(exec, second, &old), CUDA_SUCCESS);
  run(exec);
  expectFilled(5);
  value = 6;
  EXPECT_EQ(cuGraphExecKernelNodeSetParams_v2(exec, second, &by_kernel), CUDA_SUCCESS);
  run(exec);
  expectFilled(6);
  EXPECT_EQ(cuGraphKernelNodeSetParams(first, &old), CUDA_SUCCESS);
  // A context that is none, a kernel that is none.
  auto wrong = by_kernel;
  wrong.ctx = reinterpret_cast<CUcontext>(uintptr_t{0xdeadbeef0});
  EXPECT_EQ(cuGraphAddKernelNode_v2(&second, graph, nullptr, 0, &wrong), CUDA_ERROR_INVALID_CONTEXT);
  wrong = by_kernel;
  wrong.kern = reinterpret_cast<CUkernel>(uintptr_t{0xdeadbeef0});
  EXPECT_EQ(cuGraphAddKernelNode_v2(&second, graph, nullptr, 0, &wrong), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphAddKernelNode(&second, graph, nullptr, 0, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphKernelNodeGetParams(nullptr, &got), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphKernelNodeSetParams(nullptr, &old), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphExecKernelNodeSetParams(nullptr, first, &old), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
}

TEST_F(DriverGraphVersions, KernelsWhoseModuleIsGone) {
  CUmodule module = nullptr;
  CUfunction gone = nullptr;
  ASSERT_EQ(cuModuleLoadData(&module, kGraphKernels), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleGetFunction(&gone, module, "fill"), CUDA_SUCCESS);
  CUDA_KERNEL_NODE_PARAMS_v1 params{gone, 1, 1, 1, 4, 1, 1, 0, arguments, nullptr}, good = params, got{};
  good.func = function;
  CUgraphNode node = nullptr, other = nullptr;
  ASSERT_EQ(cuGraphAddKernelNode(&node, graph, nullptr, 0, &params), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphAddKernelNode(&other, graph, nullptr, 0, &good), CUDA_SUCCESS);
  CUgraphExec exec = nullptr, second = nullptr;
  ASSERT_EQ(cuGraphInstantiateWithFlags(&exec, graph, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleUnload(module), CUDA_SUCCESS);
  EXPECT_NE(cuGraphKernelNodeGetParams(node, &got), CUDA_SUCCESS);
  EXPECT_NE(cuGraphKernelNodeCopyAttributes(other, node), CUDA_SUCCESS);
  EXPECT_NE(cuGraphInstantiateWithFlags(&second, graph, 0), CUDA_SUCCESS);
  EXPECT_NE(cuGraphLaunch(exec, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphDebugDotPrint(graph, "/dev/null", 1), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphKernelNodeSetParams(node, &good), CUDA_SUCCESS) << "it can be set to another";
  EXPECT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
}

TEST_F(DriverGraphVersions, Edges) {
  CUgraphNode a = nullptr, b = nullptr, c = nullptr, list[2];
  CUgraphNodeParams nothing{};
  nothing.type = CU_GRAPH_NODE_TYPE_EMPTY;
  ASSERT_EQ(cuGraphAddNode(&a, graph, nullptr, 0, &nothing), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphAddNode(&b, graph, &a, 1, &nothing), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphAddNode(&c, graph, nullptr, 0, &nothing), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphAddNode(&c, graph, nullptr, 0, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphAddDependencies(graph, &b, &c, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphAddDependencies(graph, &c, &a, 1), CUDA_ERROR_INVALID_VALUE) << "a circle";
  EXPECT_EQ(cuGraphAddDependencies(nullptr, &b, &c, 1), CUDA_ERROR_INVALID_VALUE);
  size_t count = 0;
  EXPECT_EQ(cuGraphGetEdges(graph, nullptr, nullptr, &count), CUDA_SUCCESS);
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(cuGraphGetEdges(nullptr, nullptr, nullptr, &count), CUDA_ERROR_INVALID_VALUE);
  count = 2;
  EXPECT_EQ(cuGraphNodeGetDependencies(c, list, &count), CUDA_SUCCESS);
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(list[0], b);
  EXPECT_EQ(list[1], nullptr);
  count = 2;
  EXPECT_EQ(cuGraphNodeGetDependentNodes(a, list, &count), CUDA_SUCCESS);
  EXPECT_EQ(list[0], b);
  EXPECT_EQ(cuGraphNodeGetDependencies(nullptr, list, &count), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphNodeGetDependentNodes(a, list, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphRemoveDependencies(graph, &b, &c, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphRemoveDependencies(graph, &b, &c, 1), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverGraphVersions, InstantiateAndUpdate) {
  CUDA_KERNEL_NODE_PARAMS_v1 params{function, 1, 1, 1, 4, 1, 1, 0, arguments, nullptr};
  CUgraphNode node = nullptr, at = reinterpret_cast<CUgraphNode>(this);
  ASSERT_EQ(cuGraphAddKernelNode(&node, graph, nullptr, 0, &params), CUDA_SUCCESS);
  CUgraphExec exec = nullptr, other = nullptr;
  char log[32] = "before";
  ASSERT_EQ(cuGraphInstantiate(&other, graph, nullptr, nullptr, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphExecDestroy(other), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphInstantiate_v2(&exec, graph, &at, log, sizeof log), CUDA_SUCCESS);
  EXPECT_EQ(at, nullptr);
  EXPECT_STREQ(log, "");
  EXPECT_EQ(cuGraphInstantiate_v2(&other, nullptr, &at, log, sizeof log), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphInstantiate_v2(nullptr, graph, &at, log, sizeof log), CUDA_ERROR_INVALID_VALUE);
  value = 9;
  ASSERT_EQ(cuGraphKernelNodeSetParams(node, &params), CUDA_SUCCESS);
  CUgraphExecUpdateResult result = CU_GRAPH_EXEC_UPDATE_ERROR;
  EXPECT_EQ(cuGraphExecUpdate(exec, graph, &at, &result), CUDA_SUCCESS);
  EXPECT_EQ(result, CU_GRAPH_EXEC_UPDATE_SUCCESS);
  run(exec);
  expectFilled(9);
  ASSERT_EQ(cuGraphAddKernelNode(&node, graph, nullptr, 0, &params), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphExecUpdate(exec, graph, &at, &result), CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE);
  EXPECT_EQ(result, CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
  EXPECT_EQ(cuGraphExecUpdate(exec, nullptr, &at, &result), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(result, CU_GRAPH_EXEC_UPDATE_ERROR);
  EXPECT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
}

}  // namespace
