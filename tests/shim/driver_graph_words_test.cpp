// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Nodes that wait for words of memory and write them.
#include <cuda.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "fixture.h"

namespace {

class DriverGraphWords : public shim_test::WithContext {
 protected:
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuMemHostAlloc(reinterpret_cast<void **>(&words), 64, CU_MEMHOSTALLOC_DEVICEMAP), CUDA_SUCCESS);
    std::fill_n(words, 16, 0u);
    ASSERT_EQ(cuMemHostGetDevicePointer(&address, words, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuGraphCreate(&graph, 0), CUDA_SUCCESS);
    operations = {wait(0, 1), write(1, 7)};
    params = {context, 2, operations.data(), 0};
  }
  void TearDown() override {
    EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
    EXPECT_EQ(cuMemFreeHost(words), CUDA_SUCCESS);
    WithContext::TearDown();
  }
  CUstreamBatchMemOpParams wait(unsigned index, unsigned value) {
    CUstreamBatchMemOpParams operation{};
    operation.waitValue = {CU_STREAM_MEM_OP_WAIT_VALUE_32, address + index * 4, {}, CU_STREAM_WAIT_VALUE_EQ, 0};
    operation.waitValue.value = value;
    return operation;
  }
  CUstreamBatchMemOpParams write(unsigned index, unsigned value) {
    CUstreamBatchMemOpParams operation{};
    operation.writeValue = {CU_STREAM_MEM_OP_WRITE_VALUE_32, address + index * 4, {}, 0, 0};
    operation.writeValue.value = value;
    return operation;
  }
  CUgraphNode added() {
    CUgraphNode node = nullptr;
    EXPECT_EQ(cuGraphAddBatchMemOpNode(&node, graph, nullptr, 0, &params), CUDA_SUCCESS);
    return node;
  }
  // Launches it and lets it go on, by word 0.
  void run(CUgraphExec exec) {
    words[0] = words[1] = words[2] = 0;
    ASSERT_EQ(cuGraphLaunch(exec, nullptr), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamQuery(nullptr), CUDA_ERROR_NOT_READY);
    __atomic_store_n(&words[0], 1u, __ATOMIC_RELEASE);
    EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  }

  unsigned *words = nullptr;
  CUdeviceptr address = 0;
  CUgraph graph = nullptr;
  std::vector<CUstreamBatchMemOpParams> operations;
  CUDA_BATCH_MEM_OP_NODE_PARAMS params{};
};

