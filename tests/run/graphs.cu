// Graphs made by hand: all kinds of nodes, updates, clones, conditions that kernels set, memory of the graph, DOT files.
#include <cstring>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>

#include "check.h"

__global__ void scale(float *x, float by, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= by;
}
__global__ void add(float *to, const float *from, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) to[i] += from[i];
}
__global__ void sum_up(const float *x, float *total, int n) {
  __shared__ float part[128];
  float mine = 0;
  for (int i = threadIdx.x; i < n; i += blockDim.x) mine += x[i];
  part[threadIdx.x] = mine;
  __syncthreads();
  for (int step = blockDim.x / 2; step; step /= 2) {
    if (threadIdx.x < step) part[threadIdx.x] += part[threadIdx.x + step];
    __syncthreads();
  }
  if (threadIdx.x == 0) *total = part[0];
}
__device__ float factor[2] = {1, 1};
__global__ void scale_by_symbol(float *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= factor[1];
}
__global__ void store(int *p, int value) { *p = value; }
__global__ void increment(int *p) { atomicAdd(p, 1); }
__global__ void decide(cudaGraphConditionalHandle condition, const int *p, int limit) { cudaGraphSetConditional(condition, *p < limit); }
__global__ void choose(cudaGraphConditionalHandle condition, const int *p) { cudaGraphSetConditional(condition, *p); }

template <class... A>
cudaGraphNode_t kernel_node(cudaGraph_t graph, std::vector<cudaGraphNode_t> after, void *kernel, dim3 grid, dim3 block, A... arguments) {
  void *list[] = {&arguments...};
  cudaKernelNodeParams params = {};
  params.func = kernel;
  params.gridDim = grid;
  params.blockDim = block;
  params.kernelParams = list;
  cudaGraphNode_t node;
  CUDA(cudaGraphAddKernelNode(&node, graph, after.data(), after.size(), &params));
  return node;
}

