// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Batches of copies, prefetches and discards. The structures of the two APIs are laid out alike (batches.cpp compares).
//
// A batch is checked as a whole before anything is submitted. None may be given to the legacy default stream. Where the forms
// before CUDA 13 ask for it, `*failed` is the index of the first operation that is wrong, else `count`.
#pragma once
#include <cuda.h>

#include <cstddef>
#include <span>

#include "cutrans/runtime/queue.h"

namespace cutrans::shim {

// attributes[k] holds for the operations from first[k] to before first[k + 1].
template <class Attribute>
struct Runs {
  const Attribute *attributes;
  const size_t *first;
  size_t count;
};

struct Ranges {
  const CUdeviceptr *starts;
  const size_t *sizes;
  size_t count;
};

Status copyBatch(runtime::Queue &queue, const CUdeviceptr *to, const CUdeviceptr *from, const size_t *sizes, size_t count,
                 Runs<CUmemcpyAttributes> attributes, size_t *failed);
Status copyBoxBatch(runtime::Queue &queue, std::span<const CUDA_MEMCPY3D_BATCH_OP> list, unsigned long long flags, size_t *failed);
Status prefetchBatch(runtime::Queue &queue, Ranges ranges, Runs<CUmemLocation> locations, unsigned long long flags);
// The contents become indeterminate, and stay what they were.
Status discardBatch(runtime::Queue &queue, Ranges ranges, unsigned long long flags);

}  // namespace cutrans::shim
