// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels in gang form: each gang of a block is a fiber, the unit's scheduler lets them take turns, and barriers,
// votes and yields are where they change.
#pragma once

#include <cutrans/native_kernel.h>

#include <array>
#include <vector>

#include "fibers.h"
#include "job.h"
#include "launch.h"
#include "warps.h"

namespace cutrans::host {

struct Slot;
struct Unit;

struct Gang {
  enum class State : uint8_t { ready, waiting, done };
  Fiber fiber;
  Slot *slot = nullptr;
  uint32_t index = 0;
  State state = State::done;
  static constexpr uint32_t ClusterBarrier = 16, WarpExchange = 17;  // behind the block's own
  uint32_t barrier = 0;         // waited for
  bool resting = false;         // ready, but has just let others run
  bool watching = false;        // has done nothing since it ran last but read shared memory
  uint64_t cluster_phase = 0;   // of the cluster's barrier, arrived at and not waited for; 0: none
  uint32_t *out_true = nullptr, *out_threads = nullptr;  // of barrier_reduce, on the gang's stack or in its frame
};

// One of the sixteen barriers of a block, between its first arrival and its completion.
struct Barrier {
  bool in_use = false;
  uint32_t expected = 0;  // threads; 0: all of the block
  uint32_t gangs = 0;     // that arrived
  uint32_t weight = 0;    // threads that arrived, whole warps as the chip counts them
  uint32_t threads = 0, votes = 0;
};

struct GangState {
  std::vector<Gang> gangs;
  uint32_t count = 0, live = 0, ready = 0;
  std::array<Barrier, 16> barriers;
  std::vector<Warp> warps;            // where gangs are less than a warp
  const uint32_t *current = nullptr;  // index of the gang that runs
  bool moved = false;  // something happened since the last look that others may have waited for

  // Forgets what runs, after a fault.
  void drop(StackPool &stacks);
};

// For services: the gang that calls; ends the launch where the kernel has none.
Gang &gangOf(ct_native_block *block, uint32_t gang);
// Suspends the running gang until release() of that barrier.
void waitFor(Gang &gang, uint32_t barrier);
void release(Slot &slot, uint32_t barrier);
void releaseGang(Gang &gang, uint32_t barrier);  // nothing where it does not wait for that

// Runs blocks of the job until none is left. On a unit, inside its guard.
void runGangs(Unit &unit, Job &job, const Launch &launch);

// The services of native_kernel.h.
void gangBarrier(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected);
void gangBarrierArrive(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected);
void gangBarrierReduce(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes,
                       uint32_t *out_true, uint32_t *out_threads);
void gangYield(ct_native_block *block, uint32_t gang);
void gangWaitShared(ct_native_block *block, uint32_t gang, uint32_t turn);

}  // namespace cutrans::host
