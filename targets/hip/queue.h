// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A queue is a stream of HIP's, of the kind that knows nothing of HIP's null stream: what orders queues is the runtime's.
#pragma once

#include <cutrans/target.h>

#include <cstdint>

#include "library.h"

namespace cutrans::hip {
extern const ct_queue_ops queue_ops;

// Memory that launches of a queue need beyond their arguments, made at the first that does. Launches of one queue do not overlap,
// so they share it.
struct LaunchMemory {
  void *messages = nullptr;    // ct_messages in pinned memory
  void *workspace = nullptr;   // of cooperative launches
  // Stacks of waves, for kernels that keep one: one piece of device memory, slots behind the stacks.
  void *stacks = nullptr;
  uint64_t stack_bytes = 0;    // of each thread
  uint64_t slots_offset = 0;
  uint32_t slot_count = 0;
};

ct_status launch(ct_queue *queue, const ct_launch *request);  // launch.cpp
void freeLaunchMemory(LaunchMemory &memory);

}  // namespace cutrans::hip

struct ct_queue {
  ct_device *device;
  hipStream_t stream;
  uint32_t *ticket = nullptr;   // pinned; null where streams cannot wait for words. host_threads.h
  uint32_t next_ticket = 0;
  cutrans::hip::LaunchMemory memory;
};
