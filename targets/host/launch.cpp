// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches: checks, how the blocks are shared out, and the loop for kernels that run a block in one call.
#include "launch.h"

#include <cutrans/targets/resident.h>

#include <cassert>

#include "device.h"
#include "gangs.h"
#include "host.h"
#include "module.h"
#include "queue.h"
#include "scheduler.h"
#include "unit.h"

namespace cutrans::host {
namespace {

constexpr uint64_t kShareFromNs = 6'000;  // shorter launches are run by the thread that has them

void workBlocks(Unit &unit, Job &job) {
  const Launch &launch = *static_cast<Launch *>(job.subject);
  Slot &slot = unit.slot(0);
  unit.current = &slot;
  slot.prepare(launch);
  const auto entry = launch.kernel->native->entry.block;
  const uint32_t units = scheduler->unitCount();
  uint64_t first = 0;
  while (uint64_t count = job.take(first, units)) {
    slot.setBlock(first);
    for (entry(&slot); --count && !job.failed.load(std::memory_order_relaxed); entry(&slot)) slot.nextBlock();
    if (!mayContinue(unit, job)) break;
  }
  unit.current = nullptr;
}

void workGangs(Unit &unit, Job &job) { runGangs(unit, job, *static_cast<Launch *>(job.subject)); }

}  // namespace

uint32_t residentBlocks(const ct_native_kernel &kernel, uint32_t threads, uint32_t dynamic_shared_bytes, uint32_t cluster_blocks) {
  return targets::residentBlocks({kMaxBlocksPerUnit, kMaxThreadsPerUnit, kSharedPerUnit, kSharedReserved}, threads,
                                 kernel.static_shared_bytes + dynamic_shared_bytes, cluster_blocks);
}

uint32_t clusterBlocks(const ct_launch &request) { return request.cluster[0] * request.cluster[1] * request.cluster[2]; }

ct_status checkShape(const ct_kernel &kernel, const ct_launch &request) {
  const ct_native_kernel &native = *kernel.native;
  for (int i = 0; i < 3; ++i) {
    if ((native.block[0] && native.block[i] != request.block[i]) || (native.max_grid[i] && request.grid[i] > native.max_grid[i])) {
      report(Code::host_wrong_shape, "kernel " + kernel.name + ": the code was made for another shape of the launch");
      return CT_ERR_INVALID;
    }
  }
  if (uint64_t{native.static_shared_bytes} + request.dynamic_shared_bytes > kSharedPerBlockMax) return CT_ERR_INVALID;
  if (request.flags & CT_LAUNCH_COOPERATIVE) {
    const uint32_t threads = request.block[0] * request.block[1] * request.block[2];
    const uint64_t room = uint64_t{residentBlocks(native, threads, request.dynamic_shared_bytes, clusterBlocks(request))} * scheduler->unitCount();
    // By division, for the product of three grid sizes may not fit.
    if (request.grid[0] > room || request.grid[1] > room / request.grid[0] ||
        request.grid[2] > room / request.grid[0] / request.grid[1])
      return CT_ERR_TOO_LARGE;
  }
  return CT_OK;
}

bool setUpLaunch(Job &job, Launch &launch) {
  const ct_native_kernel &native = *launch.kernel->native;
  const bool together = (launch.flags & CT_LAUNCH_COOPERATIVE) || (native.flags & CT_NATIVE_WAITS_ON_GRID);
  job.work = native.form == CT_NATIVE_FORM_GANG ? workGangs : workBlocks;
  job.subject = &launch;
  // Blocks in gang form take turns, so those of a cluster are one piece of work.
  job.total = native.form == CT_NATIVE_FORM_GANG ? launch.blocks() / launch.cluster_blocks : launch.blocks();
  job.largest_take = 0;
  job.one_by_one = together;
  if (job.total == 1) return false;
  const uint64_t cost = launch.kernel->block_cost.load(std::memory_order_relaxed);
  return together || cost == 0 || cost * std::min<uint64_t>(job.total, 1u << 24) / 16 > kShareFromNs;
}

void noteLaunchTime(const Launch &launch, uint64_t ns, uint32_t units) {
  const uint64_t blocks = launch.blocks();
  const uint64_t cost = std::min<uint64_t>(UINT32_MAX, ns * 16 * std::min<uint64_t>(units, blocks) / blocks + 1);
  const uint32_t before = launch.kernel->block_cost.load(std::memory_order_relaxed);
  // Interruptions only ever make it longer, so a lower figure counts for more.
  const uint64_t now = before == 0 || cost < before ? cost : (before * uint64_t{7} + cost) / 8;
  launch.kernel->block_cost.store(static_cast<uint32_t>(now), std::memory_order_relaxed);
}

}  // namespace cutrans::host
