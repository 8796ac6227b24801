// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clusters: where their blocks' shared memory lies, and their barrier.
#include "cluster.h"

#include <sys/mman.h>

#include <bit>
#include <utility>

#include "faults.h"
#include "gangs.h"
#include "host.h"
#include "module.h"
#include "unit.h"

namespace cutrans::host {

// The space between two windows, at least a page, faults.
void Cluster::mapWindows(size_t blocks, size_t bytes) {
  bytes = roundUp(std::max<size_t>(bytes, 1), kPage);
  if (windows_.data && window_bytes_ == bytes && window_count_ == blocks) return;
  unmapPages(std::exchange(windows_, {}));
  const size_t stride = std::bit_ceil(bytes + kPage);
  windows_ = mapLowPages(blocks * stride);
  bool mapped = windows_.data;
  for (size_t i = 0; mapped && i < blocks; ++i)
    mapped = mprotect(windows_.data + i * stride + bytes, stride - bytes, PROT_NONE) == 0;
  if (!mapped)
    abandon(CT_ERR_OUT_OF_MEMORY, Code::host_no_low_memory, "no %zu bytes below 4 GiB for the shared memory of a cluster", blocks * stride);
  window_bytes_ = bytes;
  window_count_ = blocks;
  shift_ = static_cast<uint32_t>(std::countr_zero(stride));
}

void Cluster::start(Unit &unit, const Launch &launch, uint64_t number, size_t first_slot) {
  const uint32_t *size = launch.cluster, count = launch.cluster_blocks;
  slots.clear();
  ct_gangs_start_cluster(this);
  if (count > 1) mapWindows(count, launch.kernel->native->static_shared_bytes + launch.dynamic_shared_bytes);
  const uint64_t columns = launch.grid[0] / size[0], rows = launch.grid[1] / size[1];
  const uint64_t x = number % columns * size[0], y = number / columns % rows * size[1], z = number / columns / rows * size[2];
  for (uint32_t rank = 0; rank < count; ++rank) {
    Slot &slot = unit.slot(first_slot + rank);
    slots.push_back(&slot);
    slot.prepare(launch, this);
    const uint64_t column = x + rank % size[0], row = y + rank / size[0] % size[1], layer = z + rank / size[0] / size[1];
    slot.setBlock(column + launch.grid[0] * (row + launch.grid[1] * layer));
  }
}

void clusterArrive(ct_native_block *block, uint32_t index) {
  ct_gangs_arrive_cluster(gangOf(block, index).slot->gangs.get(), index);
}

void clusterWait(ct_native_block *block, uint32_t index) {
  Gang &gang = gangOf(block, index);
  GangState &state = *gang.slot->gangs;
  if (state.states[index].cluster_phase == 0)
    abandon(CT_ERR_LAUNCH, Code::host_barrier_misuse, "the barrier of the cluster is waited for by a thread that has not arrived");
  if (ct_gangs_wait_cluster(&state, index)) suspend(gang);
}

}  // namespace cutrans::host
