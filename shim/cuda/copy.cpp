// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies in one dimension. Device pointers and host pointers are one address space, so a copy is the same operation in
// all directions; the direction is passed on for the checks.
#include "bodies.h"
#include "shim/common/batches.h"

namespace cutrans::driver {

namespace {

using runtime::Direction;

enum class When { now, on_stream };

CUresult copy(Call &call, CUstream stream, When when, uint64_t dst, uint64_t src, size_t size, Direction direction) {
  Result<runtime::Queue *> queue = call.queue(stream);
  if (!queue.ok()) return error(queue.status());
  if (size == 0) return CUDA_SUCCESS;
  runtime::Copy copy;
  copy.dst = dst;
  copy.src = src;
  copy.width = size;
  copy.direction = direction;
  copy.synchronous = when == When::now;
  return error((*queue)->copy(copy));
}

uint64_t number(const void *pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

// Copies between contexts: both must be live, the pointers say where the memory is.
bool liveContexts(CUcontext a, CUcontext b) {
  return findContext(a).context && findContext(b).context;
}

}  // namespace

CUresult body::cuMemcpy(Call &call, CUdeviceptr dst, CUdeviceptr src, size_t size) {
  return copy(call, nullptr, When::now, dst, src, size, Direction::infer);
}
CUresult body::cuMemcpyAsync(Call &call, CUdeviceptr dst, CUdeviceptr src, size_t size, CUstream stream) {
  return copy(call, stream, When::on_stream, dst, src, size, Direction::infer);
}

CUresult body::cuMemcpyHtoD_v2(Call &call, CUdeviceptr dst, const void *src, size_t size) {
  return copy(call, nullptr, When::now, dst, number(src), size, Direction::host_to_device);
}
CUresult body::cuMemcpyHtoDAsync_v2(Call &call, CUdeviceptr dst, const void *src, size_t size, CUstream stream) {
  return copy(call, stream, When::on_stream, dst, number(src), size, Direction::host_to_device);
}

CUresult body::cuMemcpyDtoH_v2(Call &call, void *dst, CUdeviceptr src, size_t size) {
  return copy(call, nullptr, When::now, number(dst), src, size, Direction::device_to_host);
}
CUresult body::cuMemcpyDtoHAsync_v2(Call &call, void *dst, CUdeviceptr src, size_t size, CUstream stream) {
  return copy(call, stream, When::on_stream, number(dst), src, size, Direction::device_to_host);
}

CUresult body::cuMemcpyDtoD_v2(Call &call, CUdeviceptr dst, CUdeviceptr src, size_t size) {
  return copy(call, nullptr, When::now, dst, src, size, Direction::device_to_device);
}
CUresult body::cuMemcpyDtoDAsync_v2(Call &call, CUdeviceptr dst, CUdeviceptr src, size_t size, CUstream stream) {
  return copy(call, stream, When::on_stream, dst, src, size, Direction::device_to_device);
}

CUresult body::cuMemcpyPeer(Call &call, CUdeviceptr dst, CUcontext dst_context, CUdeviceptr src, CUcontext src_context,
                            size_t size) {
  if (!liveContexts(dst_context, src_context)) return CUDA_ERROR_INVALID_CONTEXT;
  return copy(call, nullptr, When::now, dst, src, size, Direction::device_to_device);
}
CUresult body::cuMemcpyPeerAsync(Call &call, CUdeviceptr dst, CUcontext dst_context, CUdeviceptr src,
                                 CUcontext src_context, size_t size, CUstream stream) {
  if (!liveContexts(dst_context, src_context)) return CUDA_ERROR_INVALID_CONTEXT;
  return copy(call, stream, When::on_stream, dst, src, size, Direction::device_to_device);
}

CUresult body::cuMemcpyBatchAsync(Call &call, CUdeviceptr *to, CUdeviceptr *from, size_t *sizes, size_t count,
                                  CUmemcpyAttributes *attributes, size_t *first, size_t attribute_count, size_t *failed, CUstream stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    return shim::copyBatch(queue, to, from, sizes, count, {attributes, first, attribute_count}, failed);
  });
}
CUresult body::cuMemcpyBatchAsync_v2(Call &call, CUdeviceptr *to, CUdeviceptr *from, size_t *sizes, size_t count,
                                     CUmemcpyAttributes *attributes, size_t *first, size_t attribute_count, CUstream stream) {
  return body::cuMemcpyBatchAsync(call, to, from, sizes, count, attributes, first, attribute_count, nullptr, stream);
}
CUresult body::cuMemcpy3DBatchAsync(Call &call, size_t count, CUDA_MEMCPY3D_BATCH_OP *list, size_t *failed, unsigned long long flags,
                                    CUstream stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) { return shim::copyBoxBatch(queue, {list, count}, flags, failed); });
}
CUresult body::cuMemcpy3DBatchAsync_v2(Call &call, size_t count, CUDA_MEMCPY3D_BATCH_OP *list, unsigned long long flags, CUstream stream) {
  return body::cuMemcpy3DBatchAsync(call, count, list, nullptr, flags, stream);
}

}  // namespace cutrans::driver
