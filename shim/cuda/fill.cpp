// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Setting memory: elements of 1, 2 and 4 bytes, rows and boxes, now and on a stream.
#include "bodies.h"

namespace cutrans::driver {

namespace {

CUresult fill(Call &call, CUstream stream, bool synchronous, CUdeviceptr dst, uint32_t element, uint32_t value,
              size_t width, size_t height = 1, size_t pitch = 0) {
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (width == 0 || height == 0) return CUDA_SUCCESS;
  if (dst % element || (height > 1 && pitch % element)) return CUDA_ERROR_INVALID_VALUE;
  runtime::Fill fill;
  fill.dst = dst;
  fill.element = element;
  fill.value = value;
  fill.width = width;
  fill.height = height;
  fill.pitch = pitch;
  fill.synchronous = synchronous;
  return error((*queue)->fill(fill));
}

}  // namespace

CUresult body::cuMemsetD8_v2(Call &call, CUdeviceptr dst, unsigned char value, size_t count) {
  return fill(call, nullptr, true, dst, 1, value, count);
}
CUresult body::cuMemsetD16_v2(Call &call, CUdeviceptr dst, unsigned short value, size_t count) {
  return fill(call, nullptr, true, dst, 2, value, count);
}
CUresult body::cuMemsetD32_v2(Call &call, CUdeviceptr dst, unsigned int value, size_t count) {
  return fill(call, nullptr, true, dst, 4, value, count);
}
CUresult body::cuMemsetD8Async(Call &call, CUdeviceptr dst, unsigned char value, size_t count, CUstream stream) {
  return fill(call, stream, false, dst, 1, value, count);
}
CUresult body::cuMemsetD16Async(Call &call, CUdeviceptr dst, unsigned short value, size_t count, CUstream stream) {
  return fill(call, stream, false, dst, 2, value, count);
}
CUresult body::cuMemsetD32Async(Call &call, CUdeviceptr dst, unsigned int value, size_t count, CUstream stream) {
  return fill(call, stream, false, dst, 4, value, count);
}

CUresult body::cuMemsetD2D8_v2(Call &call, CUdeviceptr dst, size_t pitch, unsigned char value, size_t width,
                               size_t height) {
  return fill(call, nullptr, true, dst, 1, value, width, height, pitch);
}
CUresult body::cuMemsetD2D16_v2(Call &call, CUdeviceptr dst, size_t pitch, unsigned short value, size_t width,
                                size_t height) {
  return fill(call, nullptr, true, dst, 2, value, width, height, pitch);
}
CUresult body::cuMemsetD2D32_v2(Call &call, CUdeviceptr dst, size_t pitch, unsigned int value, size_t width,
                                size_t height) {
  return fill(call, nullptr, true, dst, 4, value, width, height, pitch);
}
CUresult body::cuMemsetD2D8Async(Call &call, CUdeviceptr dst, size_t pitch, unsigned char value, size_t width,
                                 size_t height, CUstream stream) {
  return fill(call, stream, false, dst, 1, value, width, height, pitch);
}
CUresult body::cuMemsetD2D16Async(Call &call, CUdeviceptr dst, size_t pitch, unsigned short value, size_t width,
                                  size_t height, CUstream stream) {
  return fill(call, stream, false, dst, 2, value, width, height, pitch);
}
CUresult body::cuMemsetD2D32Async(Call &call, CUdeviceptr dst, size_t pitch, unsigned int value, size_t width,
                                  size_t height, CUstream stream) {
  return fill(call, stream, false, dst, 4, value, width, height, pitch);
}

}  // namespace cutrans::driver
