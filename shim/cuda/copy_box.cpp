// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies of boxes: 2-D and 3-D, also between contexts.
#include "bodies.h"
#include "cutrans/runtime/array.h"
#include "shim/cuda/copy_ends.h"

namespace cutrans::driver {

namespace {

struct Box {
  size_t width, height, depth;
};

struct Place {
  uint64_t address, pitch, slice;
};

Code locate(const CopySide &end, const Box &box, Place *out) {
  uint64_t base = 0;
  switch (end.type) {
    case CU_MEMORYTYPE_HOST:
      base = reinterpret_cast<uintptr_t>(end.host);
      break;
    case CU_MEMORYTYPE_DEVICE:
    case CU_MEMORYTYPE_UNIFIED:
      base = end.device;
      break;
    case CU_MEMORYTYPE_ARRAY: {
      runtime::Array *array = runtime::Array::find(end.array);
      if (!array) return Code::invalid_handle;
      Result<runtime::Address> start = array->locate({end.x, end.y, end.z, box.width, box.height, box.depth});
      if (start.ok()) *out = {*start, array->rowPitch(), array->slicePitch()};
      return start.code();
    }
    default:
      return Code::invalid_value;
  }
  const uint64_t pitch = end.pitch ? end.pitch : box.width;
  const uint64_t height = end.height ? end.height : box.height;
  uint64_t row_end = 0, slice = 0, offset = 0, rows = 0;
  if (__builtin_add_overflow(end.x, box.width, &row_end) ||
      (row_end > pitch && (box.height > 1 || box.depth > 1 || end.pitch)))
    return Code::invalid_value;
  if (__builtin_mul_overflow(pitch, height, &slice) || __builtin_mul_overflow(slice, end.z, &offset) ||
      __builtin_mul_overflow(pitch, end.y, &rows) || __builtin_add_overflow(offset, rows, &offset) ||
      __builtin_add_overflow(offset, end.x, &offset) || __builtin_add_overflow(offset, base, &offset))
    return Code::invalid_value;
  *out = {offset, pitch, slice};
  return Code::ok;
}

CUresult copy(Call &call, CUstream stream, bool synchronous, const CopySide &dst, const CopySide &src, const Box &box) {
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (box.width == 0 || box.height == 0 || box.depth == 0) return CUDA_SUCCESS;
  Place to, from;
  Code code = locate(dst, box, &to);
  if (code == Code::ok) code = locate(src, box, &from);
  if (code != Code::ok) return error(code);
  runtime::Copy copy;
  copy.dst = to.address;
  copy.dst_pitch = to.pitch;
  copy.dst_slice = to.slice;
  copy.src = from.address;
  copy.src_pitch = from.pitch;
  copy.src_slice = from.slice;
  copy.width = box.width;
  copy.height = box.height;
  copy.depth = box.depth;
  copy.synchronous = synchronous;
  copy.direction = directionOf(dst, src);
  return error((*queue)->copy(copy));
}

// The structures of 32-bit addresses have the same fields.
template <class Descriptor>
CUresult copy2D(Call &call, CUstream stream, bool synchronous, const Descriptor *c) {
  if (!c) return CUDA_ERROR_INVALID_VALUE;
  return copy(call, stream, synchronous,
              {c->dstMemoryType, c->dstHost, c->dstDevice, c->dstArray, c->dstXInBytes, c->dstY, 0, c->dstPitch, 0},
              {c->srcMemoryType, c->srcHost, c->srcDevice, c->srcArray, c->srcXInBytes, c->srcY, 0, c->srcPitch, 0},
              {c->WidthInBytes, c->Height, 1});
}

// CUDA_MEMCPY3D, its 32-bit form and CUDA_MEMCPY3D_PEER have these fields by the same names.
template <class Descriptor>
CUresult copy3D(Call &call, CUstream stream, bool synchronous, const Descriptor *c) {
  if (!c || c->srcLOD != 0 || c->dstLOD != 0) return CUDA_ERROR_INVALID_VALUE;
  return copy(call, stream, synchronous, destinationOf(*c), sourceOf(*c), {c->WidthInBytes, c->Height, c->Depth});
}

bool liveContexts(const CUDA_MEMCPY3D_PEER *c) {
  return c && findContext(c->srcContext).context && findContext(c->dstContext).context;
}

}  // namespace

CUresult body::cuMemcpy2D_v2(Call &call, const CUDA_MEMCPY2D *c) {
  return copy2D(call, nullptr, true, c);
}
CUresult body::cuMemcpy2DUnaligned_v2(Call &call, const CUDA_MEMCPY2D *c) {
  return copy2D(call, nullptr, true, c);
}
CUresult body::cuMemcpy2DAsync_v2(Call &call, const CUDA_MEMCPY2D *c, CUstream stream) {
  return copy2D(call, stream, false, c);
}
CUresult body::cuMemcpy3D_v2(Call &call, const CUDA_MEMCPY3D *c) {
  return copy3D(call, nullptr, true, c);
}
CUresult body::cuMemcpy3DAsync_v2(Call &call, const CUDA_MEMCPY3D *c, CUstream stream) {
  return copy3D(call, stream, false, c);
}
CUresult body::cuMemcpy2D(Call &call, const CUDA_MEMCPY2D_v1 *c) {
  return copy2D(call, nullptr, true, c);
}
CUresult body::cuMemcpy2DUnaligned(Call &call, const CUDA_MEMCPY2D_v1 *c) {
  return copy2D(call, nullptr, true, c);
}
CUresult body::cuMemcpy2DAsync(Call &call, const CUDA_MEMCPY2D_v1 *c, CUstream stream) {
  return copy2D(call, stream, false, c);
}
CUresult body::cuMemcpy3D(Call &call, const CUDA_MEMCPY3D_v1 *c) {
  return copy3D(call, nullptr, true, c);
}
CUresult body::cuMemcpy3DAsync(Call &call, const CUDA_MEMCPY3D_v1 *c, CUstream stream) {
  return copy3D(call, stream, false, c);
}
CUresult body::cuMemcpy3DPeer(Call &call, const CUDA_MEMCPY3D_PEER *c) {
  return liveContexts(c) ? copy3D(call, nullptr, true, c) : CUDA_ERROR_INVALID_VALUE;
}
CUresult body::cuMemcpy3DPeerAsync(Call &call, const CUDA_MEMCPY3D_PEER *c, CUstream stream) {
  return liveContexts(c) ? copy3D(call, stream, false, c) : CUDA_ERROR_INVALID_VALUE;
}

}  // namespace cutrans::driver
