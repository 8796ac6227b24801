// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The inside of a module, and how the rest of runtime/core reaches it.
#pragma once
#include <mutex>
#include <vector>

#include "state.h"

namespace cutrans::runtime {

struct Module::State {
  const ctc_api *api = nullptr;
  ctc_module *handle = nullptr;
  Address image = 0;                // device address of the variables, 0: none
  bool image_managed = false;
  uint64_t image_size = 0;
  std::mutex lock;                  // the list below
  std::vector<Kernel *> kernels;    // by index, null until asked for
};

class ModuleAccess {
 public:
  static Module *construct(void *place) { return new (place) Module; }
  // No work of its context is pending. The caller has taken it off the context's list.
  static void release(Module &module);
  static Address image(const Module &module) { return module.impl_->image; }
  static Status makeImage(Module &module);
};

}  // namespace cutrans::runtime
