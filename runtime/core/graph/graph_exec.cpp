// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executable graphs: their life, launching them, changing single nodes. Whole updates: update.cpp.
#include "cutrans/runtime/graph_exec.h"

#include "../capture/capture.h"
#include "cutrans/support/diagnostics.h"
#include "exec_state.h"

namespace cutrans::runtime {
namespace {

using Trouble = GraphExec::Trouble;

constinit HandlePool<GraphExec, GraphExecAccess> pool;
constinit std::atomic<uint64_t> next_id{1};

constexpr uint32_t kAllFlags =
    GraphExec::kAutoFreeOnLaunch | GraphExec::kUpload | GraphExec::kDeviceLaunch | GraphExec::kUseNodePriority;

}  // namespace

// ---- life ------------------------------------------------------------------------------------------------------

Result<GraphExec *> GraphExec::instantiate(Graph &graph, uint32_t flags, Report *report_out) {
  Report ignored;
  Report &report = report_out ? *report_out : ignored;
  report = {Trouble::error, nullptr, nullptr};
  if (flags & ~kAllFlags) return Code::invalid_value;
  if (flags & kDeviceLaunch) {
    cutrans::report(Diag::graph_device_launch, "a graph is instantiated for launches by kernels");
    report.trouble = Trouble::unsupported;
    return Code::unsupported;
  }
  std::shared_ptr<std::atomic<uint32_t>> executables = GraphAccess::state(graph).executables;
  const bool memory = hasMemoryNodes(graph);
  if (memory && executables->load() != 0) {
    report.trouble = Trouble::unsupported;
    return Code::unsupported;
  }
  std::shared_ptr<ExecCore> core = readCore(graph);
  if (Status planned = planCore(*core, report); !planned.ok()) return planned;
  core->plan.compile();
  GraphExec *exec = pool.allocate();
  if (!exec) {
    cutrans::report(Diag::too_many_handles, "instantiating a graph");
    return Code::out_of_memory;
  }
  exec->flags_ = flags;
  exec->id_ = next_id.fetch_add(1, std::memory_order_relaxed);
  exec->impl_ = new State;
  exec->impl_->core = std::move(core);
  if (memory) {
    executables->fetch_add(1);
    exec->impl_->executables = std::move(executables);
  }
  report = {};
  pool.publish(exec);
  return exec;
}

GraphExec *GraphExec::find(const void *handle) { return pool.find(handle); }

void GraphExecAccess::retire(GraphExec::State &state, std::shared_ptr<ExecCore> core) {
  Event *done = state.done;
  if (!core->needed() || !done || !alive(*state.done_context, state.done_context_id) || done->query().code() != Code::not_ready) return;
  Result<Queue *> queue = Queue::create(*state.done_context, Queue::kNonBlocking, 0);
  Status kept = queue.status();
  if (kept.ok()) {
    auto *last = new std::shared_ptr<ExecCore>(core);
    kept = (*queue)->wait(*done);
    if (kept.ok()) kept = (*queue)->hostCall([](void *user, Code) { delete static_cast<std::shared_ptr<ExecCore> *>(user); }, last, true);
    if (!kept.ok()) delete last;
    (void)(*queue)->destroy();
  }
  if (!kept.ok()) (void)done->synchronize();
}

Status GraphExec::destroy() {
  if (!pool.retire(this)) return Code::invalid_handle;
  State *state = std::exchange(impl_, nullptr);
  GraphExecAccess::retire(*state, std::move(state->core));
  if (state->executables) state->executables->fetch_sub(1);
  delete state;
  pool.recycle(this);
  return {};
}

// ---- launching -------------------------------------------------------------------------------------------------

Status GraphExec::upload(Queue &queue) { return queue.context().check(); }

namespace {

// The nodes as they are now, as a graph.
Result<Graph *> describe(const ExecGraph &from) {
  Result<Graph *> made = Graph::create();
  if (!made.ok()) return made;
  std::vector<GraphNode *> nodes;
  Status status;
  for (const ExecNode &node : from.nodes) {
    NodeWork work = node.enabled ? node.work : EmptyWork{};
    if (std::holds_alternative<ChildWork>(work)) {
      Result<Graph *> child = describe(*node.below.front());
      if (status = child.status(); !status.ok()) break;
      work = ChildWork{*child, true};
    }
    Result<GraphNode *> added = (*made)->add(std::move(work), {});
    if (status = added.status(); !status.ok()) break;
    nodes.push_back(*added);
  }
  std::vector<Edge> edges;
  for (size_t i = 0; i < from.nodes.size() && status.ok(); ++i)
    for (size_t before : from.nodes[i].before) edges.push_back({nodes[before], nodes[i], {}});
  if (status.ok()) status = (*made)->connect(edges);
  if (status.ok()) return made;
  (void)(*made)->destroy();
  return status;
}

}  // namespace

std::optional<Status> GraphExecAccess::capture(Queue &queue, const ExecCore &core) {
  Result<Graph *> graph = describe(core.graph);
  if (!graph.ok()) return graph.status();
  std::optional<Status> captured = captureChild(queue, **graph);
  (void)(*graph)->destroy();
  return captured;
}

Status GraphExec::launch(Queue &queue) {
  State &state = *impl_;
  Context &context = queue.context();
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  std::lock_guard hold(state.lock);
  ExecCore &core = *state.core;
  if (captures(queue)) [[unlikely]]
    if (std::optional<Status> captured = GraphExecAccess::capture(queue, core)) return *captured;
  core.plan.compile();
  if (Status right = core.plan.check(); !right.ok()) return right;
  Result<Event *> done = state.lanes.event(context);
  if (!done.ok()) return done.status();
  // Two launches never overlap.
  if (state.done && state.last_queue != queue.id() && alive(*state.done_context, state.done_context_id))
    if (Status ordered = queue.wait(*state.done); !ordered.ok()) return ordered;
  if (!core.memory.empty())
    if (Status free = beginLaunch(core.memory, flags_ & kAutoFreeOnLaunch); !free.ok()) return free;
  Status launched = submitPlan(core.plan, state.core, queue, &state.lanes, *done);
  if (launched.ok()) {
    EventAccess::setRecorded(**done);
    state.done = *done;
    state.done_context = &context;
    state.done_context_id = context.id();
    state.last_queue = queue.id();
  } else if (!core.memory.empty()) {
    undoLaunch(core.memory);
  }
  return launched;
}

// ---- single nodes ----------------------------------------------------------------------------------------------

Status GraphExec::setWork(const GraphNode &node, NodeWork work) {
  State &state = *impl_;
  std::lock_guard hold(state.lock);
  ExecCore &core = *state.core;
  auto found = core.by_serial.find(GraphAccess::serial(node));
  if (found == core.by_serial.end() || work.index() != found->second->work.index()) return Code::invalid_value;
  ExecNode &mine = *found->second;
  if (const auto *child = std::get_if<ChildWork>(&work)) {
    if (!child->graph || Graph::find(child->graph) != child->graph) return Code::invalid_value;
    return GraphExecAccess::updateChild(state, mine, *child->graph);
  }
  if (replacing(mine.work, work, true) != Trouble::none) return Code::invalid_value;
  if (Status right = checkWork(node.graph(), work); !right.ok()) return right;
  Step step;
  if (Status made = makeStep(work, step); !made.ok()) return made;
  if (!core.fits(mine, step)) return Code::invalid_value;
  mine.work = std::move(work);
  core.put(mine, std::move(step));
  return {};
}

Status GraphExec::setEnabled(const GraphNode &node, bool enabled) {
  State &state = *impl_;
  std::lock_guard hold(state.lock);
  auto found = state.core->by_serial.find(GraphAccess::serial(node));
  if (found == state.core->by_serial.end()) return Code::invalid_value;
  ExecNode &mine = *found->second;
  if (mine.work.index() > static_cast<size_t>(NodeKind::fill)) return Code::invalid_value;
  if (mine.enabled == enabled) return {};
  mine.enabled = enabled;
  Plan &plan = state.core->writable(*mine.graph);
  plan.steps[mine.step].enabled = enabled;
  plan.compiled = false;
  return {};
}

Result<bool> GraphExec::enabled(const GraphNode &node) const {
  std::lock_guard hold(impl_->lock);
  auto found = impl_->core->by_serial.find(GraphAccess::serial(node));
  if (found == impl_->core->by_serial.end() || found->second->work.index() > static_cast<size_t>(NodeKind::fill)) return Code::invalid_value;
  return found->second->enabled;
}

}  // namespace cutrans::runtime
