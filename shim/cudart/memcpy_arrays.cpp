// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies of rectangles to and from arrays, and the old linear forms, which see an array as its rows one behind the other.
// Widths and offsets count bytes.
#include <algorithm>

#include "bodies.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {
namespace {

struct Corner {
  size_t x, y;
};

cudaError_t toArray(Call &call, cudaArray_t dst, Corner at, const void *src, size_t pitch, size_t width, size_t height,
                    cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
  if (pitch > INT32_MAX) return cudaErrorInvalidValue;
  if (width > pitch) return cudaErrorInvalidPitchValue;
  Result<End> to = endIn(dst, {at.x, at.y, 0, width, height, 1});
  if (!to.ok()) return error(to.status());
  if (cudaError_t wrong = checkSides(kind, dst, nullptr); wrong != cudaSuccess) return wrong;
  return copyBox(call, copyBetween(*to, {addressOf(src), pitch, 0}, width, height, 1), kind, stream, wait);
}

cudaError_t fromArray(Call &call, void *dst, size_t pitch, cudaArray_const_t src, Corner at, size_t width, size_t height,
                      cudaMemcpyKind kind, cudaStream_t stream, Wait wait) {
  if (pitch > INT32_MAX) return cudaErrorInvalidValue;
  if (width > pitch) return cudaErrorInvalidPitchValue;
  Result<End> from = endIn(src, {at.x, at.y, 0, width, height, 1});
  if (!from.ok()) return error(from.status());
  if (cudaError_t wrong = checkSides(kind, nullptr, src); wrong != cudaSuccess) return wrong;
  return copyBox(call, copyBetween({addressOf(dst), pitch, 0}, *from, width, height, 1), kind, stream, wait);
}

cudaError_t betweenArrays(Call &call, cudaArray_t dst, Corner to, cudaArray_const_t src, Corner from, size_t width, size_t height,
                          cudaMemcpyKind kind) {
  Result<End> dst_end = endIn(dst, {to.x, to.y, 0, width, height, 1});
  if (!dst_end.ok()) return error(dst_end.status());
  Result<End> src_end = endIn(src, {from.x, from.y, 0, width, height, 1});
  if (!src_end.ok()) return error(src_end.status());
  if (cudaError_t wrong = checkSides(kind, dst, src); wrong != cudaSuccess) return wrong;
  return copyBox(call, copyBetween(*dst_end, *src_end, width, height, 1), kind, nullptr, Wait::yes);
}

// Bytes of an array's rows that follow each other: at most a row's beginning, whole rows, and a row's end. A piece is
// handed to `copy(corner, offset in the range, width, height)`.
template <class Copy>
cudaError_t inPieces(const void *array, Corner at, size_t bytes, Copy &&copy) {
  Result<runtime::Array *> found = shim::findObject<runtime::Array>(array);
  if (!found.ok()) return error(found.status());
  const size_t row = (*found)->rowBytes(), rows = (*found)->shape().rows();
  if (at.x > row || at.y > rows || bytes > (rows - at.y) * row - std::min(at.x, (rows - at.y) * row)) return cudaErrorInvalidValue;
  for (size_t done = 0; done < bytes;) {
    const size_t left = bytes - done;
    const size_t width = std::min(row - at.x, left);
    const size_t height = at.x == 0 && width == row ? left / row : 1;
    if (cudaError_t failed = copy(at, done, width, height); failed != cudaSuccess) return failed;
    done += width * height;
    at = {0, at.y + height};
  }
  return cudaSuccess;
}

cudaError_t linearToArray(Call &call, cudaArray_t dst, Corner at, const void *src, size_t bytes, cudaMemcpyKind kind,
                          cudaStream_t stream, Wait wait) {
  if (!src && bytes) return cudaErrorInvalidValue;
  return inPieces(dst, at, bytes, [&](Corner to, size_t offset, size_t width, size_t height) {
    return toArray(call, dst, to, static_cast<const char *>(src) + offset, width, width, height, kind, stream, wait);
  });
}

cudaError_t linearFromArray(Call &call, void *dst, cudaArray_const_t src, Corner at, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream, Wait wait) {
  if (!dst && bytes) return cudaErrorInvalidValue;
  return inPieces(src, at, bytes, [&](Corner from, size_t offset, size_t width, size_t height) {
    return fromArray(call, static_cast<char *>(dst) + offset, width, src, from, width, height, kind, stream, wait);
  });
}

}  // namespace

