// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface objects of the runtime API. What the driver API's tests cover for both is not repeated; what kernels
// read through them is in tests/run.
#include <vector>

#include "api_test.h"

namespace {

class Textures : public RuntimeApi {
 protected:
  void SetUp() override {
    RuntimeApi::SetUp();
    ASSERT_CUDA(cudaMallocArray(&array_, &bytes_, 16, 8, cudaArraySurfaceLoadStore));
    resource_.resType = cudaResourceTypeArray;
    resource_.res.array.array = array_;
  }
  void TearDown() override {
    EXPECT_CUDA(cudaFreeArray(array_));
    RuntimeApi::TearDown();
  }
  cudaError_t create(const cudaResourceDesc &resource, const cudaTextureDesc &texture, const cudaResourceViewDesc *view = nullptr) {
    cudaTextureObject_t object = 0;
    cudaError_t result = cudaCreateTextureObject(&object, &resource, &texture, view);
    if (result == cudaSuccess) EXPECT_CUDA(cudaDestroyTextureObject(object));
    return result;
  }
  cudaChannelFormatDesc bytes_ = cudaCreateChannelDesc(8, 8, 8, 8, cudaChannelFormatKindUnsigned);
  cudaArray_t array_ = nullptr;
  cudaResourceDesc resource_{};
};

TEST_F(Textures, TellWhatTheyWereMadeOf) {
  cudaTextureDesc t{}, got{};
  t.addressMode[1] = cudaAddressModeBorder;
  t.filterMode = cudaFilterModeLinear;
  t.readMode = cudaReadModeNormalizedFloat;
  t.normalizedCoords = 1;
  t.sRGB = 1;
  t.borderColor[3] = 0.5f;
  t.maxMipmapLevelClamp = 2;
  cudaTextureObject_t object = 0;
  cudaResourceDesc resource{};
  cudaResourceViewDesc view{};
  ASSERT_CUDA(cudaCreateTextureObject(&object, &resource_, &t, nullptr));
  ASSERT_CUDA(cudaGetTextureObjectTextureDesc(&got, object));
  EXPECT_EQ(got.addressMode[1], cudaAddressModeBorder);
  EXPECT_EQ(got.filterMode, cudaFilterModeLinear);
  EXPECT_EQ(got.readMode, cudaReadModeNormalizedFloat);
  EXPECT_EQ(got.normalizedCoords, 1);
  EXPECT_EQ(got.sRGB, 1);
  EXPECT_EQ(got.seamlessCubemap, 0);
  EXPECT_EQ(got.borderColor[3], 0.5f);
  EXPECT_EQ(got.maxMipmapLevelClamp, 2.0f);
  ASSERT_CUDA(cudaGetTextureObjectResourceDesc(&resource, object));
  EXPECT_EQ(resource.resType, cudaResourceTypeArray);
  EXPECT_EQ(resource.res.array.array, array_);
  EXPECT_CUDA_ERROR(cudaGetTextureObjectResourceViewDesc(&view, object), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaGetTextureObjectTextureDesc(nullptr, object), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaDestroyTextureObject(object));
  EXPECT_CUDA_ERROR(cudaGetTextureObjectTextureDesc(&got, object), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaDestroyTextureObject(object), cudaErrorInvalidValue);
  view.width = 16;
  view.height = 8;
  ASSERT_CUDA(cudaCreateTextureObject(&object, &resource_, &t, &view));
  cudaResourceViewDesc told{};
  ASSERT_CUDA(cudaGetTextureObjectResourceViewDesc(&told, object));
  EXPECT_EQ(told.width, 16u);
  EXPECT_EQ(told.format, cudaResViewFormatNone);
  EXPECT_CUDA(cudaDestroyTextureObject(object));
}

TEST_F(Textures, OverMemory) {
  char *memory = nullptr;
  ASSERT_CUDA(cudaMalloc(reinterpret_cast<void **>(&memory), 1 << 16));
  cudaDeviceProp p{};
  ASSERT_CUDA(cudaGetDeviceProperties(&p, 0));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % p.textureAlignment, 0u);
  cudaTextureDesc t{};
  cudaResourceDesc r{};
  r.resType = cudaResourceTypeLinear;
  r.res.linear.devPtr = memory;
  r.res.linear.desc = cudaCreateChannelDesc(32, 32, 32, 32, cudaChannelFormatKindSigned);
  r.res.linear.sizeInBytes = 1024;
  cudaTextureObject_t object = 0;
  ASSERT_CUDA(cudaCreateTextureObject(&object, &r, &t, nullptr));
  cudaResourceDesc got{};
  ASSERT_CUDA(cudaGetTextureObjectResourceDesc(&got, object));
  EXPECT_EQ(got.res.linear.devPtr, memory);
  EXPECT_EQ(got.res.linear.desc.w, 32);
  EXPECT_EQ(got.res.linear.desc.f, cudaChannelFormatKindSigned);
  EXPECT_CUDA(cudaDestroyTextureObject(object));
  r.res.linear.devPtr = memory + 32;
  EXPECT_CUDA_ERROR(create(r, t), cudaErrorInvalidValue);
  r.res.linear.devPtr = nullptr;
  EXPECT_CUDA_ERROR(create(r, t), cudaErrorInvalidValue);
  r.res.linear.devPtr = memory;
  r.res.linear.desc.z = 0;
  EXPECT_CUDA_ERROR(create(r, t), cudaErrorInvalidChannelDescriptor);
  r = {};
  r.resType = cudaResourceTypePitch2D;
  r.res.pitch2D = {memory, cudaCreateChannelDesc(8, 0, 0, 0, cudaChannelFormatKindUnsigned), 100, 100, 128};
  EXPECT_CUDA(create(r, t));
  r.res.pitch2D.pitchInBytes = 104;
  EXPECT_CUDA_ERROR(create(r, t), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFree(memory));
}

