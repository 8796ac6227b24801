// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/capture.h"

#include <driver_types.h>

#include <algorithm>

#include "shim/common/graph_structure.h"

namespace cutrans::shim::capture {

namespace {

using runtime::CaptureMode;
using runtime::CaptureStatus;
using runtime::EdgeRecord;

static_assert(int{CU_STREAM_CAPTURE_MODE_GLOBAL} == int{cudaStreamCaptureModeGlobal} &&
              int{CU_STREAM_CAPTURE_MODE_GLOBAL} == static_cast<int>(CaptureMode::global) &&
              int{CU_STREAM_CAPTURE_MODE_THREAD_LOCAL} == static_cast<int>(CaptureMode::thread_local_) &&
              int{CU_STREAM_CAPTURE_MODE_RELAXED} == static_cast<int>(CaptureMode::relaxed));
static_assert(int{CU_STREAM_CAPTURE_STATUS_ACTIVE} == int{cudaStreamCaptureStatusActive} &&
              int{CU_STREAM_CAPTURE_STATUS_ACTIVE} == static_cast<int>(CaptureStatus::active) &&
              int{CU_STREAM_CAPTURE_STATUS_INVALIDATED} == static_cast<int>(CaptureStatus::invalidated));
static_assert(CU_LAUNCH_ATTRIBUTE_PRIORITY == runtime::kPriorityAttribute);
static_assert(int{CU_STREAM_SET_CAPTURE_DEPENDENCIES} == int{cudaStreamSetCaptureDependencies});
static_assert(sizeof(EdgeRecord) == sizeof(CUgraphEdgeData) && offsetof(CUgraphEdgeData, type) == offsetof(EdgeRecord, data.type));
static_assert(CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC == static_cast<int>(runtime::LaunchPoint::trigger) &&
              CU_GRAPH_KERNEL_NODE_PORT_LAUNCH_ORDER == static_cast<int>(runtime::LaunchPoint::start) &&
              CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC == 1);

bool isMode(int mode) { return mode >= CU_STREAM_CAPTURE_MODE_GLOBAL && mode <= CU_STREAM_CAPTURE_MODE_RELAXED; }

}  // namespace

Status begin(runtime::Queue &queue, int mode) {
  if (!isMode(mode)) return Code::invalid_value;
  return runtime::beginCapture(queue, static_cast<CaptureMode>(mode), nullptr, {});
}

Status beginToGraph(runtime::Queue &queue, CUgraph handle, const CUgraphNode *nodes, const CUgraphEdgeData *data, size_t count, int mode) {
  if (!isMode(mode)) return Code::invalid_value;
  Result<runtime::Graph *> graph = graphs::found<runtime::Graph>(handle);
  if (!graph.ok()) return graph.status();
  Result<std::vector<runtime::Dependency>> after = graphs::dependenciesOf(nodes, data, count, /*kernel=*/true);
  if (!after.ok()) return after.status();
  return runtime::beginCapture(queue, static_cast<CaptureMode>(mode), *graph, *after);
}

Status end(runtime::Queue &queue, CUgraph *out) {
  if (!out) {  // only where the program has the graph: the guide ends captures into bodies of conditional nodes so
    if (!runtime::capturing(queue)) return Code::illegal_state;
    Result<runtime::CaptureInfo> info = runtime::captureInfo(queue);
    if (!info.ok()) return info.status();
    if (!info->into_given) return Code::invalid_value;
  }
  Result<runtime::Graph *> graph = runtime::endCapture(queue);
  if (out) *out = graph.ok() ? graphs::handle(*graph) : nullptr;
  return graph.status();
}

Status fill(const runtime::CaptureInfo &info, const Answer &out) {
  if (out.edges && !out.nodes) return Code::invalid_value;
  if (info.status != CaptureStatus::active) return Code::ok;
  const bool plain = std::ranges::all_of(info.edges, [](const EdgeRecord &edge) { return edge.data == runtime::EdgeData{}; });
  if (out.nodes && !out.edges && !plain) return Code::lossy_query;
  if (out.id) *out.id = info.id;
  if (out.graph) *out.graph = graphs::handle(info.graph);
  if (out.nodes) *out.nodes = reinterpret_cast<const CUgraphNode *>(info.nodes.data());
  if (out.edges) *out.edges = reinterpret_cast<const CUgraphEdgeData *>(info.edges.data());
  if (out.count) *out.count = info.nodes.size();
  return Code::ok;
}

Status updateDependencies(runtime::Queue &queue, const CUgraphNode *nodes, const CUgraphEdgeData *data, size_t count, unsigned flags) {
  if (flags & ~unsigned{CU_STREAM_SET_CAPTURE_DEPENDENCIES}) return Code::invalid_value;
  if (!runtime::capturing(queue)) return Code::illegal_state;
  Result<std::vector<runtime::Dependency>> list = graphs::dependenciesOf(nodes, data, count, /*kernel=*/true);
  if (!list.ok()) return list.status();
  return runtime::updateCaptureDependencies(queue, *list, flags != CU_STREAM_SET_CAPTURE_DEPENDENCIES);
}

Status record(runtime::Queue &queue, runtime::Event &event, bool external) {
  return external ? runtime::captureRecordNode(queue, event) : queue.record(event);
}

Status wait(runtime::Queue &queue, runtime::Event &event, bool external) {
  return external ? runtime::captureWaitNode(queue, event) : queue.wait(event);
}

}  // namespace cutrans::shim::capture
