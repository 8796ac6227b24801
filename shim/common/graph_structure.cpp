// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/graph_structure.h"

#include <algorithm>
#include <climits>
#include <fstream>

namespace cutrans::shim::graphs {

namespace {

using runtime::Dependency;
using runtime::Edge;
using runtime::EdgeData;
using runtime::NodeKind;

CUgraphEdgeData spell(const EdgeData &data) { return {data.from_port, data.to_port, data.type, {}}; }

CUgraphNodeType spell(NodeKind kind) {
  switch (kind) {
    case NodeKind::kernel: return CU_GRAPH_NODE_TYPE_KERNEL;
    case NodeKind::copy: return CU_GRAPH_NODE_TYPE_MEMCPY;
    case NodeKind::fill: return CU_GRAPH_NODE_TYPE_MEMSET;
    case NodeKind::host: return CU_GRAPH_NODE_TYPE_HOST;
    case NodeKind::child: return CU_GRAPH_NODE_TYPE_GRAPH;
    case NodeKind::empty: break;
    case NodeKind::record: return CU_GRAPH_NODE_TYPE_EVENT_RECORD;
    case NodeKind::wait: return CU_GRAPH_NODE_TYPE_WAIT_EVENT;
    case NodeKind::alloc: return CU_GRAPH_NODE_TYPE_MEM_ALLOC;
    case NodeKind::free: return CU_GRAPH_NODE_TYPE_MEM_FREE;
    case NodeKind::conditional: return CU_GRAPH_NODE_TYPE_CONDITIONAL;
    case NodeKind::words: return CU_GRAPH_NODE_TYPE_BATCH_MEM_OP;
    case NodeKind::signal: return CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL;
    case NodeKind::await: return CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT;
  }
  return CU_GRAPH_NODE_TYPE_EMPTY;
}

// Only kernels have ports other than 0, and all of those are at the end that an edge leaves.
Result<EdgeData> checkedData(const CUgraphEdgeData *given, bool from_kernel, bool to_kernel) {
  if (!given) return EdgeData{};
  const auto [from_port, to_port, type, reserved] = *given;
  if (to_port || std::ranges::any_of(reserved, [](unsigned char byte) { return byte != 0; })) return Code::invalid_value;
  if (from_port > CU_GRAPH_KERNEL_NODE_PORT_LAUNCH_ORDER || (from_port && !from_kernel)) return Code::invalid_value;
  const bool programmatic = type == CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC;
  if (!programmatic && type != CU_GRAPH_DEPENDENCY_TYPE_DEFAULT) return Code::invalid_value;
  if (programmatic && (!from_kernel || !to_kernel || from_port == CU_GRAPH_KERNEL_NODE_PORT_DEFAULT)) return Code::invalid_value;
  if (from_port == CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC && !programmatic) return Code::invalid_value;
  return EdgeData{from_port, to_port, type};
}

bool isKernel(const GraphNode &node) { return node.kind() == NodeKind::kernel; }

Result<std::vector<Edge>> edgesOf(const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data, size_t count) {
  std::vector<Edge> edges;
  if (count && (!from || !to)) return Code::invalid_value;
  for (size_t i = 0; i < count; ++i) {
    GraphNode *tail = GraphNode::find(from[i]), *head = GraphNode::find(to[i]);
    if (!tail || !head) return Code::invalid_value;
    Result<EdgeData> checked = checkedData(data ? data + i : nullptr, isKernel(*tail), isKernel(*head));
    if (!checked.ok()) return checked.status();
    edges.push_back({tail, head, *checked});
  }
  return edges;
}

// Calls `put(i)` for what there is room for and `clear(i)` for the room that is left; gives how many there were.
template <class Put, class Clear>
void fill(size_t *count, size_t there, Put &&put, Clear &&clear) {
  const size_t room = *count, given = std::min(room, there);
  for (size_t i = 0; i < given; ++i) put(i);
  for (size_t i = given; i < room; ++i) clear(i);
  *count = given;
}

Status listAll(const std::vector<GraphNode *> &all, CUgraphNode *nodes, size_t *count) {
  if (!nodes)
    *count = all.size();
  else
    fill(count, all.size(), [&](size_t i) { nodes[i] = handle(all[i]); }, [&](size_t i) { nodes[i] = nullptr; });
  return Code::ok;
}

bool carriesData(const auto &ends) {
  return std::ranges::any_of(ends, [](const auto &end) { return end.data != EdgeData{}; });
}

Status listEnds(const std::vector<Dependency> &ends, CUgraphNode *nodes, CUgraphEdgeData *data, size_t *count) {
  if (!nodes) {
    if (data) return Code::invalid_value;
    *count = ends.size();
    return Code::ok;
  }
  if (!data && carriesData(ends)) return Code::lossy_query;
  fill(
      count, ends.size(),
      [&](size_t i) {
        nodes[i] = handle(ends[i].node);
        if (data) data[i] = spell(ends[i].data);
      },
      [&](size_t i) {
        nodes[i] = nullptr;
        if (data) data[i] = {};
      });
  return Code::ok;
}

// References are counted in ints.
bool countable(unsigned count) { return count != 0 && count <= INT_MAX; }

}  // namespace

Status create(CUgraph *out, unsigned flags) {
  if (!out || flags) return Code::invalid_value;
  Result<Graph *> graph = Graph::create();
  if (graph.ok()) *out = handle(*graph);
  return graph.status();
}

Status destroy(CUgraph graph) {
  Result<Graph *> it = found<Graph>(graph);
  return it.ok() ? (*it)->destroy() : it.status();
}

Status clone(CUgraph *out, CUgraph graph) {
  Result<Graph *> it = found<Graph>(graph);
  if (!it.ok() || !out) return Code::invalid_value;
  Result<Graph *> copy = (*it)->clone();
  if (copy.ok()) *out = handle(*copy);
  return copy.status();
}

Status destroyNode(CUgraphNode node) {
  Result<GraphNode *> it = found<GraphNode>(node);
  return it.ok() ? (*it)->destroy() : it.status();
}

Status findInClone(CUgraphNode *out, CUgraphNode original, CUgraph clone) {
  Result<GraphNode *> node = found<GraphNode>(original);
  Result<Graph *> graph = found<Graph>(clone);
  if (!out || !node.ok() || !graph.ok()) return Code::invalid_value;
  GraphNode *copy = (*graph)->copyOf(**node);
  if (!copy) return Code::invalid_value;
  *out = handle(copy);
  return Code::ok;
}

Status askType(CUgraphNode handle, CUgraphNodeType *out) {
  Result<GraphNode *> node = found<GraphNode>(handle);
  if (!node.ok() || !out) return Code::invalid_value;
  *out = spell((*node)->kind());
  return Code::ok;
}

Status listNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  Result<Graph *> it = found<Graph>(graph);
  return it.ok() && count ? listAll((*it)->nodes(), nodes, count) : Status(Code::invalid_value);
}

