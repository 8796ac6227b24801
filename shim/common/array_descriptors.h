// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Formats and shapes of arrays as CUDA writes them, for both APIs.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/array.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

struct ArrayFormat {
  CUarray_format format = CU_AD_FORMAT_UNSIGNED_INT8;
  unsigned channels = 1;
};

// invalid_value for what is no format; unsupported (reported) for block-compressed ones and those of video.
Result<runtime::TexelFormat> texelFormat(ArrayFormat format, const char *entry);
ArrayFormat arrayFormat(const runtime::TexelFormat &format);

// The flags of both APIs have the same numbers. unsupported (reported) for sparse and deferred arrays.
Result<runtime::ArrayShape> arrayShape(ArrayFormat format, uint64_t width, uint64_t height, uint64_t depth, unsigned flags,
                                       const char *entry);

}  // namespace cutrans::shim
