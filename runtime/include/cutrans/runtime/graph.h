// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs: work that is described first and launched later, as often as the program likes. docs/graphs.md.
//
// Not locked: two threads that change one graph at the same time are the program's error, as in CUDA. Handles may be
// asked for from any thread.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/runtime/launch.h"
#include "cutrans/runtime/queue.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

// ---- what a node does ----------------------------------------------------------------------------------------

// Pointers into a node's arguments, for programs that ask where they are; filled by who is asked. They go where the
// arguments go: a copy starts without.
struct ShownArguments {
  std::vector<void *> list;
  ShownArguments() = default;
  ShownArguments(ShownArguments &&) = default;
  ShownArguments &operator=(ShownArguments &&) = default;
  ShownArguments(const ShownArguments &) {}
  ShownArguments &operator=(const ShownArguments &) {
    list.clear();
    return *this;
  }
};

struct KernelWork {
  Kernel *kernel = nullptr;
  const void *origin = nullptr;         // what the program named the kernel by; null: not known (capture)
  LaunchShape shape;
  std::vector<std::byte> arguments;     // in the kernel's own layout, info().params_size bytes
  bool packed = false;                  // the program gave them as one buffer
  std::vector<KeptAttribute> attributes;
  mutable ShownArguments shown;
};

// One end of a copy: an address with pitch and rows of a slice, or a place in an array.
struct CopyEnd {
  Address address = 0;
  Array *array = nullptr;               // then address, pitch and rows mean nothing
  uint64_t pitch = 0, rows = 0;         // bytes from row to row; rows from slice to slice
  uint64_t x = 0, y = 0, z = 0;         // where the box starts; x in bytes
};

struct CopyWork {
  Context *context = nullptr;
  CopyEnd dst, src;
  uint64_t width = 0, height = 1, depth = 1;  // bytes, rows, slices
  Direction direction = Direction::infer;
};

struct FillWork {
  Context *context = nullptr;
  Fill fill;
};

struct HostWork {
  void (*fn)(void *user) = nullptr;
  void *user = nullptr;
};

struct ChildWork {
  Graph *graph = nullptr;               // when added: the program's; in the node: the one that it owns
  bool moved = false;                   // add takes the graph itself, memory nodes and all, else a copy
};

struct EmptyWork {};

struct RecordWork {
  Event *event = nullptr;
};

struct WaitWork {
  Event *event = nullptr;
};

// Memory between this node and its free. `pool` and `access`: the API's own descriptions, kept for questions.
struct AllocWork {
  Device *device = nullptr;
  uint64_t size = 0;
  Address address = 0;                  // given when the node is added
  std::vector<std::byte> pool, access;
};

struct FreeWork {
  Address address = 0;
};

enum class ConditionalKind : uint8_t { once, loop, choice };  // if (and else), while, switch

struct ConditionalWork {
  Address handle = 0;                   // Graph::createCondition
  ConditionalKind kind = ConditionalKind::once;
  std::vector<Graph *> bodies;          // when added: nulls, as many as wanted; made by the node and owned by it
};

// Waits for words of memory and writes of them, side by side. `given`: the API's own description, kept for questions.
struct WordsWork {
  Context *context = nullptr;
  std::vector<WordOperation> operations;
  std::vector<std::byte> given{};
};

// Semaphores of somebody else (semaphore.h), with a value for each. `given`: the API's own description, kept for questions.
struct SemaphoreList {
  std::vector<Semaphore *> semaphores;
  std::vector<uint64_t> values;         // of timelines
  std::vector<std::byte> given;
};
struct SignalWork : SemaphoreList {};
struct AwaitWork : SemaphoreList {};    // waits for them, and takes binary ones

enum class NodeKind : uint8_t { kernel, copy, fill, host, child, empty, record, wait, alloc, free, conditional, words, signal, await };
// In the order of NodeKind.
// What may be set and disabled: the table in runtime/core/graph/work.cpp.
using NodeWork = std::variant<KernelWork, CopyWork, FillWork, HostWork, ChildWork, EmptyWork, RecordWork, WaitWork, AllocWork,
                              FreeWork, ConditionalWork, WordsWork, SignalWork, AwaitWork>;

// What an edge carries; all zero: the whole of one node before the whole of the other.
struct EdgeData {
  uint8_t from_port = 0, to_port = 0, type = 0;
  bool operator==(const EdgeData &) const = default;
};

