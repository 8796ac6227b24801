// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all copies of the runtime API share: the kinds, and linear copies on a stream.
#pragma once

#include <optional>

#include "cutrans/runtime/queue.h"
#include "shim/cudart/call.h"

namespace cutrans::cudart {

enum class Wait : bool { no, yes };  // the synchronous and the Async entry points

inline std::optional<runtime::Direction> directionOf(cudaMemcpyKind kind) {
  using enum runtime::Direction;
  switch (kind) {
    case cudaMemcpyHostToHost: return host_to_host;
    case cudaMemcpyHostToDevice: return host_to_device;
    case cudaMemcpyDeviceToHost: return device_to_host;
    case cudaMemcpyDeviceToDevice: return device_to_device;
    case cudaMemcpyDefault: return infer;
  }
  return std::nullopt;  // a program can put any number into the enum
}

inline runtime::Address addressOf(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer); }

inline cudaError_t copyLinear(Call &call, runtime::Address dst, runtime::Address src, size_t bytes,
                              cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
  std::optional<runtime::Direction> direction = directionOf(kind);
  if (!direction) return cudaErrorInvalidMemcpyDirection;
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    if (bytes == 0) return Code::ok;
    if (!dst || !src) return Code::invalid_value;
    runtime::Copy copy;
    copy.dst = dst;
    copy.src = src;
    copy.width = bytes;
    copy.direction = *direction;
    copy.synchronous = wait == Wait::yes;
    return queue.copy(copy);
  });
}

}  // namespace cutrans::cudart
