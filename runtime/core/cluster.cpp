// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clusters of blocks: what a kernel asks for, what a launch gets, how many run at a time.
#include <algorithm>

#include "cluster.h"
#include "cutrans/runtime/launch.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

unsigned largestAllowed(const Kernel &kernel) {
  unsigned most = kernel.module().context().device().info().max_cluster_blocks;
  if (!kernel.large_clusters.load(std::memory_order_relaxed)) most = std::min(most, kPortableCluster);
  if (unsigned own = kernel.info().max_cluster_blocks) most = std::min(most, own);
  return std::max(most, 1u);
}

}  // namespace

std::array<uint32_t, 3> Kernel::requiredCluster() const {
  if (info_.required_cluster[0]) return {info_.required_cluster[0], info_.required_cluster[1], info_.required_cluster[2]};
  std::array<uint32_t, 3> set{};
  for (int d = 0; d < 3; ++d) set[d] = required_cluster_[d].load(std::memory_order_relaxed);
  // Valid once all are positive; until then what was set waits for the rest.
  return set[0] && set[1] && set[2] ? set : std::array<uint32_t, 3>{};
}

Status Kernel::setRequiredCluster(unsigned dimension, uint32_t blocks) {
  if (info_.required_cluster[0]) return Code::not_permitted;
  required_cluster_[dimension].store(blocks, std::memory_order_relaxed);
  return {};
}

const char *settleCluster(const Kernel &kernel, LaunchShape &shape) {
  const std::array<uint32_t, 3> required = kernel.requiredCluster();
  const bool asked = shape.cluster[0] != 0;
  if (!asked && !required[0]) {
    if (kernel.info().flags & CTC_KERNEL_EXPLICIT_CLUSTER) return "the kernel was built for launches that say how large the clusters are";
    return nullptr;
  }
  if (asked && required[0] && !std::equal(required.begin(), required.end(), shape.cluster))
    return "the kernel was built for clusters of another shape";
  if (!asked) std::copy(required.begin(), required.end(), shape.cluster);
  uint64_t blocks = 1;
  for (int d = 0; d < 3; ++d) {
    if (shape.cluster[d] == 0 || shape.cluster[d] > 0xffff) return "a dimension of the cluster is 0 or very large";
    blocks *= shape.cluster[d];
    if (kernel.info().flags & CTC_KERNEL_GRID_OF_CLUSTERS) {
      const uint64_t extent = uint64_t{shape.grid[d]} * shape.cluster[d];
      if (extent > UINT32_MAX) return "the grid is larger than the device allows";
      shape.grid[d] = static_cast<uint32_t>(extent);
    } else if (shape.grid[d] % shape.cluster[d]) {
      return "the grid is no whole number of clusters";
    }
  }
  if (blocks <= largestAllowed(kernel)) return nullptr;
  return blocks <= kernel.module().context().device().info().max_cluster_blocks
             ? "the cluster has more blocks than the kernel allows (see NonPortableClusterSizeAllowed, __cluster_dims__)"
             : "the cluster has more blocks than the device runs together";
}

Result<unsigned> largestCluster(const Kernel &kernel, unsigned block_threads, uint64_t dynamic_shared_bytes) {
  Result<unsigned> fit = blocksPerUnit(kernel, block_threads, dynamic_shared_bytes);
  if (!fit.ok() || *fit == 0) return fit;
  return largestAllowed(kernel);
}

Result<unsigned> clustersAtOnce(const Kernel &kernel, const LaunchShape &asked) {
  LaunchShape shape = asked;
  if (settleCluster(kernel, shape)) return Code::invalid_cluster;
  const uint64_t threads = uint64_t{shape.block[0]} * shape.block[1] * shape.block[2];
  if (threads == 0 || threads > UINT32_MAX) return Code::invalid_value;
  Result<unsigned> fit = blocksPerUnit(kernel, static_cast<unsigned>(threads), shape.dynamic_shared_bytes);
  if (!fit.ok() || *fit == 0) return fit;
  // A unit runs one cluster whatever its size.
  const unsigned blocks = shape.cluster[0] ? shape.cluster[0] * shape.cluster[1] * shape.cluster[2] : 1;
  return std::max(1u, *fit / blocks) * kernel.module().context().device().info().compute_units;
}

}  // namespace cutrans::runtime
