// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A queue is a stream of HIP's, of the kind that knows nothing of HIP's null stream: what orders queues is the runtime's.
#pragma once

#include <cutrans/target.h>

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>

#include "library.h"

namespace cutrans::hip {
extern const ct_queue_ops queue_ops;

// Something that the host does in its turn in a queue. It is in the queue's list until it is done.
struct HostTurn {
  ct_queue *queue;
  uint32_t ticket;                                 // 0: the stream does not wait
  void (*fn)(void *user, ct_status queue_status);  // null: a wait for `word`
  void *user;
  ct_word word;
  bool word_on_host;
  bool taken = false;                              // it is being done
  bool ended = false;                              // behind a fault, without HIP, which may still call
  std::list<HostTurn>::iterator self{};
};

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
  ct_queue(ct_device *on, hipStream_t of, uint32_t *word) : device(on), stream(of), ticket(word) {}
  ct_device *const device;
  const hipStream_t stream;
  uint32_t *const ticket;       // pinned; null where streams cannot wait for words. host_threads.h
  uint32_t next_ticket = 0;
  std::mutex turns_lock;        // the two below
  std::condition_variable turns_changed;
  std::list<cutrans::hip::HostTurn> turns;  // of the host, submitted and not done
  cutrans::hip::LaunchMemory memory;
};
