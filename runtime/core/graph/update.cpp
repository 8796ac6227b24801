// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Updating an executable graph from a graph: which node takes the place of which, and whether it may. The rules are
// those that cuGraphExecUpdate's description lists.
#include <algorithm>

#include "cutrans/runtime/array.h"
#include "cutrans/runtime/memory.h"
#include "exec_state.h"

namespace cutrans::runtime {
namespace {

using Trouble = GraphExec::Trouble;
using Pairs = std::unordered_map<uint64_t, const ExecNode *>;

// ---- what may change in a node ---------------------------------------------------------------------------------

// Where an end of a copy lies, as far as it may not change.
struct Home {
  bool array = false;
  const Context *context = nullptr;
  bool on_host = true;
  bool operator==(const Home &) const = default;
};

Home homeOf(Address address) {
  std::optional<Allocation> known = findAllocation(address);
  return known ? Home{false, known->context, known->onHost()} : Home{};
}
Home homeOf(const CopyEnd &end) { return end.array ? Home{true, &end.array->context(), false} : homeOf(end.address); }

bool linear(const CopyWork &work) { return !work.dst.array && !work.src.array && work.height <= 1 && work.depth <= 1; }

Trouble differs(const KernelWork &old, const KernelWork &now, bool) {
  if (!now.kernel || Kernel::find(now.kernel) != now.kernel) return Trouble::parameters;
  if (&old.kernel->module().context() != &now.kernel->module().context()) return Trouble::kernel;
  return old.shape.cooperative == now.shape.cooperative ? Trouble::none : Trouble::attributes;
}

Trouble differs(const CopyWork &old, const CopyWork &now, bool alone) {
  if (alone && (!linear(old) || !linear(now) || now.width == 0)) return Trouble::parameters;
  return homeOf(old.dst) == homeOf(now.dst) && homeOf(old.src) == homeOf(now.src) ? Trouble::none : Trouble::parameters;
}

Trouble differs(const FillWork &old, const FillWork &now, bool alone) {
  const Fill &a = old.fill, &b = now.fill;
  if (!(homeOf(a.dst) == homeOf(b.dst))) return Trouble::parameters;
  if (alone && (b.width == 0 || b.height == 0)) return Trouble::parameters;
  if (a.height <= 1 && b.height <= 1) return Trouble::none;
  return a.height == b.height && a.width == b.width && a.element == b.element && a.pitch == b.pitch ? Trouble::none : Trouble::parameters;
}

// Another piece of memory is another graph's.
Trouble differs(const AllocWork &old, const AllocWork &now, bool) { return old.address == now.address ? Trouble::none : Trouble::not_updatable; }
Trouble differs(const FreeWork &old, const FreeWork &now, bool) { return old.address == now.address ? Trouble::none : Trouble::not_updatable; }

Trouble differs(const ConditionalWork &old, const ConditionalWork &now, bool) {
  return old.kind == now.kind && old.bodies.size() == now.bodies.size() ? Trouble::none : Trouble::parameters;
}

Trouble differs(const WordsWork &old, const WordsWork &now, bool) {
  auto same = [](const WordOperation &a, const WordOperation &b) { return a.kind == b.kind && a.wide == b.wide; };
  return old.context == now.context && std::ranges::equal(old.operations, now.operations, same) ? Trouble::none : Trouble::parameters;
}

Trouble sameCount(const SemaphoreList &old, const SemaphoreList &now) {
  return old.semaphores.size() == now.semaphores.size() ? Trouble::none : Trouble::parameters;
}
Trouble differs(const SignalWork &old, const SignalWork &now, bool) { return sameCount(old, now); }
Trouble differs(const AwaitWork &old, const AwaitWork &now, bool) { return sameCount(old, now); }

template <class Work>
Trouble differs(const Work &, const Work &, bool) {
  return Trouble::none;
}

// ---- which node is which ---------------------------------------------------------------------------------------

// From the nodes that nothing follows, in the order of adding, upwards along the edges in their order.
class Pairing {
 public:
  Pairing(const ExecGraph &old, const ExecGraph &now, GraphExec::Report &report, Pairs &pairs) : old_(old), now_(now), report_(report), pairs_(pairs) {}

  bool run() {
    if (old_.nodes.size() != now_.nodes.size()) return fail(Trouble::topology, nullptr, nullptr);
    const std::vector<size_t> old_ends = ends(old_), now_ends = ends(now_);
    if (now_ends.size() > old_ends.size()) return fail(Trouble::topology, &now_.nodes[now_ends[old_ends.size()]], nullptr);
    if (now_ends.size() < old_ends.size()) return fail(Trouble::topology, nullptr, nullptr);
    partner_.assign(now_.nodes.size(), kNone);
    taken_.assign(old_.nodes.size(), false);
    for (size_t i = 0; i < now_ends.size(); ++i) pair(now_ends[i], old_ends[i]);
    while (!open_.empty()) {
      const size_t place = open_.back();
      open_.pop_back();
      const ExecNode &now = now_.nodes[place], &old = old_.nodes[partner_[place]];
      if (now.work.index() != old.work.index()) return fail(Trouble::kind, &now, nullptr);
      if (now.before.size() != old.before.size()) return fail(Trouble::topology, &now, nullptr);
      for (size_t i = 0; i < now.before.size(); ++i) {
        const size_t a = now.before[i], b = old.before[i];
        if (partner_[a] == b) continue;
        if (partner_[a] != kNone || taken_[b]) return fail(Trouble::topology, &now, &now_.nodes[a]);
        pair(a, b);
      }
    }
    for (size_t i = 0; i < now_.nodes.size(); ++i)
      if (!accept(now_.nodes[i], old_.nodes[partner_[i]])) return false;
    return true;
  }

