// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The two ends of a copy, as all of the driver API's descriptors give them.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/queue.h"

namespace cutrans::driver {

struct CopySide {
  CUmemorytype type;
  const void *host;
  CUdeviceptr device;
  CUarray array;
  size_t x, y, z;        // where in the memory the box begins: bytes, rows, slices
  size_t pitch, height;  // of the memory; 0: of the box
};

// CUDA_MEMCPY3D and CUDA_MEMCPY3D_PEER have these fields by the same names.
template <class Descriptor>
CopySide destinationOf(const Descriptor &c) {
  return {c.dstMemoryType, c.dstHost, c.dstDevice, c.dstArray, c.dstXInBytes, c.dstY, c.dstZ, c.dstPitch, c.dstHeight};
}
template <class Descriptor>
CopySide sourceOf(const Descriptor &c) {
  return {c.srcMemoryType, c.srcHost, c.srcDevice, c.srcArray, c.srcXInBytes, c.srcY, c.srcZ, c.srcPitch, c.srcHeight};
}

inline runtime::Direction directionOf(const CopySide &dst, const CopySide &src) {
  using enum runtime::Direction;
  if (dst.type == CU_MEMORYTYPE_UNIFIED || src.type == CU_MEMORYTYPE_UNIFIED) return infer;
  const bool to_host = dst.type == CU_MEMORYTYPE_HOST, from_host = src.type == CU_MEMORYTYPE_HOST;
  return to_host ? (from_host ? host_to_host : device_to_host) : (from_host ? host_to_device : device_to_device);
}

}  // namespace cutrans::driver
