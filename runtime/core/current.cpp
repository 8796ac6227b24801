// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The calling thread's contexts: a stack whose top is the current one, and the device that it chose.
#include <atomic>
#include <vector>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/default_device.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/platform.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

// The top is apart from the rest, and trivially made, for the path that every call takes.
constinit thread_local Context *top = nullptr;
constinit thread_local Partition *top_partition = nullptr;
constinit thread_local int chosen = -1;  // none
constinit std::atomic<int> first{0};

int chosenOrFirst() { return chosen >= 0 ? chosen : first.load(std::memory_order_relaxed); }

struct Entry {
  Context *context;
  Partition *partition;
};

std::vector<Entry> &below() {
  thread_local std::vector<Entry> stack;
  return stack;
}

// Neither a context, nor fit for one: why.
Status processState() {
  Result<Platform *> platform = Platform::get();
  return platform.status();
}

}  // namespace

Context *currentContext() { return top; }
Partition *currentPartition() { return top_partition; }

Status pushContext(Context &context, Partition *partition) {
  if (top) below().push_back({top, top_partition});
  top = &context;
  top_partition = partition;
  return {};
}

Result<Context *> popContext() {
  if (!top) return Code::invalid_context;
  Context *popped = top;
  std::vector<Entry> &rest = below();
  top = rest.empty() ? nullptr : rest.back().context;
  top_partition = rest.empty() ? nullptr : rest.back().partition;
  if (!rest.empty()) rest.pop_back();
  return popped;
}

void setCurrentContext(Context *context, Partition *partition) {
  if (!context) {
    (void)popContext();
    return;
  }
  top = context;
  top_partition = partition;
}

Result<Context *> requireContext() {
  if (!top) {
    if (Status state = processState(); !state.ok()) return state;
    return Code::invalid_context;
  }
  if (Status healthy = top->check(); !healthy.ok()) return healthy.code() == Code::not_initialized ? processState() : healthy;
  return top;
}

Result<Context *> ensureContext() {
  if (top) {
    Status state = top->check();
    if (state.ok()) [[likely]] return top;
    if (state.code() == Code::not_initialized) return processState();
    if (!top->isPrimary() || state.code() != Code::invalid_context) return state;
    return top->device().usePrimary();  // it was reset: start again
  }
  Result<Platform *> platform = Platform::get();
  if (!platform.ok()) return platform.status();
  Result<Device *> device = (*platform)->device(chosenOrFirst());
  if (!device.ok()) return device.status();
  Result<Context *> context = (*device)->usePrimary();
  if (context.ok()) top = *context;
  return context;
}

int chosenDevice() { return top ? top->device().index() : chosenOrFirst(); }
void setDefaultDevice(int index) { first.store(index, std::memory_order_relaxed); }

Status chooseDevice(int index) {
  Result<Platform *> platform = Platform::get();
  if (!platform.ok()) return platform.status();
  Result<Device *> device = (*platform)->device(index);
  if (!device.ok()) return device.status();
  chosen = index;
  top = &(*device)->primary();
  top_partition = nullptr;
  if (top->check().ok()) return {};
  Result<Context *> context = (*device)->usePrimary();
  return context.status();
}

}  // namespace cutrans::runtime
