// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The `extra` argument of launches and kernel nodes: a list of keys and values that ends with a key of 0 and describes
// one packed buffer.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/launch.h"

namespace cutrans::shim {

inline Result<runtime::Arguments> readExtra(void *const *extra) {
  runtime::Arguments arguments;
  const size_t *size = nullptr;
  for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
    if (extra[0] == CU_LAUNCH_PARAM_BUFFER_POINTER)
      arguments.buffer = extra[1];
    else if (extra[0] == CU_LAUNCH_PARAM_BUFFER_SIZE)
      size = static_cast<const size_t *>(extra[1]);
    else
      return Code::invalid_value;
  }
  if (!arguments.buffer || !size) return Code::invalid_value;
  arguments.buffer_size = *size;
  return arguments;
}

}  // namespace cutrans::shim