TEST_F(Textures, LinearFiltersNeedFloats) {
  cudaTextureDesc t{};
  t.filterMode = cudaFilterModeLinear;
  EXPECT_CUDA_ERROR(create(resource_, t), cudaErrorInvalidFilterSetting);
  t.readMode = cudaReadModeNormalizedFloat;
  EXPECT_CUDA(create(resource_, t));
  t.readMode = static_cast<cudaTextureReadMode>(4);
  EXPECT_CUDA_ERROR(create(resource_, t), cudaErrorInvalidValue);
  cudaChannelFormatDesc channel = cudaCreateChannelDesc(8, 0, 0, 0, cudaChannelFormatKindUnsignedNormalized8X1);
  cudaArray_t normalized = nullptr;
  ASSERT_CUDA(cudaMallocArray(&normalized, &channel, 8));
  cudaResourceDesc r = resource_;
  r.res.array.array = normalized;
  t.readMode = cudaReadModeElementType;
  EXPECT_CUDA(create(r, t));  // always floats
  EXPECT_CUDA(cudaFreeArray(normalized));
  r.res.array.array = normalized;
  EXPECT_CUDA_ERROR(create(r, t), cudaErrorInvalidResourceHandle);
  r.res.array.array = nullptr;
  EXPECT_CUDA_ERROR(create(r, t), cudaErrorInvalidValue);
}

TEST_F(Textures, Surfaces) {
  cudaSurfaceObject_t object = 0;
  ASSERT_CUDA(cudaCreateSurfaceObject(&object, &resource_));
  cudaResourceDesc got{};
  ASSERT_CUDA(cudaGetSurfaceObjectResourceDesc(&got, object));
  EXPECT_EQ(got.res.array.array, array_);
  EXPECT_CUDA(cudaDestroySurfaceObject(object));
  EXPECT_CUDA_ERROR(cudaDestroySurfaceObject(object), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaGetSurfaceObjectResourceDesc(&got, object), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaCreateSurfaceObject(&object, nullptr), cudaErrorInvalidValue);
  cudaArray_t plain = nullptr;
  ASSERT_CUDA(cudaMallocArray(&plain, &bytes_, 8, 8));
  cudaResourceDesc r = resource_;
  r.res.array.array = plain;
  EXPECT_CUDA_ERROR(cudaCreateSurfaceObject(&object, &r), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFreeArray(plain));
}

}  // namespace
