// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear copies, on one device and between two.
#include "bodies.h"
#include "shim/common/batches.h"
#include "shim/cudart/copies.h"

namespace cutrans::cudart {
namespace {

bool devicesExist(int a, int b) {
  runtime::Platform *platform = runtime::Platform::loaded();
  return platform->device(a).ok() && platform->device(b).ok();
}

// One address space: the addresses say where the memory is; the device numbers only have to be right.
cudaError_t copyPeer(Call &call, void *dst, int dst_device, const void *src, int src_device, size_t bytes,
                     cudaStream_t stream, Wait wait) {
  if (!devicesExist(dst_device, src_device)) return cudaErrorInvalidDevice;
  return copyLinear(call, addressOf(dst), addressOf(src), bytes, cudaMemcpyDeviceToDevice, stream, wait);
}

}  // namespace

cudaError_t body::cudaMemcpy(Call &call, void *dst, const void *src, size_t bytes, cudaMemcpyKind kind) {
  return copyLinear(call, addressOf(dst), addressOf(src), bytes, kind, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpyAsync(Call &call, void *dst, const void *src, size_t bytes, cudaMemcpyKind kind,
                                  cudaStream_t stream) {
  return copyLinear(call, addressOf(dst), addressOf(src), bytes, kind, stream, Wait::no);
}

cudaError_t body::cudaMemcpyPeer(Call &call, void *dst, int dst_device, const void *src, int src_device,
                                 size_t bytes) {
  return copyPeer(call, dst, dst_device, src, src_device, bytes, nullptr, Wait::yes);
}

cudaError_t body::cudaMemcpyPeerAsync(Call &call, void *dst, int dst_device, const void *src, int src_device,
                                      size_t bytes, cudaStream_t stream) {
  return copyPeer(call, dst, dst_device, src, src_device, bytes, stream, Wait::no);
}

cudaError_t body::cudaMemcpyBatchAsync(Call &call, void *const *to, const void *const *from, const size_t *sizes, size_t count,
                                       cudaMemcpyAttributes *attributes, size_t *first, size_t attribute_count, cudaStream_t stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    return shim::copyBatch(queue, reinterpret_cast<const CUdeviceptr *>(to), reinterpret_cast<const CUdeviceptr *>(from), sizes, count,
                           {reinterpret_cast<const CUmemcpyAttributes *>(attributes), first, attribute_count}, nullptr);
  });
}

cudaError_t body::cudaMemcpy3DBatchAsync(Call &call, size_t count, cudaMemcpy3DBatchOp *list, unsigned long long flags, cudaStream_t stream) {
  return call.onQueue(stream, [&](runtime::Queue &queue) {
    return shim::copyBoxBatch(queue, {reinterpret_cast<const CUDA_MEMCPY3D_BATCH_OP *>(list), count}, flags, nullptr);
  });
}

}  // namespace cutrans::cudart
