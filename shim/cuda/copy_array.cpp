// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear copies to and from arrays of one dimension. Offsets and sizes count bytes; both are whole elements.
#include "bodies.h"
#include "cutrans/runtime/array.h"

namespace cutrans::driver {
namespace {

using runtime::Direction;

// A range of a one-dimensional array as an address.
Result<runtime::Address> rangeOf(CUarray handle, size_t offset, size_t size) {
  runtime::Array *array = runtime::Array::find(handle);
  if (!array) return Code::invalid_handle;
  if (array->shape().height != 0 || array->shape().depth != 0) return Code::invalid_value;
  return array->locate({offset, 0, 0, size, 1, 1});
}

CUresult copy(Call &call, CUstream stream, bool synchronous, Result<runtime::Address> dst, Result<runtime::Address> src, size_t size,
              Direction direction) {
  if (!dst.ok()) return error(dst.status());
  if (!src.ok()) return error(src.status());
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    if (size == 0) return Code::ok;
    runtime::Copy copy;
    copy.dst = *dst;
    copy.src = *src;
    copy.width = size;
    copy.direction = direction;
    copy.synchronous = synchronous;
    return queue.copy(copy);
  });
}

runtime::Address number(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer); }

}  // namespace

CUresult body::cuMemcpyDtoA_v2(Call &call, CUarray dst, size_t offset, CUdeviceptr src, size_t size) {
  return copy(call, nullptr, true, rangeOf(dst, offset, size), src, size, Direction::device_to_device);
}
CUresult body::cuMemcpyAtoD_v2(Call &call, CUdeviceptr dst, CUarray src, size_t offset, size_t size) {
  return copy(call, nullptr, true, dst, rangeOf(src, offset, size), size, Direction::device_to_device);
}
CUresult body::cuMemcpyHtoA_v2(Call &call, CUarray dst, size_t offset, const void *src, size_t size) {
  return copy(call, nullptr, true, rangeOf(dst, offset, size), number(src), size, Direction::host_to_device);
}
CUresult body::cuMemcpyHtoAAsync_v2(Call &call, CUarray dst, size_t offset, const void *src, size_t size, CUstream stream) {
  return copy(call, stream, false, rangeOf(dst, offset, size), number(src), size, Direction::host_to_device);
}
CUresult body::cuMemcpyAtoH_v2(Call &call, void *dst, CUarray src, size_t offset, size_t size) {
  return copy(call, nullptr, true, number(dst), rangeOf(src, offset, size), size, Direction::device_to_host);
}
CUresult body::cuMemcpyAtoHAsync_v2(Call &call, void *dst, CUarray src, size_t offset, size_t size, CUstream stream) {
  return copy(call, stream, false, number(dst), rangeOf(src, offset, size), size, Direction::device_to_host);
}
CUresult body::cuMemcpyAtoA_v2(Call &call, CUarray dst, size_t dst_offset, CUarray src, size_t src_offset, size_t size) {
  runtime::Array *to = runtime::Array::find(dst), *from = runtime::Array::find(src);
  if (to && from && to->shape().format.bytes() != from->shape().format.bytes()) return CUDA_ERROR_INVALID_VALUE;
  return copy(call, nullptr, true, rangeOf(dst, dst_offset, size), rangeOf(src, src_offset, size), size, Direction::device_to_device);
}

}  // namespace cutrans::driver