struct Dependency {
  GraphNode *node = nullptr;
  EdgeData data;
};

struct Edge {
  GraphNode *from = nullptr, *to = nullptr;
  EdgeData data;
};

// A launch's arguments as KernelWork has them. Codes as for a launch.
CUTRANS_API Result<std::vector<std::byte>> packArguments(const Kernel &kernel, const Arguments &arguments);

// ---- nodes and graphs ----------------------------------------------------------------------------------------

class CUTRANS_API GraphNode {
 public:
  static GraphNode *find(const void *handle);

  Graph &graph() const { return *graph_; }
  uint64_t id() const { return id_; }          // in the order of adding, within the graph; kept by clones
  NodeKind kind() const { return static_cast<NodeKind>(work_.index()); }
  const NodeWork &work() const { return work_; }
  // The same kind of work: invalid_value otherwise, or where the work is wrong in itself. Alloc, free, child and
  // conditional nodes keep what they are: unsupported.
  Status setWork(NodeWork work);
  // By what comes before, and after: in the order in which the edges were added.
  const std::vector<Dependency> &dependencies() const { return before_; }
  const std::vector<Dependency> &dependents() const { return after_; }
  // Takes the node and its edges off the graph and ends the handle. unsupported where the graph has memory nodes.
  Status destroy();

 private:
  friend class GraphAccess;
  GraphNode() = default;
  Graph *graph_ = nullptr;
  uint64_t id_ = 0;
  uint64_t serial_ = 0;                        // never used again
  NodeWork work_;
  std::vector<Dependency> before_, after_;
};

class CUTRANS_API Graph {
 public:
  static Result<Graph *> create();
  static Graph *find(const void *handle);
  // Ends the nodes, the child graphs and the references to user objects. Executable graphs live on.
  // invalid_value for a graph that a node owns. Memory that was not freed stays until it is.
  Status destroy();

  // The node, after those that `after` names. invalid_value: a node of another graph, a dependency named twice, wrong work.
  Result<GraphNode *> add(NodeWork work, std::span<const Dependency> after);
  // All or nothing. invalid_value: nodes of other graphs, an edge to itself, one that is there already (connect) or is not
  // (disconnect), a circle. Two nodes have one edge at most. unsupported: disconnecting where there are memory nodes.
  Status connect(std::span<const Edge> edges);
  Status disconnect(std::span<const Edge> edges);

  const std::vector<GraphNode *> &nodes() const { return nodes_; }  // in the order of adding
  std::vector<GraphNode *> roots() const;
  std::vector<Edge> edges() const;

  // A copy with its own nodes and child graphs. unsupported with memory or conditional nodes in it.
  Result<Graph *> clone() const;
  // The node of this graph, a clone, that is the copy of `original`; null: none. Child graphs are clones themselves.
  GraphNode *copyOf(const GraphNode &original) const;

  // A value for conditional nodes of this graph; `reset`: set to `initial` at each launch. The address is the handle.
  Result<Address> createCondition(Context &context, uint32_t initial, bool reset);

  // In the DOT language. `verbose`: with the work of the nodes.
  std::string dot(bool verbose) const;

  // References to a user object that this graph holds (user_object.h).
  Status retain(UserObject &object, uint32_t count, bool move);
  Status release(UserObject &object, uint32_t count);

  // The graph that the program made: this one, or the outermost that has it as a child or body.
  const Graph &root() const;

  struct State;  // runtime/core only

 private:
  friend class GraphAccess;
  Graph() = default;
  std::vector<GraphNode *> nodes_;
  State *impl_ = nullptr;
};

// ---- memory of graphs ----------------------------------------------------------------------------------------

// Bytes of memory nodes on a device: in use, and held by the target for it; now and at most since the last reset.
struct GraphMemory {
  uint64_t used = 0, used_high = 0, reserved = 0, reserved_high = 0;
};
CUTRANS_API GraphMemory graphMemory(const Device &device);
enum class GraphMemoryHigh : uint8_t { used, reserved };
CUTRANS_API void resetGraphMemoryHigh(const Device &device, GraphMemoryHigh which);
// Gives back what no graph uses now.
CUTRANS_API Status trimGraphMemory(const Device &device);

}  // namespace cutrans::runtime
