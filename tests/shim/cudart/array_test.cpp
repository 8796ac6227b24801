// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CUDA arrays and mipmapped arrays through the runtime API. Shapes and limits are tested with the driver API, which has
// the same arrays behind it; here are channel descriptions and what the runtime API calls errors.
#include <vector>

#include "api_test.h"

namespace {

class Arrays : public RuntimeApi {};

TEST_F(Arrays, TellWhatTheyAre) {
  cudaChannelFormatDesc channel = cudaCreateChannelDesc(16, 16, 0, 0, cudaChannelFormatKindFloat), got{};
  cudaArray_t array = nullptr;
  cudaExtent extent{};
  unsigned flags = 9;
  ASSERT_CUDA(cudaMallocArray(&array, &channel, 30, 20, cudaArraySurfaceLoadStore));
  ASSERT_CUDA(cudaArrayGetInfo(&got, &extent, &flags, array));
  EXPECT_EQ(got.x, 16);
  EXPECT_EQ(got.y, 16);
  EXPECT_EQ(got.z, 0);
  EXPECT_EQ(got.f, cudaChannelFormatKindFloat);
  EXPECT_EQ(extent.width, 30u);
  EXPECT_EQ(extent.height, 20u);
  EXPECT_EQ(extent.depth, 0u);
  EXPECT_EQ(flags, unsigned{cudaArraySurfaceLoadStore});
  ASSERT_CUDA(cudaArrayGetInfo(nullptr, nullptr, nullptr, array));
  ASSERT_CUDA(cudaGetChannelDesc(&got, array));
  EXPECT_EQ(got.y, 16);
  EXPECT_CUDA_ERROR(cudaGetChannelDesc(nullptr, array), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaGetChannelDesc(&got, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFreeArray(array));
  EXPECT_CUDA_ERROR(cudaGetChannelDesc(&got, array), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaFreeArray(array), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaFreeArray(nullptr));
}

TEST_F(Arrays, ChannelsThatAreNone) {
  cudaArray_t array = nullptr;
  auto make = [&](int x, int y, int z, int w, cudaChannelFormatKind kind) {
    cudaChannelFormatDesc channel{x, y, z, w, kind};
    return cudaMallocArray(&array, &channel, 8, 8);
  };
  for (cudaChannelFormatDesc bad :
       {cudaChannelFormatDesc{0, 0, 0, 0, cudaChannelFormatKindUnsigned}, {8, 8, 8, 0, cudaChannelFormatKindUnsigned},
        {8, 0, 8, 0, cudaChannelFormatKindUnsigned}, {8, 16, 0, 0, cudaChannelFormatKindUnsigned},
        {24, 0, 0, 0, cudaChannelFormatKindSigned}, {64, 0, 0, 0, cudaChannelFormatKindSigned},
        {8, 0, 0, 0, cudaChannelFormatKindFloat}, {8, 0, 0, 0, cudaChannelFormatKindNone},
        {16, 0, 0, 0, cudaChannelFormatKindUnsignedNormalized8X1}, {8, 0, 0, 0, cudaChannelFormatKindUnsignedNormalized8X2}})
    EXPECT_CUDA_ERROR(make(bad.x, bad.y, bad.z, bad.w, bad.f), cudaErrorInvalidChannelDescriptor);
  EXPECT_CUDA_ERROR(make(8, 8, 8, 8, cudaChannelFormatKindUnsignedBlockCompressed1), cudaErrorNotSupported);
  EXPECT_CUDA_ERROR(make(8, 8, 8, 0, cudaChannelFormatKindNV12), cudaErrorNotSupported);
  ASSERT_CUDA(make(16, 16, 16, 16, cudaChannelFormatKindSignedNormalized16X4));
  cudaChannelFormatDesc got{};
  ASSERT_CUDA(cudaGetChannelDesc(&got, array));
  EXPECT_EQ(got.f, cudaChannelFormatKindSignedNormalized16X4);
  EXPECT_EQ(got.w, 16);
  EXPECT_CUDA(cudaFreeArray(array));
}

TEST_F(Arrays, ShapesAndFlags) {
  cudaChannelFormatDesc channel = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
  cudaArray_t array = nullptr;
  ASSERT_CUDA(cudaMalloc3DArray(&array, &channel, cudaExtent{8, 8, 12}, cudaArrayCubemap | cudaArrayLayered));
  EXPECT_CUDA(cudaFreeArray(array));
  EXPECT_CUDA_ERROR(cudaMalloc3DArray(&array, &channel, cudaExtent{8, 8, 7}, cudaArrayCubemap), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMalloc3DArray(&array, &channel, cudaExtent{0, 0, 0}), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMalloc3DArray(nullptr, &channel, cudaExtent{8, 0, 0}), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMalloc3DArray(&array, nullptr, cudaExtent{8, 0, 0}), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMallocArray(&array, &channel, 200000), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMallocArray(&array, &channel, 8, 8, cudaArraySparse), cudaErrorNotSupported);
  EXPECT_CUDA_ERROR(cudaMalloc3DArray(&array, &channel, cudaExtent{16384, 16384, 16384}), cudaErrorMemoryAllocation);
}

TEST_F(Arrays, Mipmaps) {
  cudaChannelFormatDesc channel = cudaCreateChannelDesc(8, 8, 8, 8, cudaChannelFormatKindUnsigned);
  cudaMipmappedArray_t mipmap = nullptr;
  ASSERT_CUDA(cudaMallocMipmappedArray(&mipmap, &channel, cudaExtent{64, 32, 0}, 4, cudaArraySurfaceLoadStore));
  cudaArray_t level = nullptr;
  cudaExtent extent{};
  ASSERT_CUDA(cudaGetMipmappedArrayLevel(&level, mipmap, 3));
  ASSERT_CUDA(cudaArrayGetInfo(nullptr, &extent, nullptr, level));
  EXPECT_EQ(extent.width, 8u);
  EXPECT_EQ(extent.height, 4u);
  EXPECT_CUDA_ERROR(cudaGetMipmappedArrayLevel(&level, mipmap, 4), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaGetMipmappedArrayLevel(&level, nullptr, 0), cudaErrorInvalidValue);
  cudaArraySparseProperties sparse{};
  cudaArrayMemoryRequirements memory{};
  EXPECT_CUDA_ERROR(cudaMipmappedArrayGetSparseProperties(&sparse, mipmap), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMipmappedArrayGetMemoryRequirements(&memory, mipmap, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaArrayGetSparseProperties(&sparse, level), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaArrayGetMemoryRequirements(&memory, level, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaArrayGetMemoryRequirements(&memory, level, 8), cudaErrorInvalidDevice);
  cudaArray_t plane = nullptr;
  EXPECT_CUDA_ERROR(cudaArrayGetPlane(&plane, level, 0), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFreeMipmappedArray(mipmap));
  EXPECT_CUDA_ERROR(cudaFreeMipmappedArray(mipmap), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaFreeMipmappedArray(nullptr));
  size_t width = 0;
  ASSERT_CUDA(cudaDeviceGetTexture1DLinearMaxWidth(&width, &channel, 0));
  EXPECT_EQ(width, size_t{1} << 28);
  EXPECT_CUDA_ERROR(cudaDeviceGetTexture1DLinearMaxWidth(&width, nullptr, 0), cudaErrorInvalidValue);
}

TEST_F(Arrays, EndWithTheDevice) {
  cudaChannelFormatDesc channel = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
  cudaArray_t array = nullptr;
  cudaMipmappedArray_t mipmap = nullptr;
  size_t before = 0, after = 0, total = 0;
  ASSERT_CUDA(cudaMemGetInfo(&before, &total));
  ASSERT_CUDA(cudaMallocArray(&array, &channel, 1024, 1024));
  ASSERT_CUDA(cudaMallocMipmappedArray(&mipmap, &channel, cudaExtent{256, 256, 0}, 4));
  ASSERT_CUDA(cudaDeviceReset());
  ASSERT_CUDA(cudaMemGetInfo(&after, &total));
  EXPECT_GE(after, before);
  EXPECT_CUDA_ERROR(cudaFreeArray(array), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaFreeMipmappedArray(mipmap), cudaErrorInvalidResourceHandle);
}

}  // namespace
