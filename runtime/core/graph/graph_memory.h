// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory of alloc nodes. A piece is taken when its node is added, because its address is fixed from then on, and given
// back when no graph, no executable graph and no launch has it any more. In between it is allocated or not, as launches
// and frees are submitted: the order of work on the device is the program's business, as in CUDA.
#pragma once
#include "../state.h"
#include "cutrans/runtime/graph.h"
#include "cutrans/runtime/memory.h"

namespace cutrans::runtime {

struct GraphBlock {
  enum class Freed : uint8_t { nowhere, in_graph, elsewhere };  // by nodes
  Address address = 0;
  uint64_t size = 0;
  Context *context = nullptr;
  uint64_t context_id = 0;
  Freed freed = Freed::nowhere;         // under the lock of graph_memory.cpp, as is the next
  bool allocated = false;               // by a launch, and not freed since
  bool lost = false;                    // its context ended: the address may be another allocation's
  GraphBlock() = default;
  GraphBlock(const GraphBlock &) = delete;
  ~GraphBlock();
};

// What launches of one executable graph do with memory.
struct MemoryEffect {
  std::vector<std::shared_ptr<GraphBlock>> kept;     // allocated afterwards
  std::vector<std::shared_ptr<GraphBlock>> own;      // allocated and freed by it
  std::vector<std::shared_ptr<GraphBlock>> foreign;  // of other graphs, freed by it
  bool empty() const { return kept.empty() && own.empty() && foreign.empty(); }
};

// Before a launch is submitted. invalid_value: memory of an earlier launch was not freed (and `free_first` is false), or
// what it frees is not allocated, or a context ended with memory of it. `undo` after a launch that failed.
Status beginLaunch(const MemoryEffect &effect, bool free_first);
void undoLaunch(const MemoryEffect &effect);

// Frees that come from outside of graphs (memory.cpp). On a queue: at its turn. Null: when the context's work is done.
bool isGraphMemory(Address address);
Status freeGraphMemory(Address address, Queue *queue);

// The context ends, and its memory with it. Graphs may live on.
void forgetGraphMemory(const Context &context);

}  // namespace cutrans::runtime
