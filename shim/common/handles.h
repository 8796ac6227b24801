// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CUDA's handles are pointers to the runtime's objects, in both APIs the same. `find` of each class says whether a
// value is one; here are the special values that are none.
#pragma once
#include <cstdint>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/queue.h"

namespace cutrans::shim {

inline constexpr uintptr_t kLegacyStream = 1, kPerThreadStream = 2;

// A stream argument as a queue. 0 is the default stream: the thread's own with `per_thread`, else the legacy one.
// invalid_handle for what is neither a special value nor a live stream.
inline Result<runtime::Queue *> resolveQueue(runtime::Context &context, const void *stream, bool per_thread) {
  auto value = reinterpret_cast<uintptr_t>(stream);
  if (value == 0) value = per_thread ? kPerThreadStream : kLegacyStream;
  if (value == kLegacyStream) return &context.legacyQueue();
  if (value == kPerThreadStream) return context.threadQueue();
  runtime::Queue *queue = runtime::Queue::find(stream);
  if (!queue) return Code::invalid_handle;
  return queue;
}

}  // namespace cutrans::shim
