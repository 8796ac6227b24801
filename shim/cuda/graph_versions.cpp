// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graph entry points in their older and newer forms: kernels named by CUkernel, edges without data, instantiation with a
// log, updates that report in two values.
#include "bodies.h"
#include "shim/common/graph_exec.h"
#include "shim/cuda/graph_caller.h"

namespace cutrans::driver {

using namespace shim::graphs;

CUresult body::cuGraphAddKernelNode_v2(Call &call, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, size_t count,
                                       const CUDA_KERNEL_NODE_PARAMS *params) {
  return error(addNode(callerOf(call), out, graph, after, count, params));
}
CUresult body::cuGraphKernelNodeGetParams_v2(Call &call, CUgraphNode node, CUDA_KERNEL_NODE_PARAMS *out) {
  return error(ask<runtime::KernelWork>(callerOf(call), node, out));
}
CUresult body::cuGraphKernelNodeSetParams_v2(Call &call, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *params) {
  return error(setNode(callerOf(call), node, params));
}
CUresult body::cuGraphExecKernelNodeSetParams_v2(Call &call, CUgraphExec exec, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *params) {
  return error(setNodeIn(callerOf(call), exec, node, params));
}

CUresult body::cuGraphGetEdges(Call &, CUgraph graph, CUgraphNode *from, CUgraphNode *to, size_t *count) {
  return error(listEdges(graph, from, to, nullptr, count));
}
CUresult body::cuGraphNodeGetDependencies(Call &, CUgraphNode node, CUgraphNode *nodes, size_t *count) {
  return error(listDependencies(node, nodes, nullptr, count));
}
CUresult body::cuGraphNodeGetDependentNodes(Call &, CUgraphNode node, CUgraphNode *nodes, size_t *count) {
  return error(listDependents(node, nodes, nullptr, count));
}
CUresult body::cuGraphAddDependencies(Call &, CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count) {
  return error(addEdges(graph, from, to, nullptr, count));
}
CUresult body::cuGraphRemoveDependencies(Call &, CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t count) {
  return error(removeEdges(graph, from, to, nullptr, count));
}
CUresult body::cuGraphAddNode(Call &call, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, size_t count, CUgraphNodeParams *params) {
  return error(addAny(callerOf(call), out, graph, after, nullptr, count, params));
}

// The log stays empty: what is wrong is said on stderr, and by the node.
CUresult body::cuGraphInstantiate_v2(Call &, CUgraphExec *out, CUgraph graph, CUgraphNode *error_node, char *log, size_t log_size) {
  CUgraphNode node = nullptr;
  CUgraphInstantiateResult result;
  if (log && log_size) *log = 0;
  Status status = instantiateReporting(out, graph, 0, &node, &result);
  if (error_node) *error_node = node;
  return error(status);
}

CUresult body::cuGraphExecUpdate(Call &, CUgraphExec exec, CUgraph graph, CUgraphNode *error_node, CUgraphExecUpdateResult *result) {
  if (!error_node || !result) return CUDA_ERROR_INVALID_VALUE;
  CUgraphExecUpdateResultInfo info;
  Status status = update(exec, graph, &info);
  *error_node = info.errorNode;
  *result = info.result;
  return error(status);
}

}  // namespace cutrans::driver
