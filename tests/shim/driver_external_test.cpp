// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory of other APIs by descriptor, through the driver API on the host target.
#include <cuda.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "fixture.h"

namespace {

using shim_test::garbage;

constexpr size_t kSize = size_t{3} << 20;

CUDA_EXTERNAL_MEMORY_HANDLE_DESC described(int file, size_t size = kSize) {
  CUDA_EXTERNAL_MEMORY_HANDLE_DESC wanted{};
  wanted.type = CU_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD;
  wanted.handle.fd = file;
  wanted.size = size;
  return wanted;
}

// A memory file as another API on the CPU would make one, with the same bytes mapped here.
struct Foreign {
  Foreign() : file(memfd_create("foreign", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(file, kSize), 0);
    bytes = static_cast<unsigned char *>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  }
  ~Foreign() { munmap(bytes, kSize); }
  int file;
  unsigned char *bytes;
};

struct DriverExternal : shim_test::WithContext {};

TEST_F(DriverExternal, BuffersAreTheOtherSidesMemory) {
  Foreign foreign;
  std::memset(foreign.bytes, 3, kSize);
  CUexternalMemory memory = nullptr;
  CUDA_EXTERNAL_MEMORY_HANDLE_DESC wanted = described(foreign.file);
  ASSERT_EQ(cuImportExternalMemory(&memory, &wanted), CUDA_SUCCESS);
  CUDA_EXTERNAL_MEMORY_BUFFER_DESC buffer{};
  buffer.offset = 512;
  buffer.size = kSize - 512;
  CUdeviceptr at = 0;
  ASSERT_EQ(cuExternalMemoryGetMappedBuffer(&at, memory, &buffer), CUDA_SUCCESS);
  unsigned char byte = 0;
  EXPECT_EQ(cuMemcpyDtoH(&byte, at + buffer.size - 1, 1), CUDA_SUCCESS);
  EXPECT_EQ(byte, 3);
  EXPECT_EQ(cuMemsetD8(at, 4, buffer.size), CUDA_SUCCESS);
  EXPECT_EQ(foreign.bytes[511], 3);
  EXPECT_EQ(foreign.bytes[512], 4);
  EXPECT_EQ(foreign.bytes[kSize - 1], 4);
  EXPECT_EQ(cuMemsetD8(at, 0, buffer.size + 1), CUDA_ERROR_INVALID_VALUE);
  // The buffer outlives the object; the descriptor went with it.
  EXPECT_EQ(cuDestroyExternalMemory(memory), CUDA_SUCCESS);
  EXPECT_EQ(fcntl(foreign.file, F_GETFD), -1);
  EXPECT_EQ(cuDestroyExternalMemory(memory), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuMemcpyDtoH(&byte, at, 1), CUDA_SUCCESS);
  EXPECT_EQ(byte, 4);
  EXPECT_EQ(cuMemFree(at), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(at), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverExternal, WhatIsNotRightIsRefused) {
  Foreign foreign;
  CUexternalMemory memory = nullptr;
  CUDA_EXTERNAL_MEMORY_HANDLE_DESC wanted = described(foreign.file);
  EXPECT_EQ(cuImportExternalMemory(nullptr, &wanted), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuImportExternalMemory(&memory, nullptr), CUDA_ERROR_INVALID_VALUE);
  wanted.flags = 2;
  EXPECT_EQ(cuImportExternalMemory(&memory, &wanted), CUDA_ERROR_INVALID_VALUE);
  wanted = described(foreign.file);
  wanted.type = CU_EXTERNAL_MEMORY_HANDLE_TYPE_NVSCIBUF;
  EXPECT_EQ(cuImportExternalMemory(&memory, &wanted), CUDA_ERROR_NOT_SUPPORTED);
  wanted.type = static_cast<CUexternalMemoryHandleType>(77);
  EXPECT_EQ(cuImportExternalMemory(&memory, &wanted), CUDA_ERROR_INVALID_VALUE);
  for (size_t size : {size_t{0}, kSize - 4096, kSize + 4096}) {
    wanted = described(foreign.file, size);
    EXPECT_EQ(cuImportExternalMemory(&memory, &wanted), CUDA_ERROR_INVALID_VALUE) << size;
  }
  const int other = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  for (int file : {-1, 9999, other}) {
    wanted = described(file);
    EXPECT_EQ(cuImportExternalMemory(&memory, &wanted), CUDA_ERROR_INVALID_VALUE) << file;
  }
  EXPECT_EQ(close(other), 0);  // a descriptor that was refused stays ours
  wanted = described(foreign.file);
  wanted.flags = CUDA_EXTERNAL_MEMORY_DEDICATED;
  ASSERT_EQ(cuImportExternalMemory(&memory, &wanted), CUDA_SUCCESS);
  CUDA_EXTERNAL_MEMORY_BUFFER_DESC buffer{};
  buffer.size = kSize;
  CUdeviceptr at = 0;
  EXPECT_EQ(cuExternalMemoryGetMappedBuffer(nullptr, memory, &buffer), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuExternalMemoryGetMappedBuffer(&at, memory, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuExternalMemoryGetMappedBuffer(&at, nullptr, &buffer), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuExternalMemoryGetMappedBuffer(&at, garbage<CUexternalMemory>(), &buffer), CUDA_ERROR_INVALID_HANDLE);
  buffer.offset = 1;
  EXPECT_EQ(cuExternalMemoryGetMappedBuffer(&at, memory, &buffer), CUDA_ERROR_INVALID_VALUE);
  buffer = {};
  EXPECT_EQ(cuExternalMemoryGetMappedBuffer(&at, memory, &buffer), CUDA_ERROR_INVALID_VALUE);
  buffer.size = 1;
  buffer.flags = 1;
  EXPECT_EQ(cuExternalMemoryGetMappedBuffer(&at, memory, &buffer), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDestroyExternalMemory(memory), CUDA_SUCCESS);
  EXPECT_EQ(cuDestroyExternalMemory(nullptr), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverExternal, ImagesAreTheOtherSidesTexels) {
  constexpr size_t kOffset = 4096, kRow = 64, kLevel1 = 512;
  Foreign foreign;
  for (size_t row = 0; row < 8; ++row)
    for (size_t x = 0; x < 16; ++x) foreign.bytes[kOffset + row * kRow + x] = static_cast<unsigned char>(row * 16 + x);
  CUexternalMemory memory = nullptr;
  CUDA_EXTERNAL_MEMORY_HANDLE_DESC wanted = described(foreign.file);
  ASSERT_EQ(cuImportExternalMemory(&memory, &wanted), CUDA_SUCCESS);
  CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC image{};
  image.offset = kOffset;
  image.arrayDesc = {16, 8, 0, CU_AD_FORMAT_UNSIGNED_INT8, 1, CUDA_ARRAY3D_SURFACE_LDST};
  image.numLevels = 3;
  CUmipmappedArray mipmap = nullptr;
  CUarray first = nullptr, second = nullptr;
  ASSERT_EQ(cuExternalMemoryGetMappedMipmappedArray(&mipmap, memory, &image), CUDA_SUCCESS);
  ASSERT_EQ(cuMipmappedArrayGetLevel(&first, mipmap, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMipmappedArrayGetLevel(&second, mipmap, 1), CUDA_SUCCESS);
  unsigned char texels[8][16] = {};
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  copy.srcArray = first;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = texels;
  copy.dstPitch = copy.WidthInBytes = 16;
  copy.Height = 8;
  EXPECT_EQ(cuMemcpy2D(&copy), CUDA_SUCCESS);
  for (size_t row = 0; row < 8; ++row)
    for (size_t x = 0; x < 16; ++x) EXPECT_EQ(texels[row][x], row * 16 + x);
  copy = {};
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = texels;
  copy.srcPitch = 16;
  copy.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  copy.dstArray = second;
  copy.WidthInBytes = 8;
  copy.Height = 4;
  EXPECT_EQ(cuMemcpy2D(&copy), CUDA_SUCCESS);
  EXPECT_EQ(std::memcmp(foreign.bytes + kOffset + kLevel1 + 3 * kRow, texels[3], 8), 0);
  EXPECT_EQ(cuDestroyExternalMemory(memory), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpy2D(&copy), CUDA_SUCCESS) << "the image outlives the object";
  EXPECT_EQ(cuMipmappedArrayDestroy(mipmap), CUDA_SUCCESS);
  EXPECT_EQ(cuMipmappedArrayDestroy(mipmap), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverExternal, WrongImages) {
  Foreign foreign;
  CUexternalMemory memory = nullptr;
  CUDA_EXTERNAL_MEMORY_HANDLE_DESC wanted = described(foreign.file);
  ASSERT_EQ(cuImportExternalMemory(&memory, &wanted), CUDA_SUCCESS);
  CUmipmappedArray mipmap = nullptr;
  auto wrong = [&](auto &&change) {
    CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC image{};
    image.arrayDesc = {16, 8, 0, CU_AD_FORMAT_UNSIGNED_INT8, 1, 0};
    image.numLevels = 1;
    change(image);
    EXPECT_EQ(cuExternalMemoryGetMappedMipmappedArray(&mipmap, memory, &image), CUDA_ERROR_INVALID_VALUE);
  };
  wrong([](auto &image) { image.offset = 64; });
  wrong([](auto &image) { image.offset = kSize; });
  wrong([](auto &image) { image.numLevels = 0; });
  wrong([](auto &image) { image.numLevels = 6; });
  wrong([](auto &image) { image.arrayDesc.Width = 0; });
  wrong([](auto &image) { image.arrayDesc.Width = image.arrayDesc.Height = 8192; });
  CUDA_EXTERNAL_MEMORY_MIPMAPPED_ARRAY_DESC image{};
  EXPECT_EQ(cuExternalMemoryGetMappedMipmappedArray(nullptr, memory, &image), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuExternalMemoryGetMappedMipmappedArray(&mipmap, memory, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuExternalMemoryGetMappedMipmappedArray(&mipmap, nullptr, &image), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuExternalMemoryGetMappedMipmappedArray(&mipmap, garbage<CUexternalMemory>(), &image), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuDestroyExternalMemory(memory), CUDA_SUCCESS);
}

TEST_F(DriverExternal, NobodyWritesBehindTheHostsBack) {
  int options = 9;
  EXPECT_EQ(cuDeviceGetAttribute(&options, CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_FLUSH_WRITES_OPTIONS, 0), CUDA_SUCCESS);
  EXPECT_EQ(options, 0);
  constexpr auto kHere = CU_FLUSH_GPU_DIRECT_RDMA_WRITES_TARGET_CURRENT_CTX;
  EXPECT_EQ(cuFlushGPUDirectRDMAWrites(kHere, CU_FLUSH_GPU_DIRECT_RDMA_WRITES_TO_OWNER), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuFlushGPUDirectRDMAWrites(kHere, static_cast<CUflushGPUDirectRDMAWritesScope>(1)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFlushGPUDirectRDMAWrites(static_cast<CUflushGPUDirectRDMAWritesTarget>(5), CU_FLUSH_GPU_DIRECT_RDMA_WRITES_TO_OWNER), CUDA_ERROR_INVALID_VALUE);
}

}  // namespace
