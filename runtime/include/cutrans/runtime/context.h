// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A context: what a program made on one device, and the fault that stopped it. Each thread has a stack of current
// contexts. Destroying a context releases all queues, events, modules and memory in it.
//
// A kernel's fault is kept here (and in every context of the device): check() returns it from then on, until the
// context is reset or destroyed.
#pragma once
#include <atomic>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

class CUTRANS_API Context {
 public:
  static Result<Context *> create(Device &device, unsigned flags);
  static Context *find(const void *handle);
  // Not for primary contexts (invalid_context). Waits for the work in it. Pops it from this thread's stack where it is on top.
  Status destroy();

  // ok, a sticky fault, invalid_context (destroyed or inactive), deinitialized. One atomic load.
  Status check() const { return state_.load(std::memory_order_acquire); }

  Device &device() const { return *device_; }
  bool isPrimary() const { return primary_; }
  unsigned flags() const { return flags_.load(std::memory_order_relaxed); }
  void setFlags(unsigned flags) { flags_.store(flags, std::memory_order_relaxed); }
  // Bytes of stack that a thread of a kernel may use, as the program counts them. For launches from now on.
  uint64_t stackLimit() const { return stack_limit_.load(std::memory_order_relaxed); }
  void setStackLimit(uint64_t bytes) { stack_limit_.store(bytes, std::memory_order_relaxed); }
  static constexpr uint64_t kStackLimit = 1024;  // until it is set
  uint64_t id() const { return id_; }          // new for each activation, never used again
  unsigned slot() const { return slot_; }      // small number, used again after destruction: index for per-context tables

  // The queue of programs that name none, with legacy semantics: it waits for all blocking queues and they for it.
  Queue &legacyQueue() const { return *legacy_; }
  // This thread's own default queue (blocking, made at the first call).
  Result<Queue *> threadQueue();

  // Waits for all work of all queues; then ok or the fault.
  Status synchronize();

  struct State;  // runtime/core only

 private:
  friend class ContextAccess;
  Context() = default;
  std::atomic<Code> state_{Code::invalid_context};
  Device *device_ = nullptr;
  bool primary_ = false;
  unsigned slot_ = 0;
  std::atomic<unsigned> flags_{0};
  std::atomic<uint64_t> stack_limit_{kStackLimit};
  uint64_t id_ = 0;
  Queue *legacy_ = nullptr;
  State *impl_ = nullptr;
};

// ---- the calling thread's contexts ---------------------------------------------------------------------------

// Top of the stack or null. It may be one that was destroyed meanwhile: check() says so.
CUTRANS_API Context *currentContext();
// The part of its device's units that the current context was made current with, or null (partition.h).
CUTRANS_API Partition *currentPartition();
CUTRANS_API Status pushContext(Context &context, Partition *partition = nullptr);
CUTRANS_API Result<Context *> popContext();        // invalid_context when the stack is empty
CUTRANS_API void setCurrentContext(Context *context, Partition *partition = nullptr);  // replaces the top; null empties it

// For APIs that need a current context: invalid_context when there is none.
CUTRANS_API Result<Context *> requireContext();

// For APIs that start by themselves: the current context, activated again if it is a primary one that was reset; with
// none, the primary context of `chosenDevice()`, which becomes current. Fast when one is current and healthy.
// A sticky fault is returned as the status.
CUTRANS_API Result<Context *> ensureContext();

// The thread's device: of the current context, else what chooseDevice set, else 0. Loads nothing.
CUTRANS_API int chosenDevice();
// Makes the primary context of the device current (activates it).
CUTRANS_API Status chooseDevice(int index);

}  // namespace cutrans::runtime
