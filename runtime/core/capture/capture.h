// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Captures inside the runtime: what each is made of, and what calls on a queue that captures do instead of submitting.
//
// One lock for all captures: joins and merges look at two of them, and capturing is no hot path. It is taken before every
// other lock of the runtime but Device::State::lock (resetting a device ends the captures on it). What calls that do not
// capture pay is one load of their queue's own state.
#pragma once
#include <memory>
#include <optional>
#include <unordered_set>

#include "cutrans/runtime/capture.h"
#include "state.h"

namespace cutrans::runtime {

struct Capture;

// One queue's part in a capture.
struct CaptureBranch {
  Capture *capture = nullptr;
  Queue *queue = nullptr;
  std::vector<Dependency> next;           // what its next node comes after
  const GraphNode *last = nullptr;        // what it captured last
  std::vector<GraphNode *> shown_nodes;   // captureInfo's answer
  std::vector<EdgeRecord> shown_edges;
};

struct Capture {
  uint64_t id = 0;
  CaptureMode mode = CaptureMode::global;
  uint64_t thread = 0;                    // that began it
  Queue *origin = nullptr;
  Graph *graph = nullptr;
  bool owns_graph = false;
  bool invalid = false;
  std::vector<std::unique_ptr<CaptureBranch>> branches;
  // Captured nodes that no captured node comes after. Those that are not before the origin at the end were not joined.
  std::unordered_set<const GraphNode *> loose;
};

// Where an event was recorded in a capture.
struct CapturedPoint {
  uint64_t capture = 0;                   // its id; the capture may be over
  std::vector<Dependency> next;
};

// The place of a branch in the legacy queue of a context in which blocking queues capture.
extern CaptureBranch legacy_blocked;

// ---- for the calls of Queue and Event: nothing where the queue does not capture after all ----------------------------

inline bool captures(const Queue &queue) { return QueueAccess::state(queue).capture.load(std::memory_order_relaxed) != nullptr; }

std::optional<Status> captureLaunch(Queue &queue, Kernel &kernel, const LaunchShape &shape, const Arguments &arguments);
std::optional<Status> captureCopy(Queue &queue, const Copy &copy);
std::optional<Status> captureFill(Queue &queue, const Fill &fill);
std::optional<Status> captureHostFunction(Queue &queue, void (*fn)(void *user), void *user);
// Any node that needs nothing of the queue.
std::optional<Status> captureNode(Queue &queue, NodeWork work);
std::optional<Status> captureRelease(Queue &queue, Address address);
// A graph that is launched on the queue: a child of the captured one.
std::optional<Status> captureChild(Queue &queue, const Graph &graph);
std::optional<Status> captureRecord(Queue &queue, Event &event, LaunchPoint point);
// Also for a queue that does not capture and an event that was recorded in a capture: the queue joins it.
std::optional<Status> captureWait(Queue &queue, Event &event);
// What cannot be captured: the capture is invalid.
std::optional<Status> captureForbids(Queue &queue);

// An event that was recorded in a capture was asked about: captured_event; invalidates the capture.
Status capturedEventAsked(Event &event);
// All work of the context is to be waited for.
Status captureForbidsContext(Context &context);
// The queue ends. With the origin the capture ends too.
void leaveCapture(Queue &queue);

}  // namespace cutrans::runtime
