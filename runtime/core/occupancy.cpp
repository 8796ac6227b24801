// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How many blocks fit on a compute unit. Threads count in whole warps, shared memory in the kernel's own amount; registers
// do not count, for no target of this layer has a register file that threads share.
#include <algorithm>

#include "cutrans/runtime/launch.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

// Shared memory is given to blocks in pieces of this size: compute capability 8.0 to 9.0.
constexpr uint64_t kSharedPiece = 128;

// What a block takes of its unit's shared memory, the layer's own share included.
uint64_t takenBy(uint64_t shared, const ct_device_info &limit) {
  return (shared + limit.shared_bytes_reserved + kSharedPiece - 1) / kSharedPiece * kSharedPiece;
}

const ct_device_info &limits(const Kernel &kernel) { return kernel.module().context().device().info(); }

}  // namespace

Result<unsigned> blocksPerUnit(const Kernel &kernel, unsigned block_threads, uint64_t dynamic_shared_bytes) {
  const ct_device_info &limit = limits(kernel);
  if (block_threads == 0) return Code::invalid_value;
  if (block_threads > kernel.maxThreads()) return 0u;
  uint64_t shared = kernel.info().static_shared_bytes + dynamic_shared_bytes;
  if (shared > limit.shared_bytes_per_block_max) return 0u;
  unsigned threads = (block_threads + kLanesPerWarp - 1) / kLanesPerWarp * kLanesPerWarp;
  uint64_t blocks = std::min<uint64_t>(limit.max_blocks_per_unit, limit.max_threads_per_unit / threads);
  if (uint64_t taken = takenBy(shared, limit)) blocks = std::min<uint64_t>(blocks, limit.shared_bytes_per_unit / taken);
  return static_cast<unsigned>(blocks);
}

Result<BlockAdvice> adviseBlock(const Kernel &kernel, size_t (*shared_for)(int block), uint64_t dynamic_shared_bytes, unsigned limit) {
  const unsigned most = limit ? std::min(limit, kernel.maxThreads()) : kernel.maxThreads();
  BlockAdvice best;
  uint64_t best_threads = 0;
  // From large to small: of equals, the largest block wins.
  for (unsigned top = (most + kLanesPerWarp - 1) / kLanesPerWarp * kLanesPerWarp; top > 0; top -= kLanesPerWarp) {
    unsigned block = std::min(top, most);
    uint64_t shared = shared_for ? shared_for(static_cast<int>(block)) : dynamic_shared_bytes;
    Result<unsigned> blocks = blocksPerUnit(kernel, block, shared);
    if (!blocks.ok()) return blocks.status();
    if (uint64_t threads = uint64_t{*blocks} * block; threads > best_threads) {
      best_threads = threads;
      best = {*blocks * limits(kernel).compute_units, block};
    }
  }
  return best;
}

Result<uint64_t> sharedBytesFor(const Kernel &kernel, unsigned blocks, unsigned block_threads) {
  if (blocks == 0) return Code::invalid_value;
  Result<unsigned> fit = blocksPerUnit(kernel, block_threads, 0);
  if (!fit.ok()) return fit.status();
  if (*fit < blocks) return uint64_t{0};
  uint64_t each = std::min<uint64_t>(limits(kernel).shared_bytes_per_unit / blocks / kSharedPiece * kSharedPiece, limits(kernel).shared_bytes_per_block_max + limits(kernel).shared_bytes_reserved);
  uint64_t fixed = kernel.info().static_shared_bytes + limits(kernel).shared_bytes_reserved;
  return each > fixed ? each - fixed : 0;
}

}  // namespace cutrans::runtime
