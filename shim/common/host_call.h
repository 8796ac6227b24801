// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Puts a C++ function into a queue as host work.
#pragma once

#include <memory>
#include <utility>

#include "cutrans/runtime/queue.h"

namespace cutrans::shim {

// `function(Code)` runs once, also when the device has a fault by then: the code says so. Copied to the heap until then.
template <class Function>
Status enqueueHostCall(runtime::Queue &queue, Function function) {
  auto kept = std::make_unique<Function>(std::move(function));
  auto run = [](void *user, Code status) {
    std::unique_ptr<Function> mine(static_cast<Function *>(user));
    (*mine)(status);
  };
  Status status = queue.hostCall(run, kept.get(), /*always=*/true);
  if (status.ok()) (void)kept.release();
  return status;
}

}  // namespace cutrans::shim
