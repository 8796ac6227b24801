// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One launch, and the loops that run its blocks.
#pragma once

#include <cutrans/native_kernel.h>
#include <cutrans/target.h>

#include <atomic>
#include <cstdint>

#include "faults.h"
#include "job.h"

namespace cutrans::host {

struct Launch {
  ct_kernel *kernel = nullptr;
  ct_device *device = nullptr;
  uint32_t grid[3], block[3], cluster[3];
  uint32_t threads = 0;
  uint32_t cluster_blocks = 1;
  uint32_t dynamic_shared_bytes = 0;
  uint32_t flags = 0;
  const void *params = nullptr;
  uint64_t globals = 0;
  uint64_t grid_id = 0;
  uint64_t workspace = 0;
  uint64_t child_queue = 0;
  uint64_t stack_bytes = 0;
  uint64_t blocks() const { return uint64_t{grid[0]} * grid[1] * grid[2]; }
};

// Blocks of this launch that one unit can hold at once; a whole number of clusters, at least one.
uint32_t residentBlocks(const ct_native_kernel &kernel, uint32_t threads, uint32_t dynamic_shared_bytes, uint32_t cluster_blocks);

// Sets `job` up for `launch`. Returns whether it pays to wake others for it before the first block has run.
bool setUpLaunch(Job &job, Launch &launch);
// Afterwards, by the last member: notes how long it took.
void noteLaunchTime(const Launch &launch, uint64_t ns, uint32_t units);

uint32_t clusterBlocks(const ct_launch &request);

// What the runtime cannot know: whether the kernel was compiled for this shape, and whether blocks that must run
// together fit.
ct_status checkShape(const ct_kernel &kernel, const ct_launch &request);

constexpr size_t kWorkspaceBytes = 4096;  // of a cooperative launch

}  // namespace cutrans::host
