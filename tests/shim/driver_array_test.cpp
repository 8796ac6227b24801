// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CUDA arrays through the driver API: their shapes and limits, copies to and from them, wrong handles. On the null
// target the host cannot reach device memory, so that all copies go through queues.
#include <cuda.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "fixture.h"

namespace {

struct DriverArrays : shim_test::WithContext {
  CUarray make(size_t width, size_t height, size_t depth, unsigned flags = 0, CUarray_format format = CU_AD_FORMAT_FLOAT,
               unsigned channels = 1, CUresult expected = CUDA_SUCCESS) {
    CUDA_ARRAY3D_DESCRIPTOR d{width, height, depth, format, channels, flags};
    CUarray array = nullptr;
    EXPECT_EQ(cuArray3DCreate(&array, &d), expected) << width << "x" << height << "x" << depth << " flags " << flags;
    return array;
  }
  void refuses(size_t width, size_t height, size_t depth, unsigned flags = 0) {
    make(width, height, depth, flags, CU_AD_FORMAT_UNSIGNED_INT8, 1, CUDA_ERROR_INVALID_VALUE);
  }
};

TEST_F(DriverArrays, TellWhatTheyAre) {
  CUarray array = make(20, 10, 6, CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_SURFACE_LDST, CU_AD_FORMAT_HALF, 4);
  CUDA_ARRAY3D_DESCRIPTOR d{};
  ASSERT_EQ(cuArray3DGetDescriptor(&d, array), CUDA_SUCCESS);
  EXPECT_EQ(d.Width, 20u);
  EXPECT_EQ(d.Height, 10u);
  EXPECT_EQ(d.Depth, 6u);
  EXPECT_EQ(d.Format, CU_AD_FORMAT_HALF);
  EXPECT_EQ(d.NumChannels, 4u);
  EXPECT_EQ(d.Flags, unsigned{CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_SURFACE_LDST});
  CUDA_ARRAY_DESCRIPTOR flat{};
  ASSERT_EQ(cuArrayGetDescriptor(&flat, array), CUDA_SUCCESS);
  EXPECT_EQ(flat.Height, 10u);
  EXPECT_EQ(cuArrayGetDescriptor(nullptr, array), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArray3DGetDescriptor(&d, nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuArrayDestroy(array), CUDA_SUCCESS);
  EXPECT_EQ(cuArrayDestroy(array), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuArray3DGetDescriptor(&d, array), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuArrayDestroy(shim_test::garbage<CUarray>()), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuArrayDestroy(nullptr), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverArrays, FormatsAreKept) {
  const CUarray_format one[] = {CU_AD_FORMAT_UNSIGNED_INT8, CU_AD_FORMAT_UNSIGNED_INT16, CU_AD_FORMAT_UNSIGNED_INT32,
                                CU_AD_FORMAT_SIGNED_INT8,   CU_AD_FORMAT_SIGNED_INT16,   CU_AD_FORMAT_SIGNED_INT32,
                                CU_AD_FORMAT_HALF,          CU_AD_FORMAT_FLOAT,          CU_AD_FORMAT_UNORM_INT8X1,
                                CU_AD_FORMAT_SNORM_INT16X1};
  for (CUarray_format format : one) {
    CUDA_ARRAY_DESCRIPTOR d{8, 8, format, 1}, got{};
    CUarray array = nullptr;
    ASSERT_EQ(cuArrayCreate(&array, &d), CUDA_SUCCESS);
    ASSERT_EQ(cuArrayGetDescriptor(&got, array), CUDA_SUCCESS);
    EXPECT_EQ(got.Format, format);
    EXPECT_EQ(cuArrayDestroy(array), CUDA_SUCCESS);
  }
  cuArrayDestroy(make(8, 8, 0, 0, CU_AD_FORMAT_UNORM_INT16X4, 4));
  make(8, 8, 0, 0, CU_AD_FORMAT_UNORM_INT16X4, 2, CUDA_ERROR_INVALID_VALUE);
  make(8, 8, 0, 0, CU_AD_FORMAT_FLOAT, 3, CUDA_ERROR_INVALID_VALUE);
  make(8, 8, 0, 0, CU_AD_FORMAT_FLOAT, 0, CUDA_ERROR_INVALID_VALUE);
  make(8, 8, 0, 0, static_cast<CUarray_format>(0x77), 1, CUDA_ERROR_INVALID_VALUE);
  make(8, 8, 0, 0, CU_AD_FORMAT_BC7_UNORM, 4, CUDA_ERROR_NOT_SUPPORTED);
  make(8, 8, 0, 0, CU_AD_FORMAT_NV12, 1, CUDA_ERROR_NOT_SUPPORTED);
  make(8, 8, 0, CUDA_ARRAY3D_SPARSE, CU_AD_FORMAT_FLOAT, 1, CUDA_ERROR_NOT_SUPPORTED);
  make(8, 8, 0, CUDA_ARRAY3D_DEFERRED_MAPPING, CU_AD_FORMAT_FLOAT, 1, CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuArrayCreate(nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverArrays, LimitsAreThoseOfTheAttributes) {
  CUdevice device = 0;
  ASSERT_EQ(cuCtxGetDevice(&device), CUDA_SUCCESS);
  auto limit = [&](CUdevice_attribute a) {
    int value = 0;
    EXPECT_EQ(cuDeviceGetAttribute(&value, a, device), CUDA_SUCCESS);
    return static_cast<size_t>(value);
  };
  const size_t one = limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_WIDTH);
  EXPECT_EQ(cuArrayDestroy(make(one, 0, 0, 0, CU_AD_FORMAT_UNSIGNED_INT8)), CUDA_SUCCESS);
  refuses(one + 1, 0, 0);
  refuses(limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_SURFACE1D_WIDTH) + 1, 0, 0, CUDA_ARRAY3D_SURFACE_LDST);
  refuses(limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH) + 1, 1, 0);
  refuses(1, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_HEIGHT) + 1, 0);
  refuses(limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_GATHER_WIDTH) + 1, 1, 0, CUDA_ARRAY3D_TEXTURE_GATHER);
  refuses(8, 8, 8, CUDA_ARRAY3D_TEXTURE_GATHER);
  refuses(limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH) + 1, 1, 1);
  EXPECT_EQ(cuArrayDestroy(make(1, 1, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH_ALTERNATE))), CUDA_SUCCESS);
  refuses(1, 1, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH_ALTERNATE) + 1);
  refuses(4, 0, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_LAYERS) + 1, CUDA_ARRAY3D_LAYERED);
  refuses(4, 4, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_LAYERS) + 1, CUDA_ARRAY3D_LAYERED);
  refuses(4, 4, limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_LAYERED_LAYERS) + 6, CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP);
  const size_t cube = limit(CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURECUBEMAP_WIDTH);
  refuses(cube + 1, cube + 1, 6, CUDA_ARRAY3D_CUBEMAP);
}

