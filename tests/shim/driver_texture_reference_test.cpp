// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface references: bound by name through the driver API, read by kernels on the host target.
#include <cuda.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "fixture.h"

namespace {

// read2d: out[i] = image at (i + 0.5) / 4 - or i, as the coordinates are - and row 0.5. read1d: out[i] = line[i].
// The name of `image` is also taken as a value. write: plane[i] = i + 100.
constexpr const char *kPtx = R"(
.version 8.0
.target sm_75
.address_size 64
.visible .global .texref image;
.visible .global .texref line;
.visible .global .surfref plane;
.visible .global .align 4 .u32 plain = 5;
.visible .entry read2d(.param .u64 out, .param .f32 step) {
  .reg .b64 %rd<4>; .reg .b32 %r<4>; .reg .f32 %f<9>;
  ld.param.u64 %rd1, [out];
  ld.param.f32 %f1, [step];
  mov.u32 %r1, %tid.x;
  cvt.rn.f32.u32 %f2, %r1;
  add.f32 %f2, %f2, 0f3F000000;
  mul.f32 %f2, %f2, %f1;
  mov.f32 %f3, 0f3F000000;
  tex.2d.v4.f32.f32 {%f4, %f5, %f6, %f7}, [image, {%f2, %f3}];
  mul.wide.u32 %rd2, %r1, 4;
  add.s64 %rd1, %rd1, %rd2;
  st.global.f32 [%rd1], %f4;
  ret;
}
.visible .entry read1d(.param .u64 out, .param .u32 first) {
  .reg .b64 %rd<4>; .reg .b32 %r<9>;
  ld.param.u64 %rd1, [out];
  ld.param.u32 %r2, [first];
  mov.u32 %r1, %tid.x;
  add.u32 %r2, %r2, %r1;
  mov.u64 %rd3, line;
  tex.1d.v4.u32.s32 {%r3, %r4, %r5, %r6}, [%rd3, {%r2}];
  mul.wide.u32 %rd2, %r1, 4;
  add.s64 %rd1, %rd1, %rd2;
  st.global.u32 [%rd1], %r3;
  ret;
}
.visible .entry write() {
  .reg .b32 %r<9>;
  mov.u32 %r1, %tid.x;
  shl.b32 %r2, %r1, 2;
  add.u32 %r3, %r1, 100;
  mov.u32 %r4, 0;
  sust.b.2d.b32.trap [plane, {%r2, %r4}], {%r3};
  ret;
}
)";

constexpr unsigned kWidth = 4;

struct DriverTextureReferences : shim_test::WithContext {
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuModuleLoadData(&module, kPtx), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleGetTexRef(&image, module, "image"), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleGetTexRef(&line, module, "line"), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleGetSurfRef(&plane, module, "plane"), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc(&out, 64 * sizeof(float)), CUDA_SUCCESS);
  }
  CUarray makeArray(CUarray_format format, std::vector<uint32_t> texels, unsigned flags = 0) {
    CUDA_ARRAY3D_DESCRIPTOR d{kWidth, 1, 0, format, 1, flags};
    CUarray made = nullptr;
    EXPECT_EQ(cuArray3DCreate(&made, &d), CUDA_SUCCESS);
    copy(made, texels.data(), true);
    return made;
  }
  static void copy(CUarray array, void *host, bool to_array) {
    CUDA_MEMCPY2D box{};
    box.srcMemoryType = to_array ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_ARRAY;
    box.dstMemoryType = to_array ? CU_MEMORYTYPE_ARRAY : CU_MEMORYTYPE_HOST;
    box.srcHost = box.dstHost = host;
    box.srcArray = box.dstArray = array;
    box.WidthInBytes = kWidth * sizeof(uint32_t);
    box.Height = 1;
    EXPECT_EQ(cuMemcpy2D(&box), CUDA_SUCCESS);
  }
  CUfunction kernel(const char *name) {
    CUfunction found = nullptr;
    EXPECT_EQ(cuModuleGetFunction(&found, module, name), CUDA_SUCCESS);
    return found;
  }
  template <class T>
  std::vector<T> run(const char *name, T argument, unsigned threads = kWidth) {
    void *arguments[] = {&out, &argument};
    EXPECT_EQ(cuLaunchKernel(kernel(name), 1, 1, 1, threads, 1, 1, 0, nullptr, arguments, nullptr), CUDA_SUCCESS);
    std::vector<T> got(threads);
    EXPECT_EQ(cuMemcpyDtoH(got.data(), out, threads * sizeof(T)), CUDA_SUCCESS);
    return got;
  }
  CUmodule module = nullptr;
  CUtexref image = nullptr, line = nullptr;
  CUsurfref plane = nullptr;
  CUdeviceptr out = 0;
};

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