TEST_F(DriverGraphWords, WaitAndWrite) {
  CUgraphNode node = added();
  CUgraphNodeType type{};
  EXPECT_EQ(cuGraphNodeGetType(node, &type), CUDA_SUCCESS);
  EXPECT_EQ(type, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP);
  CUDA_BATCH_MEM_OP_NODE_PARAMS got{};
  EXPECT_EQ(cuGraphBatchMemOpNodeGetParams(node, &got), CUDA_SUCCESS);
  EXPECT_EQ(got.ctx, context);
  ASSERT_EQ(got.count, 2u);
  EXPECT_NE(got.paramArray, operations.data()) << "the node has its own";
  EXPECT_EQ(got.paramArray[1].writeValue.value, 7u);
  CUgraphExec exec = nullptr;
  ASSERT_EQ(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
  run(exec);
  EXPECT_EQ(words[1], 7u);
  operations[1] = write(2, 9);
  EXPECT_EQ(cuGraphExecBatchMemOpNodeSetParams(exec, node, &params), CUDA_SUCCESS);
  run(exec);
  EXPECT_EQ(words[1], 0u);
  EXPECT_EQ(words[2], 9u);
  EXPECT_EQ(cuGraphBatchMemOpNodeSetParams(node, &params), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphBatchMemOpNodeGetParams(node, &got), CUDA_SUCCESS);
  EXPECT_EQ(got.paramArray[1].writeValue.value, 9u);
  EXPECT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
}

TEST_F(DriverGraphWords, ByTheGeneralCalls) {
  CUgraphNodeParams any{};
  any.type = CU_GRAPH_NODE_TYPE_BATCH_MEM_OP;
  any.memOp = {context, 2, operations.data(), 0};
  CUgraphNode node = nullptr;
  ASSERT_EQ(cuGraphAddNode(&node, graph, nullptr, nullptr, 0, &any), CUDA_SUCCESS);
  CUgraphExec exec = nullptr;
  ASSERT_EQ(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
  operations[1] = write(2, 3);
  EXPECT_EQ(cuGraphExecNodeSetParams(exec, node, &any), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphNodeSetParams(node, &any), CUDA_SUCCESS);
  run(exec);
  EXPECT_EQ(words[2], 3u);
  EXPECT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
}

TEST_F(DriverGraphWords, CapturedOnesAreShown) {
  CUstream stream = nullptr;
  CUgraph captured = nullptr;
  ASSERT_EQ(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamBatchMemOp(stream, 2, operations.data(), 0), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamWaitValue32(stream, address + 8, 5, CU_STREAM_WAIT_VALUE_GEQ), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamWriteValue64(stream, address + 16, 6, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamEndCapture(stream, &captured), CUDA_SUCCESS);
  CUgraphNode nodes[4];
  size_t count = 4;
  ASSERT_EQ(cuGraphGetNodes(captured, nodes, &count), CUDA_SUCCESS);
  ASSERT_EQ(count, 3u);
  CUDA_BATCH_MEM_OP_NODE_PARAMS got{};
  EXPECT_EQ(cuGraphBatchMemOpNodeGetParams(nodes[0], &got), CUDA_SUCCESS);
  ASSERT_EQ(got.count, 2u);
  EXPECT_EQ(got.paramArray[1].operation, CU_STREAM_MEM_OP_WRITE_VALUE_32);
  EXPECT_EQ(got.paramArray[1].writeValue.value, 7u);
  EXPECT_EQ(cuGraphBatchMemOpNodeSetParams(nodes[0], &got), CUDA_SUCCESS);
  EXPECT_EQ(cuGraphBatchMemOpNodeGetParams(nodes[1], &got), CUDA_SUCCESS);
  ASSERT_EQ(got.count, 1u);
  EXPECT_EQ(got.paramArray[0].operation, CU_STREAM_MEM_OP_WAIT_VALUE_32);
  EXPECT_EQ(got.paramArray[0].waitValue.address, address + 8);
  EXPECT_EQ(got.paramArray[0].waitValue.value, 5u);
  EXPECT_EQ(cuGraphBatchMemOpNodeGetParams(nodes[2], &got), CUDA_SUCCESS);
  ASSERT_EQ(got.count, 1u);
  EXPECT_EQ(got.paramArray[0].operation, CU_STREAM_MEM_OP_WRITE_VALUE_64);
  EXPECT_EQ(got.paramArray[0].writeValue.value64, 6u);
  EXPECT_EQ(cuGraphDestroy(captured), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
}

TEST_F(DriverGraphWords, Errors) {
  CUgraphNode node = added(), empty = nullptr, out = nullptr;
  ASSERT_EQ(cuGraphAddEmptyNode(&empty, graph, nullptr, 0), CUDA_SUCCESS);
  CUgraphExec exec = nullptr;
  ASSERT_EQ(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
  auto wrong = [&](auto &&change, CUresult error = CUDA_ERROR_INVALID_VALUE) {
    std::vector<CUstreamBatchMemOpParams> list = operations;
    CUDA_BATCH_MEM_OP_NODE_PARAMS bad{context, 2, list.data(), 0};
    change(bad);
    EXPECT_EQ(cuGraphAddBatchMemOpNode(&out, graph, nullptr, 0, &bad), error);
    EXPECT_EQ(cuGraphBatchMemOpNodeSetParams(node, &bad), error);
    EXPECT_EQ(cuGraphExecBatchMemOpNodeSetParams(exec, node, &bad), error);
  };
  wrong([](auto &p) { p.count = 0; });
  wrong([](auto &p) { p.count = 256; });
  wrong([](auto &p) { p.paramArray = nullptr; });
  wrong([](auto &p) { p.flags = 1; });
  wrong([](auto &p) { p.ctx = shim_test::garbage<CUcontext>(); }, CUDA_ERROR_INVALID_CONTEXT);
  wrong([](auto &p) { p.paramArray[0].operation = static_cast<CUstreamBatchMemOpType>(44); });
  wrong([](auto &p) { p.paramArray[0].waitValue.address += 2; });
  wrong([](auto &p) { p.paramArray[0].waitValue.address = 16; });
  wrong([](auto &p) { p.paramArray[1].writeValue.flags = 8; });
  // What only an executable graph may not change.
  operations[1] = wait(1, 7);
  EXPECT_EQ(cuGraphExecBatchMemOpNodeSetParams(exec, node, &params), CUDA_ERROR_INVALID_VALUE) << "another operation";
  params.count = 1;
  EXPECT_EQ(cuGraphExecBatchMemOpNodeSetParams(exec, node, &params), CUDA_ERROR_INVALID_VALUE) << "fewer";
  CUDA_BATCH_MEM_OP_NODE_PARAMS got{};
  EXPECT_EQ(cuGraphAddBatchMemOpNode(nullptr, graph, nullptr, 0, &params), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphAddBatchMemOpNode(&out, nullptr, nullptr, 0, &params), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphAddBatchMemOpNode(&out, graph, nullptr, 0, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphBatchMemOpNodeGetParams(node, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphBatchMemOpNodeSetParams(node, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphExecBatchMemOpNodeSetParams(exec, node, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphExecBatchMemOpNodeSetParams(nullptr, node, &params), CUDA_ERROR_INVALID_VALUE);
  for (CUgraphNode other : {empty, CUgraphNode{}, shim_test::garbage<CUgraphNode>()}) {
    EXPECT_EQ(cuGraphBatchMemOpNodeGetParams(other, &got), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(cuGraphBatchMemOpNodeSetParams(other, &params), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(cuGraphExecBatchMemOpNodeSetParams(exec, other, &params), CUDA_ERROR_INVALID_VALUE);
  }
  EXPECT_EQ(cuGraphExecDestroy(exec), CUDA_SUCCESS);
}

}  // namespace
