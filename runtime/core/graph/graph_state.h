// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The insides of graphs, for runtime/core/graph and capture.
#pragma once
#include <map>
#include <memory>
#include <unordered_map>

#include "../state.h"
#include "cutrans/runtime/graph.h"
#include "cutrans/runtime/user_object.h"

namespace cutrans::runtime {

// A conditional node's value in device memory. Its address is the handle. The graph and what was instantiated from it
// share it.
struct Condition {
  Context *context = nullptr;
  uint64_t context_id = 0;
  Address address = 0;
  uint32_t initial = 0;
  bool reset = false;
  bool used = false;                    // by a node
  Condition() = default;
  Condition(const Condition &) = delete;
  ~Condition();
};

// Whether memory of this activation of a context still exists.
bool alive(const Context &context, uint64_t id);

struct GraphBlock;

// What the nodes of one graph do with a piece of memory, all taken together.
struct MemoryUse {
  std::shared_ptr<GraphBlock> memory;
  bool allocates = false;               // else it belongs to another graph
  GraphNode *freed = nullptr;           // by this node, the last
};

// References to user objects; dropped with it.
class ObjectReferences {
 public:
  ObjectReferences() = default;
  ObjectReferences(const ObjectReferences &other);
  ObjectReferences &operator=(const ObjectReferences &) = delete;
  ~ObjectReferences();
  Status retain(UserObject &object, uint32_t count, bool move);
  Status release(UserObject &object, uint32_t count);
  void add(const ObjectReferences &other);  // one more of each
  bool empty() const { return counts_.empty(); }

 private:
  std::map<UserObject *, uint64_t> counts_;
};

struct Graph::State {
  uint64_t serial = 0;                  // never used again
  uint64_t next_id = 0;
  GraphNode *owner = nullptr;           // of a child graph or body
  uint64_t origin = 0, origin_ids = 0;  // of a clone: serial of the original, and the ids that it had given
  bool forward = true;                  // all edges lead from lower to higher ids
  uint32_t memory_nodes = 0;            // here and below
  std::shared_ptr<std::atomic<uint32_t>> executables = std::make_shared<std::atomic<uint32_t>>(0);  // alive; where memory_nodes
  ObjectReferences objects;
  std::vector<std::shared_ptr<Condition>> conditions;
  std::map<Address, MemoryUse> memory;  // of its alloc and free nodes
};

class GraphAccess {
 public:
  static Graph *construct(void *place, Graph *) { return new (place) Graph; }
  static GraphNode *construct(void *place, GraphNode *) { return new (place) GraphNode; }
  static Graph::State &state(const Graph &graph) { return *graph.impl_; }
  static uint64_t serial(const GraphNode &node) { return node.serial_; }
  static Result<Graph *> create(GraphNode *owner);
  static void release(Graph &graph);    // and all below it
  static Result<GraphNode *> append(Graph &graph, NodeWork work);
  static void drop(GraphNode &node);    // its handle and what it owns; its edges and place in the list stay
  static void takeOff(GraphNode &node);  // of its graph's list as well
  static Result<Graph *> copy(const Graph &graph, GraphNode *owner);
  static bool circular(const Graph &graph);
  static void link(const Edge &edge);
  static bool unlink(const Edge &edge);
  static NodeWork &work(GraphNode &node) { return node.work_; }
  static void own(GraphNode &node, Graph &child) { child.impl_->owner = &node; }
};

// Whether the work is right in itself, for a node of this graph (work.cpp).
Status checkWork(const Graph &graph, const NodeWork &work);

// The condition with this handle, of the graph or one around it; null: none.
std::shared_ptr<Condition> findCondition(const Graph &graph, Address handle);

// Whether the graph, or one below it, has nodes of such kinds.
bool hasMemoryNodes(const Graph &graph);
bool hasConditionalNodes(const Graph &graph);

// Memory of alloc and free nodes (graph_memory.cpp): gives AllocWork its address; the graph remembers.
Status addMemory(Graph &graph, AllocWork &work, std::span<const Dependency> after);
Status addMemory(Graph &graph, const FreeWork &work);
void noteFree(GraphNode &node);  // a free node, once it is there

// The copy as an address-to-address one. Arrays must be alive.
Result<Copy> resolveCopy(const CopyWork &work);

}  // namespace cutrans::runtime
