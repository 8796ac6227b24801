// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Captures: how they begin and end, who is part of them, what makes them invalid. The rules are those of the CUDA
// programming guide ("Creating a Graph Using Stream Capture") and of the notes at cuThreadExchangeStreamCaptureMode.
#include "capture/capture.h"

#include <algorithm>

#include "capture/registry.h"

namespace cutrans::runtime {

constinit CaptureBranch legacy_blocked{};

namespace {

constinit std::atomic<uint64_t> next_capture{1}, next_thread{1};
constinit thread_local uint64_t this_thread = 0;
constinit thread_local CaptureMode thread_mode = CaptureMode::global;

uint64_t threadNumber() {
  if (this_thread == 0) this_thread = next_thread.fetch_add(1, std::memory_order_relaxed);
  return this_thread;
}

bool blocking(const Queue &queue) { return QueueAccess::state(queue).sort == Queue::State::Sort::blocking; }

// A blocking queue of the context began to capture (+1) or ceased to (-1).
void countBlocking(Context &context, int step) {
  unsigned &count = ContextAccess::state(context).capturing_blocking;
  count += static_cast<unsigned>(step);
  if (Queue *legacy = ContextAccess::legacy(context))
    QueueAccess::state(*legacy).capture.store(count ? &legacy_blocked : nullptr, std::memory_order_relaxed);
}

void detach(CaptureBranch &branch) {
  QueueAccess::state(*branch.queue).capture.store(nullptr, std::memory_order_relaxed);
  if (blocking(*branch.queue)) countBlocking(branch.queue->context(), -1);
}

void finish(Capture &capture) {
  for (auto &branch : capture.branches) detach(*branch);
  invalidate(capture);
  std::erase_if(registry().all, [&](auto &each) { return each.get() == &capture; });
}

// Ends it without a result.
void discard(Capture &capture) {
  Graph *graph = capture.owns_graph ? Graph::find(capture.graph) : nullptr;
  finish(capture);
  if (graph) (void)graph->destroy();
}

bool forbids(const Capture &capture) {
  const bool mine = capture.thread == threadNumber();
  return mine ? capture.mode != CaptureMode::relaxed : thread_mode == CaptureMode::global && capture.mode == CaptureMode::global;
}

// Everything that was captured is before the origin's next node.
bool joined(const Capture &capture, const CaptureBranch &origin) {
  return std::ranges::all_of(capture.loose, [&](const GraphNode *node) {
    return std::ranges::any_of(origin.next, [&](const Dependency &each) { return each.node == node; });
  });
}

}  // namespace

CaptureRegistry &registry() {
  // Never destroyed: threads may outlive the destructors of the process.
  static CaptureRegistry &only = *new CaptureRegistry;
  return only;
}

CaptureBranch *branchOf(const Queue &queue) { return QueueAccess::state(queue).capture.load(std::memory_order_relaxed); }

Capture *findCapture(uint64_t id) {
  for (auto &each : registry().all)
    if (each->id == id) return each.get();
  return nullptr;
}

void invalidate(Capture &capture) {
  if (!std::exchange(capture.invalid, true)) active_captures.fetch_sub(1, std::memory_order_relaxed);
}

void join(Capture &capture, Queue &queue, std::vector<Dependency> next) {
  auto branch = std::make_unique<CaptureBranch>();
  branch->capture = &capture;
  branch->queue = &queue;
  branch->next = std::move(next);
  QueueAccess::state(queue).capture.store(branch.get(), std::memory_order_relaxed);
  capture.branches.push_back(std::move(branch));
  if (blocking(queue)) countBlocking(queue.context(), +1);
}

Status legacyForbidden(Context &context) {
  for (auto &capture : registry().all)
    for (auto &branch : capture->branches)
      if (blocking(*branch->queue) && &branch->queue->context() == &context) invalidate(*capture);
  return Code::capture_implicit;
}

void addDependency(std::vector<Dependency> &list, const Dependency &added) {
  for (Dependency &each : list) {
    if (each.node != added.node) continue;
    if (!(each.data == added.data)) each.data = {};  // two points of one node: its end is after both
    return;
  }
  list.push_back(added);
}

Status beginCapture(Queue &queue, CaptureMode mode, Graph *into, std::span<const Dependency> after) {
  if (Status healthy = queue.context().check(); !healthy.ok()) return healthy;
  if (queue.isLegacy()) return Code::capture_unsupported;
  if (!into && !after.empty()) return Code::invalid_value;
  std::vector<Dependency> next;
  for (const Dependency &each : after) {
    if (!GraphNode::find(each.node) || &each.node->graph() != into) return Code::invalid_value;
    if (std::ranges::any_of(next, [&](const Dependency &other) { return other.node == each.node; })) return Code::invalid_value;
    next.push_back(each);
  }
  std::lock_guard hold(registry().lock);
  if (captures(queue)) return Code::illegal_state;
  auto capture = std::make_unique<Capture>();
  capture->id = next_capture.fetch_add(1, std::memory_order_relaxed);
  capture->mode = mode;
  capture->thread = threadNumber();
  capture->origin = &queue;
  capture->graph = into;
  if (!into) {
    Result<Graph *> made = Graph::create();
    if (!made.ok()) return made.status();
    capture->graph = *made;
    capture->owns_graph = true;
  }
  active_captures.fetch_add(1, std::memory_order_relaxed);
  join(*capture, queue, std::move(next));
  registry().all.push_back(std::move(capture));
  return {};
}

Result<Graph *> endCapture(Queue &queue) {
  std::lock_guard hold(registry().lock);
  CaptureBranch *branch = branchOf(queue);
  if (!branch || branch == &legacy_blocked) return Code::illegal_state;
  Capture &capture = *branch->capture;
  if (capture.origin != &queue) return Code::capture_unmatched;
  if (capture.mode != CaptureMode::relaxed && capture.thread != threadNumber()) return Code::capture_wrong_thread;
  Code failed = capture.invalid || !Graph::find(capture.graph) ? Code::capture_invalidated
                : !joined(capture, *branch)                    ? Code::capture_unjoined
                                                               : Code::ok;
  if (failed != Code::ok) {
    discard(capture);
    return failed;
  }
  Graph *graph = capture.graph;
  finish(capture);
  return graph;
}

Result<CaptureInfo> captureInfo(Queue &queue) {
  if (Status healthy = queue.context().check(); !healthy.ok()) return healthy;
  CaptureInfo info;
  if (!captures(queue)) return info;
  std::lock_guard hold(registry().lock);
  CaptureBranch *branch = branchOf(queue);
  if (!branch) return info;
  if (branch == &legacy_blocked) return Code::capture_implicit;
  info.status = branch->capture->invalid ? CaptureStatus::invalidated : CaptureStatus::active;
  info.id = branch->capture->id;
  info.graph = branch->capture->graph;
  info.into_given = !branch->capture->owns_graph;
  branch->shown_nodes.clear();
  branch->shown_edges.clear();
  for (const Dependency &each : branch->next) {
    branch->shown_nodes.push_back(each.node);
    branch->shown_edges.push_back({each.data});
  }
  info.nodes = branch->shown_nodes;
  info.edges = branch->shown_edges;
  return info;
}

Status updateCaptureDependencies(Queue &queue, std::span<const Dependency> nodes, bool add) {
  if (Status healthy = queue.context().check(); !healthy.ok()) return healthy;
  std::lock_guard hold(registry().lock);
  CaptureBranch *branch = branchOf(queue);
  if (!branch || branch == &legacy_blocked) return Code::illegal_state;
  Capture &capture = *branch->capture;
  if (capture.invalid) return Code::capture_invalidated;
  for (const Dependency &each : nodes)
    if (!GraphNode::find(each.node) || &each.node->graph() != capture.graph) return Code::invalid_value;
  std::vector<Dependency> next;
  if (add)
    next = branch->next;
  else  // what is dropped here need not be joined
    for (const Dependency &each : branch->next) capture.loose.erase(each.node);
  for (const Dependency &each : nodes) addDependency(next, each);
  branch->next = std::move(next);
  return {};
}

CaptureMode exchangeCaptureMode(CaptureMode mode) { return std::exchange(thread_mode, mode); }

Status forbidDuringCapture() {
  if (active_captures.load(std::memory_order_relaxed) == 0) [[likely]] return {};
  if (thread_mode == CaptureMode::relaxed) return {};
  std::lock_guard hold(registry().lock);
  bool forbidden = false;
  for (auto &capture : registry().all) {
    if (capture->invalid || !forbids(*capture)) continue;
    invalidate(*capture);
    forbidden = true;
  }
  return forbidden ? Code::capture_unsupported : Code::ok;
}

Status captureForbidsContext(Context &context) {
  if (active_captures.load(std::memory_order_relaxed) == 0) [[likely]] return {};
  std::lock_guard hold(registry().lock);
  bool forbidden = false;
  for (auto &capture : registry().all) {
    auto here = [&](auto &branch) { return &branch->queue->context() == &context; };
    if (capture->invalid || std::ranges::none_of(capture->branches, here)) continue;
    invalidate(*capture);
    forbidden = true;
  }
  return forbidden ? Code::capture_unsupported : Code::ok;
}

bool capturing(const Queue &queue) {
  CaptureBranch *branch = branchOf(queue);
  return branch && branch != &legacy_blocked;
}

bool captureDiverts(const Queue &queue) { return captures(queue); }

void leaveCapture(Queue &queue) {
  std::lock_guard hold(registry().lock);
  CaptureBranch *branch = branchOf(queue);
  if (!branch || branch == &legacy_blocked) return;
  Capture &capture = *branch->capture;
  if (capture.origin == &queue) {
    discard(capture);
    return;
  }
  // Its nodes stay: whether they were joined is seen at the end.
  detach(*branch);
  std::erase_if(capture.branches, [&](auto &each) { return each.get() == branch; });
}

}  // namespace cutrans::runtime
