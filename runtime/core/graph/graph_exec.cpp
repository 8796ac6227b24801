// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executable graphs.
#include "cutrans/runtime/graph_exec.h"

#include "graph_state.h"

namespace cutrans::runtime {

Result<GraphExec *> GraphExec::instantiate(Graph &, uint32_t, Report *) { return Code::unsupported; }
GraphExec *GraphExec::find(const void *) { return nullptr; }
Status GraphExec::destroy() { return Code::unsupported; }
Status GraphExec::upload(Queue &) { return Code::unsupported; }
Status GraphExec::launch(Queue &) { return Code::unsupported; }
Status GraphExec::update(Graph &, Report *) { return Code::unsupported; }
Status GraphExec::setWork(const GraphNode &, NodeWork) { return Code::unsupported; }
Status GraphExec::setEnabled(const GraphNode &, bool) { return Code::unsupported; }
Result<bool> GraphExec::enabled(const GraphNode &) const { return Code::unsupported; }

}  // namespace cutrans::runtime
