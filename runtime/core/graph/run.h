// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Submitting plans to queues.
#pragma once
#include <deque>

#include "plan.h"

namespace cutrans::runtime {

// The queues and events of one executable graph, one for each context that it has met.
class Lanes {
 public:
  struct Lane {
    Context *context = nullptr;
    uint64_t context_id = 0;
    Queue *queue = nullptr;  // for nodes of a context that is not the launch's own
    Event *event = nullptr;
  };
  Lanes() = default;
  Lanes(const Lanes &) = delete;
  ~Lanes();  // work in the queues still runs
  Result<Event *> event(Context &context);
  Result<Queue *> queue(Context &context);

 private:
  Lane &of(Context &context);
  std::deque<Lane> lanes_;
};

// Submits the steps, to `home` and, for other contexts, to the lanes; what comes next in `home` comes after all of them.
// Null lanes: all steps are of the queue's context. `done`: recorded at the end, or null.
Status submitPlan(Plan &plan, const std::shared_ptr<ExecCore> &core, Queue &home, Lanes *lanes, Event *done);

}  // namespace cutrans::runtime
