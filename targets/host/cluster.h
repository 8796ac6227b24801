// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks that one unit runs together, each of which may use the shared memory of the others: a cluster, or a block alone.
#pragma once

#include <cutrans/gangs.h>

#include <cstdint>
#include <vector>

#include "launch.h"
#include "process_memory.h"

namespace cutrans::host {

struct Slot;
struct Unit;

struct Cluster : ct_gangs_cluster {
  ~Cluster() { unmapPages(windows_); }

  std::vector<Slot *> slots;   // by rank

  // Starts the blocks of cluster `number` of the launch in `unit`'s slots from `first_slot` on, without their gangs.
  void start(Unit &unit, const Launch &launch, uint64_t number, size_t first_slot);

  // Windows of shared memory, that of rank r at base + (r << shift).
  uint32_t base() const { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(windows_.data)); }
  uint32_t shift() const { return shift_; }

 private:
  void mapWindows(size_t blocks, size_t bytes);

  Pages windows_;
  size_t window_bytes_ = 0, window_count_ = 0;
  uint32_t shift_ = 0;
};

// The services of native_kernel.h.
void clusterArrive(ct_native_block *block, uint32_t gang);
void clusterWait(ct_native_block *block, uint32_t gang);

}  // namespace cutrans::host
