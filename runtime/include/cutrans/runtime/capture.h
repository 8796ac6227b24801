// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Capture: queues that make nodes of a graph out of what is submitted to them. docs/graphs.md.
//
// A capture begins on one queue, its origin; other queues join by waiting for an event that was recorded in it, and must
// have been joined back when it ends. Whatever may not be done meanwhile makes it invalid; ending it says so.
#pragma once
#include <span>
#include <vector>

#include "cutrans/runtime/graph.h"
#include "cutrans/runtime/queue.h"

namespace cutrans::runtime {

enum class CaptureMode : uint8_t { global, thread_local_, relaxed };
enum class CaptureStatus : uint8_t { none, active, invalidated };

struct CaptureInfo {
  CaptureStatus status = CaptureStatus::none;
  uint64_t id = 0;                       // never used again
  Graph *graph = nullptr;
  std::vector<Dependency> next;          // what the queue's next node will come after
};

// `into`: nodes are added to this graph, the first ones after `after`; null: a new graph.
// Codes: capture_* of support/status.h.
CUTRANS_API Status beginCapture(Queue &queue, CaptureMode mode, Graph *into, std::span<const Dependency> after);
// Null graph with a code where the capture was invalid or a queue was not joined back; the capture is over anyway.
CUTRANS_API Result<Graph *> endCapture(Queue &queue);
CUTRANS_API Result<CaptureInfo> captureInfo(Queue &queue);
// Sets (or adds to) what the queue's next node comes after. Nodes of the capture's graph only.
CUTRANS_API Status updateCaptureDependencies(Queue &queue, std::span<const Dependency> nodes, bool add);
// What this thread may do while captures are under way; gives the mode that was.
CUTRANS_API CaptureMode exchangeCaptureMode(CaptureMode mode);

// For calls that a capture forbids (synchronous ones, memory management...): ok when no capture of this process or
// thread, as the modes say, is in the way; else invalidates it and returns capture_unsupported. One relaxed load when
// nobody captures.
CUTRANS_API Status forbidDuringCapture();

}  // namespace cutrans::runtime