cudaError_t body::cudaMemcpy2DToArray(Call &call, cudaArray_t dst, size_t x, size_t y, const void *src, size_t pitch, size_t width,
                                      size_t height, cudaMemcpyKind kind) {
  return toArray(call, dst, {x, y}, src, pitch, width, height, kind, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpy2DToArrayAsync(Call &call, cudaArray_t dst, size_t x, size_t y, const void *src, size_t pitch,
                                           size_t width, size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  return toArray(call, dst, {x, y}, src, pitch, width, height, kind, stream, Wait::no);
}

cudaError_t body::cudaMemcpy2DFromArray(Call &call, void *dst, size_t pitch, cudaArray_const_t src, size_t x, size_t y,
                                        size_t width, size_t height, cudaMemcpyKind kind) {
  return fromArray(call, dst, pitch, src, {x, y}, width, height, kind, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpy2DFromArrayAsync(Call &call, void *dst, size_t pitch, cudaArray_const_t src, size_t x, size_t y,
                                             size_t width, size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  return fromArray(call, dst, pitch, src, {x, y}, width, height, kind, stream, Wait::no);
}

cudaError_t body::cudaMemcpy2DArrayToArray(Call &call, cudaArray_t dst, size_t dst_x, size_t dst_y, cudaArray_const_t src,
                                           size_t src_x, size_t src_y, size_t width, size_t height, cudaMemcpyKind kind) {
  return betweenArrays(call, dst, {dst_x, dst_y}, src, {src_x, src_y}, width, height, kind);
}

cudaError_t body::cudaMemcpyToArray(Call &call, cudaArray_t dst, size_t x, size_t y, const void *src, size_t bytes,
                                    cudaMemcpyKind kind) {
  return linearToArray(call, dst, {x, y}, src, bytes, kind, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpyToArrayAsync(Call &call, cudaArray_t dst, size_t x, size_t y, const void *src, size_t bytes,
                                         cudaMemcpyKind kind, cudaStream_t stream) {
  return linearToArray(call, dst, {x, y}, src, bytes, kind, stream, Wait::no);
}

cudaError_t body::cudaMemcpyFromArray(Call &call, void *dst, cudaArray_const_t src, size_t x, size_t y, size_t bytes,
                                      cudaMemcpyKind kind) {
  return linearFromArray(call, dst, src, {x, y}, bytes, kind, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpyFromArrayAsync(Call &call, void *dst, cudaArray_const_t src, size_t x, size_t y, size_t bytes,
                                           cudaMemcpyKind kind, cudaStream_t stream) {
  return linearFromArray(call, dst, src, {x, y}, bytes, kind, stream, Wait::no);
}

cudaError_t body::cudaMemcpyArrayToArray(Call &call, cudaArray_t dst, size_t dst_x, size_t dst_y, cudaArray_const_t src,
                                         size_t src_x, size_t src_y, size_t bytes, cudaMemcpyKind kind) {
  // Pieces of the one cut into pieces of the other.
  return inPieces(dst, {dst_x, dst_y}, bytes, [&](Corner to, size_t offset, size_t width, size_t height) {
    Result<runtime::Array *> from = shim::findObject<runtime::Array>(src);
    if (!from.ok()) return error(from.status());
    const size_t row = (*from)->rowBytes(), start = src_y * row + src_x;
    for (size_t y = 0; y < height; ++y) {
      for (size_t x = 0; x < width;) {
        const size_t at = start + offset + y * width + x, piece = std::min(width - x, row - at % row);
        cudaError_t failed = betweenArrays(call, dst, {to.x + x, to.y + y}, src, {at % row, at / row}, piece, 1, kind);
        if (failed != cudaSuccess) return failed;
        x += piece;
      }
    }
    return cudaSuccess;
  });
}

}  // namespace cutrans::cudart
