// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a node does, from and to the structures of the driver API. Those of the runtime API are laid out alike where
// they mean the same (shim/cudart/graph_types.h compares), so that both APIs come here; the two things that they mean
// differently, kernels' names and copies, are functions of the caller.
//
//   workOf(caller, parameters, now)   the work that they describe; `now`: what the node does so far, null for a new node
//   give(caller, work, out)           the parameters that describe the work; what they point to belongs to the node
// and, over them, adding, asking, setting, and setting in an executable graph.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/event.h"
#include "cutrans/runtime/graph_exec.h"
#include "shim/common/graph_structure.h"

namespace cutrans::shim::graphs {

using runtime::NodeWork;

// Who asks.
struct Caller {
  const char *entry;                    // for messages
  runtime::Context *context = nullptr;  // current; null: none is
  // What the API's function pointer means in the context.
  Result<runtime::Kernel *> (*kernel)(const Caller &, const void *function) = nullptr;
  // By what the API names the kernel of a node.
  void *(*name)(const runtime::KernelWork &) = nullptr;
  // The union's members for copies, and for words of memory; null: the API has no such nodes.
  Result<NodeWork> (*copy)(const Caller &, const CUgraphNodeParams &, const NodeWork *now) = nullptr;
  Result<NodeWork> (*words)(const Caller &, const CUgraphNodeParams &, const NodeWork *now) = nullptr;
};

// The context that an argument names: null is the node's own, for a new one the current one. invalid_context.
Result<runtime::Context *> contextOf(const Caller &caller, CUcontext given, const NodeWork *now);

// graph_kernels.cpp
Result<NodeWork> workOf(const Caller &, const CUDA_KERNEL_NODE_PARAMS_v2 &, const NodeWork *now);
Status give(const Caller &, const runtime::KernelWork &, CUDA_KERNEL_NODE_PARAMS_v2 *out);
Status kernelAttribute(CUgraphNode node, CUlaunchAttributeID id, CUlaunchAttributeValue *out);
Status setKernelAttribute(CUgraphNode node, CUlaunchAttributeID id, const CUlaunchAttributeValue *value, const char *entry);
Status copyKernelAttributes(CUgraphNode to, CUgraphNode from);

// semaphores.cpp
Result<NodeWork> workOf(const Caller &, const CUDA_EXT_SEM_SIGNAL_NODE_PARAMS_v1 &, const NodeWork *now);
Status give(const Caller &, const runtime::SignalWork &, CUDA_EXT_SEM_SIGNAL_NODE_PARAMS_v1 *out);
Result<NodeWork> workOf(const Caller &, const CUDA_EXT_SEM_WAIT_NODE_PARAMS_v1 &, const NodeWork *now);
Status give(const Caller &, const runtime::AwaitWork &, CUDA_EXT_SEM_WAIT_NODE_PARAMS_v1 *out);

// graph_nodes.cpp
Result<NodeWork> workOf(const Caller &, const CUDA_KERNEL_NODE_PARAMS_v1 &, const NodeWork *now);
Status give(const Caller &, const runtime::KernelWork &, CUDA_KERNEL_NODE_PARAMS_v1 *out);
Result<NodeWork> workOf(const Caller &, const CUDA_MEMSET_NODE_PARAMS_v2 &, const NodeWork *now);
Result<NodeWork> workOf(const Caller &, const CUDA_MEMSET_NODE_PARAMS_v1 &, const NodeWork *now);
Status give(const Caller &, const runtime::FillWork &, CUDA_MEMSET_NODE_PARAMS_v1 *out);
Result<NodeWork> workOf(const Caller &, const CUDA_HOST_NODE_PARAMS_v1 &, const NodeWork *now);
Status give(const Caller &, const runtime::HostWork &, CUDA_HOST_NODE_PARAMS_v1 *out);
Result<NodeWork> workOf(const Caller &, const CUDA_MEM_ALLOC_NODE_PARAMS_v1 &, const NodeWork *now);
Status give(const Caller &, const runtime::AllocWork &, CUDA_MEM_ALLOC_NODE_PARAMS_v1 *out);
// What both APIs ask of a box: it lies in the pitches and does not wrap around. invalid_pitch, invalid_value.
Status checkBox(const runtime::CopyWork &work);
// Any kind, by its tag.
Result<NodeWork> workOf(const Caller &, const CUgraphNodeParams &, const NodeWork *now);

// Of events, addresses and graphs, which are no structures.
template <class Work>  // RecordWork, WaitWork
Result<NodeWork> eventWork(CUevent handle) {
  runtime::Event *event = runtime::Event::find(handle);
  if (!event) return Code::invalid_value;
  return NodeWork(Work{event});
}
Result<NodeWork> childWork(CUgraph graph);
Result<NodeWork> freeWork(runtime::Address address);

// ---- adding, asking, setting ---------------------------------------------------------------------------------

Status add(CUgraphNode *out, CUgraph graph, const CUgraphNode *after, const CUgraphEdgeData *data, size_t count, Result<NodeWork> work);

template <class Params>
Status addNode(const Caller &caller, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, size_t count, const Params *params) {
  return add(out, graph, after, nullptr, count, params ? workOf(caller, *params, nullptr) : Result<NodeWork>(Code::invalid_value));
}
// They write to `params`: the address of the memory, the bodies.
Status addAlloc(const Caller &, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, size_t count, CUDA_MEM_ALLOC_NODE_PARAMS_v1 *params);
Status addAny(const Caller &, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, const CUgraphEdgeData *data, size_t count,
              CUgraphNodeParams *params);

// The work of a node if it is of this kind, else null.
template <class Work>
const Work *workIn(CUgraphNode handle) {
  GraphNode *node = GraphNode::find(handle);
  return node ? std::get_if<Work>(&node->work()) : nullptr;
}

template <class Work, class Params>
Status ask(const Caller &caller, CUgraphNode node, Params *out) {
  const Work *work = workIn<Work>(node);
  return work && out ? give(caller, *work, out) : Status(Code::invalid_value);
}

Status set(CUgraphNode node, Result<NodeWork> work);
Status setIn(CUgraphExec exec, CUgraphNode node, Result<NodeWork> work);

// The work that `params` give a node that is there.
template <class Params>
Result<NodeWork> newWork(const Caller &caller, CUgraphNode handle, const Params *params) {
  GraphNode *node = GraphNode::find(handle);
  return node && params ? workOf(caller, *params, &node->work()) : Result<NodeWork>(Code::invalid_value);
}
template <class Params>
Status setNode(const Caller &caller, CUgraphNode node, const Params *params) {
  return set(node, newWork(caller, node, params));
}
template <class Params>
Status setNodeIn(const Caller &caller, CUgraphExec exec, CUgraphNode node, const Params *params) {
  return setIn(exec, node, newWork(caller, node, params));
}

// Single values: `give(work)` is what is stored.
template <class Work, class Value, class Give>
Status askValue(CUgraphNode node, Value *out, Give &&give) {
  const Work *work = workIn<Work>(node);
  if (!work || !out) return Code::invalid_value;
  *out = give(*work);
  return Code::ok;
}
template <class Work>
Status askEvent(CUgraphNode node, CUevent *out) {
  return askValue<Work>(node, out, [](const Work &work) { return reinterpret_cast<CUevent>(work.event); });
}

}  // namespace cutrans::shim::graphs
