// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs, nodes and edges as both APIs show them. Their handles are of one type, and their structures for edges are laid
// out alike (graph_types.h compares), so that one function serves both. A handle that is none is invalid_value: the
// manual knows no other error for graphs.
#pragma once
#include <cuda.h>

#include <vector>

#include "cutrans/runtime/graph.h"
#include "cutrans/runtime/user_object.h"
#include "cutrans/support/status.h"

namespace cutrans::shim::graphs {

using Graph = runtime::Graph;
using GraphNode = runtime::GraphNode;

template <class T>
Result<T *> found(const void *handle) {
  T *object = T::find(handle);
  if (!object) return Code::invalid_value;
  return object;
}

inline CUgraph handle(Graph *graph) { return reinterpret_cast<CUgraph>(graph); }
inline CUgraphNode handle(const GraphNode *node) { return reinterpret_cast<CUgraphNode>(const_cast<GraphNode *>(node)); }

Status create(CUgraph *out, unsigned flags);
Status destroy(CUgraph graph);
Status clone(CUgraph *out, CUgraph graph);
Status destroyNode(CUgraphNode node);
Status findInClone(CUgraphNode *out, CUgraphNode original, CUgraph clone);
// In the driver API's numbers, which are the runtime API's too.
Status askType(CUgraphNode node, CUgraphNodeType *out);

// Lists: with a null list only their length; else as many as fit, and null in the rest.
Status listNodes(CUgraph graph, CUgraphNode *nodes, size_t *count);
Status listRoots(CUgraph graph, CUgraphNode *nodes, size_t *count);
// Without `data`, edges that carry some are a lossy query.
Status listEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, CUgraphEdgeData *data, size_t *count);
Status listDependencies(CUgraphNode node, CUgraphNode *nodes, CUgraphEdgeData *data, size_t *count);
Status listDependents(CUgraphNode node, CUgraphNode *nodes, CUgraphEdgeData *data, size_t *count);

// `data` may be null: default edges.
Status addEdges(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data, size_t count);
Status removeEdges(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data, size_t count);
// What a new node comes after. Ports and types are checked against both ends; `kernel`: the new node is one.
Result<std::vector<runtime::Dependency>> dependenciesOf(const CUgraphNode *nodes, const CUgraphEdgeData *data, size_t count, bool kernel);

Status writeDot(CUgraph graph, const char *path, unsigned flags);

Status createUserObject(CUuserObject *out, void *object, CUhostFn destroy, unsigned references, unsigned flags);
Status retainUserObject(CUuserObject object, unsigned count);
Status releaseUserObject(CUuserObject object, unsigned count);
Status retainForGraph(CUgraph graph, CUuserObject object, unsigned count, unsigned flags);
Status releaseFromGraph(CUgraph graph, CUuserObject object, unsigned count);

}  // namespace cutrans::shim::graphs