 private:
  static constexpr size_t kNone = ~size_t{0};

  static std::vector<size_t> ends(const ExecGraph &graph) {
    std::vector<size_t> found;
    for (size_t i = 0; i < graph.nodes.size(); ++i)
      if (graph.nodes[i].after.empty()) found.push_back(i);
    return found;
  }

  void pair(size_t now, size_t old) {
    partner_[now] = old;
    taken_[old] = true;
    open_.push_back(now);
  }

  bool accept(const ExecNode &now, const ExecNode &old) {
    if (Trouble trouble = replacing(old.work, now.work, false); trouble != Trouble::none) return fail(trouble, &now, nullptr);
    pairs_[now.serial] = &old;
    for (size_t i = 0; i < now.below.size(); ++i)
      if (!Pairing(*old.below[i], *now.below[i], report_, pairs_).run()) return false;
    return true;
  }

  bool fail(Trouble trouble, const ExecNode *node, const ExecNode *other) {
    report_ = {trouble, node ? node->node : nullptr, other ? other->node : nullptr};
    return false;
  }

  const ExecGraph &old_, &now_;
  GraphExec::Report &report_;
  Pairs &pairs_;
  std::vector<size_t> partner_, open_;
  std::vector<bool> taken_;
};

// Makes `core` answer to the names of the old nodes, and disables what was disabled.
void adopt(ExecCore &core, ExecGraph &graph, const Pairs &pairs) {
  for (ExecNode &node : graph.nodes) {
    if (auto old = pairs.find(node.serial); old != pairs.end()) {
      core.by_serial.erase(node.serial);
      node.serial = old->second->serial;
      node.node = old->second->node;
      core.by_serial[node.serial] = &node;
      if (!old->second->enabled) {
        node.enabled = false;
        Plan &plan = core.writable(graph);
        plan.steps[node.step].enabled = false;
        plan.compiled = false;
      }
    }
    for (auto &below : node.below) adopt(core, *below, pairs);
  }
}

}  // namespace

GraphExec::Trouble replacing(const NodeWork &old, const NodeWork &now, bool alone) {
  if (old.index() != now.index()) return Trouble::kind;
  const auto kind = static_cast<NodeKind>(old.index());
  if (alone && (kind == NodeKind::empty || kind == NodeKind::alloc || kind == NodeKind::free || kind == NodeKind::conditional))
    return Trouble::not_updatable;
  return std::visit([&](const auto &was) { return differs(was, std::get<std::decay_t<decltype(was)>>(now), alone); }, old);
}

Status GraphExecAccess::updateChild(GraphExec::State &state, ExecNode &node, const Graph &graph) {
  ExecCore &core = *state.core;
  const std::shared_ptr<ExecCore> from = readCore(graph);
  GraphExec::Report report;
  Pairs pairs;
  if (!Pairing(*node.below.front(), from->graph, report, pairs).run()) return Code::invalid_value;
  // All steps before the first change.
  std::vector<std::pair<ExecNode *, ExecNode *>> changes;
  std::vector<Step> steps;
  for (const auto &[serial, now] : from->by_serial) {
    if (!now->below.empty()) continue;
    changes.emplace_back(core.by_serial.at(pairs.at(serial)->serial), now);
    if (Status made = makeStep(now->work, steps.emplace_back()); !made.ok()) return made;
    if (!core.fits(*changes.back().first, steps.back())) return Code::invalid_value;
  }
  for (size_t i = 0; i < changes.size(); ++i) {
    changes[i].first->work = std::move(changes[i].second->work);
    core.put(*changes[i].first, std::move(steps[i]));
  }
  core.objects.add(from->objects);
  return {};
}

Status GraphExec::update(Graph &graph, Report *report_out) {
  Report ignored;
  Report &report = report_out ? *report_out : ignored;
  report = {Trouble::error, nullptr, nullptr};
  State &state = *impl_;
  std::lock_guard hold(state.lock);
  std::shared_ptr<ExecCore> core = readCore(graph);
  Pairs pairs;
  if (!Pairing(state.core->graph, core->graph, report, pairs).run()) return Code::graph_update_failure;
  if (Status planned = planCore(*core, report); !planned.ok()) return Code::graph_update_failure;
  adopt(*core, core->graph, pairs);
  std::swap(state.core, core);
  GraphExecAccess::retire(state, std::move(core));
  report = {};
  return {};
}

}  // namespace cutrans::runtime
