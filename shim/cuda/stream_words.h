// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The operations of cuStreamBatchMemOp, which nodes of graphs hold too, as the runtime's.
#pragma once
#include <cuda.h>

#include <span>
#include <vector>

#include "cutrans/runtime/queue.h"
#include "shim/cuda/call.h"

namespace cutrans::driver {

// The forms before CUDA 11.7 differ in what flags and operations they know.
enum class WordForm { v1, v2 };

// CUDA_ERROR_INVALID_VALUE: too many, a null list, an unknown operation or flag. Addresses are checked by Queue::onWords.
CUresult readWordOperations(const char *entry, std::span<const CUstreamBatchMemOpParams> list, WordForm form,
                            std::vector<runtime::WordOperation> *out);

}  // namespace cutrans::driver
