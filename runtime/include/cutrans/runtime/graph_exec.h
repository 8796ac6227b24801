// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executable graphs: a plan that a launch submits to a queue as one unit of work. docs/graphs.md.
#pragma once
#include <memory>

#include "cutrans/runtime/graph.h"

namespace cutrans::runtime {

class CUTRANS_API GraphExec {
 public:
  enum Flags : uint32_t { kAutoFreeOnLaunch = 1, kUpload = 2, kDeviceLaunch = 4, kUseNodePriority = 8 };

  // Where something went wrong, for the APIs' result structures.
  enum class Trouble : uint8_t {
    none, error, circle, unsupported, topology, kind, kernel, parameters, attributes, not_updatable, multiple_contexts, conditional
  };
  struct Report {
    Trouble trouble = Trouble::none;
    const GraphNode *node = nullptr, *other = nullptr;  // other: of the updating graph
  };

  static Result<GraphExec *> instantiate(Graph &graph, uint32_t flags, Report *report);
  static GraphExec *find(const void *handle);
  Status destroy();                       // legal while launches are under way
  uint32_t flags() const { return flags_; }
  uint64_t id() const { return id_; }

  Status upload(Queue &queue);
  Status launch(Queue &queue);

  // From a graph with the same nodes and edges; all or nothing. The report says what did not fit.
  Status update(Graph &graph, Report *report);
  // By the node of the graph that this was made from.
  Status setWork(const GraphNode &node, NodeWork work);
  Status setEnabled(const GraphNode &node, bool enabled);  // kernel, copy and fill nodes
  Result<bool> enabled(const GraphNode &node) const;

  struct State;  // runtime/core only

 private:
  friend class GraphExecAccess;
  GraphExec() = default;
  uint32_t flags_ = 0;
  uint64_t id_ = 0;
  State *impl_ = nullptr;
};

}  // namespace cutrans::runtime
