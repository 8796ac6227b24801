// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How many blocks of a kernel fit on one multiprocessor. The header's templates do the rest (best block size).
#include "bodies.h"
#include "cutrans/runtime/launch.h"
#include "shim/common/launch_attributes.h"
#include "shim/cudart/kernel_handles.h"

namespace cutrans::cudart {
namespace {

cudaError_t blocksPerUnit(Call &call, int *out, const void *function, int block_size, size_t shared_bytes,
                          unsigned flags) {
  // The flag only matters on devices whose caches share space with shared memory.
  if (!out || block_size <= 0 || (flags & ~cudaOccupancyDisableCachingOverride)) return cudaErrorInvalidValue;
  Result<runtime::Kernel *> kernel = kernelOf(call, function);
  if (!kernel.ok()) return error(kernel.status());
  Result<unsigned> blocks = runtime::blocksPerUnit(**kernel, static_cast<unsigned>(block_size), shared_bytes);
  if (!blocks.ok()) return error(blocks.status());
  *out = static_cast<int>(*blocks);
  return cudaSuccess;
}

// The launch that `config` describes.
Result<runtime::LaunchShape> shapeOf(Call &call, const cudaLaunchConfig_t *config) {
  if (!config || (config->numAttrs && !config->attrs)) return Code::invalid_value;
  runtime::LaunchShape shape;
  const dim3 &grid = config->gridDim, &block = config->blockDim;
  shape.grid[0] = grid.x, shape.grid[1] = grid.y, shape.grid[2] = grid.z;
  shape.block[0] = block.x, shape.block[1] = block.y, shape.block[2] = block.z;
  shape.dynamic_shared_bytes = config->dynamicSmemBytes;
  std::span attributes(reinterpret_cast<const CUlaunchAttribute *>(config->attrs), config->numAttrs);
  if (Status status = shim::readLaunchAttributes(attributes, &shape, call.name); !status.ok()) return status;
  return shape;
}

}  // namespace

cudaError_t body::cudaOccupancyMaxActiveClusters(Call &call, int *out, const void *function, const cudaLaunchConfig_t *config) {
  Result<runtime::LaunchShape> shape = shapeOf(call, config);
  if (!out || !shape.ok()) return cudaErrorInvalidValue;
  Result<runtime::Kernel *> kernel = kernelOf(call, function);
  if (!kernel.ok()) return error(kernel.status());
  Result<unsigned> clusters = runtime::clustersAtOnce(**kernel, *shape);
  if (!clusters.ok()) return error(clusters.status());
  *out = static_cast<int>(*clusters);
  return cudaSuccess;
}

cudaError_t body::cudaOccupancyMaxPotentialClusterSize(Call &call, int *out, const void *function, const cudaLaunchConfig_t *config) {
  Result<runtime::LaunchShape> shape = shapeOf(call, config);
  if (!out || !shape.ok()) return cudaErrorInvalidValue;
  Result<runtime::Kernel *> kernel = kernelOf(call, function);
  if (!kernel.ok()) return error(kernel.status());
  const uint64_t threads = uint64_t{shape->block[0]} * shape->block[1] * shape->block[2];
  Result<unsigned> blocks = runtime::largestCluster(**kernel, static_cast<unsigned>(threads), shape->dynamic_shared_bytes);
  if (!blocks.ok()) return error(blocks.status());
  *out = static_cast<int>(*blocks);
  return cudaSuccess;
}

cudaError_t body::cudaOccupancyMaxActiveBlocksPerMultiprocessor(Call &call, int *out, const void *function,
                                                                int block_size, size_t shared_bytes) {
  return blocksPerUnit(call, out, function, block_size, shared_bytes, cudaOccupancyDefault);
}

cudaError_t body::cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(Call &call, int *out, const void *function,
                                                                         int block_size, size_t shared_bytes,
                                                                         unsigned flags) {
  return blocksPerUnit(call, out, function, block_size, shared_bytes, flags);
}

cudaError_t body::cudaOccupancyAvailableDynamicSMemPerBlock(Call &call, size_t *out, const void *function, int blocks,
                                                            int block_size) {
  if (!out || blocks <= 0 || block_size <= 0) return cudaErrorInvalidValue;
  Result<runtime::Kernel *> kernel = kernelOf(call, function);
  if (!kernel.ok()) return error(kernel.status());
  Result<uint64_t> bytes =
      runtime::sharedBytesFor(**kernel, static_cast<unsigned>(blocks), static_cast<unsigned>(block_size));
  if (!bytes.ok()) return error(bytes.status());
  *out = *bytes;
  return cudaSuccess;
}

}  // namespace cutrans::cudart
