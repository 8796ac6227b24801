// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs. Nearly all entry points do what the runtime API's do: they are rows of shim/common/graph_entries.def. Older
// forms are in graph_versions.cpp, copies in graph_copies.cpp.
#include "bodies.h"
#include "shim/common/graph_exec.h"
#include "shim/cuda/graph_caller.h"

namespace cutrans::driver {

using namespace shim::graphs;

// A kernel of a library is named for any context; here it is taken to the current one.
Result<runtime::Kernel *> graphKernel(const Caller &caller, const void *function) {
  if (runtime::Kernel *kernel = runtime::Kernel::find(function)) return kernel;
  runtime::LibraryKernel *kernel = runtime::LibraryKernel::find(function);
  if (!kernel) return Code::invalid_value;
  if (!caller.context) return Code::invalid_context;
  return kernel->in(*caller.context);
}

void *graphKernelName(const runtime::KernelWork &work) {
  const bool ours = runtime::Kernel::find(work.origin) || runtime::LibraryKernel::find(work.origin);
  return ours ? const_cast<void *>(work.origin) : work.kernel;
}

namespace {

using NodeType = CUgraphNodeType;
using EdgeData = CUgraphEdgeData;
using NodeParams = CUgraphNodeParams;
using KernelParams = CUDA_KERNEL_NODE_PARAMS_v1;
using MemsetParams = CUDA_MEMSET_NODE_PARAMS_v1;
using HostParams = CUDA_HOST_NODE_PARAMS_v1;
using AllocParams = CUDA_MEM_ALLOC_NODE_PARAMS_v1;
using SignalParams = CUDA_EXT_SEM_SIGNAL_NODE_PARAMS_v1;
using WaitParams = CUDA_EXT_SEM_WAIT_NODE_PARAMS_v1;
using InstantiateParams = CUDA_GRAPH_INSTANTIATE_PARAMS;
using UpdateInfo = CUgraphExecUpdateResultInfo;
using AttributeId = CUlaunchAttributeID;
using AttributeValue = CUlaunchAttributeValue;
using MemoryAttribute = CUgraphMem_attribute;
using DevicePointer = CUdeviceptr;
using DevicePointerOut = CUdeviceptr *;
using Flags64 = cuuint64_t;
runtime::Address addressOf(CUdeviceptr pointer) { return pointer; }
CUdeviceptr *valueAt(CUdeviceptr *out) { return out; }
template <class T>
T *of(T *given) {
  return given;
}

// The old structure for fills, with its context beside it.
Result<NodeWork> fillWork(const Call &call, const CUDA_MEMSET_NODE_PARAMS *p, CUcontext context) {
  if (!p) return Code::invalid_value;
  if (!context) return Code::invalid_context;
  return workOf(callerOf(call), CUDA_MEMSET_NODE_PARAMS_v2{p->dst, p->pitch, p->value, p->elementSize, p->width, p->height, context}, nullptr);
}

}  // namespace

#define CT_PARAMETERS(...) __VA_ARGS__
#define GRAPH_ENTRY(runtime_name, driver_name, parameters, ...)                            \
  CUresult body::driver_name([[maybe_unused]] Call &call, CT_PARAMETERS parameters) {      \
    return error(__VA_ARGS__);                                                             \
  }
#include "shim/common/graph_entries.def"

CUresult body::cuGraphAddMemsetNode(Call &call, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, size_t count,
                                    const CUDA_MEMSET_NODE_PARAMS *params, CUcontext context) {
  return error(add(out, graph, after, nullptr, count, fillWork(call, params, context)));
}

CUresult body::cuGraphExecMemsetNodeSetParams(Call &call, CUgraphExec exec, CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *params, CUcontext context) {
  return error(setIn(exec, node, fillWork(call, params, context)));
}

CUresult body::cuGraphConditionalHandleCreate(Call &, CUgraphConditionalHandle *out, CUgraph graph, CUcontext context, unsigned initial,
                                              unsigned flags) {
  return error(createCondition(out, graph, runtime::Context::find(context), initial, flags));
}

}  // namespace cutrans::driver
