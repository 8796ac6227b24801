// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How many blocks of a kernel fit on one multiprocessor. The header's templates do the rest (best block size).
#include "bodies.h"
#include "cutrans/runtime/launch.h"
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

}  // namespace

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