Status listRoots(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  Result<Graph *> it = found<Graph>(graph);
  return it.ok() && count ? listAll((*it)->roots(), nodes, count) : Status(Code::invalid_value);
}

Status listEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, CUgraphEdgeData *data, size_t *count) {
  Result<Graph *> it = found<Graph>(graph);
  if (!it.ok() || !count || !from != !to || (data && !from)) return Code::invalid_value;
  const std::vector<Edge> edges = (*it)->edges();
  if (!from) {
    *count = edges.size();
    return Code::ok;
  }
  if (!data && carriesData(edges)) return Code::lossy_query;
  auto put = [&](size_t i, const Edge &edge) {
    from[i] = handle(edge.from);
    to[i] = handle(edge.to);
    if (data) data[i] = spell(edge.data);
  };
  fill(count, edges.size(), [&](size_t i) { put(i, edges[i]); }, [&](size_t i) { put(i, {}); });
  return Code::ok;
}

Status listDependencies(CUgraphNode node, CUgraphNode *nodes, CUgraphEdgeData *data, size_t *count) {
  Result<GraphNode *> it = found<GraphNode>(node);
  return it.ok() && count ? listEnds((*it)->dependencies(), nodes, data, count) : Status(Code::invalid_value);
}

Status listDependents(CUgraphNode node, CUgraphNode *nodes, CUgraphEdgeData *data, size_t *count) {
  Result<GraphNode *> it = found<GraphNode>(node);
  return it.ok() && count ? listEnds((*it)->dependents(), nodes, data, count) : Status(Code::invalid_value);
}