// upload -> fill of a second array -> two branches -> join -> sum -> download -> host function
void pipeline(cudaStream_t stream) {
  const int n = 1000;
  std::vector<float> in(n);
  std::iota(in.begin(), in.end(), 0.0f);
  float *x, *y, *total, result = 0;
  CUDA(cudaMalloc(&x, n * sizeof(float)));
  CUDA(cudaMalloc(&y, n * sizeof(float)));
  CUDA(cudaMalloc(&total, sizeof(float)));
  cudaGraph_t graph;
  CUDA(cudaGraphCreate(&graph, 0));
  cudaGraphNode_t up, clear, one, two, join, sum, down, host;
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = make_cudaPitchedPtr(in.data(), n * sizeof(float), n, 1);
  copy.dstPtr = make_cudaPitchedPtr(x, n * sizeof(float), n, 1);
  copy.extent = make_cudaExtent(n * sizeof(float), 1, 1);
  copy.kind = cudaMemcpyHostToDevice;
  CUDA(cudaGraphAddMemcpyNode(&up, graph, nullptr, 0, &copy));
  cudaMemsetParams fill = {};
  fill.dst = y;
  fill.elementSize = 4;
  fill.width = n;
  fill.height = 1;
  CUDA(cudaGraphAddMemsetNode(&clear, graph, nullptr, 0, &fill));
  one = kernel_node(graph, {up}, (void *)scale, dim3((n + 127) / 128), dim3(128), x, 2.0f, n);
  two = kernel_node(graph, {clear, up}, (void *)add, dim3((n + 127) / 128), dim3(128), y, (const float *)x, n);
  CUDA(cudaGraphAddDependencies(graph, &one, &two, nullptr, 1));
  CUDA(cudaGraphAddEmptyNode(&join, graph, &two, 1));
  sum = kernel_node(graph, {join}, (void *)sum_up, dim3(1), dim3(128), (const float *)y, total, n);
  CUDA(cudaGraphAddMemcpyNode1D(&down, graph, &sum, 1, &result, total, sizeof(float), cudaMemcpyDeviceToHost));
  static float seen;
  seen = -1;
  cudaHostNodeParams call = {};
  call.fn = [](void *p) { seen = *static_cast<float *>(p); };
  call.userData = &result;
  CUDA(cudaGraphAddHostNode(&host, graph, &down, 1, &call));

  size_t count = 0;
  CUDA(cudaGraphGetNodes(graph, nullptr, &count));
  EXPECT(count == 8);
  CUDA(cudaGraphGetRootNodes(graph, nullptr, &count));
  EXPECT(count == 2);
  CUDA(cudaGraphGetEdges(graph, nullptr, nullptr, nullptr, &count));
  EXPECT(count == 8);
  cudaGraphExec_t exec;
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  CUDA(cudaGraphUpload(exec, stream));
  for (int round = 0; round < 3; ++round) {
    CUDA(cudaGraphLaunch(exec, stream));
    CUDA(cudaStreamSynchronize(stream));
    EXPECT(seen == 999000.0f);
  }
  // Another factor: the node, a whole update, then only the executable graph.
  cudaKernelNodeParams params;
  CUDA(cudaGraphKernelNodeGetParams(one, &params));
  EXPECT(params.func == (void *)scale && params.blockDim.x == 128 && *static_cast<float *>(params.kernelParams[1]) == 2.0f);
  float by = 3;
  void *arguments[] = {params.kernelParams[0], &by, params.kernelParams[2]};
  params.kernelParams = arguments;
  CUDA(cudaGraphKernelNodeSetParams(one, &params));
  cudaGraphExecUpdateResultInfo info;
  CUDA(cudaGraphExecUpdate(exec, graph, &info));
  EXPECT(info.result == cudaGraphExecUpdateSuccess);
  CUDA(cudaGraphLaunch(exec, stream));
  CUDA(cudaStreamSynchronize(stream));
  EXPECT(seen == 1498500.0f);
  by = 4;
  CUDA(cudaGraphExecKernelNodeSetParams(exec, one, &params));
  CUDA(cudaGraphLaunch(exec, stream));
  CUDA(cudaStreamSynchronize(stream));
  EXPECT(seen == 1998000.0f);
  CUDA(cudaGraphNodeSetEnabled(exec, one, 0));
  CUDA(cudaGraphLaunch(exec, stream));
  CUDA(cudaStreamSynchronize(stream));
  EXPECT(seen == 499500.0f);
  // A clone goes its own way.
  cudaGraph_t clone;
  cudaGraphNode_t its_one;
  CUDA(cudaGraphClone(&clone, graph));
  CUDA(cudaGraphNodeFindInClone(&its_one, one, clone));
  by = 10;
  CUDA(cudaGraphKernelNodeSetParams(its_one, &params));
  cudaGraphExec_t other;
  CUDA(cudaGraphInstantiateWithFlags(&other, clone, 0));
  CUDA(cudaGraphLaunch(other, stream));
  CUDA(cudaStreamSynchronize(stream));
  EXPECT(seen == 4995000.0f);
  // As a child of another graph, twice.
  cudaGraph_t parent;
  cudaGraphNode_t first, second;
  CUDA(cudaGraphCreate(&parent, 0));
  CUDA(cudaGraphAddChildGraphNode(&first, parent, nullptr, 0, graph));
  CUDA(cudaGraphAddChildGraphNode(&second, parent, &first, 1, clone));
  cudaGraphExec_t both;
  CUDA(cudaGraphInstantiate(&both, parent, 0));
  seen = 0;
  CUDA(cudaGraphLaunch(both, stream));
  CUDA(cudaStreamSynchronize(stream));
  EXPECT(seen == 4995000.0f);
  const char *path = "graphs_test.dot";
  CUDA(cudaGraphDebugDotPrint(graph, path, cudaGraphDebugDotFlagsVerbose));
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT(text.str().find("digraph") != std::string::npos && text.str().find("sum_up") != std::string::npos);
  std::remove(path);
  for (cudaGraphExec_t e : {exec, other, both}) CUDA(cudaGraphExecDestroy(e));
  for (cudaGraph_t g : {parent, clone, graph}) CUDA(cudaGraphDestroy(g));
  CUDA(cudaFree(x));
  CUDA(cudaFree(y));
  CUDA(cudaFree(total));
}

