// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Entry points with 32-bit addresses, as programs from before CUDA 3.2 call them. On the host target.
#define __CUDA_API_VERSION_INTERNAL  // the names mean the old forms
#include <cuda.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

namespace {

constexpr const char *kPtx = R"(
.version 8.0
.target sm_75
.address_size 64
.visible .global .align 4 .u32 counter = 7;
.visible .entry twice(.param .u64 data)
{
  .reg .b64 %rd<4>; .reg .b32 %r<3>;
  ld.param.u64 %rd1, [data];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd2, %r1, 4;
  add.u64 %rd3, %rd1, %rd2;
  ld.global.u32 %r2, [%rd3];
  add.u32 %r2, %r2, %r2;
  st.global.u32 [%rd3], %r2;
  ret;
}
)";

struct DriverNarrow : testing::Test {
  void SetUp() override {
    ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
    ASSERT_EQ(cuCtxCreate(&context, 0, 0), CUDA_SUCCESS);
  }
  void TearDown() override { EXPECT_EQ(cuCtxDestroy_v2(context), CUDA_SUCCESS); }
  CUcontext context = nullptr;
};

TEST_F(DriverNarrow, MemoryLiesLow) {
  std::vector<unsigned> from(256), back(256);
  std::iota(from.begin(), from.end(), 1u);
  CUdeviceptr_v1 memory = 0, base = 0;
  unsigned bytes = 0;
  ASSERT_EQ(cuMemAlloc(&memory, 1024), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyHtoD(memory, from.data(), 1024), CUDA_SUCCESS);
  CUmodule module;
  CUfunction twice;
  ASSERT_EQ(cuModuleLoadData(&module, kPtx), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleGetFunction(&twice, module, "twice"), CUDA_SUCCESS);
  CUdeviceptr wide = memory;
  void *parameters[] = {&wide};
  ASSERT_EQ(cuLaunchKernel(twice, 1, 1, 1, 256, 1, 1, 0, nullptr, parameters, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoH(back.data(), memory, 1024), CUDA_SUCCESS);
  for (unsigned i = 0; i < 256; ++i) ASSERT_EQ(back[i], 2 * from[i]);
  EXPECT_EQ(cuMemGetAddressRange(&base, &bytes, memory + 100), CUDA_SUCCESS);
  EXPECT_EQ(base, memory);
  EXPECT_EQ(bytes, 1024u);
  CUdeviceptr_v1 other = 0;
  ASSERT_EQ(cuMemAlloc(&other, 1024), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoD(other, memory, 1024), CUDA_SUCCESS);
  EXPECT_EQ(cuMemsetD32(memory, 5, 256), CUDA_SUCCESS);
  EXPECT_EQ(cuMemsetD16(memory, 6, 2), CUDA_SUCCESS);
  EXPECT_EQ(cuMemsetD8(memory, 7, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoHAsync(back.data(), memory, 8, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  EXPECT_EQ(back[0], 0x00060007u);
  EXPECT_EQ(back[1], 5u);
  EXPECT_EQ(cuMemcpyDtoDAsync(memory, other, 1024, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyHtoDAsync(memory, from.data(), 4, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoH(back.data(), memory, 8), CUDA_SUCCESS);
  EXPECT_EQ(back[0], 1u);
  EXPECT_EQ(back[1], 4u);
  EXPECT_EQ(cuMemcpyDtoH(back.data(), memory, 1025), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree(memory), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(memory), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyDtoH(back.data(), memory, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAlloc(nullptr, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAlloc(&other, 0), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverNarrow, PitchedMemoryAndBoxes) {
  CUdeviceptr_v1 memory = 0;
  unsigned pitch = 0, back[3][4] = {};
  ASSERT_EQ(cuMemAllocPitch(&memory, &pitch, 16, 3, 4), CUDA_SUCCESS);
  EXPECT_GE(pitch, 16u);
  EXPECT_EQ(cuMemsetD2D32(memory, pitch, 9, 4, 3), CUDA_SUCCESS);
  EXPECT_EQ(cuMemsetD2D16(memory, pitch, 8, 2, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuMemsetD2D8(memory, pitch, 7, 1, 1), CUDA_SUCCESS);
  CUDA_MEMCPY2D_v1 box{};
  box.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  box.srcDevice = memory;
  box.srcPitch = pitch;
  box.dstMemoryType = CU_MEMORYTYPE_HOST;
  box.dstHost = back;
  box.dstPitch = 16;
  box.WidthInBytes = 16;
  box.Height = 3;
  for (auto copy : {&cuMemcpy2D, &cuMemcpy2DUnaligned}) {
    std::memset(back, 0, sizeof back);
    ASSERT_EQ(copy(&box), CUDA_SUCCESS);
    EXPECT_EQ(back[0][0], 0x00080007u);
    EXPECT_EQ(back[2][3], 9u);
  }
  std::memset(back, 0, sizeof back);
  ASSERT_EQ(cuMemcpy2DAsync(&box, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  EXPECT_EQ(back[1][1], 9u);
  CUDA_MEMCPY3D_v1 cube{};
  cube.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  cube.srcDevice = memory;
  cube.srcPitch = pitch;
  cube.dstMemoryType = CU_MEMORYTYPE_HOST;
  cube.dstHost = back;
  cube.dstPitch = 16;
  cube.WidthInBytes = 16;
  cube.Height = 3;
  cube.Depth = 1;
  std::memset(back, 0, sizeof back);
  ASSERT_EQ(cuMemcpy3D(&cube), CUDA_SUCCESS);
  EXPECT_EQ(back[2][0], 9u);
  EXPECT_EQ(cuMemcpy3DAsync(&cube, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpy2D(nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpy3D(nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAllocPitch(&memory, &pitch, 16, 3, 5), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree(memory), CUDA_SUCCESS);
}

TEST_F(DriverNarrow, Arrays) {
  CUDA_ARRAY_DESCRIPTOR_v1 shape{8, 0, CU_AD_FORMAT_UNSIGNED_INT32, 1}, told{};
  CUarray array, second;
  ASSERT_EQ(cuArrayCreate(&array, &shape), CUDA_SUCCESS);
  ASSERT_EQ(cuArrayGetDescriptor(&told, array), CUDA_SUCCESS);
  EXPECT_EQ(std::memcmp(&told, &shape, sizeof shape), 0);
  CUDA_ARRAY3D_DESCRIPTOR_v1 cube{8, 0, 0, CU_AD_FORMAT_UNSIGNED_INT32, 1, 0}, cube_told{};
  ASSERT_EQ(cuArray3DCreate(&second, &cube), CUDA_SUCCESS);
  ASSERT_EQ(cuArray3DGetDescriptor(&cube_told, second), CUDA_SUCCESS);
  EXPECT_EQ(cube_told.Width, 8u);
  EXPECT_EQ(cube_told.Depth, 0u);
  unsigned row[8], back[8] = {};
  std::iota(row, row + 8, 1u);
  CUdeviceptr_v1 memory;
  ASSERT_EQ(cuMemAlloc(&memory, 32), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyHtoA(array, 0, row, 32), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyAtoA(second, 0, array, 4, 28), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyAtoD(memory, second, 0, 28), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoA(array, 0, memory, 28), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyAtoH(back, array, 0, 32), CUDA_SUCCESS);
  for (unsigned i = 0; i < 7; ++i) EXPECT_EQ(back[i], i + 2);
  EXPECT_EQ(cuMemcpyHtoAAsync(array, 0, row, 32, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyAtoHAsync(back, array, 0, 32, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
  EXPECT_EQ(std::memcmp(row, back, 32), 0);
  EXPECT_EQ(cuArrayCreate(&array, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArrayGetDescriptor(nullptr, array), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArray3DCreate(&array, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArray3DGetDescriptor(nullptr, array), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverNarrow, WhatDoesNotFitIsRefused) {
  size_t bytes = 0;
  unsigned total = 0, free_bytes = 0;
  ASSERT_EQ(cuDeviceTotalMem_v2(&bytes, 0), CUDA_SUCCESS);
  const CUresult expected = bytes > UINT32_MAX ? CUDA_ERROR_NOT_SUPPORTED : CUDA_SUCCESS;
  EXPECT_EQ(cuDeviceTotalMem(&total, 0), expected);
  EXPECT_EQ(cuMemGetInfo(&free_bytes, &total), expected);
  EXPECT_EQ(cuDeviceTotalMem(nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemGetInfo(nullptr, &total), CUDA_ERROR_INVALID_VALUE);
  void *pinned = nullptr;
  CUdeviceptr_v1 address = 5;
  ASSERT_EQ(cuMemAllocHost(&pinned, 64), CUDA_SUCCESS);
  const bool low = reinterpret_cast<uintptr_t>(pinned) <= UINT32_MAX;
  EXPECT_EQ(cuMemHostGetDevicePointer(&address, pinned, 0), low ? CUDA_SUCCESS : CUDA_ERROR_NOT_SUPPORTED);
  if (!low) EXPECT_EQ(address, 5u) << "nothing is given";
  CUmodule module;
  CUdeviceptr wide = 0;
  ASSERT_EQ(cuModuleLoadData(&module, kPtx), CUDA_SUCCESS);
  ASSERT_EQ(cuModuleGetGlobal_v2(&wide, nullptr, module, "counter"), CUDA_SUCCESS);
  EXPECT_EQ(cuModuleGetGlobal(&address, nullptr, module, "counter"), wide <= UINT32_MAX ? CUDA_SUCCESS : CUDA_ERROR_NOT_SUPPORTED);
  unsigned size = 0;
  EXPECT_EQ(cuModuleGetGlobal(nullptr, &size, module, "counter"), CUDA_SUCCESS);
  EXPECT_EQ(size, 4u);
  EXPECT_EQ(cuModuleGetGlobal(&address, nullptr, module, "nothing"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuMemFreeHost(pinned), CUDA_SUCCESS);
}

TEST_F(DriverNarrow, AddressesOfTextureReferences) {
  CUtexref reference;
  CUdeviceptr_v1 memory = 0, told = 0;
  unsigned offset = 9;
  ASSERT_EQ(cuMemAlloc(&memory, 4096), CUDA_SUCCESS);
  ASSERT_EQ(cuTexRefCreate(&reference), CUDA_SUCCESS);
  ASSERT_EQ(cuTexRefSetFormat(reference, CU_AD_FORMAT_UNSIGNED_INT32, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuTexRefSetAddress(&offset, reference, memory, 4096), CUDA_SUCCESS);
  EXPECT_EQ(offset, 0u);
  EXPECT_EQ(cuTexRefGetAddress(&told, reference), CUDA_SUCCESS);
  EXPECT_EQ(told, memory);
  CUDA_ARRAY_DESCRIPTOR_v1 shape{8, 4, CU_AD_FORMAT_UNSIGNED_INT32, 1};
  EXPECT_EQ(cuTexRefSetAddress2D(reference, &shape, memory, 512), CUDA_SUCCESS);
  EXPECT_EQ(cuTexRefSetAddress2D(reference, nullptr, memory, 512), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuTexRefGetAddress(nullptr, reference), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuTexRefDestroy(reference), CUDA_SUCCESS);
}

}  // namespace