Status addEdges(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data, size_t count) {
  Result<Graph *> it = found<Graph>(graph);
  if (!it.ok()) return it.status();
  Result<std::vector<Edge>> edges = edgesOf(from, to, data, count);
  return edges.ok() ? (*it)->connect(*edges) : edges.status();
}

Status removeEdges(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data, size_t count) {
  Result<Graph *> it = found<Graph>(graph);
  if (!it.ok()) return it.status();
  Result<std::vector<Edge>> edges = edgesOf(from, to, data, count);
  return edges.ok() ? (*it)->disconnect(*edges) : edges.status();
}

Result<std::vector<Dependency>> dependenciesOf(const CUgraphNode *nodes, const CUgraphEdgeData *data, size_t count, bool kernel) {
  std::vector<Dependency> after;
  if (count && !nodes) return Code::invalid_value;
  for (size_t i = 0; i < count; ++i) {
    GraphNode *node = GraphNode::find(nodes[i]);
    if (!node) return Code::invalid_value;
    Result<EdgeData> checked = checkedData(data ? data + i : nullptr, isKernel(*node), kernel);
    if (!checked.ok()) return checked.status();
    after.push_back({node, *checked});
  }
  return after;
}

Status writeDot(CUgraph graph, const char *path, unsigned flags) {
  constexpr unsigned kFlags = CU_GRAPH_DEBUG_DOT_FLAGS_CONDITIONAL_NODE_PARAMS * 2 - 1;
  Result<Graph *> it = found<Graph>(graph);
  if (!it.ok() || !path || flags & ~kFlags) return Code::invalid_value;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << (*it)->dot(flags != 0);
  file.close();
  return file ? Code::ok : Code::io_error;
}

Status createUserObject(CUuserObject *out, void *object, CUhostFn destroy, unsigned references, unsigned flags) {
  if (!out || !destroy || flags != CU_USER_OBJECT_NO_DESTRUCTOR_SYNC || !countable(references)) return Code::invalid_value;
  Result<runtime::UserObject *> made = runtime::UserObject::create(object, destroy, references);
  if (made.ok()) *out = reinterpret_cast<CUuserObject>(*made);
  return made.status();
}

Status retainUserObject(CUuserObject object, unsigned count) {
  Result<runtime::UserObject *> it = found<runtime::UserObject>(object);
  return it.ok() && countable(count) ? (*it)->retain(count) : Status(Code::invalid_value);
}

Status releaseUserObject(CUuserObject object, unsigned count) {
  Result<runtime::UserObject *> it = found<runtime::UserObject>(object);
  return it.ok() && countable(count) ? (*it)->release(count) : Status(Code::invalid_value);
}

Status retainForGraph(CUgraph graph, CUuserObject object, unsigned count, unsigned flags) {
  Result<Graph *> owner = found<Graph>(graph);
  Result<runtime::UserObject *> it = found<runtime::UserObject>(object);
  if (!owner.ok() || !it.ok() || !countable(count) || flags & ~unsigned{CU_GRAPH_USER_OBJECT_MOVE}) return Code::invalid_value;
  return (*owner)->retain(**it, count, flags & CU_GRAPH_USER_OBJECT_MOVE);
}

Status releaseFromGraph(CUgraph graph, CUuserObject object, unsigned count) {
  Result<Graph *> owner = found<Graph>(graph);
  Result<runtime::UserObject *> it = found<runtime::UserObject>(object);
  return owner.ok() && it.ok() && countable(count) ? (*owner)->release(**it, count) : Status(Code::invalid_value);
}

}  // namespace cutrans::shim::graphs
