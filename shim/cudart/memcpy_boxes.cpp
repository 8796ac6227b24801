// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies of rectangles and boxes in pitched memory. Arrays are refused.
#include "bodies.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {
namespace {

cudaError_t submit(Call &call, runtime::Copy copy, cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
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

cudaError_t copy2D(Call &call, void *dst, size_t dst_pitch, const void *src, size_t src_pitch, size_t width,
                   size_t height, cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
  if (dst_pitch > INT32_MAX || src_pitch > INT32_MAX) return cudaErrorInvalidValue;  // cudaDevAttrMaxPitch
  if (width > dst_pitch || width > src_pitch) return cudaErrorInvalidPitchValue;
  runtime::Copy copy;
  copy.dst = addressOf(dst);
  copy.src = addressOf(src);
  copy.width = width;
  copy.height = height;
  copy.dst_pitch = dst_pitch;
  copy.src_pitch = src_pitch;
  return submit(call, copy, kind, stream, wait);
}

// One end of a 3-D copy: where the box starts, and how far it is from slice to slice. False: the numbers wrap.
bool locate(const cudaPitchedPtr &memory, const cudaPos &at, runtime::Address *start, uint64_t *slice) {
  uint64_t offset = 0, rows = 0;
  *start = addressOf(memory.ptr);
  return !__builtin_mul_overflow(memory.pitch, memory.ysize, slice) &&
         !__builtin_mul_overflow(*slice, at.z, &offset) && !__builtin_mul_overflow(memory.pitch, at.y, &rows) &&
         !__builtin_add_overflow(offset, rows, &offset) && !__builtin_add_overflow(offset, at.x, &offset) &&
         !__builtin_add_overflow(offset, *start, start);
}

// cudaMemcpy3DParms and cudaMemcpy3DPeerParms have these fields alike.
template <class Parameters>
cudaError_t copy3D(Call &call, const Parameters *p, cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
  if (!p) return cudaErrorInvalidValue;
  if (p->srcArray || p->dstArray) return call.refuse("copies to or from a CUDA array", Diag::api_arrays);
  const cudaExtent &box = p->extent;
  if (box.width == 0 || box.height == 0 || box.depth == 0) return cudaSuccess;
  if (!p->srcPtr.ptr || !p->dstPtr.ptr) return cudaErrorInvalidValue;
  const bool rows = box.height > 1 || box.depth > 1, slices = box.depth > 1;
  for (const auto &[memory, at] : {std::pair(p->srcPtr, p->srcPos), std::pair(p->dstPtr, p->dstPos)}) {
    if (memory.pitch > INT32_MAX) return cudaErrorInvalidValue;
    if (rows && (box.width > memory.pitch || at.x > memory.pitch - box.width)) return cudaErrorInvalidPitchValue;
    if (slices && (box.height > memory.ysize || at.y > memory.ysize - box.height)) return cudaErrorInvalidValue;
  }
  runtime::Copy copy;
  copy.width = box.width;
  copy.height = box.height;
  copy.depth = box.depth;
  copy.dst_pitch = p->dstPtr.pitch;
  copy.src_pitch = p->srcPtr.pitch;
  if (!locate(p->dstPtr, p->dstPos, &copy.dst, &copy.dst_slice) ||
      !locate(p->srcPtr, p->srcPos, &copy.src, &copy.src_slice))
    return cudaErrorInvalidValue;
  return submit(call, copy, kind, stream, wait);
}

cudaError_t copy3DPeer(Call &call, const cudaMemcpy3DPeerParms *p, cudaStream_t stream, Wait wait) {
  if (!p) return cudaErrorInvalidValue;
  runtime::Platform *platform = runtime::Platform::loaded();
  if (!platform->device(p->srcDevice).ok() || !platform->device(p->dstDevice).ok()) return cudaErrorInvalidDevice;
  return copy3D(call, p, cudaMemcpyDeviceToDevice, stream, wait);
}

}  // namespace

cudaError_t body::cudaMemcpy2D(Call &call, void *dst, size_t dst_pitch, const void *src, size_t src_pitch,
                               size_t width, size_t height, cudaMemcpyKind kind) {
  return copy2D(call, dst, dst_pitch, src, src_pitch, width, height, kind, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpy2DAsync(Call &call, void *dst, size_t dst_pitch, const void *src, size_t src_pitch,
                                    size_t width, size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  return copy2D(call, dst, dst_pitch, src, src_pitch, width, height, kind, stream, Wait::no);
}

cudaError_t body::cudaMemcpy3D(Call &call, const cudaMemcpy3DParms *p) {
  return copy3D(call, p, p ? p->kind : cudaMemcpyDefault, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpy3DAsync(Call &call, const cudaMemcpy3DParms *p, cudaStream_t stream) {
  return copy3D(call, p, p ? p->kind : cudaMemcpyDefault, stream, Wait::no);
}

cudaError_t body::cudaMemcpy3DPeer(Call &call, const cudaMemcpy3DPeerParms *p) {
  return copy3DPeer(call, p, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpy3DPeerAsync(Call &call, const cudaMemcpy3DPeerParms *p, cudaStream_t stream) {
  return copy3DPeer(call, p, stream, Wait::no);
}

}  // namespace cutrans::cudart
