// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory, events and pools between two processes through the runtime API. What happens between them is tested more closely in
// driver_sharing_test.cpp; here it is that each entry point reaches it, and its errors.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "../other_process.h"
#include "api_test.h"

namespace {

using shim_test::kParent, shim_test::OtherProcess, shim_test::receive, shim_test::send;

class Sharing : public RuntimeApi {
 protected:
  static unsigned word(const void *at) {
    unsigned value = 0;
    EXPECT_CUDA(cudaMemcpy(&value, at, 4, cudaMemcpyDeviceToHost));
    return value;
  }
};

struct Handles {
  cudaIpcMemHandle_t memory;
  cudaIpcEventHandle_t event;
  cudaMemPoolPtrExportData pooled;
};

TEST_F(Sharing, DISABLED_ReadsAndWrites) {
  int file = -1;
  auto handles = receive<Handles>(kParent, &file);
  void *memory = nullptr, *pooled = nullptr;
  cudaEvent_t event;
  cudaMemPool_t pool;
  ASSERT_CUDA(cudaIpcOpenMemHandle(&memory, handles.memory, cudaIpcMemLazyEnablePeerAccess));
  ASSERT_CUDA(cudaIpcOpenEventHandle(&event, handles.event));
  ASSERT_CUDA(cudaMemPoolImportFromShareableHandle(&pool, reinterpret_cast<void *>(intptr_t{file}), cudaMemHandleTypePosixFileDescriptor, 0));
  ASSERT_CUDA(cudaMemPoolImportPointer(&pooled, pool, &handles.pooled));
  EXPECT_CUDA(cudaStreamWaitEvent(nullptr, event, 0));
  EXPECT_CUDA(cudaMemcpyAsync(memory, pooled, 4, cudaMemcpyDeviceToDevice, nullptr));
  EXPECT_CUDA(cudaEventRecord(event, nullptr));
  EXPECT_CUDA(cudaEventSynchronize(event));
  EXPECT_EQ(word(memory), 55u);
  cudaPointerAttributes about{};
  EXPECT_CUDA(cudaPointerGetAttributes(&about, memory));
  EXPECT_EQ(about.type, cudaMemoryTypeDevice);
  send(kParent, 1);
  receive<int>(kParent);
  EXPECT_CUDA(cudaEventDestroy(event));
  EXPECT_CUDA_ERROR(cudaFree(memory), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaIpcCloseMemHandle(memory));
  EXPECT_CUDA_ERROR(cudaIpcCloseMemHandle(memory), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFreeAsync(pooled, nullptr));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
  close(file);
}

TEST_F(Sharing, EverythingAtOnce) {
  OtherProcess other("Sharing.DISABLED_ReadsAndWrites");
  void *memory = nullptr, *pooled = nullptr;
  cudaEvent_t event;
  cudaMemPool_t pool;
  Handles handles;
  int file = -1;
  cudaMemPoolProps prop{};
  prop.allocType = cudaMemAllocationTypePinned;
  prop.handleTypes = cudaMemHandleTypePosixFileDescriptor;
  prop.location = {cudaMemLocationTypeDevice, 0};
  ASSERT_CUDA(cudaMalloc(&memory, 1000));
  ASSERT_CUDA(cudaMemPoolCreate(&pool, &prop));
  ASSERT_CUDA(cudaMallocFromPoolAsync(&pooled, size_t{1} << 20, pool, nullptr));
  ASSERT_CUDA(cudaEventCreateWithFlags(&event, cudaEventInterprocess | cudaEventDisableTiming));
  ASSERT_CUDA(cudaMemPoolExportToShareableHandle(&file, pool, cudaMemHandleTypePosixFileDescriptor, 0));
  ASSERT_CUDA(cudaIpcGetMemHandle(&handles.memory, memory));
  ASSERT_CUDA(cudaIpcGetEventHandle(&handles.event, event));
  ASSERT_CUDA(cudaMemPoolExportPointer(&handles.pooled, pooled));
  const unsigned value = 55;
  ASSERT_CUDA(cudaMemcpyAsync(pooled, &value, 4, cudaMemcpyHostToDevice, nullptr));
  ASSERT_CUDA(cudaEventRecord(event, nullptr));
  send(other.socket(), handles, file);
  close(file);
  receive<int>(other.socket());
  EXPECT_CUDA(cudaEventQuery(event));
  EXPECT_EQ(word(memory), 55u);
  send(other.socket(), 1);
  EXPECT_EQ(other.end(), 0);
  EXPECT_CUDA(cudaEventDestroy(event));
  EXPECT_CUDA(cudaFree(memory));
  EXPECT_CUDA(cudaFree(pooled));
  EXPECT_CUDA(cudaMemPoolDestroy(pool));
}

TEST_F(Sharing, Errors) {
  void *memory = nullptr, *host = nullptr, *out = nullptr;
  cudaEvent_t event, plain, opened;
  cudaIpcMemHandle_t handle{};
  cudaIpcEventHandle_t event_handle{};
  ASSERT_CUDA(cudaMalloc(&memory, 64));
  ASSERT_CUDA(cudaMallocHost(&host, 64));
  ASSERT_CUDA(cudaEventCreateWithFlags(&event, cudaEventInterprocess | cudaEventDisableTiming));
  ASSERT_CUDA(cudaEventCreate(&plain));
  EXPECT_CUDA_ERROR(cudaEventCreateWithFlags(&opened, cudaEventInterprocess), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaIpcGetMemHandle(nullptr, memory), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaIpcGetMemHandle(&handle, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaIpcGetMemHandle(&handle, host), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaIpcOpenMemHandle(&out, handle, cudaIpcMemLazyEnablePeerAccess), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaIpcGetMemHandle(&handle, memory));
  EXPECT_CUDA_ERROR(cudaIpcOpenMemHandle(&out, handle, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaIpcOpenMemHandle(nullptr, handle, cudaIpcMemLazyEnablePeerAccess), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaIpcOpenMemHandle(&out, handle, cudaIpcMemLazyEnablePeerAccess), cudaErrorDeviceUninitialized);
  EXPECT_CUDA_ERROR(cudaIpcCloseMemHandle(memory), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaIpcGetEventHandle(&event_handle, plain), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaIpcGetEventHandle(nullptr, event), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaIpcGetEventHandle(&event_handle, nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaIpcOpenEventHandle(&opened, event_handle), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaIpcOpenEventHandle(nullptr, event_handle), cudaErrorInvalidValue);
  cudaMemPool_t pool;
  int file = -1;
  cudaMemPoolPtrExportData data{};
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
  EXPECT_CUDA_ERROR(cudaMemPoolExportToShareableHandle(&file, pool, cudaMemHandleTypePosixFileDescriptor, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemPoolExportToShareableHandle(nullptr, pool, cudaMemHandleTypePosixFileDescriptor, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemPoolImportFromShareableHandle(&pool, reinterpret_cast<void *>(9999), cudaMemHandleTypePosixFileDescriptor, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemPoolExportPointer(&data, memory), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemPoolImportPointer(&out, pool, &data), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaEventDestroy(event));
  EXPECT_CUDA(cudaEventDestroy(plain));
  EXPECT_CUDA(cudaFreeHost(host));
  EXPECT_CUDA(cudaFree(memory));
}

TEST_F(Sharing, ExternalMemory) {
  const int file = memfd_create("foreign", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(file, 8192), 0);
  auto *bytes = static_cast<unsigned char *>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  bytes[4096] = 9;
  cudaExternalMemoryHandleDesc wanted{};
  cudaExternalMemory_t memory;
  wanted.type = cudaExternalMemoryHandleTypeOpaqueFd;
  wanted.handle.fd = file;
  wanted.size = 8192;
  EXPECT_CUDA_ERROR(cudaImportExternalMemory(nullptr, &wanted), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaImportExternalMemory(&memory, nullptr), cudaErrorInvalidValue);
  wanted.type = cudaExternalMemoryHandleTypeD3D12Heap;
  EXPECT_CUDA_ERROR(cudaImportExternalMemory(&memory, &wanted), cudaErrorNotSupported);
  wanted.type = cudaExternalMemoryHandleTypeOpaqueFd;
  ASSERT_CUDA(cudaImportExternalMemory(&memory, &wanted));
  cudaExternalMemoryBufferDesc buffer{};
  buffer.offset = 4096;
  buffer.size = 4096;
  void *at = nullptr;
  EXPECT_CUDA_ERROR(cudaExternalMemoryGetMappedBuffer(nullptr, memory, &buffer), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaExternalMemoryGetMappedBuffer(&at, nullptr, &buffer), cudaErrorInvalidResourceHandle);
  ASSERT_CUDA(cudaExternalMemoryGetMappedBuffer(&at, memory, &buffer));
  EXPECT_EQ(word(at), 9u);
  EXPECT_CUDA(cudaMemset(at, 1, 4096));
  EXPECT_EQ(bytes[8191], 1);
  // The same bytes as texels.
  cudaExternalMemoryMipmappedArrayDesc image{};
  image.offset = 4096;
  image.formatDesc = {8, 0, 0, 0, cudaChannelFormatKindUnsigned};
  image.extent = {8, 4, 0};
  image.numLevels = 1;
  cudaMipmappedArray_t mipmap = nullptr;
  cudaArray_t level = nullptr;
  unsigned char texels[32] = {};
  EXPECT_CUDA_ERROR(cudaExternalMemoryGetMappedMipmappedArray(nullptr, memory, &image), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaExternalMemoryGetMappedMipmappedArray(&mipmap, memory, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaExternalMemoryGetMappedMipmappedArray(&mipmap, nullptr, &image), cudaErrorInvalidResourceHandle);
  ASSERT_CUDA(cudaExternalMemoryGetMappedMipmappedArray(&mipmap, memory, &image));
  ASSERT_CUDA(cudaGetMipmappedArrayLevel(&level, mipmap, 0));
  bytes[4096 + 3 * 64 + 7] = 77;
  EXPECT_CUDA(cudaMemcpy2DFromArray(texels, 8, level, 0, 0, 8, 4, cudaMemcpyDeviceToHost));
  EXPECT_EQ(texels[0], 1);
  EXPECT_EQ(texels[31], 77);
  EXPECT_CUDA(cudaFreeMipmappedArray(mipmap));
  EXPECT_CUDA(cudaDestroyExternalMemory(memory));
  EXPECT_CUDA_ERROR(cudaDestroyExternalMemory(memory), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaFree(at));
  EXPECT_CUDA_ERROR(cudaDeviceFlushGPUDirectRDMAWrites(cudaFlushGPUDirectRDMAWritesTargetCurrentDevice, cudaFlushGPUDirectRDMAWritesToOwner), cudaErrorNotSupported);
  EXPECT_CUDA_ERROR(cudaDeviceFlushGPUDirectRDMAWrites(cudaFlushGPUDirectRDMAWritesTargetCurrentDevice, static_cast<cudaFlushGPUDirectRDMAWritesScope>(1)), cudaErrorInvalidValue);
  munmap(bytes, 8192);
}

}  // namespace
