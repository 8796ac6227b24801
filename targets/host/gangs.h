// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels in gang form: each gang of a block is a fiber, the unit's scheduler lets them take turns, and barriers,
// votes and yields are where they change. What they wait for is cutrans/gangs.h.
#pragma once

#include <cutrans/gangs.h>
#include <cutrans/native_kernel.h>

#include <vector>

#include "fibers.h"
#include "job.h"
#include "launch.h"

namespace cutrans::host {

struct Slot;
struct Unit;

struct Gang {
  Fiber fiber;
  Slot *slot = nullptr;
  uint32_t index = 0;
};

struct GangState : ct_gangs {
  std::vector<Gang> fibers;
  std::vector<ct_gang> states;
  std::vector<ct_gangs_warp> meetings;  // where gangs are less than a warp
  const uint32_t *current = nullptr;    // index of the gang that runs

  GangState() : ct_gangs{} {}
  // Forgets what runs, after a fault.
  void drop(StackPool &stacks);
};

// For services: the gang that calls; ends the launch where the kernel has none.
Gang &gangOf(ct_native_block *block, uint32_t gang);
// Lets others run until the gang is ready and its turn.
void suspend(Gang &gang);

// Runs blocks of the job until none is left. On a unit, inside its guard.
void runGangs(Unit &unit, Job &job, const Launch &launch);

// The services of native_kernel.h.
void gangBarrier(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected);
void gangBarrierArrive(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected);
void gangBarrierReduce(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes,
                       uint32_t *out_true, uint32_t *out_threads);
void gangYield(ct_native_block *block, uint32_t gang);
void gangWaitShared(ct_native_block *block, uint32_t gang, uint32_t turn);
void warpExchange(ct_native_block *block, uint32_t gang, ct_native_exchange *exchange);

}  // namespace cutrans::host
