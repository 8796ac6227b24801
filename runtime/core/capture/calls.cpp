// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the calls of queues and events do while a capture is under way: they add nodes, fork and join, or are refused.
#include <algorithm>
#include <cstring>

#include "capture/registry.h"

namespace cutrans::runtime {
namespace {

// Dependency of CUDA's type "programmatic": the later kernel starts at a point inside the earlier one.
constexpr uint8_t kProgrammatic = 1;
EdgeData edgeFrom(LaunchPoint point) {
  return point == LaunchPoint::end ? EdgeData{} : EdgeData{static_cast<uint8_t>(point), 0, kProgrammatic};
}

// `then(branch)`, a status, for a queue that captures validly; under the lock.
template <class Then>
std::optional<Status> onBranch(Queue &queue, Then &&then) {
  if (Status healthy = queue.context().check(); !healthy.ok()) return healthy;
  std::lock_guard hold(registry().lock);
  CaptureBranch *branch = branchOf(queue);
  if (!branch) return std::nullopt;
  if (branch == &legacy_blocked) return legacyForbidden(queue.context());
  if (branch->capture->invalid) return Code::capture_invalidated;
  return Status(then(*branch));
}

Status refuse(Capture &capture, Code code) {
  invalidate(capture);
  return code;
}

// The program may have destroyed the graph or its nodes, which it may not.
bool alive(const Capture &capture, const std::vector<Dependency> &nodes) {
  return Graph::find(capture.graph) &&
         std::ranges::all_of(nodes, [&](const Dependency &each) { return GraphNode::find(each.node) && &each.node->graph() == capture.graph; });
}

Result<GraphNode *> addNode(CaptureBranch &branch, NodeWork work) {
  Capture &capture = *branch.capture;
  if (!alive(capture, branch.next)) return refuse(capture, Code::capture_invalidated);
  std::vector<Dependency> after = branch.next;
  const auto *kernel = std::get_if<KernelWork>(&work);
  for (Dependency &each : after) {
    // Points inside a kernel are for kernels to start at; all else comes after its end.
    if (!kernel) each.data = {};
    else if (kernel->shape.overlaps && each.node == branch.last && each.node->kind() == NodeKind::kernel && each.data == EdgeData{})
      each.data = edgeFrom(LaunchPoint::trigger);
  }
  Result<GraphNode *> node = capture.graph->add(std::move(work), after);
  if (!node.ok()) return node;
  for (const Dependency &each : after) capture.loose.erase(each.node);
  capture.loose.insert(*node);
  branch.next = {{*node, {}}};
  branch.last = *node;
  return node;
}

// One end of a copy by addresses.
CopyEnd endOf(Address address, uint64_t pitch, uint64_t slice) {
  CopyEnd end;
  end.address = address;
  end.pitch = pitch ? pitch : slice;
  end.rows = end.pitch ? slice / end.pitch : 0;
  return end;
}

}  // namespace

std::optional<Status> captureNode(Queue &queue, NodeWork work) {
  return onBranch(queue, [&](CaptureBranch &branch) { return addNode(branch, std::move(work)).status(); });
}

std::optional<Status> captureLaunch(Queue &queue, Kernel &kernel, const LaunchShape &shape, const Arguments &arguments) {
  return onBranch(queue, [&](CaptureBranch &branch) -> Status {
    if (&kernel.module().context() != &queue.context()) return Code::invalid_handle;
    Result<std::vector<std::byte>> packed = packArguments(kernel, arguments);
    if (!packed.ok()) return packed.status();
    KernelWork work;
    work.kernel = &kernel;
    work.origin = arguments.origin;
    work.shape = shape;
    work.arguments = std::move(*packed);
    work.packed = arguments.buffer != nullptr;
    work.attributes.assign(arguments.attributes.begin(), arguments.attributes.end());
    if (const int priority = queue.priority(); priority && std::ranges::find(work.attributes, kPriorityAttribute, &KeptAttribute::id) == work.attributes.end()) {
      KeptAttribute attribute{kPriorityAttribute, {}};
      std::memcpy(attribute.value.data(), &priority, sizeof priority);
      work.attributes.push_back(attribute);
    }
    return addNode(branch, std::move(work)).status();
  });
}

std::optional<Status> captureCopy(Queue &queue, const Copy &copy) {
  if (copy.synchronous) return captureForbids(queue);
  return onBranch(queue, [&](CaptureBranch &branch) -> Status {
    if (copy.width == 0 || copy.height == 0 || copy.depth == 0) return {};
    CopyWork work;
    work.context = &queue.context();
    work.dst = endOf(copy.dst, copy.dst_pitch, copy.dst_slice);
    work.src = endOf(copy.src, copy.src_pitch, copy.src_slice);
    if (copy.depth > 1 && (work.dst.rows * work.dst.pitch != copy.dst_slice || work.src.rows * work.src.pitch != copy.src_slice))
      return Code::invalid_value;
    work.width = copy.width;
    work.height = copy.height;
    work.depth = copy.depth;
    work.direction = copy.direction;
    return addNode(branch, work).status();
  });
}

std::optional<Status> captureFill(Queue &queue, const Fill &fill) {
  if (fill.synchronous) return captureForbids(queue);
  return onBranch(queue, [&](CaptureBranch &branch) -> Status {
    if (fill.width == 0 || fill.height == 0) return {};
    return addNode(branch, FillWork{&queue.context(), fill}).status();
  });
}

std::optional<Status> captureHostFunction(Queue &queue, void (*fn)(void *user), void *user) { return captureNode(queue, HostWork{fn, user}); }

std::optional<Status> captureRelease(Queue &queue, Address address) { return captureNode(queue, FreeWork{address}); }

std::optional<Status> captureChild(Queue &queue, const Graph &graph) {
  return captureNode(queue, ChildWork{const_cast<Graph *>(&graph)});  // add() copies it
}

std::optional<Status> captureForbids(Queue &queue) {
  return onBranch(queue, [](CaptureBranch &branch) { return refuse(*branch.capture, Code::capture_unsupported); });
}

Status forbidOnCapturing(Queue &queue) { return captures(queue) ? captureForbids(queue).value_or(Status()) : Status(); }

// ---- events --------------------------------------------------------------------------------------------------------

std::optional<Status> captureRecord(Queue &queue, Event &event, LaunchPoint point) {
  return onBranch(queue, [&](CaptureBranch &branch) -> Status {
    std::vector<Dependency> next = branch.next;
    if (next.size() == 1 && next.front().node == branch.last && branch.last->kind() == NodeKind::kernel) next.front().data = edgeFrom(point);
    EventAccess::setCaptured(event, {branch.capture->id, std::move(next)});
    return {};
  });
}

std::optional<Status> captureWait(Queue &queue, Event &event) {
  if (Status healthy = queue.context().check(); !healthy.ok()) return healthy;
  std::lock_guard hold(registry().lock);
  CaptureBranch *branch = branchOf(queue);
  if (branch == &legacy_blocked) return legacyForbidden(queue.context());
  const CapturedPoint *point = EventAccess::captured(event) ? EventAccess::point(event) : nullptr;
  Capture *other = point ? findCapture(point->capture) : nullptr;  // null: over, or none
  if (!branch) {
    if (!point) return std::nullopt;
    if (!other || other->invalid) return Code::invalid_value;
    if (queue.isLegacy()) return refuse(*other, Code::capture_unsupported);
    if (!alive(*other, point->next)) return refuse(*other, Code::capture_invalidated);
    join(*other, queue, point->next);
    return Status();
  }
  Capture &mine = *branch->capture;
  if (mine.invalid) return Code::capture_invalidated;
  if (!point && !EventAccess::recorded(event)) return Status();
  if (!other) return refuse(mine, Code::capture_isolation);
  if (other != &mine) {
    invalidate(*other);
    return refuse(mine, Code::capture_merge);
  }
  for (const Dependency &each : point->next) addDependency(branch->next, each);
  return Status();
}

Status capturedEventAsked(Event &event) {
  std::lock_guard hold(registry().lock);
  const CapturedPoint *point = EventAccess::point(event);
  if (Capture *capture = point ? findCapture(point->capture) : nullptr) invalidate(*capture);
  return Code::captured_event;
}

Status captureRecordNode(Queue &queue, Event &event) {
  if (&event.context() != &queue.context()) return Code::invalid_handle;
  return captureNode(queue, RecordWork{&event}).value_or(Code::invalid_value);
}

Status captureWaitNode(Queue &queue, Event &event) { return captureNode(queue, WaitWork{&event}).value_or(Code::invalid_value); }

// ---- memory --------------------------------------------------------------------------------------------------------

Result<Address> captureAllocation(Queue &queue, AllocWork work) {
  Address address = 0;
  std::optional<Status> captured = onBranch(queue, [&](CaptureBranch &branch) -> Status {
    Result<GraphNode *> node = addNode(branch, std::move(work));
    if (node.ok()) address = std::get<AllocWork>((*node)->work()).address;
    return node.status();
  });
  if (!captured) return Code::invalid_value;
  if (!captured->ok()) return *captured;
  return address;
}

}  // namespace cutrans::runtime
