// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What shim/common/graph_nodes.h asks of the runtime API: kernels by the program's own addresses, copies by cudaMemcpy3DParms.
#pragma once
#include "shim/common/graph_nodes.h"
#include "shim/cudart/call.h"

namespace cutrans::cudart {

Result<runtime::Kernel *> graphKernel(const shim::graphs::Caller &caller, const void *function);
void *graphKernelName(const runtime::KernelWork &work);
Result<runtime::NodeWork> graphCopy(const shim::graphs::Caller &caller, const CUgraphNodeParams &params, const runtime::NodeWork *now);

inline shim::graphs::Caller callerOf(const Call &call) { return {call.name, call.context, graphKernel, graphKernelName, graphCopy}; }

}  // namespace cutrans::cudart
