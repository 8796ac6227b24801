// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all copies of the runtime API share: the kinds, linear copies and copies of boxes on a stream, boxes in arrays.
#pragma once

#include <optional>

#include "cutrans/runtime/array.h"
#include "cutrans/runtime/queue.h"
#include "shim/common/texture_descriptors.h"
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

inline cudaError_t copyBox(Call &call, runtime::Copy copy, cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
  std::optional<runtime::Direction> direction = directionOf(kind);
  if (!direction) return cudaErrorInvalidMemcpyDirection;
  copy.direction = *direction;
  copy.synchronous = wait == Wait::yes;
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    if (copy.width == 0 || copy.height == 0 || copy.depth == 0) return Code::ok;
    if (!copy.dst || !copy.src) return Code::invalid_value;
    return queue.copy(copy);
  });
}

// One end of a copy of a box: where the box starts, and how far it is from row to row and from slice to slice.
struct End {
  runtime::Address start = 0;
  uint64_t pitch = 0, slice = 0;
};

inline runtime::Copy copyBetween(const End &dst, const End &src, uint64_t width, uint64_t height, uint64_t depth) {
  runtime::Copy copy;
  copy.dst = dst.start;
  copy.dst_pitch = dst.pitch;
  copy.dst_slice = dst.slice;
  copy.src = src.start;
  copy.src_pitch = src.pitch;
  copy.src_slice = src.slice;
  copy.width = width;
  copy.height = height;
  copy.depth = depth;
  return copy;
}

// An array is in device memory, whatever the kind says about the other end.
inline cudaError_t checkSides(cudaMemcpyKind kind, const void *dst_array, const void *src_array) {
  const bool to_host = kind == cudaMemcpyHostToHost || kind == cudaMemcpyDeviceToHost;
  const bool from_host = kind == cudaMemcpyHostToHost || kind == cudaMemcpyHostToDevice;
  return (dst_array && to_host) || (src_array && from_host) ? cudaErrorInvalidMemcpyDirection : cudaSuccess;
}

// A box in an array; its x and width count bytes.
inline Result<End> endIn(const void *array, const runtime::Array::Box &box) {
  Result<runtime::Array *> found = shim::findObject<runtime::Array>(array);
  if (!found.ok()) return found.status();
  Result<runtime::Address> start = (*found)->locate(box);
  if (!start.ok()) return start.status();
  return End{*start, (*found)->rowPitch(), (*found)->slicePitch()};
}

}  // namespace cutrans::cudart
