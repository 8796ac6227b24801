// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Forms of calls that differ little from others: each does the same thing, and checks the same way.
#include <cstring>
#include <numeric>
#include <vector>

#include "program.h"

namespace {

const std::string kText = kPtxHead + ".visible .global .align 4 .b8 words[16];\n.visible .entry k() { ret; }\n";

class Forms : public RuntimeApi {
 protected:
  Program program_{kText};
  const void *kernel_ = program_.kernel("k");
};

TEST_F(Forms, AsyncBoxes) {
  std::vector<unsigned char> host(64 * 32), back(host.size());
  std::iota(host.begin(), host.end(), 0);
  unsigned char *a = nullptr, *b = nullptr;
  size_t pitch = 0;
  cudaStream_t stream;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaMallocPitch(reinterpret_cast<void **>(&a), &pitch, 64, 32));
  ASSERT_CUDA(cudaMallocPitch(reinterpret_cast<void **>(&b), &pitch, 64, 32));
  ASSERT_CUDA(cudaMemset2DAsync(a, pitch, 0, 64, 32, stream));
  ASSERT_CUDA(cudaMemcpy2DAsync(a, pitch, host.data(), 64, 64, 32, cudaMemcpyHostToDevice, stream));

  cudaMemcpy3DParms box{};
  box.srcPtr = cudaPitchedPtr{a, pitch, 64, 8};
  box.dstPtr = cudaPitchedPtr{b, pitch, 64, 8};
  box.extent = cudaExtent{64, 8, 2};
  box.kind = cudaMemcpyDeviceToDevice;
  ASSERT_CUDA(cudaMemcpy3DAsync(&box, stream));
  cudaMemcpy3DPeerParms peer{};
  peer.srcPtr = cudaPitchedPtr{a, pitch, 64, 8};
  peer.dstPtr = cudaPitchedPtr{b, pitch, 64, 8};
  peer.srcPos = peer.dstPos = cudaPos{0, 0, 2};
  peer.extent = cudaExtent{64, 8, 1};
  ASSERT_CUDA(cudaMemcpy3DPeerAsync(&peer, stream));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  peer.srcPos = peer.dstPos = cudaPos{0, 0, 3};
  ASSERT_CUDA(cudaMemcpy3DPeer(&peer));
  ASSERT_CUDA(cudaMemcpy2DAsync(back.data(), 64, b, pitch, 64, 32, cudaMemcpyDeviceToHost, stream));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(back, host);

  ASSERT_CUDA(cudaMemset3DAsync(cudaPitchedPtr{a, pitch, 64, 32}, 9, cudaExtent{10, 3, 1}, stream));
  ASSERT_CUDA(cudaMemcpyPeerAsync(b, 0, a, 0, 3 * pitch, stream));
  ASSERT_CUDA(cudaMemcpyAsync(back.data(), b + 2 * pitch, 11, cudaMemcpyDeviceToHost, stream));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(back[9], 9);
  EXPECT_EQ(back[10], host[2 * 64 + 10]);
  peer.srcDevice = 9;
  EXPECT_CUDA_ERROR(cudaMemcpy3DPeer(&peer), cudaErrorInvalidDevice);
  EXPECT_CUDA(cudaFree(a));
  EXPECT_CUDA(cudaFree(b));
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST_F(Forms, AsyncSymbols) {
  const void *words = program_.variable("words", 16);
  unsigned in[2] = {5, 6}, out[2] = {};
  ASSERT_CUDA(cudaMemcpyToSymbolAsync(words, in, 8, 8, cudaMemcpyHostToDevice, cudaStreamPerThread));
  ASSERT_CUDA(cudaMemcpyFromSymbolAsync(out, words, 8, 8, cudaMemcpyDeviceToHost, cudaStreamPerThread));
  ASSERT_CUDA(cudaStreamSynchronize(cudaStreamPerThread));
  EXPECT_EQ(out[1], 6u);
}

TEST_F(Forms, PreferencesAreChecked) {
  cudaFuncCache cache = cudaFuncCachePreferNone;
  cudaSharedMemConfig banks = cudaSharedMemBankSizeDefault;
  EXPECT_CUDA(cudaDeviceSetCacheConfig(cudaFuncCachePreferL1));
  EXPECT_CUDA(cudaDeviceGetCacheConfig(&cache));
  EXPECT_EQ(cache, cudaFuncCachePreferL1);
  EXPECT_CUDA(cudaFuncSetCacheConfig(kernel_, cudaFuncCachePreferShared));
  EXPECT_CUDA_ERROR(cudaFuncSetCacheConfig(kernel_, static_cast<cudaFuncCache>(9)), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaDeviceSetCacheConfig(static_cast<cudaFuncCache>(9)), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaDeviceSetSharedMemConfig(cudaSharedMemBankSizeEightByte));
  EXPECT_CUDA(cudaDeviceGetSharedMemConfig(&banks));
  EXPECT_EQ(banks, cudaSharedMemBankSizeFourByte);
  EXPECT_CUDA(cudaFuncSetSharedMemConfig(kernel_, cudaSharedMemBankSizeFourByte));
  EXPECT_CUDA_ERROR(cudaFuncSetSharedMemConfig(kernel_, static_cast<cudaSharedMemConfig>(9)), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaCtxResetPersistingL2Cache());
}

TEST_F(Forms, KernelHandles) {
  cudaFunction_t function = nullptr;
  cudaKernel_t kernel = nullptr;
  EXPECT_CUDA(cudaGetFuncBySymbol(&function, kernel_));
  EXPECT_NE(function, nullptr);
  ASSERT_CUDA(cudaGetKernel(&kernel, kernel_));
  EXPECT_CUDA(cudaKernelSetAttributeForDevice(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 << 10, 0));
  cudaFuncAttributes a{};
  ASSERT_CUDA(cudaFuncGetAttributes(&a, kernel_));
  EXPECT_EQ(a.maxDynamicSharedSizeBytes, 64 << 10);
  EXPECT_CUDA_ERROR(cudaKernelSetAttributeForDevice(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 0, 44),
                    cudaErrorInvalidDevice);
  int blocks = 0;
  size_t bytes = 0;
  EXPECT_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, kernel_, 64, 0,
                                                                     cudaOccupancyDisableCachingOverride));
  EXPECT_GT(blocks, 1);
  EXPECT_CUDA(cudaOccupancyAvailableDynamicSMemPerBlock(&bytes, kernel_, 2, 64));
  EXPECT_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel_, 64, bytes));
  EXPECT_EQ(blocks, 2);
  EXPECT_CUDA_ERROR(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, kernel_, 64, 0, 8),
                    cudaErrorInvalidValue);
}

