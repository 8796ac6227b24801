// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Capture: queues that make nodes of a graph out of what is submitted to them. docs/graphs.md.
//
// A capture begins on one queue, its origin; other queues join by waiting for an event that was recorded in it, and must
// have been joined back when it ends. Whatever may not be done meanwhile makes it invalid; ending it says so.
//
// All calls are thread safe. Codes: capture_* and captured_event of support/status.h.
#pragma once
#include <span>

#include "cutrans/runtime/capture_rules.h"
#include "cutrans/runtime/graph.h"
#include "cutrans/runtime/queue.h"

namespace cutrans::runtime {

enum class CaptureStatus : uint8_t { none, active, invalidated };

// EdgeData as both APIs lay it out.
struct EdgeRecord {
  EdgeData data;
  uint8_t reserved[5] = {};
};

struct CaptureInfo {
  CaptureStatus status = CaptureStatus::none;  // the rest is only given while it is active
  uint64_t id = 0;                             // never used again
  Graph *graph = nullptr;
  bool into_given = false;                     // it adds to a graph of the program's
  // What the queue's next node will come after, and the edges to it. Valid until the next call on the queue, or the end
  // of the capture.
  std::span<GraphNode *const> nodes;
  std::span<const EdgeRecord> edges;
};

// `into`: nodes are added to this graph, the first ones after `after`; null: a new graph. capture_unsupported: the legacy
// queue; illegal_state: it captures already; invalid_value: `after` names other graphs' nodes, or one twice.
CUTRANS_API Status beginCapture(Queue &queue, CaptureMode mode, Graph *into, std::span<const Dependency> after);
// illegal_state, capture_unmatched and capture_wrong_thread leave everything as it is; after any other outcome the
// capture is over, and with capture_invalidated or capture_unjoined its own graph is gone.
CUTRANS_API Result<Graph *> endCapture(Queue &queue);
// capture_implicit for the legacy queue while a blocking queue of its context captures.
CUTRANS_API Result<CaptureInfo> captureInfo(Queue &queue);
// Sets (or adds to) what the queue's next node comes after. illegal_state: it does not capture; invalid_value: nodes of
// other graphs.
CUTRANS_API Status updateCaptureDependencies(Queue &queue, std::span<const Dependency> nodes, bool add);
// Only on a queue that captures, else invalid_value. An event's record or wait as a node, which each launch of the graph
// carries out, and which is no dependency of the capture.
CUTRANS_API Status captureRecordNode(Queue &queue, Event &event);
CUTRANS_API Status captureWaitNode(Queue &queue, Event &event);
// Memory that each launch of the graph allocates.
CUTRANS_API Result<Address> captureAllocation(Queue &queue, AllocWork work);

}  // namespace cutrans::runtime
