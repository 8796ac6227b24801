// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs. Nearly all entry points do what the driver API's do, on structures that are laid out alike: they are rows of
// shim/common/graph_entries.def. Copies are in graph_copies.cpp.
#include "bodies.h"
#include "shim/common/graph_exec.h"
#include "shim/cudart/copies.h"
#include "shim/cudart/graph_caller.h"
#include "shim/cudart/graph_types.h"
#include "shim/cudart/kernel_handles.h"

namespace cutrans::cudart {

using namespace shim::graphs;

Result<runtime::Kernel *> graphKernel(const Caller &caller, const void *function) {
  Result<runtime::LibraryKernel *> kernel = resolveFunction(function);
  if (kernel.ok()) {
    threadState().wanted = *kernel;
    return (*kernel)->in(*caller.context);
  }
  // A kernel of the driver API, which asking gave.
  if (runtime::Kernel *given = runtime::Kernel::find(function)) return given;
  return kernel.status();
}

// Nodes of a capture, and those of the driver API, do not say by what address the program knows the kernel.
void *graphKernelName(const runtime::KernelWork &work) {
  const void *name = work.origin && !runtime::Kernel::find(work.origin) ? work.origin : hostOf(*work.kernel);
  return name ? const_cast<void *>(name) : work.kernel;
}

namespace {

using NodeType = cudaGraphNodeType;
using EdgeData = cudaGraphEdgeData;
using NodeParams = cudaGraphNodeParams;
using KernelParams = cudaKernelNodeParams;
using MemsetParams = cudaMemsetParams;
using HostParams = cudaHostNodeParams;
using AllocParams = cudaMemAllocNodeParams;
using SignalParams = cudaExternalSemaphoreSignalNodeParams;
using WaitParams = cudaExternalSemaphoreWaitNodeParams;
using InstantiateParams = cudaGraphInstantiateParams;
using UpdateInfo = cudaGraphExecUpdateResultInfo;
using AttributeId = cudaLaunchAttributeID;
using AttributeValue = cudaLaunchAttributeValue;
using MemoryAttribute = cudaGraphMemAttributeType;
using DevicePointer = void *;
using DevicePointerOut = void *;  // where a pointer is written
using Flags64 = unsigned long long;
runtime::Address *valueAt(void *out) { return static_cast<runtime::Address *>(out); }

}  // namespace

#define CT_PARAMETERS(...) __VA_ARGS__
#define GRAPH_ENTRY(runtime_name, driver_name, parameters, ...)                                  \
  cudaError_t body::runtime_name([[maybe_unused]] Call &call, CT_PARAMETERS parameters) {        \
    return error(__VA_ARGS__);                                                                   \
  }
#include "shim/common/graph_entries.def"

cudaError_t body::cudaGraphAddMemsetNode(Call &call, cudaGraphNode_t *out, cudaGraph_t graph, const cudaGraphNode_t *after, size_t count,
                                         const cudaMemsetParams *params) {
  return error(addNode(callerOf(call), out, graph, after, count, of(params)));
}

cudaError_t body::cudaGraphExecMemsetNodeSetParams(Call &call, cudaGraphExec_t exec, cudaGraphNode_t node, const cudaMemsetParams *params) {
  return error(setNodeIn(callerOf(call), exec, node, of(params)));
}

cudaError_t body::cudaGraphConditionalHandleCreate(Call &call, cudaGraphConditionalHandle *out, cudaGraph_t graph, unsigned initial, unsigned flags) {
  CUgraphConditionalHandle made = 0;
  Status status = createCondition(out ? &made : nullptr, graph, call.context, initial, flags);
  if (status.ok()) *out = made;
  return error(status);
}

}  // namespace cutrans::cudart
