// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Work of this layer's own that the host does in a queue's order.
#pragma once
#include <memory>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

class QueueTask {
 public:
  virtual ~QueueTask() = default;
  // Not called once the device has a fault. Anything but ok, which it has reported, becomes one: no call is there to return it.
  virtual Code run() = 0;
};

// Cannot be captured.
CUTRANS_API Status submitTask(Queue &queue, std::unique_ptr<QueueTask> task);

}  // namespace cutrans::runtime
