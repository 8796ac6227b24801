// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/runtime/queue_task.h"

#include "state.h"

namespace cutrans::runtime {

Status submitTask(Queue &queue, std::unique_ptr<QueueTask> task) {
  struct Pending {
    std::unique_ptr<QueueTask> task;
    Context *context;
  };
  auto *pending = new Pending{std::move(task), &queue.context()};
  Status queued = queue.hostCall(
      [](void *user, Code before) {
        std::unique_ptr<Pending> mine(static_cast<Pending *>(user));
        if (before != Code::ok) return;
        if (Code outcome = mine->task->run(); outcome != Code::ok) (void)failDevice(*mine->context, outcome);
      },
      pending, true);
  if (!queued.ok()) delete pending;
  return queued;
}

}  // namespace cutrans::runtime
