// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Describing copies.
#pragma once

#include <cutrans/target.h>

namespace cutrans::opencl {

inline ct_copy linearCopy(ct_side dst_side, uint64_t dst, ct_side src_side, uint64_t src, uint64_t bytes) {
  return {sizeof(ct_copy), dst_side, src_side, dst, src, bytes, 1, 1, bytes, bytes, bytes, bytes};
}

}  // namespace cutrans::opencl
