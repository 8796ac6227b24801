// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an executable graph runs: the nodes of its graph as they were then, and from them the steps in an order that
// respects all edges, each one a finished operation of the target.
#pragma once
#include <unordered_set>

#include "../semaphore_state.h"
#include "../state.h"
#include "cutrans/runtime/graph_exec.h"
#include "graph_memory.h"
#include "graph_state.h"

namespace cutrans::runtime {

struct Plan;

// A conditional node's bodies. A launch under way holds the plans that it began with.
struct Bodies {
  std::shared_ptr<Condition> condition;
  ConditionalKind kind = ConditionalKind::once;
  std::vector<std::shared_ptr<Plan>> plans;
  std::shared_ptr<Queue> queue;         // theirs, in the condition's context
};

// The work of one node.
struct Step {
  NodeKind kind = NodeKind::empty;
  bool enabled = true;
  Context *context = nullptr;           // where it runs; null: anywhere
  uint64_t context_id = 0;
  ct_launch launch{};
  LaunchShape shape;
  Kernel *kernel = nullptr;
  uint64_t kernel_serial = 0;           // KernelAccess::serial: a handle may be used again
  std::vector<std::byte> params;
  ct_copy copy{};
  ct_fill fill{};
  HostWork host;
  std::vector<ct_word> words;
  std::vector<bool> word_waits;         // else it is written
  std::vector<Semaphore *> semaphores;  // whose words they are
  std::vector<std::shared_ptr<const SharedWord>> shared_words;  // of them
  Event *event = nullptr;
  Bodies bodies;
  // Between devices that do not reach each other: first to `staging`, on this one.
  Context *far = nullptr;
  ct_copy far_copy{};
  std::shared_ptr<std::byte[]> staging;
};

// Steps that one queue takes one after the other.
struct Segment {
  enum class Sort : uint8_t { batch, host, kernel_with_children, conditional };
  Sort sort = Sort::batch;
  Context *context = nullptr;           // null: anywhere
  uint64_t context_id = 0;
  size_t first = 0, count = 0;          // of operations; else first: the step
};

struct Plan {
  static constexpr size_t kNoOperation = ~size_t{0};
  static constexpr uint64_t kNotLooked = ~uint64_t{0};
  std::vector<Step> steps;
  // Made from the steps by compile(), and pointing into them.
  bool compiled = false;
  std::vector<ct_operation> operations; // one more than the segments have: for the record at the end of a launch
  std::vector<Segment> segments;
  std::vector<size_t> kernels, events, conditionals, semaphores;  // steps to look at again before a launch
  std::vector<size_t> operation_of;     // by step; kNoOperation: none, or more than one
  uint64_t releases = 0;                // KernelAccess::releases when the kernels were looked at last

  Plan() = default;
  Plan(const Plan &other) : steps(other.steps) {}  // to be compiled again
  Plan &operator=(const Plan &) = delete;
  void compile();                       // where it is not, and the bodies
  // Everything that the steps name still exists. Bodies too. Compiled.
  Status check();

 private:
  void compileSteps();
};

// ---- the nodes as they were ------------------------------------------------------------------------------------

struct ExecGraph;

struct ExecNode {
  uint64_t serial = 0;                  // of the node that names it
  const GraphNode *node = nullptr;      // the same, for reports; perhaps gone
  NodeWork work;
  std::vector<size_t> before;           // places in the graph, in the order of its edges
  std::vector<size_t> after;
  bool enabled = true;
  ExecGraph *graph = nullptr;           // that it is in
  size_t step = 0;                      // in the plan of that graph
  std::vector<std::unique_ptr<ExecGraph>> below;  // a child graph, or bodies
};

struct ExecGraph {
  std::vector<ExecNode> nodes;          // in the order of adding
  ExecNode *owner = nullptr;            // of bodies: the conditional node; of children: the child node
  size_t body = 0;                      // which body
  bool is_body = false;                 // has a plan of its own
};

// Everything of an executable graph that a launch under way may still use.
struct ExecCore {
  ExecGraph graph;
  Plan plan;
  std::unordered_map<uint64_t, ExecNode *> by_serial;
  std::vector<std::shared_ptr<Condition>> conditions;
  ObjectReferences objects;
  MemoryEffect memory;
  // Whether it must outlive launches: the target has no copy of all that they use.
  bool needed() const { return !objects.empty() || !memory.empty() || !conditions.empty() || staged || !shared_words.empty(); }
  bool staged = false;                  // a copy goes through Step::staging
  std::unordered_set<std::shared_ptr<const SharedWord>> shared_words;  // of all steps, now and before
  std::vector<std::shared_ptr<std::byte[]>> replaced_staging;  // which launches under way may use

  ExecGraph &planOwner(ExecGraph &graph) { return !graph.owner || graph.is_body ? graph : planOwner(*graph.owner->graph); }
  // The plan that the graph's nodes are steps of, for changing: not one that a launch is using.
  Plan &writable(ExecGraph &graph);
  // Another step for the node, of the same kind, that fits.
  bool fits(ExecNode &node, const Step &step);
  void put(ExecNode &node, Step step);
};

// The nodes of a graph as they are, without a plan; and the plan, where the report says which node is wrong.
std::shared_ptr<ExecCore> readCore(const Graph &graph);
Status planCore(ExecCore &core, GraphExec::Report &report);

// A node's work as a step. Checked as for a queue; compiles kernels.
Status makeStep(const NodeWork &work, Step &step);

// What keeps `now` from taking the place of `old` in an executable graph. `alone`: for one node, not as part of an update.
GraphExec::Trouble replacing(const NodeWork &old, const NodeWork &now, bool alone);

}  // namespace cutrans::runtime
