// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory of alloc and free nodes: which pieces there are, and whether they are allocated as far as launches were submitted.
#include "graph_memory.h"

#include <algorithm>
#include <unordered_set>

#include "../memory_map.h"
#include "cutrans/runtime/device.h"
#include "graph_state.h"

namespace cutrans::runtime {
namespace {

struct Registry {
  std::mutex lock;                                            // everything below; under no other lock
  std::map<Address, std::weak_ptr<GraphBlock>> blocks;
  std::map<Address, std::shared_ptr<GraphBlock>> allocated;   // stay when their graph goes
  std::map<int, GraphMemory> counts;                          // by device
};

// Never destroyed: the program's destructors still free.
Registry &registry() {
  static Registry *const instance = new Registry;
  return *instance;
}

// Blocks that exist; so that a program without them frees memory at no cost.
constinit std::atomic<uint64_t> block_count{0};

// Under the lock.
GraphMemory &countsOf(const GraphBlock &block) { return registry().counts[block.context->device().index()]; }

void setAllocated(const std::shared_ptr<GraphBlock> &block, bool allocated) {
  if (block->allocated == allocated) return;
  block->allocated = allocated;
  GraphMemory &counts = countsOf(*block);
  counts.used += allocated ? block->size : 0 - block->size;
  counts.used_high = std::max(counts.used_high, counts.used);
  if (allocated)
    registry().allocated[block->address] = block;
  else
    registry().allocated.erase(block->address);
}

Result<std::shared_ptr<GraphBlock>> createBlock(Device &device, uint64_t size) {
  Context *context = currentContext();
  if (!context || &context->device() != &device || !context->check().ok()) {
    Result<Context *> primary = device.usePrimary();
    if (!primary.ok()) return primary.status();
    context = *primary;
  }
  Result<Address> address = allocateMemory(*context, MemoryKind::device, size);
  if (!address.ok()) return address.status();
  auto block = std::make_shared<GraphBlock>();
  block->address = *address;
  block->size = size;
  block->context = context;
  block->context_id = context->id();
  Registry &all = registry();
  std::lock_guard hold(all.lock);
  all.blocks[*address] = block;
  block_count.fetch_add(1, std::memory_order_relaxed);
  GraphMemory &counts = countsOf(*block);
  counts.reserved += size;
  counts.reserved_high = std::max(counts.reserved_high, counts.reserved);
  return block;
}

std::shared_ptr<GraphBlock> findBlock(Address address) {
  if (block_count.load(std::memory_order_relaxed) == 0) return nullptr;
  Registry &all = registry();
  std::lock_guard hold(all.lock);
  auto found = all.blocks.find(address);
  return found == all.blocks.end() ? nullptr : found->second.lock();
}

// The nodes that must have run before one with these dependencies.
std::unordered_set<const GraphNode *> before(std::span<const Dependency> dependencies) {
  std::unordered_set<const GraphNode *> all;
  std::vector<const GraphNode *> open;
  auto enter = [&](const Dependency &dependency) {
    if (all.insert(dependency.node).second) open.push_back(dependency.node);
  };
  std::ranges::for_each(dependencies, enter);
  while (!open.empty()) {
    const GraphNode *node = open.back();
    open.pop_back();
    std::ranges::for_each(node->dependencies(), enter);
  }
  return all;
}

// A piece that an earlier node of this graph has freed for certain, and that is not much too large.
MemoryUse *freedBefore(Graph &graph, const AllocWork &work, std::span<const Dependency> after) {
  std::vector<MemoryUse *> candidates;
  for (auto &[address, use] : GraphAccess::state(graph).memory) {
    const GraphBlock &block = *use.memory;
    if (use.allocates && use.freed && &block.context->device() == work.device && block.size >= work.size && block.size / 2 <= work.size)
      candidates.push_back(&use);
  }
  if (candidates.empty()) return nullptr;
  const auto earlier = before(after);
  auto found = std::ranges::find_if(candidates, [&](const MemoryUse *use) { return earlier.contains(use->freed); });
  return found == candidates.end() ? nullptr : *found;
}

}  // namespace

bool alive(const Context &context, uint64_t id) { return context.id() == id && context.check().code() != Code::invalid_context; }

GraphBlock::~GraphBlock() {
  if (!address) return;
  if (alive(*context, context_id)) releaseIdleMemory(address);
  Registry &all = registry();
  std::lock_guard hold(all.lock);
  // The address may belong to a younger one already.
  if (auto found = all.blocks.find(address); found != all.blocks.end() && found->second.expired()) all.blocks.erase(found);
  block_count.fetch_sub(1, std::memory_order_relaxed);
  countsOf(*this).reserved -= size;
}

Status addMemory(Graph &graph, AllocWork &work, std::span<const Dependency> after) {
  auto &memory = GraphAccess::state(graph).memory;
  if (MemoryUse *use = freedBefore(graph, work, after)) {
    use->freed = nullptr;
    work.address = use->memory->address;
    Registry &all = registry();
    std::lock_guard hold(all.lock);
    use->memory->freed = GraphBlock::Freed::nowhere;
    return {};
  }
  Result<std::shared_ptr<GraphBlock>> block = createBlock(*work.device, work.size);
  if (!block.ok()) return block.status();
  work.address = (*block)->address;
  memory[work.address] = {*block, true, nullptr};
  return {};
}

Status addMemory(Graph &graph, const FreeWork &work) {
  auto &memory = GraphAccess::state(graph).memory;
  auto use = memory.find(work.address);
  std::shared_ptr<GraphBlock> block = use != memory.end() ? use->second.memory : findBlock(work.address);
  if (!block || (use != memory.end() && use->second.freed)) return Code::invalid_value;
  const bool own = use != memory.end() && use->second.allocates;
  Registry &all = registry();
  std::lock_guard hold(all.lock);
  const auto other = own ? GraphBlock::Freed::elsewhere : GraphBlock::Freed::in_graph;
  if (block->freed == other) return Code::invalid_value;
  block->freed = own ? GraphBlock::Freed::in_graph : GraphBlock::Freed::elsewhere;
  if (use == memory.end()) memory[work.address] = {block, false, nullptr};
  return {};
}

void noteFree(GraphNode &node) {
  GraphAccess::state(node.graph()).memory[std::get<FreeWork>(node.work()).address].freed = &node;
}

Status beginLaunch(const MemoryEffect &effect, bool free_first) {
  Registry &all = registry();
  std::lock_guard hold(all.lock);
  auto allocated = [](const std::shared_ptr<GraphBlock> &block) { return block->allocated; };
  auto lost = [](const std::shared_ptr<GraphBlock> &block) { return block->lost; };
  for (const auto *blocks : {&effect.kept, &effect.own, &effect.foreign})
    if (std::ranges::any_of(*blocks, lost)) return Code::invalid_value;
  if (!free_first && (std::ranges::any_of(effect.kept, allocated) || std::ranges::any_of(effect.own, allocated))) return Code::invalid_value;
  if (!std::ranges::all_of(effect.foreign, allocated)) return Code::invalid_value;
  for (const auto &block : effect.foreign) setAllocated(block, false);
  for (const auto &block : effect.kept) setAllocated(block, true);
  for (const auto &block : effect.own) setAllocated(block, true);
  for (const auto &block : effect.own) setAllocated(block, false);
  return {};
}

void undoLaunch(const MemoryEffect &effect) {
  Registry &all = registry();
  std::vector<std::shared_ptr<GraphBlock>> last = effect.kept;  // destructors take the lock
  std::lock_guard hold(all.lock);
  for (const auto &block : effect.kept) setAllocated(block, false);
  for (const auto &block : effect.foreign) setAllocated(block, true);
}

bool isGraphMemory(Address address) { return findBlock(address) != nullptr; }

Status freeGraphMemory(Address address, Queue *queue) {
  std::shared_ptr<GraphBlock> block = findBlock(address);
  if (!block) return Code::invalid_value;
  if (!queue)
    if (Status last = waitForAll(*block->context); !last.ok()) return last;
  {
    Registry &all = registry();
    std::lock_guard hold(all.lock);
    if (!block->allocated) return Code::invalid_value;
    setAllocated(block, false);
  }
  if (!queue) return {};
  auto *last = new std::shared_ptr<GraphBlock>(std::move(block));
  Status queued = queue->hostCall([](void *user, Code) { delete static_cast<std::shared_ptr<GraphBlock> *>(user); }, last, true);
  if (!queued.ok()) {
    Registry &all = registry();
    std::unique_lock hold(all.lock);
    setAllocated(*last, true);
    hold.unlock();
    delete last;
  }
  return queued;
}

void forgetGraphMemory(const Context &context) {
  Registry &all = registry();
  std::vector<std::shared_ptr<GraphBlock>> last;  // destructors take the lock
  std::lock_guard hold(all.lock);
  std::erase_if(all.blocks, [&](const auto &entry) {
    std::shared_ptr<GraphBlock> block = entry.second.lock();
    if (!block || block->context != &context) return false;
    setAllocated(block, false);
    block->lost = true;
    last.push_back(std::move(block));
    return true;
  });
}

GraphMemory graphMemory(const Device &device) {
  Registry &all = registry();
  std::lock_guard hold(all.lock);
  return all.counts[device.index()];
}

void resetGraphMemoryHigh(const Device &device, GraphMemoryHigh which) {
  Registry &all = registry();
  std::lock_guard hold(all.lock);
  GraphMemory &counts = all.counts[device.index()];
  if (which == GraphMemoryHigh::used)
    counts.used_high = counts.used;
  else
    counts.reserved_high = counts.reserved;
}

// Nothing is held beyond what graphs need: pieces go with the last that needs them.
Status trimGraphMemory(const Device &) { return {}; }

}  // namespace cutrans::runtime
