// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stream capture as both APIs show it. Their handles are of one type, their enums have the same numbers, and their
// structures for edges are laid out alike, so that one function serves both.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/capture.h"
#include "cutrans/support/status.h"

namespace cutrans::shim::capture {

Status begin(runtime::Queue &queue, int mode);
Status beginToGraph(runtime::Queue &queue, CUgraph graph, const CUgraphNode *nodes, const CUgraphEdgeData *data, size_t count, int mode);
Status end(runtime::Queue &queue, CUgraph *out);
// Status: CUstreamCaptureStatus or cudaStreamCaptureStatus.
template <class Status_>
Status askStatus(runtime::Queue &queue, Status_ *out) {
  if (!out) return Code::invalid_value;
  Result<runtime::CaptureInfo> info = runtime::captureInfo(queue);
  if (info.ok()) *out = static_cast<Status_>(info->status);
  return info.status();
}

// Where to put what is asked for; all but the status may be null. Lists are shown in place, not copied.
struct Answer {
  uint64_t *id = nullptr;
  CUgraph *graph = nullptr;
  const CUgraphNode **nodes = nullptr;
  const CUgraphEdgeData **edges = nullptr;
  size_t *count = nullptr;
};
Status fill(const runtime::CaptureInfo &info, const Answer &out);
template <class Status_>
Status ask(runtime::Queue &queue, Status_ *status, const Answer &out) {
  if (!status) return Code::invalid_value;
  Result<runtime::CaptureInfo> info = runtime::captureInfo(queue);
  if (!info.ok()) return info.status();
  *status = static_cast<Status_>(info->status);
  return fill(*info, out);
}

Status updateDependencies(runtime::Queue &queue, const CUgraphNode *nodes, const CUgraphEdgeData *data, size_t count, unsigned flags);

// Swaps the calling thread's mode with `*mode`.
template <class Mode>
Status exchangeMode(Mode *mode) {
  if (!mode || static_cast<unsigned>(*mode) > CU_STREAM_CAPTURE_MODE_RELAXED) return Code::invalid_value;
  *mode = static_cast<Mode>(runtime::exchangeCaptureMode(static_cast<runtime::CaptureMode>(*mode)));
  return Code::ok;
}

// Events with the flag of an external event: nodes of the capture. Without a capture the flag is an error.
Status record(runtime::Queue &queue, runtime::Event &event, bool external);
Status wait(runtime::Queue &queue, runtime::Event &event, bool external);

}  // namespace cutrans::shim::capture
