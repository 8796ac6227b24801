// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Filling memory with one byte: linear, rectangles, boxes.
#include "bodies.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {
namespace {

cudaError_t fill(Call &call, void *dst, size_t pitch, int value, size_t width, size_t height, cudaStream_t stream,
                 Wait wait) {
  if (height > 1 && width > pitch) return cudaErrorInvalidPitchValue;
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    if (width == 0 || height == 0) return Code::ok;
    if (!dst) return Code::invalid_value;
    runtime::Fill fill;
    fill.dst = addressOf(dst);
    fill.value = static_cast<unsigned char>(value);
    fill.width = width;
    fill.height = height;
    fill.pitch = pitch;
    fill.synchronous = wait == Wait::yes;
    return queue.fill(fill);
  });
}

// Rows of all slices follow each other at the same pitch when the box has the height of the memory; else slice by slice.
cudaError_t fillBox(Call &call, const cudaPitchedPtr &memory, int value, const cudaExtent &box, cudaStream_t stream,
                    Wait wait) {
  if (box.width > memory.pitch && (box.height > 1 || box.depth > 1)) return cudaErrorInvalidPitchValue;
  if (box.height > memory.ysize && box.depth > 1) return cudaErrorInvalidValue;
  size_t rows = 0;
  if (box.height == memory.ysize && !__builtin_mul_overflow(box.height, box.depth, &rows))
    return fill(call, memory.ptr, memory.pitch, value, box.width, rows, stream, wait);
  auto *slice = static_cast<char *>(memory.ptr);
  for (size_t z = 0; z < box.depth; z++, slice += memory.pitch * memory.ysize) {
    cudaError_t failed = fill(call, slice, memory.pitch, value, box.width, box.height, stream, wait);
    if (failed != cudaSuccess) return failed;
  }
  return cudaSuccess;
}

}  // namespace

cudaError_t body::cudaMemset(Call &call, void *dst, int value, size_t bytes) {
  return fill(call, dst, 0, value, bytes, 1, nullptr, Wait::yes);
}

cudaError_t body::cudaMemsetAsync(Call &call, void *dst, int value, size_t bytes, cudaStream_t stream) {
  return fill(call, dst, 0, value, bytes, 1, stream, Wait::no);
}

cudaError_t body::cudaMemset2D(Call &call, void *dst, size_t pitch, int value, size_t width, size_t height) {
  return fill(call, dst, pitch, value, width, height, nullptr, Wait::yes);
}

cudaError_t body::cudaMemset2DAsync(Call &call, void *dst, size_t pitch, int value, size_t width, size_t height,
                                    cudaStream_t stream) {
  return fill(call, dst, pitch, value, width, height, stream, Wait::no);
}

cudaError_t body::cudaMemset3D(Call &call, cudaPitchedPtr memory, int value, cudaExtent box) {
  return fillBox(call, memory, value, box, nullptr, Wait::yes);
}

cudaError_t body::cudaMemset3DAsync(Call &call, cudaPitchedPtr memory, int value, cudaExtent box,
                                    cudaStream_t stream) {
  return fillBox(call, memory, value, box, stream, Wait::no);
}

}  // namespace cutrans::cudart
