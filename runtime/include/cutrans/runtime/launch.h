// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a launch is given: its shape and its arguments. Queue::launch checks both.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

struct LaunchShape {
  uint32_t grid[3] = {1, 1, 1};
  uint32_t block[3] = {1, 1, 1};
  uint32_t cluster[3] = {0, 0, 0};  // blocks; zeros: not asked for
  uint64_t dynamic_shared_bytes = 0;
  bool cooperative = false;
  bool overlaps = false;            // it may start before the kernel before it has ended; matters to captures only
};

// An attribute of a launch that has no effect on results and is kept for questions: the API's number and bytes.
struct KeptAttribute {
  uint32_t id = 0;
  std::array<std::byte, 64> value{};
};
inline constexpr uint32_t kPriorityAttribute = 8;  // in both APIs; an int. A captured launch takes its queue's

// Either one pointer for each parameter (sizes come from the kernel), or one packed buffer. Read during the call.
struct Arguments {
  void *const *pointers = nullptr;
  const void *buffer = nullptr;
  size_t buffer_size = 0;
  // For the node, when the queue captures:
  const void *origin = nullptr;     // what the program named the kernel by
  std::span<const KeptAttribute> attributes;
};

// Codes of a launch, for the shims' table:
//   invalid_configuration  a dimension of 0, or beyond the device's limits, or not what the kernel requires
//   invalid_cluster        clusters of a size that the kernel or the device does not allow, or that do not divide the grid
//   out_of_resources       more threads than the kernel was built for
//   invalid_value          shared memory beyond what the kernel may have; a null argument; a buffer of the wrong size
//   cooperative_too_large  more blocks than can run together
//   unsupported            refused by name: reported
// and what compiling the kernel gave: invalid_ptx, unsupported_ptx_version, link_failure, no_kernel_image, ...

// How many blocks of this shape one compute unit runs at a time; 0 when none fits.
CUTRANS_API Result<unsigned> blocksPerUnit(const Kernel &kernel, unsigned block_threads, uint64_t dynamic_shared_bytes);

// The largest cluster that a launch of this block may ask for; 0 when not even one block fits.
CUTRANS_API Result<unsigned> largestCluster(const Kernel &kernel, unsigned block_threads, uint64_t dynamic_shared_bytes);
// How many clusters of this shape the device runs at a time. invalid_cluster: the launch could not have them.
CUTRANS_API Result<unsigned> clustersAtOnce(const Kernel &kernel, const LaunchShape &shape);

// The smallest grid that fills the device, and the block size that fills it best. `shared_for` gives the dynamic shared
// memory for a block size (null: `dynamic_shared_bytes` for all); `limit` 0: the kernel's own.
struct BlockAdvice {
  unsigned min_grid = 0;
  unsigned block = 0;
};
CUTRANS_API Result<BlockAdvice> adviseBlock(const Kernel &kernel, size_t (*shared_for)(int block), uint64_t dynamic_shared_bytes,
                                            unsigned limit);

// The largest dynamic shared memory with which `blocks` blocks of this size still run on one unit.
CUTRANS_API Result<uint64_t> sharedBytesFor(const Kernel &kernel, unsigned blocks, unsigned block_threads);

}  // namespace cutrans::runtime
