// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface objects through the driver API: what may be described, what is told again, wrong handles.
#include <cuda.h>
#include <gtest/gtest.h>

#include <cstring>

#include "fixture.h"

namespace {

struct DriverTextures : shim_test::WithContext {
  void SetUp() override {
    WithContext::SetUp();
    array = make(16, 8, 0, CU_AD_FORMAT_UNSIGNED_INT8, 4, CUDA_ARRAY3D_SURFACE_LDST);
  }
  CUarray make(size_t width, size_t height, size_t depth, CUarray_format format, unsigned channels, unsigned flags) {
    CUDA_ARRAY3D_DESCRIPTOR d{width, height, depth, format, channels, flags};
    CUarray made = nullptr;
    EXPECT_EQ(cuArray3DCreate(&made, &d), CUDA_SUCCESS);
    return made;
  }
  static CUDA_RESOURCE_DESC of(CUarray array) {
    CUDA_RESOURCE_DESC d{};
    d.resType = CU_RESOURCE_TYPE_ARRAY;
    d.res.array.hArray = array;
    return d;
  }
  CUresult create(const CUDA_RESOURCE_DESC &resource, const CUDA_TEXTURE_DESC &texture = {}, const CUDA_RESOURCE_VIEW_DESC *view = nullptr) {
    CUtexObject object = 0;
    CUresult result = cuTexObjectCreate(&object, &resource, &texture, view);
    if (result == CUDA_SUCCESS) {
      EXPECT_NE(object, 0u);
      EXPECT_EQ(cuTexObjectDestroy(object), CUDA_SUCCESS);
    }
    return result;
  }
  CUarray array = nullptr;
};

TEST_F(DriverTextures, TellWhatTheyWereMadeOf) {
  CUDA_TEXTURE_DESC t{}, got{};
  t.addressMode[0] = CU_TR_ADDRESS_MODE_MIRROR;
  t.addressMode[1] = CU_TR_ADDRESS_MODE_BORDER;
  t.filterMode = CU_TR_FILTER_MODE_LINEAR;
  t.flags = CU_TRSF_NORMALIZED_COORDINATES | CU_TRSF_SRGB;
  t.maxAnisotropy = 4;
  t.mipmapLevelBias = 0.5f;
  t.borderColor[2] = 3.0f;
  CUDA_RESOURCE_DESC r = of(array), resource{};
  CUDA_RESOURCE_VIEW_DESC v{}, view{};
  v.format = CU_RES_VIEW_FORMAT_UINT_4X8;
  v.width = 16;
  v.height = 8;
  CUtexObject object = 0;
  ASSERT_EQ(cuTexObjectCreate(&object, &r, &t, &v), CUDA_SUCCESS);
  ASSERT_EQ(cuTexObjectGetTextureDesc(&got, object), CUDA_SUCCESS);
  EXPECT_EQ(std::memcmp(&got, &t, sizeof t), 0);
  ASSERT_EQ(cuTexObjectGetResourceDesc(&resource, object), CUDA_SUCCESS);
  EXPECT_EQ(resource.resType, CU_RESOURCE_TYPE_ARRAY);
  EXPECT_EQ(resource.res.array.hArray, array);
  ASSERT_EQ(cuTexObjectGetResourceViewDesc(&view, object), CUDA_SUCCESS);
  EXPECT_EQ(std::memcmp(&view, &v, sizeof v), 0);
  EXPECT_EQ(cuTexObjectGetTextureDesc(nullptr, object), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuSurfObjectDestroy(object), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuTexObjectDestroy(object), CUDA_SUCCESS);
  EXPECT_EQ(cuTexObjectDestroy(object), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuTexObjectGetResourceDesc(&resource, object), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuTexObjectCreate(&object, &r, &t, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuTexObjectGetResourceViewDesc(&view, object), CUDA_ERROR_INVALID_VALUE);  // there is none
}

TEST_F(DriverTextures, OverLinearAndPitchedMemory) {
  CUdeviceptr memory = 0;
  ASSERT_EQ(cuMemAlloc(&memory, 1 << 16), CUDA_SUCCESS);
  EXPECT_EQ(memory % 512, 0u);
  CUDA_RESOURCE_DESC r{}, got{};
  r.resType = CU_RESOURCE_TYPE_LINEAR;
  r.res.linear.devPtr = memory;
  r.res.linear.format = CU_AD_FORMAT_SIGNED_INT32;
  r.res.linear.numChannels = 2;
  r.res.linear.sizeInBytes = 4096;
  CUtexObject object = 0;
  CUDA_TEXTURE_DESC t{};
  t.filterMode = CU_TR_FILTER_MODE_LINEAR;  // without meaning here
  ASSERT_EQ(cuTexObjectCreate(&object, &r, &t, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuTexObjectGetResourceDesc(&got, object), CUDA_SUCCESS);
  EXPECT_EQ(got.res.linear.devPtr, memory);
  EXPECT_EQ(got.res.linear.numChannels, 2u);
  EXPECT_EQ(got.res.linear.sizeInBytes, 4096u);
  EXPECT_EQ(cuTexObjectDestroy(object), CUDA_SUCCESS);
  CUDA_RESOURCE_VIEW_DESC view{};
  EXPECT_EQ(create(r, t, &view), CUDA_ERROR_INVALID_VALUE);
  r.res.linear.devPtr = memory + 16;
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);
  r.res.linear.devPtr = memory;
  r.res.linear.sizeInBytes = (size_t{1} << 28) * 8 + 8;
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);
  r.res.linear.sizeInBytes = 0;
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);
  r.res.linear.sizeInBytes = 4096;
  r.res.linear.numChannels = 3;
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);

  r = {};
  r.resType = CU_RESOURCE_TYPE_PITCH2D;
  r.res.pitch2D = {memory, CU_AD_FORMAT_FLOAT, 1, 100, 50, 512};
  EXPECT_EQ(create(r, t), CUDA_SUCCESS);
  r.res.pitch2D.pitchInBytes = 504;
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);
  r.res.pitch2D.pitchInBytes = 384;  // 100 floats do not fit
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);
  r.res.pitch2D = {memory, CU_AD_FORMAT_FLOAT, 1, 100, 65001, 512};
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);
  r.res.pitch2D = {0, CU_AD_FORMAT_FLOAT, 1, 100, 50, 512};
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);
  r.resType = static_cast<CUresourcetype>(9);
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTextures, WhatTheManualForbids) {
  CUDA_TEXTURE_DESC t{};
  CUDA_RESOURCE_DESC r = of(array);
  t.filterMode = CU_TR_FILTER_MODE_LINEAR;
  EXPECT_EQ(create(r, t), CUDA_SUCCESS);  // bytes are read as floats by default
  t.flags = CU_TRSF_READ_AS_INTEGER;
  EXPECT_EQ(create(r, t), CUDA_ERROR_INVALID_VALUE);
  CUarray words = make(4, 4, 0, CU_AD_FORMAT_UNSIGNED_INT32, 1, 0);
  t.flags = 0;
  EXPECT_EQ(create(of(words), t), CUDA_ERROR_INVALID_VALUE);  // 32-bit integers never are
  t = {};
  t.flags = 0x800;
  EXPECT_EQ(create(r, t), CUDA_ERROR_INVALID_VALUE);
  t.flags = CU_TRSF_SEAMLESS_CUBEMAP;
  EXPECT_EQ(create(r, t), CUDA_ERROR_INVALID_VALUE);
  CUarray cube = make(8, 8, 6, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_CUBEMAP);
  EXPECT_EQ(create(of(cube), t), CUDA_SUCCESS);
  t = {};
  t.addressMode[2] = static_cast<CUaddress_mode>(7);
  EXPECT_EQ(create(r, t), CUDA_ERROR_INVALID_VALUE);
  t = {};
  t.mipmapFilterMode = static_cast<CUfilter_mode>(7);
  EXPECT_EQ(create(r, t), CUDA_ERROR_INVALID_VALUE);
  r.flags = 1;
  EXPECT_EQ(create(r), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(create(of(nullptr)), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuTexObjectCreate(nullptr, &r, &t, nullptr), CUDA_ERROR_INVALID_VALUE);

  CUmipmappedArray mipmap = nullptr;
  CUDA_ARRAY3D_DESCRIPTOR d{16, 16, 0, CU_AD_FORMAT_FLOAT, 1, 0};
  ASSERT_EQ(cuMipmappedArrayCreate(&mipmap, &d, 3), CUDA_SUCCESS);
  r = {};
  r.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
  r.res.mipmap.hMipmappedArray = mipmap;
  t = {};
  EXPECT_EQ(create(r, t), CUDA_ERROR_INVALID_VALUE);  // needs normalized coordinates
  t.flags = CU_TRSF_NORMALIZED_COORDINATES;
  EXPECT_EQ(create(r, t), CUDA_SUCCESS);
}

TEST_F(DriverTextures, ViewsOfArrays) {
  CUarray layers = make(8, 8, 5, CU_AD_FORMAT_UNSIGNED_INT32, 1, CUDA_ARRAY3D_LAYERED);
  CUDA_RESOURCE_VIEW_DESC v{};
  v.width = v.height = 8;
  v.depth = 5;
  v.firstLayer = 1;
  v.lastLayer = 4;
  EXPECT_EQ(create(of(layers), {}, &v), CUDA_SUCCESS);
  v.lastLayer = 5;
  EXPECT_EQ(create(of(layers), {}, &v), CUDA_ERROR_INVALID_VALUE);
  v.lastLayer = 0;
  EXPECT_EQ(create(of(layers), {}, &v), CUDA_ERROR_INVALID_VALUE);
  v.firstLayer = 0;
  v.width = 4;
  EXPECT_EQ(create(of(layers), {}, &v), CUDA_ERROR_INVALID_VALUE);
  v.width = 8;
  v.format = CU_RES_VIEW_FORMAT_UINT_4X8;  // as large
  EXPECT_EQ(create(of(layers), {}, &v), CUDA_SUCCESS);
  v.format = CU_RES_VIEW_FORMAT_FLOAT_2X32;
  EXPECT_EQ(create(of(layers), {}, &v), CUDA_ERROR_INVALID_VALUE);
  v.format = CU_RES_VIEW_FORMAT_UNSIGNED_BC1;
  EXPECT_EQ(create(of(layers), {}, &v), CUDA_ERROR_NOT_SUPPORTED);
  v.format = static_cast<CUresourceViewFormat>(99);
  EXPECT_EQ(create(of(layers), {}, &v), CUDA_ERROR_INVALID_VALUE);
  v = {};
  v.width = 16;
  v.height = 8;
  v.lastMipmapLevel = 1;
  EXPECT_EQ(create(of(array), {}, &v), CUDA_ERROR_INVALID_VALUE);
  v.lastMipmapLevel = 0;
  v.lastLayer = 1;
  EXPECT_EQ(create(of(array), {}, &v), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTextures, Surfaces) {
  CUsurfObject object = 0;
  CUDA_RESOURCE_DESC r = of(array), got{};
  ASSERT_EQ(cuSurfObjectCreate(&object, &r), CUDA_SUCCESS);
  ASSERT_EQ(cuSurfObjectGetResourceDesc(&got, object), CUDA_SUCCESS);
  EXPECT_EQ(got.res.array.hArray, array);
  EXPECT_EQ(cuTexObjectDestroy(object), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuSurfObjectDestroy(object), CUDA_SUCCESS);
  EXPECT_EQ(cuSurfObjectDestroy(object), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuSurfObjectGetResourceDesc(&got, object), CUDA_ERROR_INVALID_VALUE);
  r = of(make(4, 4, 0, CU_AD_FORMAT_FLOAT, 1, 0));  // without CUDA_ARRAY3D_SURFACE_LDST
  EXPECT_EQ(cuSurfObjectCreate(&object, &r), CUDA_ERROR_INVALID_VALUE);
  r.resType = CU_RESOURCE_TYPE_LINEAR;
  EXPECT_EQ(cuSurfObjectCreate(&object, &r), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuSurfObjectCreate(&object, nullptr), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTextures, ManyHandlesAreAllDifferent) {
  CUDA_RESOURCE_DESC r = of(array);
  CUDA_TEXTURE_DESC t{};
  CUtexObject first = 0, last = 0;
  ASSERT_EQ(cuTexObjectCreate(&first, &r, &t, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuTexObjectDestroy(first), CUDA_SUCCESS);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(cuTexObjectCreate(&last, &r, &t, nullptr), CUDA_SUCCESS);
    EXPECT_NE(last, first) << "a stale handle would be taken for its successor";
  }
  CUtexObject many[200] = {};
  for (CUtexObject &each : many) ASSERT_EQ(cuTexObjectCreate(&each, &r, &t, nullptr), CUDA_SUCCESS);
  for (CUtexObject each : many) EXPECT_EQ(cuTexObjectDestroy(each), CUDA_SUCCESS);
}

}  // namespace