TEST_F(DriverArrays, ShapesThatAreNone) {
  refuses(0, 0, 0);
  refuses(4, 0, 4);                                                 // a depth without a height, and no layers
  refuses(4, 4, 0, CUDA_ARRAY3D_LAYERED);
  refuses(4, 4, 5, CUDA_ARRAY3D_CUBEMAP);
  refuses(4, 5, 6, CUDA_ARRAY3D_CUBEMAP);
  refuses(4, 4, 12, CUDA_ARRAY3D_CUBEMAP);
  refuses(4, 4, 9, CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_LAYERED);
  refuses(4, 4, 0, 0x8000);
  EXPECT_EQ(cuArrayDestroy(make(4, 4, 12, CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_LAYERED)), CUDA_SUCCESS);
  EXPECT_EQ(cuArrayDestroy(make(4, 0, 3, CUDA_ARRAY3D_LAYERED)), CUDA_SUCCESS);
}

TEST_F(DriverArrays, MipmapsHaveLevels) {
  CUDA_ARRAY3D_DESCRIPTOR d{20, 7, 0, CU_AD_FORMAT_UNSIGNED_INT16, 2, CUDA_ARRAY3D_SURFACE_LDST}, got{};
  CUmipmappedArray mipmap = nullptr;
  ASSERT_EQ(cuMipmappedArrayCreate(&mipmap, &d, 99), CUDA_SUCCESS);
  const size_t sizes[][2] = {{20, 7}, {10, 3}, {5, 1}, {2, 1}, {1, 1}};
  unsigned level = 0;
  CUarray array = nullptr;
  for (; level < 5; ++level) {
    ASSERT_EQ(cuMipmappedArrayGetLevel(&array, mipmap, level), CUDA_SUCCESS);
    ASSERT_EQ(cuArray3DGetDescriptor(&got, array), CUDA_SUCCESS);
    EXPECT_EQ(got.Width, sizes[level][0]);
    EXPECT_EQ(got.Height, sizes[level][1]);
    EXPECT_EQ(got.Depth, 0u);
    EXPECT_EQ(got.Flags, unsigned{CUDA_ARRAY3D_SURFACE_LDST});
  }
  EXPECT_EQ(cuMipmappedArrayGetLevel(&array, mipmap, level), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMipmappedArrayGetLevel(nullptr, mipmap, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArrayDestroy(array), CUDA_ERROR_INVALID_HANDLE);  // goes with the whole
  EXPECT_EQ(cuMipmappedArrayDestroy(mipmap), CUDA_SUCCESS);
  EXPECT_EQ(cuArray3DGetDescriptor(&got, array), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuMipmappedArrayDestroy(mipmap), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuMipmappedArrayGetLevel(&array, mipmap, 0), CUDA_ERROR_INVALID_HANDLE);

  d = {8, 8, 8, CU_AD_FORMAT_FLOAT, 1, 0};
  ASSERT_EQ(cuMipmappedArrayCreate(&mipmap, &d, 2), CUDA_SUCCESS);
  ASSERT_EQ(cuMipmappedArrayGetLevel(&array, mipmap, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuArray3DGetDescriptor(&got, array), CUDA_SUCCESS);
  EXPECT_EQ(got.Depth, 4u);
  EXPECT_EQ(cuMipmappedArrayDestroy(mipmap), CUDA_SUCCESS);
  d = {8, 8, 5, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_LAYERED};
  ASSERT_EQ(cuMipmappedArrayCreate(&mipmap, &d, 3), CUDA_SUCCESS);
  ASSERT_EQ(cuMipmappedArrayGetLevel(&array, mipmap, 2), CUDA_SUCCESS);
  ASSERT_EQ(cuArray3DGetDescriptor(&got, array), CUDA_SUCCESS);
  EXPECT_EQ(got.Depth, 5u);
  EXPECT_EQ(got.Width, 2u);
  EXPECT_EQ(cuMipmappedArrayDestroy(mipmap), CUDA_SUCCESS);
  d.Width = 40000;
  EXPECT_EQ(cuMipmappedArrayCreate(&mipmap, &d, 3), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverArrays, KindsThatAreRefusedHaveNoProperties) {
  CUarray array = make(8, 8, 0), plane = nullptr;
  CUDA_ARRAY3D_DESCRIPTOR d{8, 8, 0, CU_AD_FORMAT_FLOAT, 1, 0};
  CUmipmappedArray mipmap = nullptr;
  ASSERT_EQ(cuMipmappedArrayCreate(&mipmap, &d, 1), CUDA_SUCCESS);
  CUDA_ARRAY_SPARSE_PROPERTIES sparse{};
  CUDA_ARRAY_MEMORY_REQUIREMENTS memory{};
  EXPECT_EQ(cuArrayGetPlane(&plane, array, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArrayGetSparseProperties(&sparse, array), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMipmappedArrayGetSparseProperties(&sparse, mipmap), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArrayGetMemoryRequirements(&memory, array, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArrayGetMemoryRequirements(&memory, array, 55), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuMipmappedArrayGetMemoryRequirements(&memory, mipmap, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArrayGetSparseProperties(&sparse, shim_test::garbage<CUarray>()), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuMipmappedArrayDestroy(mipmap), CUDA_SUCCESS);
  EXPECT_EQ(cuArrayDestroy(array), CUDA_SUCCESS);
  size_t width = 0;
  EXPECT_EQ(cuDeviceGetTexture1DLinearMaxWidth(&width, CU_AD_FORMAT_FLOAT, 4, 0), CUDA_SUCCESS);
  EXPECT_EQ(width, size_t{1} << 28);
  EXPECT_EQ(cuDeviceGetTexture1DLinearMaxWidth(&width, CU_AD_FORMAT_FLOAT, 3, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetTexture1DLinearMaxWidth(&width, CU_AD_FORMAT_FLOAT, 1, 9), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(DriverArrays, LinearCopiesOfOneDimension) {
  CUarray a = make(256, 0, 0, 0, CU_AD_FORMAT_UNSIGNED_INT32), b = make(256, 0, 0, 0, CU_AD_FORMAT_FLOAT);
  CUdeviceptr device = 0;
  ASSERT_EQ(cuMemAlloc(&device, 1024), CUDA_SUCCESS);
  std::vector<unsigned> in(256), out(256);
  std::iota(in.begin(), in.end(), 5u);
  CUstream stream = nullptr;
  ASSERT_EQ(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyHtoA(a, 0, in.data(), 1024), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyAtoA(b, 0, a, 0, 1024), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyAtoD(device, b, 512, 512), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyAtoD(device + 512, b, 0, 512), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoA(a, 0, device, 1024), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyHtoAAsync(a, 1020, in.data(), 4, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyAtoHAsync(out.data(), a, 0, 1024, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  std::vector<unsigned> expected(in.begin() + 128, in.end());
  expected.insert(expected.end(), in.begin(), in.begin() + 128);
  expected.back() = in[0];
  EXPECT_EQ(out, expected);
  ASSERT_EQ(cuMemcpyAtoH(out.data(), b, 4, 8), CUDA_SUCCESS);
  EXPECT_EQ(out[1], in[2]);
  EXPECT_EQ(cuMemcpyAtoH(out.data(), b, 1020, 8), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyAtoH(out.data(), b, 2, 8), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyHtoA(nullptr, 0, in.data(), 4), CUDA_ERROR_INVALID_HANDLE);
  CUarray flat = make(8, 8, 0), bytes = make(8, 0, 0, 0, CU_AD_FORMAT_UNSIGNED_INT8);
  EXPECT_EQ(cuMemcpyHtoA(flat, 0, in.data(), 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyAtoA(bytes, 0, a, 0, 4), CUDA_ERROR_INVALID_VALUE);
  for (CUarray each : {a, b, flat, bytes}) EXPECT_EQ(cuArrayDestroy(each), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(device), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
}

TEST_F(DriverArrays, BoxesThroughArrays) {
  CUarray flat = make(10, 6, 0), deep = make(10, 6, 4);
  std::vector<float> in(240), out(240);
  std::iota(in.begin(), in.end(), 0.0f);
  CUDA_MEMCPY3D box{};
  box.srcMemoryType = CU_MEMORYTYPE_HOST;
  box.srcHost = in.data();
  box.srcPitch = 40;
  box.srcHeight = 6;
  box.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  box.dstArray = deep;
  box.WidthInBytes = 40;
  box.Height = 6;
  box.Depth = 4;
  ASSERT_EQ(cuMemcpy3D(&box), CUDA_SUCCESS);
  CUDA_MEMCPY3D slice{};
  slice.srcMemoryType = slice.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  slice.srcArray = deep;
  slice.srcZ = 2;
  slice.srcY = 1;
  slice.srcXInBytes = 8;
  slice.dstArray = flat;
  slice.WidthInBytes = 16;
  slice.Height = 3;
  slice.Depth = 1;
  ASSERT_EQ(cuMemcpy3DAsync(&slice, nullptr), CUDA_SUCCESS);
  CUDA_MEMCPY2D back{};
  back.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  back.srcArray = flat;
  back.dstMemoryType = CU_MEMORYTYPE_HOST;
  back.dstHost = out.data();
  back.dstPitch = 16;
  back.WidthInBytes = 16;
  back.Height = 3;
  ASSERT_EQ(cuMemcpy2D(&back), CUDA_SUCCESS);
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 4; ++x) EXPECT_EQ(out[y * 4 + x], in[2 * 60 + (y + 1) * 10 + x + 2]);
  ASSERT_EQ(cuMemcpy2DUnaligned(&back), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpy2DAsync(&back, nullptr), CUDA_SUCCESS);
  CUDA_MEMCPY3D_PEER peer{};
  peer.srcMemoryType = peer.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  peer.srcArray = flat;
  peer.dstArray = deep;
  peer.srcContext = peer.dstContext = context;
  peer.WidthInBytes = 40;
  peer.Height = 6;
  peer.Depth = 1;
  EXPECT_EQ(cuMemcpy3DPeer(&peer), CUDA_SUCCESS);
  slice.dstXInBytes = 28;  // 28 + 16 > 40
  EXPECT_EQ(cuMemcpy3D(&slice), CUDA_ERROR_INVALID_VALUE);
  slice.dstXInBytes = 2;
  EXPECT_EQ(cuMemcpy3D(&slice), CUDA_ERROR_INVALID_VALUE);
  slice.dstXInBytes = 0;
  slice.srcZ = 4;
  EXPECT_EQ(cuMemcpy3D(&slice), CUDA_ERROR_INVALID_VALUE);
  slice.srcArray = shim_test::garbage<CUarray>();
  EXPECT_EQ(cuMemcpy3D(&slice), CUDA_ERROR_INVALID_HANDLE);
  // Destroyed with the context: the fixture counts on no leak.
}

}  // namespace
