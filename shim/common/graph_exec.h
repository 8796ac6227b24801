// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executable graphs as both APIs show them, and the memory of graphs.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/graph_exec.h"
#include "shim/common/graph_structure.h"

namespace cutrans::shim::graphs {

// `flags`: those of instantiation without an upload.
Status instantiate(CUgraphExec *out, CUgraph graph, unsigned long long flags);
// With an upload, to the queue that `resolve(stream)` gives.
template <class Resolve>
Status instantiateWith(CUgraphExec *out, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *params, Resolve &&resolve);
// Writes what went wrong into the structure.
Status instantiateReporting(CUgraphExec *out, CUgraph graph, unsigned long long flags, CUgraphNode *node, CUgraphInstantiateResult *result);

Status destroyExec(CUgraphExec exec);
Status upload(CUgraphExec exec, Result<runtime::Queue *> queue);
inline Status launch(CUgraphExec exec, Result<runtime::Queue *> queue) {
  runtime::GraphExec *it = runtime::GraphExec::find(exec);
  if (!it) return Code::invalid_value;
  return queue.ok() ? it->launch(**queue) : queue.status();
}
Status update(CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo *info);
template <class Flags>
Status flagsOf(CUgraphExec exec, Flags *out) {
  runtime::GraphExec *it = runtime::GraphExec::find(exec);
  if (!it || !out) return Code::invalid_value;
  *out = it->flags();
  return Code::ok;
}
Status setEnabled(CUgraphExec exec, CUgraphNode node, unsigned enabled);
Status enabled(CUgraphExec exec, CUgraphNode node, unsigned *out);

Status createCondition(CUgraphConditionalHandle *out, CUgraph graph, runtime::Context *context, unsigned initial, unsigned flags);

// `value`: a 64-bit number.
Status memoryAttribute(int device, CUgraphMem_attribute attribute, void *value);
Status setMemoryAttribute(int device, CUgraphMem_attribute attribute, const void *value);
Status trimMemory(int device);

template <class Resolve>
Status instantiateWith(CUgraphExec *out, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *params, Resolve &&resolve) {
  if (!params) return Code::invalid_value;
  params->hErrNode_out = nullptr;
  params->result_out = CUDA_GRAPH_INSTANTIATE_ERROR;
  const bool uploads = params->flags & CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD;
  Result<runtime::Queue *> queue = Code::internal;
  if (uploads) {
    queue = resolve(params->hUploadStream);
    if (!queue.ok()) return queue.status();
  }
  Status status = instantiateReporting(out, graph, params->flags, &params->hErrNode_out, &params->result_out);
  if (!status.ok() || !uploads) return status;
  status = upload(*out, queue);
  if (status.ok()) return status;
  params->result_out = CUDA_GRAPH_INSTANTIATE_ERROR;
  (void)destroyExec(*out);
  return status;
}

}  // namespace cutrans::shim::graphs