void symbols_and_events(cudaStream_t stream) {
  Mirror<float> x(64, 1.0f);
  float by[2] = {0, 6}, back[2] = {};
  cudaGraph_t graph;
  cudaGraphNode_t to, from, record, wait;
  cudaEvent_t start, stop;
  CUDA(cudaEventCreate(&start));
  CUDA(cudaEventCreate(&stop));
  CUDA(cudaGraphCreate(&graph, 0));
  CUDA(cudaGraphAddEventRecordNode(&record, graph, nullptr, 0, start));
  CUDA(cudaGraphAddMemcpyNodeToSymbol(&to, graph, &record, 1, factor, by, sizeof by, 0, cudaMemcpyHostToDevice));
  cudaGraphNode_t kernel = kernel_node(graph, {to}, (void *)scale_by_symbol, dim3(1), dim3(64), x.device, 64);
  CUDA(cudaGraphAddMemcpyNodeFromSymbol(&from, graph, &kernel, 1, back, factor, sizeof back, 0, cudaMemcpyDeviceToHost));
  CUDA(cudaGraphAddEventRecordNode(&record, graph, &from, 1, stop));
  CUDA(cudaGraphAddEventWaitNode(&wait, graph, &record, 1, stop));
  cudaGraphExec_t exec;
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  CUDA(cudaGraphLaunch(exec, stream));
  CUDA(cudaEventSynchronize(stop));
  CUDA(cudaStreamSynchronize(stream));
  float ms = -1;
  CUDA(cudaEventElapsedTime(&ms, start, stop));
  EXPECT(ms >= 0);
  x.down();
  EXPECT(x[0] == 6 && x[63] == 6 && back[1] == 6);
  CUDA(cudaGraphExecDestroy(exec));
  CUDA(cudaGraphDestroy(graph));
}

cudaGraphNode_t conditional(cudaGraph_t graph, std::vector<cudaGraphNode_t> after, cudaGraphConditionalHandle handle, cudaGraphConditionalNodeType type,
                            unsigned size, std::vector<cudaGraph_t> *bodies) {
  cudaGraphNodeParams params = {};
  params.type = cudaGraphNodeTypeConditional;
  params.conditional.handle = handle;
  params.conditional.type = type;
  params.conditional.size = size;
  cudaGraphNode_t node;
  CUDA(cudaGraphAddNode(&node, graph, after.data(), nullptr, after.size(), &params));
  bodies->assign(params.conditional.phGraph_out, params.conditional.phGraph_out + size);
  return node;
}

void conditions(cudaStream_t stream) {
  Mirror<int> d(4, 0);
  cudaGraph_t graph;
  CUDA(cudaGraphCreate(&graph, 0));
  cudaGraphConditionalHandle loop, branch, choice;
  CUDA(cudaGraphConditionalHandleCreate(&loop, graph, 1, cudaGraphCondAssignDefault));
  CUDA(cudaGraphConditionalHandleCreate(&branch, graph, 0, cudaGraphCondAssignDefault));
  CUDA(cudaGraphConditionalHandleCreate(&choice, graph, 0, cudaGraphCondAssignDefault));
  std::vector<cudaGraph_t> loop_body, branches, choices;
  // while (d[0] < 10) ++d[0];
  cudaGraphNode_t looped = conditional(graph, {}, loop, cudaGraphCondTypeWhile, 1, &loop_body);
  cudaGraphNode_t more = kernel_node(loop_body[0], {}, (void *)increment, dim3(1), dim3(1), d.device);
  kernel_node(loop_body[0], {more}, (void *)decide, dim3(1), dim3(1), loop, (const int *)d.device, 10);
  // if (d[0] < 5) d[1] = 1; else d[1] = 2;
  cudaGraphNode_t test = kernel_node(graph, {looped}, (void *)decide, dim3(1), dim3(1), branch, (const int *)d.device, 5);
  cudaGraphNode_t branched = conditional(graph, {test}, branch, cudaGraphCondTypeIf, 2, &branches);
  kernel_node(branches[0], {}, (void *)store, dim3(1), dim3(1), d.device + 1, 1);
  kernel_node(branches[1], {}, (void *)store, dim3(1), dim3(1), d.device + 1, 2);
  // switch (d[1]) { case 0: d[2] = 100; case 1: 101; case 2: 102 }
  cudaGraphNode_t chosen = kernel_node(graph, {branched}, (void *)choose, dim3(1), dim3(1), choice, (const int *)(d.device + 1));
  conditional(graph, {chosen}, choice, cudaGraphCondTypeSwitch, 3, &choices);
  for (int i = 0; i < 3; ++i) kernel_node(choices[i], {}, (void *)store, dim3(1), dim3(1), d.device + 2, 100 + i);
  cudaGraphExec_t exec;
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  for (int round = 0; round < 2; ++round) {
    d.host = {0, 0, 0, 0};
    d.up();
    CUDA(cudaGraphLaunch(exec, stream));
    CUDA(cudaStreamSynchronize(stream));
    d.down();
    EXPECT(d[0] == 10 && d[1] == 2 && d[2] == 102);
  }
  CUDA(cudaGraphExecDestroy(exec));
  CUDA(cudaGraphDestroy(graph));
}

