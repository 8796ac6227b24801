// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stream capture.
#include "bodies.h"
#include "shim/common/capture.h"

namespace cutrans::cudart {

namespace {

const CUgraphEdgeData *neutral(const cudaGraphEdgeData *data) {
  static_assert(sizeof(cudaGraphEdgeData) == sizeof(CUgraphEdgeData) && offsetof(cudaGraphEdgeData, type) == offsetof(CUgraphEdgeData, type));
  return reinterpret_cast<const CUgraphEdgeData *>(data);
}

}  // namespace

cudaError_t body::cudaStreamBeginCapture(Call &call, cudaStream_t stream, cudaStreamCaptureMode mode) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::begin(queue, mode); });
}

cudaError_t body::cudaStreamBeginCaptureToGraph(Call &call, cudaStream_t stream, cudaGraph_t graph, const cudaGraphNode_t *nodes,
                                                const cudaGraphEdgeData *data, size_t count, cudaStreamCaptureMode mode) {
  return call.onQueue(
      stream, [&](runtime::Queue &queue) { return shim::capture::beginToGraph(queue, graph, nodes, neutral(data), count, mode); });
}

cudaError_t body::cudaStreamEndCapture(Call &call, cudaStream_t stream, cudaGraph_t *out) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::end(queue, out); });
}

cudaError_t body::cudaStreamIsCapturing(Call &call, cudaStream_t stream, cudaStreamCaptureStatus *out) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::askStatus(queue, out); });
}

cudaError_t body::cudaStreamGetCaptureInfo(Call &call, cudaStream_t stream, cudaStreamCaptureStatus *status, unsigned long long *id,
                                           cudaGraph_t *graph, const cudaGraphNode_t **nodes, const cudaGraphEdgeData **edges,
                                           size_t *count) {
  const shim::capture::Answer out{reinterpret_cast<uint64_t *>(id), graph, nodes, reinterpret_cast<const CUgraphEdgeData **>(edges), count};
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::ask(queue, status, out); });
}

cudaError_t body::cudaStreamUpdateCaptureDependencies(Call &call, cudaStream_t stream, cudaGraphNode_t *nodes,
                                                      const cudaGraphEdgeData *data, size_t count, unsigned flags) {
  return call.onQueue(
      stream, [&](runtime::Queue &queue) { return shim::capture::updateDependencies(queue, nodes, neutral(data), count, flags); });
}

cudaError_t body::cudaThreadExchangeStreamCaptureMode(Call &, cudaStreamCaptureMode *mode) {
  return error(shim::capture::exchangeMode(mode));
}

}  // namespace cutrans::cudart
