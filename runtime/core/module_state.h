// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The inside of a module, and how the rest of runtime/core reaches it.
#pragma once
#include <mutex>
#include <vector>

#include "state.h"

namespace cutrans::runtime {

// Device memory of a child queue (child_queue.cpp), used again by later launches.
struct ChildBlock {
  Address address = 0;
  uint64_t bytes = 0;
};

struct Module::State {
  const ctc_api *api = nullptr;
  ctc_module *handle = nullptr;
  Address image = 0;                // device address of the variables, 0: none
  bool image_managed = false;
  uint64_t image_size = 0;
  std::mutex lock;                  // the list below
  std::vector<Kernel *> kernels;    // by index, null until asked for
  std::vector<ChildBlock> child_blocks;  // not in use; under lock
};

class ModuleAccess {
 public:
  static Module *construct(void *place) { return new (place) Module; }
  // No work of its context is pending. The caller has taken it off the context's list.
  static void release(Module &module);
  static Address image(const Module &module) { return module.impl_->image; }
  static Result<ctc_module *> link(std::span<const Unit> units);
  static Status makeImage(Module &module);
  static Result<ChildBlock> takeChildBlock(Module &module, uint64_t bytes);
  static void giveChildBlock(Module &module, const ChildBlock &block);
};

}  // namespace cutrans::runtime
