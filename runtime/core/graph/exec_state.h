// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The inside of an executable graph.
#pragma once
#include <optional>

#include "run.h"

namespace cutrans::runtime {

struct GraphExec::State {
  std::mutex lock;                      // everything below; above all locks of contexts and queues
  std::shared_ptr<ExecCore> core;
  Lanes lanes;
  // The last launch: its queue, and an event of `lanes` behind it.
  uint64_t last_queue = 0;
  Event *done = nullptr;
  Context *done_context = nullptr;
  uint64_t done_context_id = 0;
  std::shared_ptr<std::atomic<uint32_t>> executables;  // of the graph, where it has memory nodes
};

class GraphExecAccess {
 public:
  static GraphExec *construct(void *place) { return new (place) GraphExec; }
  // Lets go of what no launch will use any more, when the last one is over.
  static void retire(GraphExec::State &state, std::shared_ptr<ExecCore> core);
  // A launch on a queue that captures; nothing where it does not after all.
  static std::optional<Status> capture(Queue &queue, const ExecCore &core);
  // A child node's graph from one of the same shape. Under the lock.
  static Status updateChild(GraphExec::State &state, ExecNode &node, const Graph &graph);
};

}  // namespace cutrans::runtime
