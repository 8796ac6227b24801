// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies of rectangles and boxes in pitched memory; the 3-D forms take arrays as well.
#include "bodies.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {
namespace {

cudaError_t copy2D(Call &call, void *dst, size_t dst_pitch, const void *src, size_t src_pitch, size_t width,
                   size_t height, cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
  if (dst_pitch > INT32_MAX || src_pitch > INT32_MAX) return cudaErrorInvalidValue;  // cudaDevAttrMaxPitch
  if (width > dst_pitch || width > src_pitch) return cudaErrorInvalidPitchValue;
  const End to{addressOf(dst), dst_pitch, 0}, from{addressOf(src), src_pitch, 0};
  return copyBox(call, copyBetween(to, from, width, height, 1), kind, stream, wait);
}

// Where the box starts in pitched memory; its width counts bytes.
cudaError_t locate(const cudaPitchedPtr &memory, const cudaPos &at, const cudaExtent &box, End *out) {
  if (!memory.ptr) return cudaErrorInvalidValue;
  if (memory.pitch > INT32_MAX) return cudaErrorInvalidValue;
  const bool rows = box.height > 1 || box.depth > 1, slices = box.depth > 1;
  if (rows && (box.width > memory.pitch || at.x > memory.pitch - box.width)) return cudaErrorInvalidPitchValue;
  if (slices && (box.height > memory.ysize || at.y > memory.ysize - box.height)) return cudaErrorInvalidValue;
  uint64_t offset = 0, to_row = 0;
  out->start = addressOf(memory.ptr);
  out->pitch = memory.pitch;
  const bool wraps = __builtin_mul_overflow(memory.pitch, memory.ysize, &out->slice) ||
                     __builtin_mul_overflow(out->slice, at.z, &offset) || __builtin_mul_overflow(memory.pitch, at.y, &to_row) ||
                     __builtin_add_overflow(offset, to_row, &offset) || __builtin_add_overflow(offset, at.x, &offset) ||
                     __builtin_add_overflow(offset, out->start, &out->start);
  return wraps ? cudaErrorInvalidValue : cudaSuccess;
}

// Positions in an array count its elements.
cudaError_t locate(cudaArray_t array, const cudaPos &at, const cudaExtent &box, size_t element, End *out) {
  uint64_t x = 0;
  if (__builtin_mul_overflow(at.x, element, &x)) return cudaErrorInvalidValue;
  Result<End> end = endIn(array, {x, at.y, at.z, box.width, box.height, box.depth});
  if (end.ok()) *out = *end;
  return error(end.status());
}

// 0: no array.
cudaError_t elementSize(cudaArray_t array, size_t *out) {
  *out = 0;
  if (!array) return cudaSuccess;
  Result<runtime::Array *> found = shim::findObject<runtime::Array>(array);
  if (found.ok()) *out = (*found)->shape().format.bytes();
  return error(found.status());
}

// cudaMemcpy3DParms and cudaMemcpy3DPeerParms have these fields alike. With an array the extent counts its elements,
// else bytes; a position counts what is at its end.
template <class Parameters>
cudaError_t copy3D(Call &call, const Parameters *p, cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
  if (!p) return cudaErrorInvalidValue;
  if ((p->srcArray && p->srcPtr.ptr) || (p->dstArray && p->dstPtr.ptr)) return cudaErrorInvalidValue;
  size_t src_element = 0, dst_element = 0;
  cudaError_t failed = elementSize(p->srcArray, &src_element);
  if (failed == cudaSuccess) failed = elementSize(p->dstArray, &dst_element);
  if (failed != cudaSuccess) return failed;
  if (src_element && dst_element && src_element != dst_element) return cudaErrorInvalidValue;
  cudaExtent box = p->extent;
  if (box.width == 0 || box.height == 0 || box.depth == 0) return error(call.queue(stream).status());
  if (const size_t element = src_element ? src_element : dst_element)
    if (__builtin_mul_overflow(box.width, element, &box.width)) return cudaErrorInvalidValue;
  if (failed = checkSides(kind, p->dstArray, p->srcArray); failed != cudaSuccess) return failed;
  End dst, src;
  failed = p->dstArray ? locate(p->dstArray, p->dstPos, box, dst_element, &dst) : locate(p->dstPtr, p->dstPos, box, &dst);
  if (failed != cudaSuccess) return failed;
  failed = p->srcArray ? locate(p->srcArray, p->srcPos, box, src_element, &src) : locate(p->srcPtr, p->srcPos, box, &src);
  if (failed != cudaSuccess) return failed;
  return copyBox(call, copyBetween(dst, src, box.width, box.height, box.depth), kind, stream, wait);
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
