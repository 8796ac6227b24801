// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What shim/common/graph_nodes.h asks of the driver API: kernels by CUfunction, copies by CUDA_MEMCPY3D.
#pragma once
#include "shim/common/graph_nodes.h"
#include "shim/cuda/call.h"

namespace cutrans::driver {

Result<runtime::Kernel *> graphKernel(const shim::graphs::Caller &caller, const void *function);
void *graphKernelName(const runtime::KernelWork &work);
Result<runtime::NodeWork> graphCopy(const shim::graphs::Caller &caller, const CUgraphNodeParams &params, const runtime::NodeWork *now);
Result<runtime::NodeWork> graphWords(const shim::graphs::Caller &caller, const CUgraphNodeParams &params, const runtime::NodeWork *now);

// Rows that need no context take what there is.
inline shim::graphs::Caller callerOf(const Call &call) {
  return {call.name, call.context ? call.context : runtime::currentContext(), graphKernel, graphKernelName, graphCopy, graphWords};
}

}  // namespace cutrans::driver