TEST_F(Forms, ClustersThatFit) {
  cudaLaunchConfig_t config{};
  config.gridDim = {16, 1, 1};
  config.blockDim = {64, 1, 1};
  int size = 0, clusters = 0, units = 0;
  EXPECT_CUDA(cudaOccupancyMaxPotentialClusterSize(&size, kernel_, &config));
  EXPECT_EQ(size, 8) << "the largest portable one";
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {4, 1, 1};
  config.attrs = &attribute;
  config.numAttrs = 1;
  EXPECT_CUDA(cudaDeviceGetAttribute(&units, cudaDevAttrMultiProcessorCount, 0));
  EXPECT_CUDA(cudaOccupancyMaxActiveClusters(&clusters, kernel_, &config));
  EXPECT_GE(clusters, units);
  attribute.val.clusterDim = {3, 1, 1};
  EXPECT_CUDA_ERROR(cudaOccupancyMaxActiveClusters(&clusters, kernel_, &config), cudaErrorInvalidClusterSize);
}

TEST_F(Forms, DevicesByOtherWays) {
  cudaDeviceProp wish{};
  int device = -1;
  EXPECT_CUDA(cudaChooseDevice(&device, &wish));
  EXPECT_EQ(device, 0);
  EXPECT_CUDA(cudaInitDevice(0, cudaDeviceScheduleAuto, cudaInitDeviceFlagsAreValid));
  EXPECT_CUDA_ERROR(cudaInitDevice(0, 0, 0x80), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaInitDevice(5, 0, 0), cudaErrorInvalidDevice);
  EXPECT_CUDA_ERROR(cudaDeviceGetP2PAttribute(&device, cudaDevP2PAttrAccessSupported, 0, 0), cudaErrorInvalidValue);
  void *entry = nullptr;
  EXPECT_CUDA(cudaGetDriverEntryPoint("cuMemAlloc", &entry, cudaEnableDefault, nullptr));
  EXPECT_NE(entry, nullptr);
  cudaChannelFormatDesc channel = cudaCreateChannelDesc(8, 8, 0, 0, cudaChannelFormatKindUnsigned);
  EXPECT_EQ(channel.y, 8);
}

TEST_F(Forms, EventFlagsAndAttachments) {
  cudaEvent_t event;
  ASSERT_CUDA(cudaEventCreate(&event));
  EXPECT_CUDA(cudaEventRecordWithFlags(event, nullptr, cudaEventRecordDefault));
  EXPECT_CUDA(cudaEventSynchronize(event));
  EXPECT_CUDA_ERROR(cudaEventRecordWithFlags(event, nullptr, 0x20), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaEventDestroy(event));
  void *managed = nullptr;
  ASSERT_CUDA(cudaMallocManaged(&managed, 4096, cudaMemAttachHost));
  EXPECT_CUDA(cudaStreamAttachMemAsync(nullptr, managed, 0, cudaMemAttachGlobal));
  EXPECT_CUDA_ERROR(cudaStreamAttachMemAsync(nullptr, managed, 100, cudaMemAttachGlobal), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamAttachMemAsync(nullptr, managed, 0, 64), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamAttachMemAsync(nullptr, &event, 0, cudaMemAttachGlobal), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFree(managed));
}

TEST_F(Forms, PoolsByPlace) {
  cudaMemLocation here{};
  here.type = cudaMemLocationTypeDevice;
  cudaMemPool_t pool = nullptr, current = nullptr;
  ASSERT_CUDA(cudaMemGetDefaultMemPool(&pool, &here, cudaMemAllocationTypePinned));
  ASSERT_CUDA(cudaMemSetMemPool(&here, cudaMemAllocationTypePinned, pool));
  ASSERT_CUDA(cudaDeviceSetMemPool(0, pool));
  ASSERT_CUDA(cudaMemGetMemPool(&current, &here, cudaMemAllocationTypePinned));
  EXPECT_EQ(current, pool);
  cudaMemAccessFlags flags = cudaMemAccessFlagsProtNone;
  EXPECT_CUDA(cudaMemPoolGetAccess(&flags, pool, &here));
  EXPECT_EQ(flags, cudaMemAccessFlagsProtReadWrite);
  cudaMemAccessDesc access{};
  access.location = here;
  access.flags = cudaMemAccessFlagsProtReadWrite;
  EXPECT_CUDA(cudaMemPoolSetAccess(pool, &access, 1));
  EXPECT_CUDA_ERROR(cudaMemGetDefaultMemPool(&pool, nullptr, cudaMemAllocationTypePinned), cudaErrorInvalidValue);
  here.type = cudaMemLocationTypeHost;
  EXPECT_CUDA_ERROR(cudaMemGetDefaultMemPool(&pool, &here, cudaMemAllocationTypePinned), cudaErrorNotSupported);
}

}  // namespace