void memory_of_the_graph(cudaStream_t stream) {
  int result = 0;
  cudaGraph_t graph;
  CUDA(cudaGraphCreate(&graph, 0));
  cudaMemAllocNodeParams alloc = {};
  alloc.poolProps.allocType = cudaMemAllocationTypePinned;
  alloc.poolProps.location.type = cudaMemLocationTypeDevice;
  alloc.bytesize = 1 << 16;
  cudaGraphNode_t allocated, down, freed;
  CUDA(cudaGraphAddMemAllocNode(&allocated, graph, nullptr, 0, &alloc));
  int *p = static_cast<int *>(alloc.dptr);
  cudaGraphNode_t set = kernel_node(graph, {allocated}, (void *)store, dim3(1), dim3(1), p, 41);
  cudaGraphNode_t more = kernel_node(graph, {set}, (void *)increment, dim3(1), dim3(1), p);
  CUDA(cudaGraphAddMemcpyNode1D(&down, graph, &more, 1, &result, p, sizeof(int), cudaMemcpyDeviceToHost));
  CUDA(cudaGraphAddMemFreeNode(&freed, graph, &down, 1, p));
  cudaGraphExec_t exec;
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  for (int round = 0; round < 3; ++round) {
    result = 0;
    CUDA(cudaGraphLaunch(exec, stream));
    CUDA(cudaStreamSynchronize(stream));
    EXPECT(result == 42);
  }
  CUDA(cudaGraphExecDestroy(exec));
  CUDA(cudaGraphDestroy(graph));
  CUDA(cudaDeviceGraphMemTrim(0));
}

void objects(cudaStream_t stream) {
  static int gone;
  gone = 0;
  auto *buffer = new int(5);
  cudaUserObject_t object;
  CUDA(cudaUserObjectCreate(&object, buffer, [](void *p) { delete static_cast<int *>(p), ++gone; }, 1, cudaUserObjectNoDestructorSync));
  cudaGraph_t graph;
  CUDA(cudaGraphCreate(&graph, 0));
  CUDA(cudaGraphRetainUserObject(graph, object, 1, cudaGraphUserObjectMove));
  cudaHostNodeParams call = {};
  call.fn = [](void *p) { ++*static_cast<int *>(p); };
  call.userData = buffer;
  cudaGraphNode_t node;
  CUDA(cudaGraphAddHostNode(&node, graph, nullptr, 0, &call));
  cudaGraphExec_t exec;
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  CUDA(cudaGraphDestroy(graph));
  CUDA(cudaGraphLaunch(exec, stream));
  CUDA(cudaStreamSynchronize(stream));
  EXPECT(*buffer == 6 && gone == 0);
  CUDA(cudaGraphExecDestroy(exec));
  CUDA(cudaDeviceSynchronize());
}

int main() {
  cudaStream_t stream;
  CUDA(cudaStreamCreate(&stream));
  pipeline(stream);
  symbols_and_events(stream);
  conditions(stream);
  memory_of_the_graph(stream);
  objects(stream);
  CUDA(cudaStreamDestroy(stream));
  return finish("graphs");
}
