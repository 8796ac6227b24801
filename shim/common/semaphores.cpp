// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/semaphores.h"

#include "shim/common/graph_nodes.h"

namespace cutrans::shim {
namespace {

template <class Work, class Params>
Result<Work> semaphoreWork(const CUexternalSemaphore *list, const Params *params, unsigned count) {
  if (!list || !params || count == 0) return Code::invalid_value;
  Work work;
  for (unsigned i = 0; i < count; ++i) {
    runtime::Semaphore *semaphore = runtime::Semaphore::find(list[i]);
    if (!semaphore) return Code::invalid_handle;
    if (params[i].flags) return Code::invalid_value;  // all that there are are NvSci's
    work.semaphores.push_back(semaphore);
    work.values.push_back(params[i].params.fence.value);
  }
  const auto *bytes = reinterpret_cast<const std::byte *>(params);
  work.given.assign(bytes, bytes + count * sizeof(Params));
  return work;
}

}  // namespace

Result<runtime::SignalWork> signalWork(const CUexternalSemaphore *list, const CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS *params, unsigned count) {
  return semaphoreWork<runtime::SignalWork>(list, params, count);
}
Result<runtime::AwaitWork> awaitWork(const CUexternalSemaphore *list, const CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS *params, unsigned count) {
  return semaphoreWork<runtime::AwaitWork>(list, params, count);
}

namespace graphs {
namespace {

// Graphs call what is no handle an invalid value.
template <class Work>
Result<NodeWork> nodeWork(Result<Work> work) {
  if (work.ok()) return NodeWork(std::move(*work));
  return work.code() == Code::invalid_handle ? Code::invalid_value : work.code();
}

// The node's own lists.
template <class Params>
Status giveList(const runtime::SemaphoreList &work, Params *out) {
  using One = std::remove_pointer_t<decltype(out->paramsArray)>;
  out->extSemArray = reinterpret_cast<CUexternalSemaphore *>(const_cast<runtime::Semaphore **>(work.semaphores.data()));
  out->paramsArray = reinterpret_cast<One *>(work.given.data());
  out->numExtSems = static_cast<unsigned>(work.semaphores.size());
  return Code::ok;
}

}  // namespace

Result<NodeWork> workOf(const Caller &, const CUDA_EXT_SEM_SIGNAL_NODE_PARAMS_v1 &p, const NodeWork *) {
  return nodeWork(signalWork(p.extSemArray, p.paramsArray, p.numExtSems));
}
Result<NodeWork> workOf(const Caller &, const CUDA_EXT_SEM_WAIT_NODE_PARAMS_v1 &p, const NodeWork *) {
  return nodeWork(awaitWork(p.extSemArray, p.paramsArray, p.numExtSems));
}
Status give(const Caller &, const runtime::SignalWork &work, CUDA_EXT_SEM_SIGNAL_NODE_PARAMS_v1 *out) { return giveList(work, out); }
Status give(const Caller &, const runtime::AwaitWork &work, CUDA_EXT_SEM_WAIT_NODE_PARAMS_v1 *out) { return giveList(work, out); }

}  // namespace graphs
}  // namespace cutrans::shim