TEST_F(DriverTextureReferences, KernelsReadTheArrayThatIsBound) {
  CUarray first = makeArray(CU_AD_FORMAT_FLOAT, {bits(1), bits(2), bits(3), bits(4)});
  CUarray second = makeArray(CU_AD_FORMAT_FLOAT, {bits(5), bits(7), bits(9), bits(11)});
  ASSERT_EQ(cuTexRefSetArray(image, first, CU_TRSA_OVERRIDE_FORMAT), CUDA_SUCCESS);
  EXPECT_EQ(run("read2d", 1.0f), (std::vector<float>{1, 2, 3, 4}));
  ASSERT_EQ(cuTexRefSetArray(image, second, CU_TRSA_OVERRIDE_FORMAT), CUDA_SUCCESS);
  EXPECT_EQ(run("read2d", 1.0f), (std::vector<float>{5, 7, 9, 11}));
  ASSERT_EQ(cuTexRefSetFlags(image, CU_TRSF_NORMALIZED_COORDINATES), CUDA_SUCCESS);
  EXPECT_EQ(run("read2d", 0.25f), (std::vector<float>{5, 7, 9, 11}));
  ASSERT_EQ(cuTexRefSetFilterMode(image, CU_TR_FILTER_MODE_LINEAR), CUDA_SUCCESS);
  ASSERT_EQ(cuTexRefSetAddressMode(image, 0, CU_TR_ADDRESS_MODE_CLAMP), CUDA_SUCCESS);
  EXPECT_EQ(run("read2d", 0.5f, 2), (std::vector<float>{6, 10}));
  CUarray got = nullptr;
  EXPECT_EQ(cuTexRefGetArray(&got, image), CUDA_SUCCESS);
  EXPECT_EQ(got, second);
  CUdeviceptr address = 0;
  CUmipmappedArray mipmap = nullptr;
  EXPECT_EQ(cuTexRefGetAddress(&address, image), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuTexRefGetMipmappedArray(&mipmap, image), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuTexRefSetArray(image, second, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuTexRefSetArray(image, shim_test::garbage<CUarray>(), CU_TRSA_OVERRIDE_FORMAT), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuParamSetTexRef(kernel("read2d"), CU_PARAM_TR_DEFAULT, image), CUDA_SUCCESS);
  EXPECT_EQ(cuParamSetTexRef(kernel("read2d"), 0, image), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTextureReferences, KernelsReadMemory) {
  std::vector<uint32_t> words(256);
  for (uint32_t i = 0; i < words.size(); ++i) words[i] = i;
  CUdeviceptr memory = 0;
  ASSERT_EQ(cuMemAlloc(&memory, words.size() * 4), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyHtoD(memory, words.data(), words.size() * 4), CUDA_SUCCESS);
  size_t offset = 1;
  ASSERT_EQ(cuTexRefSetFormat(line, CU_AD_FORMAT_UNSIGNED_INT32, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuTexRefSetAddress(&offset, line, memory, words.size() * 4), CUDA_SUCCESS);
  EXPECT_EQ(offset, 0u);
  EXPECT_EQ(run("read1d", 10u), (std::vector<uint32_t>{10, 11, 12, 13}));
  CUdeviceptr told = 0;
  EXPECT_EQ(cuTexRefGetAddress(&told, line), CUDA_SUCCESS);
  EXPECT_EQ(told, memory);
  // An address between two that textures may start at: the offset says where the memory begins.
  ASSERT_EQ(cuTexRefSetAddress(&offset, line, memory + 64, 128), CUDA_SUCCESS);
  EXPECT_EQ(offset, 64u);
  EXPECT_EQ(run("read1d", static_cast<uint32_t>(offset / 4)), (std::vector<uint32_t>{16, 17, 18, 19}));
  EXPECT_EQ(cuTexRefSetAddress(nullptr, line, memory + 64, 128), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuTexRefSetAddress(&offset, line, 0, 128), CUDA_ERROR_INVALID_VALUE);

  CUDA_ARRAY_DESCRIPTOR d{8, 4, CU_AD_FORMAT_FLOAT, 1};
  EXPECT_EQ(cuTexRefSetAddress2D(image, &d, memory, 100), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuTexRefSetAddress2D(image, &d, memory, 128), CUDA_SUCCESS);
  EXPECT_EQ(cuTexRefSetFormat(image, CU_AD_FORMAT_UNSIGNED_INT32, 1), CUDA_ERROR_INVALID_VALUE);
  std::vector<float> got = run("read2d", 1.0f);
  for (uint32_t i = 0; i < kWidth; ++i) EXPECT_EQ(bits(got[i]), i);
}

TEST_F(DriverTextureReferences, KernelsWriteSurfaces) {
  CUarray array = makeArray(CU_AD_FORMAT_UNSIGNED_INT32, {0, 0, 0, 0}, CUDA_ARRAY3D_SURFACE_LDST), got = nullptr;
  CUarray other = makeArray(CU_AD_FORMAT_UNSIGNED_INT32, {0, 0, 0, 0});
  EXPECT_EQ(cuSurfRefGetArray(&got, plane), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuSurfRefSetArray(plane, other, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuSurfRefSetArray(plane, array, 1), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuSurfRefSetArray(plane, array, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuSurfRefGetArray(&got, plane), CUDA_SUCCESS);
  EXPECT_EQ(got, array);
  ASSERT_EQ(cuLaunchKernel(kernel("write"), 1, 1, 1, kWidth, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_SUCCESS);
  std::vector<uint32_t> texels(kWidth);
  copy(array, texels.data(), false);
  EXPECT_EQ(texels, (std::vector<uint32_t>{100, 101, 102, 103}));
}

TEST_F(DriverTextureReferences, AnUnboundOneIsAFaultOfTheKernel) {
  void *arguments[] = {&out, &out};
  ASSERT_EQ(cuLaunchKernel(kernel("read2d"), 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr), CUDA_SUCCESS);
  EXPECT_NE(cuCtxSynchronize(), CUDA_SUCCESS);
}

TEST_F(DriverTextureReferences, TellWhatWasSet) {
  CUtexref made = nullptr;
  ASSERT_EQ(cuTexRefCreate(&made), CUDA_SUCCESS);
  for (CUtexref reference : {image, made}) {
    CUaddress_mode address{};
    CUfilter_mode filter{}, mip_filter{};
    CUarray_format format{};
    int channels = 0, anisotropy = 0;
    unsigned flags = 0;
    float bias = 0, least = 0, most = 0, border[4] = {}, color[4] = {1, 2, 3, 4};
    EXPECT_EQ(cuTexRefSetAddressMode(reference, 2, CU_TR_ADDRESS_MODE_MIRROR), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefGetAddressMode(&address, reference, 2), CUDA_SUCCESS);
    EXPECT_EQ(address, CU_TR_ADDRESS_MODE_MIRROR);
    EXPECT_EQ(cuTexRefSetFilterMode(reference, CU_TR_FILTER_MODE_LINEAR), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefGetFilterMode(&filter, reference), CUDA_SUCCESS);
    EXPECT_EQ(filter, CU_TR_FILTER_MODE_LINEAR);
    EXPECT_EQ(cuTexRefSetMipmapFilterMode(reference, CU_TR_FILTER_MODE_LINEAR), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefGetMipmapFilterMode(&mip_filter, reference), CUDA_SUCCESS);
    EXPECT_EQ(mip_filter, CU_TR_FILTER_MODE_LINEAR);
    EXPECT_EQ(cuTexRefSetFormat(reference, CU_AD_FORMAT_HALF, 4), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefGetFormat(&format, &channels, reference), CUDA_SUCCESS);
    EXPECT_EQ(format, CU_AD_FORMAT_HALF);
    EXPECT_EQ(channels, 4);
    EXPECT_EQ(cuTexRefGetFormat(nullptr, nullptr, reference), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefSetFlags(reference, CU_TRSF_READ_AS_INTEGER | CU_TRSF_NORMALIZED_COORDINATES), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefGetFlags(&flags, reference), CUDA_SUCCESS);
    EXPECT_EQ(flags, unsigned{CU_TRSF_READ_AS_INTEGER | CU_TRSF_NORMALIZED_COORDINATES});
    EXPECT_EQ(cuTexRefSetMipmapLevelBias(reference, 0.5f), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefGetMipmapLevelBias(&bias, reference), CUDA_SUCCESS);
    EXPECT_EQ(bias, 0.5f);
    EXPECT_EQ(cuTexRefSetMipmapLevelClamp(reference, 1, 3), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefGetMipmapLevelClamp(&least, &most, reference), CUDA_SUCCESS);
    EXPECT_EQ(least, 1);
    EXPECT_EQ(most, 3);
    EXPECT_EQ(cuTexRefSetMaxAnisotropy(reference, 8), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefGetMaxAnisotropy(&anisotropy, reference), CUDA_SUCCESS);
    EXPECT_EQ(anisotropy, 8);
    EXPECT_EQ(cuTexRefSetBorderColor(reference, color), CUDA_SUCCESS);
    EXPECT_EQ(cuTexRefGetBorderColor(border, reference), CUDA_SUCCESS);
    EXPECT_EQ(border[3], 4);
    EXPECT_EQ(cuTexRefGetFlags(nullptr, reference), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(cuTexRefSetFlags(reference, 0x1000), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(cuTexRefSetAddressMode(reference, 3, CU_TR_ADDRESS_MODE_WRAP), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(cuTexRefSetFilterMode(reference, static_cast<CUfilter_mode>(7)), CUDA_ERROR_INVALID_VALUE);
  }
  EXPECT_EQ(cuTexRefDestroy(made), CUDA_SUCCESS);
  EXPECT_EQ(cuTexRefDestroy(made), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuTexRefDestroy(image), CUDA_ERROR_INVALID_VALUE);  // the module's
}

TEST_F(DriverTextureReferences, BindMipmaps) {
  CUDA_ARRAY3D_DESCRIPTOR d{kWidth, kWidth, 0, CU_AD_FORMAT_FLOAT, 1, 0};
  CUmipmappedArray mipmap = nullptr, got = nullptr;
  ASSERT_EQ(cuMipmappedArrayCreate(&mipmap, &d, 3), CUDA_SUCCESS);
  ASSERT_EQ(cuTexRefSetMipmappedArray(image, mipmap, CU_TRSA_OVERRIDE_FORMAT), CUDA_SUCCESS);
  EXPECT_EQ(cuTexRefGetMipmappedArray(&got, image), CUDA_SUCCESS);
  EXPECT_EQ(got, mipmap);
  EXPECT_EQ(cuTexRefSetMipmappedArray(image, nullptr, CU_TRSA_OVERRIDE_FORMAT), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTextureReferences, AreFoundByNameAndKind) {
  CUtexref texture = nullptr;
  CUsurfref surface = nullptr;
  EXPECT_EQ(cuModuleGetTexRef(&texture, module, "image"), CUDA_SUCCESS);
  EXPECT_EQ(texture, image);  // one object for each name
  EXPECT_EQ(cuModuleGetTexRef(&texture, module, "plane"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuModuleGetTexRef(&texture, module, "plain"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuModuleGetSurfRef(&surface, module, "image"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuModuleGetTexRef(nullptr, module, "image"), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuModuleGetTexRef(&texture, module, nullptr), CUDA_ERROR_INVALID_VALUE);
  CUdeviceptr address = 0;
  size_t size = 0;
  EXPECT_EQ(cuModuleGetGlobal(&address, &size, module, "image"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuModuleGetGlobal(&address, &size, module, "plain"), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleUnload(module), CUDA_SUCCESS);
  CUarray array = nullptr;
  EXPECT_EQ(cuTexRefGetArray(&array, image), CUDA_ERROR_INVALID_VALUE);  // ended with the module
}

}  // namespace
