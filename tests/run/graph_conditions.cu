// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs whose kernels decide what runs next: loops, if and else, a switch, and loops inside of loops.
#include "check.h"

__global__ void countDown(cudaGraphConditionalHandle handle, int *left, int *rounds) {
  ++*rounds;
  cudaGraphSetConditional(handle, --*left > 0);
}

__global__ void choose(cudaGraphConditionalHandle handle, const int *value) { cudaGraphSetConditional(handle, *value); }

__global__ void add(int *where, int what) { atomicAdd(where, what); }

static cudaGraphNode_t kernelNode(cudaGraph_t graph, const cudaGraphNode_t *after, void *kernel, void **arguments) {
  cudaKernelNodeParams params = {};
  params.func = kernel;
  params.gridDim = params.blockDim = dim3(1);
  params.kernelParams = arguments;
  cudaGraphNode_t node;
  CUDA(cudaGraphAddKernelNode(&node, graph, after, after ? 1 : 0, &params));
  return node;
}

static cudaGraphNode_t conditionalNode(cudaGraph_t graph, const cudaGraphNode_t *after, cudaGraphConditionalHandle handle,
                                       cudaGraphConditionalNodeType type, unsigned bodies, cudaGraph_t *out) {
  cudaGraphNodeParams params = {};
  params.type = cudaGraphNodeTypeConditional;
  params.conditional.handle = handle;
  params.conditional.type = type;
  params.conditional.size = bodies;
  cudaGraphNode_t node;
  CUDA(cudaGraphAddNode(&node, graph, after, nullptr, after ? 1 : 0, &params));
  for (unsigned i = 0; i < bodies; ++i) out[i] = params.conditional.phGraph_out[i];
  return node;
}

static void loop(int *numbers) {
  cudaGraph_t graph, body;
  CUDA(cudaGraphCreate(&graph, 0));
  cudaGraphConditionalHandle handle;
  CUDA(cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault));
  conditionalNode(graph, nullptr, handle, cudaGraphCondTypeWhile, 1, &body);
  int *left = numbers, *rounds = numbers + 1;
  void *arguments[] = {&handle, &left, &rounds};
  kernelNode(body, nullptr, (void *)countDown, arguments);
  cudaGraphExec_t exec;
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  CUDA(cudaGraphDestroy(graph));
  for (int launch = 1; launch <= 3; ++launch) {
    numbers[0] = 10 * launch;
    numbers[1] = 0;
    CUDA(cudaGraphLaunch(exec, 0));
    CUDA(cudaDeviceSynchronize());
    EXPECT(numbers[0] == 0 && numbers[1] == 10 * launch);
  }
  CUDA(cudaGraphExecDestroy(exec));
}

static void choices(int *numbers) {
  cudaGraph_t graph, either[2], one[3];
  CUDA(cudaGraphCreate(&graph, 0));
  cudaGraphConditionalHandle condition, number;
  CUDA(cudaGraphConditionalHandleCreate(&condition, graph, 0, 0));
  CUDA(cudaGraphConditionalHandleCreate(&number, graph, 0, 0));
  int *value = numbers;
  void *first[] = {&condition, &value}, *second[] = {&number, &value};
  cudaGraphNode_t node = kernelNode(graph, nullptr, (void *)choose, first);
  node = conditionalNode(graph, &node, condition, cudaGraphCondTypeIf, 2, either);
  node = kernelNode(graph, &node, (void *)choose, second);
  conditionalNode(graph, &node, number, cudaGraphCondTypeSwitch, 3, one);
  int amount = 1;
  for (int i = 0; i < 5; ++i, amount *= 10) {
    int *sum = numbers + 1;
    void *arguments[] = {&sum, &amount};
    kernelNode(i < 2 ? either[i] : one[i - 2], nullptr, (void *)add, arguments);
  }
  cudaGraphExec_t exec;
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  const int expected[] = {110, 1001, 10001, 1};
  for (int i = 0; i < 4; ++i) {
    numbers[0] = i;
    numbers[1] = 0;
    CUDA(cudaGraphLaunch(exec, 0));
    CUDA(cudaDeviceSynchronize());
    EXPECT(numbers[1] == expected[i]);
  }
  CUDA(cudaGraphExecDestroy(exec));
  CUDA(cudaGraphDestroy(graph));
}

// The inner loop counts to 3 in each round of the outer one, which is captured into its body.
static void nested(int *numbers) {
  cudaGraph_t graph, outer_body, inner_body;
  CUDA(cudaGraphCreate(&graph, 0));
  cudaGraphConditionalHandle outer, inner;
  CUDA(cudaGraphConditionalHandleCreate(&outer, graph, 1, cudaGraphCondAssignDefault));
  CUDA(cudaGraphConditionalHandleCreate(&inner, graph, 1, cudaGraphCondAssignDefault));
  conditionalNode(graph, nullptr, outer, cudaGraphCondTypeWhile, 1, &outer_body);
  int *outer_left = numbers, *outer_rounds = numbers + 1, *inner_left = numbers + 2, *inner_rounds = numbers + 3, *one = numbers + 4;
  void *set[] = {&inner, &one}, *in[] = {&inner, &inner_left, &inner_rounds}, *out[] = {&outer, &outer_left, &outer_rounds};
  cudaMemsetParams three = {};
  three.dst = inner_left;
  three.elementSize = 1;
  three.value = 3;
  three.width = 1;
  three.height = 1;
  cudaGraphNode_t node = kernelNode(outer_body, nullptr, (void *)choose, set), memset_node;
  CUDA(cudaGraphAddMemsetNode(&memset_node, outer_body, &node, 1, &three));
  node = conditionalNode(outer_body, &memset_node, inner, cudaGraphCondTypeWhile, 1, &inner_body);
  kernelNode(inner_body, nullptr, (void *)countDown, in);
  kernelNode(outer_body, &node, (void *)countDown, out);
  cudaGraphExec_t exec;
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  numbers[0] = 4;
  numbers[1] = numbers[3] = numbers[2] = 0;
  numbers[4] = 1;
  CUDA(cudaGraphLaunch(exec, 0));
  CUDA(cudaDeviceSynchronize());
  EXPECT(numbers[1] == 4 && numbers[3] == 12);
  CUDA(cudaGraphExecDestroy(exec));
  CUDA(cudaGraphDestroy(graph));
}

int main() {
  int *numbers;
  CUDA(cudaMallocManaged(&numbers, 8 * sizeof(int)));
  loop(numbers);
  choices(numbers);
  nested(numbers);
  CUDA(cudaFree(numbers));
  return finish("graph_conditions");
}
