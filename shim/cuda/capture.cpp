// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stream capture, with the forms that older headers had.
#include "bodies.h"
#include "shim/common/capture.h"

namespace cutrans::driver {

using shim::capture::Answer;

CUresult body::cuStreamBeginCapture(Call &call, CUstream stream) {
  return call.onQueue(stream, [](runtime::Queue &queue) { return shim::capture::begin(queue, CU_STREAM_CAPTURE_MODE_GLOBAL); });
}

CUresult body::cuStreamBeginCapture_v2(Call &call, CUstream stream, CUstreamCaptureMode mode) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::begin(queue, mode); });
}

CUresult body::cuStreamBeginCaptureToGraph(Call &call, CUstream stream, CUgraph graph, const CUgraphNode *nodes, const CUgraphEdgeData *data,
                                           size_t count, CUstreamCaptureMode mode) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::beginToGraph(queue, graph, nodes, data, count, mode); });
}

CUresult body::cuStreamEndCapture(Call &call, CUstream stream, CUgraph *out) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::end(queue, out); });
}

CUresult body::cuStreamIsCapturing(Call &call, CUstream stream, CUstreamCaptureStatus *out) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::askStatus(queue, out); });
}

CUresult body::cuStreamGetCaptureInfo(Call &call, CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::ask(queue, status, Answer{id}); });
}

CUresult body::cuStreamGetCaptureInfo_v2(Call &call, CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id, CUgraph *graph,
                                         const CUgraphNode **nodes, size_t *count) {
  return call.onQueue(
      stream, [&](runtime::Queue &queue) { return shim::capture::ask(queue, status, Answer{id, graph, nodes, nullptr, count}); });
}

CUresult body::cuStreamGetCaptureInfo_v3(Call &call, CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id, CUgraph *graph,
                                         const CUgraphNode **nodes, const CUgraphEdgeData **edges, size_t *count) {
  return call.onQueue(
      stream, [&](runtime::Queue &queue) { return shim::capture::ask(queue, status, Answer{id, graph, nodes, edges, count}); });
}

CUresult body::cuStreamUpdateCaptureDependencies(Call &call, CUstream stream, CUgraphNode *nodes, size_t count, unsigned int flags) {
  return call.onQueue(
      stream, [&](runtime::Queue &queue) { return shim::capture::updateDependencies(queue, nodes, nullptr, count, flags); });
}

CUresult body::cuStreamUpdateCaptureDependencies_v2(Call &call, CUstream stream, CUgraphNode *nodes, const CUgraphEdgeData *data,
                                                    size_t count, unsigned int flags) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::capture::updateDependencies(queue, nodes, data, count, flags); });
}

CUresult body::cuThreadExchangeStreamCaptureMode(Call &, CUstreamCaptureMode *mode) { return error(shim::capture::exchangeMode(mode)); }

}  // namespace cutrans::driver
