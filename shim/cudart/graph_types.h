// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime API's structures for graphs that are laid out as those of the driver API: shim/common/graph_*.h works on
// the latter, and takes these by a cast.
#pragma once
#include <cuda.h>
#include <driver_types.h>

#include <type_traits>

namespace cutrans::cudart {

template <class T>
struct Neutral {
  using Type = T;
};

#define CT_ALIKE(Ours, Theirs, last_ours, last_theirs)                                                             \
  static_assert(sizeof(Ours) == sizeof(Theirs) && offsetof(Ours, last_ours) == offsetof(Theirs, last_theirs));     \
  template <>                                                                                                      \
  struct Neutral<Ours> {                                                                                           \
    using Type = Theirs;                                                                                           \
  };
CT_ALIKE(cudaGraphEdgeData, CUgraphEdgeData, reserved, reserved)
CT_ALIKE(cudaKernelNodeParams, CUDA_KERNEL_NODE_PARAMS_v1, extra, extra)
CT_ALIKE(cudaMemsetParams, CUDA_MEMSET_NODE_PARAMS_v1, height, height)
CT_ALIKE(cudaHostNodeParams, CUDA_HOST_NODE_PARAMS_v1, userData, userData)
CT_ALIKE(cudaMemAllocNodeParams, CUDA_MEM_ALLOC_NODE_PARAMS_v1, dptr, dptr)
CT_ALIKE(cudaExternalSemaphoreSignalParams, CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS_v1, flags, flags)
CT_ALIKE(cudaExternalSemaphoreWaitParams, CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS_v1, flags, flags)
CT_ALIKE(cudaExternalSemaphoreSignalNodeParams, CUDA_EXT_SEM_SIGNAL_NODE_PARAMS_v1, numExtSems, numExtSems)
CT_ALIKE(cudaExternalSemaphoreWaitNodeParams, CUDA_EXT_SEM_WAIT_NODE_PARAMS_v1, numExtSems, numExtSems)
CT_ALIKE(cudaGraphInstantiateParams, CUDA_GRAPH_INSTANTIATE_PARAMS, result_out, result_out)
CT_ALIKE(cudaGraphExecUpdateResultInfo, CUgraphExecUpdateResultInfo, errorFromNode, errorFromNode)
// Its members too, but for copies; what the driver's have besides is zero here, and zero means the current context.
CT_ALIKE(cudaGraphNodeParams, CUgraphNodeParams, reserved2, reserved2)
#undef CT_ALIKE
static_assert(offsetof(cudaGraphNodeParams, kernel.extra) == offsetof(CUgraphNodeParams, kernel.extra) &&
              offsetof(cudaGraphNodeParams, memset.height) == offsetof(CUgraphNodeParams, memset.height) &&
              offsetof(cudaGraphNodeParams, host.userData) == offsetof(CUgraphNodeParams, host.userData) &&
              offsetof(cudaGraphNodeParams, graph.ownership) == offsetof(CUgraphNodeParams, graph.ownership) &&
              offsetof(cudaGraphNodeParams, alloc.dptr) == offsetof(CUgraphNodeParams, alloc.dptr) &&
              offsetof(cudaGraphNodeParams, extSemSignal.numExtSems) == offsetof(CUgraphNodeParams, extSemSignal.numExtSems) &&
              offsetof(cudaGraphNodeParams, extSemWait.numExtSems) == offsetof(CUgraphNodeParams, extSemWait.numExtSems) &&
              offsetof(cudaGraphNodeParams, conditional.phGraph_out) == offsetof(CUgraphNodeParams, conditional.phGraph_out));

template <>
struct Neutral<cudaLaunchAttributeValue> {
  using Type = CUlaunchAttributeValue;
};
static_assert(sizeof(cudaLaunchAttributeValue) == sizeof(CUlaunchAttributeValue));
template <>
struct Neutral<cudaExternalSemaphore_t> {
  using Type = CUexternalSemaphore;
};
template <>
struct Neutral<cudaGraphNodeType> {
  using Type = CUgraphNodeType;
};
static_assert(int{cudaGraphNodeTypeExtSemaphoreWait} == int{CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT} && int{cudaGraphNodeTypeConditional} == int{CU_GRAPH_NODE_TYPE_CONDITIONAL} &&
              int{cudaGraphNodeTypeMemFree} == int{CU_GRAPH_NODE_TYPE_MEM_FREE});

// A pointer to the driver API's structure.
template <class T>
auto of(T *given) {
  using Type = typename Neutral<std::remove_const_t<T>>::Type;
  return reinterpret_cast<std::conditional_t<std::is_const_v<T>, const Type, Type> *>(given);
}

}  // namespace cutrans::cudart
