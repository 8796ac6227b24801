// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs and their nodes: adding, connecting, copying, ending. What a node may do is judged in work.cpp.
#include "cutrans/runtime/graph.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "cutrans/support/diagnostics.h"
#include "graph_state.h"

namespace cutrans::runtime {
namespace {

template <class T>
struct PoolAccess {
  static T *construct(void *place) { return GraphAccess::construct(place, static_cast<T *>(nullptr)); }
};

constinit HandlePool<Graph, PoolAccess<Graph>> graphs;
constinit HandlePool<GraphNode, PoolAccess<GraphNode>, size_t{1} << 24> nodes;
constinit std::atomic<uint64_t> next_serial{1};

template <class Container>
auto edgeTo(Container &dependencies, const GraphNode *node) {
  return std::ranges::find(dependencies, node, &Dependency::node);
}

// The graphs that a node owns.
std::vector<Graph *> ownedBy(const NodeWork &work) {
  if (const auto *child = std::get_if<ChildWork>(&work)) return {child->graph};
  if (const auto *conditional = std::get_if<ConditionalWork>(&work)) return conditional->bodies;
  return {};
}

// For the graph and those around it.
void countMemoryNodes(Graph &graph, uint32_t count) {
  for (Graph *each = &graph;;) {
    GraphAccess::state(*each).memory_nodes += count;
    GraphNode *owner = GraphAccess::state(*each).owner;
    if (!owner) return;
    each = &owner->graph();
  }
}

// Of one graph, each once.
Status checkDependencies(const Graph &graph, std::span<const Dependency> dependencies) {
  std::unordered_set<const GraphNode *> seen;
  for (const Dependency &dependency : dependencies) {
    if (!dependency.node || &dependency.node->graph() != &graph) return Code::invalid_value;
    if (dependencies.size() > 1 && !seen.insert(dependency.node).second) return Code::invalid_value;
  }
  return {};
}

}  // namespace

bool hasMemoryNodes(const Graph &graph) { return GraphAccess::state(graph).memory_nodes != 0; }

bool hasConditionalNodes(const Graph &graph) {
  return std::ranges::any_of(graph.nodes(), [](const GraphNode *node) {
    if (const auto *child = std::get_if<ChildWork>(&node->work())) return hasConditionalNodes(*child->graph);
    return node->kind() == NodeKind::conditional;
  });
}

// ---- making and ending -----------------------------------------------------------------------------------------

Result<Graph *> GraphAccess::create(GraphNode *owner) {
  Graph *graph = graphs.allocate();
  if (!graph) {
    report(Diag::too_many_handles, "creating a graph");
    return Code::out_of_memory;
  }
  graph->impl_ = new Graph::State;
  graph->impl_->serial = next_serial.fetch_add(1, std::memory_order_relaxed);
  graph->impl_->owner = owner;
  graphs.publish(graph);
  return graph;
}

Result<GraphNode *> GraphAccess::append(Graph &graph, NodeWork work) {
  GraphNode *node = nodes.allocate();
  if (!node) {
    report(Diag::too_many_handles, "adding a node");
    return Code::out_of_memory;
  }
  node->graph_ = &graph;
  node->id_ = graph.impl_->next_id++;
  node->serial_ = next_serial.fetch_add(1, std::memory_order_relaxed);
  node->work_ = std::move(work);
  graph.nodes_.push_back(node);
  nodes.publish(node);
  return node;
}

void GraphAccess::drop(GraphNode &node) {
  if (!nodes.retire(&node)) return;
  for (Graph *below : ownedBy(node.work_))
    if (below) release(*below);
  node.work_ = EmptyWork{};
  node.before_ = {};
  node.after_ = {};
  nodes.recycle(&node);
}

void GraphAccess::takeOff(GraphNode &node) {
  std::erase(node.graph_->nodes_, &node);
  drop(node);
}

void GraphAccess::release(Graph &graph) {
  if (!graphs.retire(&graph)) return;
  for (GraphNode *node : std::exchange(graph.nodes_, {})) drop(*node);
  delete std::exchange(graph.impl_, nullptr);
  graphs.recycle(&graph);
}

Result<Graph *> Graph::create() { return GraphAccess::create(nullptr); }
Graph *Graph::find(const void *handle) { return graphs.find(handle); }

Status Graph::destroy() {
  if (impl_->owner) return Code::invalid_value;
  GraphAccess::release(*this);
  return {};
}

const Graph &Graph::root() const {
  const Graph *graph = this;
  while (const GraphNode *owner = graph->impl_->owner) graph = &owner->graph();
  return *graph;
}

// ---- nodes -----------------------------------------------------------------------------------------------------

Result<GraphNode *> Graph::add(NodeWork work, std::span<const Dependency> after) {
  if (Status known = checkDependencies(*this, after); !known.ok()) return known;
  if (Status right = checkWork(*this, work); !right.ok()) return right;
  if (auto *alloc = std::get_if<AllocWork>(&work)) {
    if (Status given = addMemory(*this, *alloc, after); !given.ok()) return given;
  } else if (auto *free = std::get_if<FreeWork>(&work)) {
    if (Status known = addMemory(*this, *free); !known.ok()) return known;
  } else if (auto *child = std::get_if<ChildWork>(&work); child && !child->moved) {
    Result<Graph *> copy = GraphAccess::copy(*child->graph, nullptr);
    if (!copy.ok()) return copy.status();
    child->graph = *copy;
  } else if (auto *conditional = std::get_if<ConditionalWork>(&work)) {
    findCondition(*this, conditional->handle)->used = true;
    for (Graph *&body : conditional->bodies) {
      Result<Graph *> made = GraphAccess::create(nullptr);
      if (made.ok()) {
        body = *made;
        continue;
      }
      for (Graph *other : conditional->bodies)
        if (other) GraphAccess::release(*other);
      return made.status();
    }
  }
  std::vector<Graph *> owned = ownedBy(work);
  Result<GraphNode *> node = GraphAccess::append(*this, std::move(work));
  for (Graph *below : owned)
    if (node.ok())
      GraphAccess::own(**node, *below);
    else
      GraphAccess::release(*below);
  if (!node.ok()) return node;
  const NodeKind kind = (*node)->kind();
  countMemoryNodes(*this, kind == NodeKind::alloc || kind == NodeKind::free ? 1
                          : kind == NodeKind::child ? GraphAccess::state(*owned.front()).memory_nodes : 0);
  for (const Dependency &dependency : after) GraphAccess::link({dependency.node, *node, dependency.data});
  if (kind == NodeKind::free) noteFree(**node);
  return node;
}

GraphNode *GraphNode::find(const void *handle) { return nodes.find(handle); }

Status GraphNode::setWork(NodeWork work) {
  if (work.index() != work_.index()) return Code::invalid_value;
  switch (kind()) {
    case NodeKind::child:
    case NodeKind::alloc:
    case NodeKind::free:
    case NodeKind::conditional: return Code::unsupported;
    default: break;
  }
  if (Status right = checkWork(*graph_, work); !right.ok()) return right;
  // Arguments of the same kernel stay where they are: programs go on using the pointers that they once asked for.
  auto *now = std::get_if<KernelWork>(&work), *old = std::get_if<KernelWork>(&work_);
  if (now && now->kernel == old->kernel && now->arguments.size() == old->arguments.size()) {
    std::ranges::copy(now->arguments, old->arguments.begin());
    std::swap(now->arguments, old->arguments);
    if (now->packed == old->packed) now->shown = std::move(old->shown);
  }
  work_ = std::move(work);
  return {};
}

Status GraphNode::destroy() {
  if (hasMemoryNodes(graph_->root())) return Code::unsupported;
  for (const Dependency &before : before_) std::erase_if(before.node->after_, [&](const Dependency &d) { return d.node == this; });
  for (const Dependency &after : after_) std::erase_if(after.node->before_, [&](const Dependency &d) { return d.node == this; });
  GraphAccess::takeOff(*this);
  return {};
}

// ---- edges -----------------------------------------------------------------------------------------------------

void GraphAccess::link(const Edge &edge) {
  edge.from->after_.push_back({edge.to, edge.data});
  edge.to->before_.push_back({edge.from, edge.data});
  if (edge.from->id_ >= edge.to->id_) edge.to->graph_->impl_->forward = false;
}

bool GraphAccess::unlink(const Edge &edge) {
  auto after = edgeTo(edge.from->after_, edge.to);
  if (after == edge.from->after_.end()) return false;
  edge.from->after_.erase(after);
  edge.to->before_.erase(edgeTo(edge.to->before_, edge.from));
  return true;
}

// Takes nodes off that nothing precedes until none is left, or all that are left wait for each other.
bool GraphAccess::circular(const Graph &graph) {
  if (graph.impl_->forward) return false;
  std::unordered_map<const GraphNode *, size_t> open;
  std::vector<const GraphNode *> ready;
  for (const GraphNode *node : graph.nodes_) {
    open[node] = node->before_.size();
    if (node->before_.empty()) ready.push_back(node);
  }
  size_t taken = 0;
  for (; taken < ready.size(); ++taken) {
    const GraphNode *node = ready[taken];
    for (const Dependency &after : node->after_)
      if (--open[after.node] == 0) ready.push_back(after.node);
  }
  return taken != graph.nodes_.size();
}

Status Graph::connect(std::span<const Edge> edges) {
  const bool forward = impl_->forward;
  size_t made = 0;
  Status status;
  for (const Edge &edge : edges) {
    if (!edge.from || !edge.to || edge.from == edge.to || &edge.from->graph() != this || &edge.to->graph() != this ||
        edgeTo(edge.to->dependencies(), edge.from) != edge.to->dependencies().end()) {
      status = Code::invalid_value;
      break;
    }
    GraphAccess::link(edge);
    ++made;
  }
  if (status.ok() && GraphAccess::circular(*this)) status = Code::invalid_value;
  if (status.ok()) return status;
  while (made) (void)GraphAccess::unlink(edges[--made]);
  impl_->forward = forward;
  return status;
}

Status Graph::disconnect(std::span<const Edge> edges) {
  std::set<std::pair<const GraphNode *, const GraphNode *>> seen;
  for (const Edge &edge : edges) {
    if (!edge.from || !edge.to || &edge.from->graph() != this || &edge.to->graph() != this) return Code::invalid_value;
    auto known = edgeTo(edge.to->dependencies(), edge.from);
    if (known == edge.to->dependencies().end() || !(known->data == edge.data)) return Code::invalid_value;
    if (!seen.emplace(edge.from, edge.to).second) return Code::invalid_value;
  }
  if (!edges.empty() && hasMemoryNodes(root())) return Code::unsupported;
  for (const Edge &edge : edges) (void)GraphAccess::unlink(edge);
  return {};
}

std::vector<GraphNode *> Graph::roots() const {
  std::vector<GraphNode *> found;
  std::ranges::copy_if(nodes_, std::back_inserter(found), [](const GraphNode *node) { return node->dependencies().empty(); });
  return found;
}

std::vector<Edge> Graph::edges() const {
  std::vector<Edge> all;
  for (GraphNode *node : nodes_)
    for (const Dependency &after : node->dependents()) all.push_back({node, after.node, after.data});
  return all;
}

// ---- copies ----------------------------------------------------------------------------------------------------

Result<Graph *> GraphAccess::copy(const Graph &graph, GraphNode *owner) {
  Result<Graph *> made = create(owner);
  if (!made.ok()) return made;
  Graph &to = **made;
  Graph::State &state = *to.impl_;
  state.origin = graph.impl_->serial;
  state.origin_ids = graph.impl_->next_id;
  state.objects.add(graph.impl_->objects);
  std::unordered_map<const GraphNode *, GraphNode *> copies;
  for (const GraphNode *node : graph.nodes_) {
    NodeWork work = node->work_;
    auto *child = std::get_if<ChildWork>(&work);
    Status status;
    if (child) {
      Result<Graph *> below = copy(*child->graph, nullptr);
      status = below.status();
      child->graph = below.ok() ? *below : nullptr;
    }
    Result<GraphNode *> added = status.ok() ? append(to, std::move(work)) : Result<GraphNode *>(status);
    if (!added.ok()) {
      release(to);
      return added.status();
    }
    (*added)->id_ = node->id_;
    if (child) own(**added, *std::get<ChildWork>((*added)->work_).graph);
    copies[node] = *added;
  }
  state.next_id = graph.impl_->next_id;
  state.forward = graph.impl_->forward;
  // Both lists as they are: their order counts.
  auto translate = [&](const std::vector<Dependency> &from) {
    std::vector<Dependency> result = from;
    for (Dependency &dependency : result) dependency.node = copies[dependency.node];
    return result;
  };
  for (const auto &[node, its_copy] : copies) {
    its_copy->before_ = translate(node->before_);
    its_copy->after_ = translate(node->after_);
  }
  return made;
}

Result<Graph *> Graph::clone() const {
  if (hasMemoryNodes(*this) || hasConditionalNodes(*this)) return Code::unsupported;
  return GraphAccess::copy(*this, nullptr);
}

GraphNode *Graph::copyOf(const GraphNode &original) const {
  if (GraphAccess::state(original.graph()).serial != impl_->origin || original.id() >= impl_->origin_ids) return nullptr;
  auto found = std::ranges::find(nodes_, original.id(), &GraphNode::id);
  return found == nodes_.end() ? nullptr : *found;
}

// ---- what a graph keeps ----------------------------------------------------------------------------------------

Status Graph::retain(UserObject &object, uint32_t count, bool move) { return impl_->objects.retain(object, count, move); }
Status Graph::release(UserObject &object, uint32_t count) { return impl_->objects.release(object, count); }

}  // namespace cutrans::runtime
