// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How many blocks of a launch one unit holds at once: what occupancy and cooperative launches go by, from the limits that a target reports.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cutrans::targets {

struct UnitLimits {
  uint32_t blocks, threads, shared_bytes, shared_reserved;  // the last one: for each block
};

// At least one, and a whole number of clusters.
inline uint32_t residentBlocks(const UnitLimits &unit, uint32_t threads, uint32_t shared_bytes, uint32_t cluster_blocks = 1) {
  const uint32_t blocks = std::min({unit.blocks, unit.threads / std::max(threads, 1u), unit.shared_bytes / (shared_bytes + unit.shared_reserved)});
  return std::max(1u, blocks / cluster_blocks) * cluster_blocks;
}

}  // namespace cutrans::targets
