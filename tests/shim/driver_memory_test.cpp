// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory through the driver API: allocating, what a pointer is, copies and fills of all shapes.
#include <cuda.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "fixture.h"

namespace {

struct DriverMemory : shim_test::WithContext {};

TEST_F(DriverMemory, AllocatesAndReleasesOnce) {
  CUdeviceptr p = 0;
  EXPECT_EQ(cuMemAlloc(&p, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAlloc(nullptr, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAlloc(&p, SIZE_MAX / 2), CUDA_ERROR_OUT_OF_MEMORY);
  ASSERT_EQ(cuMemAlloc(&p, 1000), CUDA_SUCCESS);
  CUdeviceptr base = 0;
  size_t size = 0;
  EXPECT_EQ(cuMemGetAddressRange(&base, &size, p + 999), CUDA_SUCCESS);
  EXPECT_EQ(base, p);
  EXPECT_EQ(size, 1000u);
  EXPECT_EQ(cuMemFree(p + 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree(p), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(p), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverMemory, RowsOfPitchedMemory) {
  CUdeviceptr p = 0;
  size_t pitch = 0;
  EXPECT_EQ(cuMemAllocPitch(&p, &pitch, 100, 10, 3), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAllocPitch(&p, &pitch, SIZE_MAX, 2, 4), CUDA_ERROR_OUT_OF_MEMORY);
  ASSERT_EQ(cuMemAllocPitch(&p, &pitch, 100, 10, 4), CUDA_SUCCESS);
  EXPECT_GE(pitch, 100u);
  EXPECT_EQ(pitch % 256, 0u);
  EXPECT_EQ(cuMemFree(p), CUDA_SUCCESS);
}

TEST_F(DriverMemory, PointersSayWhatTheyAre) {
  CUdeviceptr device = 0, managed = 0;
  void *pinned = nullptr;
  ASSERT_EQ(cuMemAlloc(&device, 64), CUDA_SUCCESS);
  // The null target, on which this runs, has no memory that both sides reach.
  ASSERT_EQ(cuMemAllocManaged(&managed, 64, CU_MEM_ATTACH_GLOBAL), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuMemAllocManaged(&managed, 64, 7), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuMemHostAlloc(&pinned, 64, CU_MEMHOSTALLOC_PORTABLE), CUDA_SUCCESS);
  auto type = [](CUdeviceptr p) {
    unsigned value = 0;
    EXPECT_EQ(cuPointerGetAttribute(&value, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p), CUDA_SUCCESS);
    return value;
  };
  EXPECT_EQ(type(device + 8), unsigned{CU_MEMORYTYPE_DEVICE});
  EXPECT_EQ(type(reinterpret_cast<CUdeviceptr>(pinned)), unsigned{CU_MEMORYTYPE_HOST});
  unsigned flag = 0;
  EXPECT_EQ(cuPointerGetAttribute(&flag, CU_POINTER_ATTRIBUTE_IS_MANAGED, device), CUDA_SUCCESS);
  EXPECT_EQ(flag, 0u);
  CUcontext owner = nullptr;
  EXPECT_EQ(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, device), CUDA_SUCCESS);
  EXPECT_EQ(owner, context);
  int local = 0;
  auto unknown = reinterpret_cast<CUdeviceptr>(&local);
  EXPECT_EQ(cuPointerGetAttribute(&flag, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, unknown), CUDA_ERROR_INVALID_VALUE);
  CUpointer_attribute asked[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
  unsigned memory_type = 77;
  int ordinal = 77;
  void *answers[] = {&memory_type, &ordinal};
  EXPECT_EQ(cuPointerGetAttributes(2, asked, answers, unknown), CUDA_SUCCESS);
  EXPECT_EQ(memory_type, 0u);
  EXPECT_EQ(ordinal, -2);
  unsigned flags = 0;
  EXPECT_EQ(cuMemHostGetFlags(&flags, pinned), CUDA_SUCCESS);
  EXPECT_TRUE(flags & CU_MEMHOSTALLOC_PORTABLE);
  EXPECT_EQ(cuMemFreeHost(pinned), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFreeHost(pinned), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree(device), CUDA_SUCCESS);
}

TEST_F(DriverMemory, HostMemoryIsRegisteredOnce) {
  std::vector<char> memory(1 << 16);
  EXPECT_EQ(cuMemHostUnregister(memory.data()), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
  ASSERT_EQ(cuMemHostRegister(memory.data(), memory.size(), 0), CUDA_SUCCESS);
  EXPECT_EQ(cuMemHostRegister(memory.data(), memory.size(), 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
  CUdeviceptr mapped = 0;
  EXPECT_EQ(cuMemHostGetDevicePointer(&mapped, memory.data() + 10, 0), CUDA_SUCCESS);
  EXPECT_NE(mapped, 0u);
  EXPECT_EQ(cuMemHostUnregister(memory.data()), CUDA_SUCCESS);
  EXPECT_EQ(cuMemHostGetDevicePointer(&mapped, memory.data(), 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemHostRegister(nullptr, 4, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemHostRegister(memory.data(), 4, 0x100), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverMemory, LinearCopiesAndFills) {
  std::vector<unsigned> in(256), out(256, 0);
  std::iota(in.begin(), in.end(), 5u);
  CUdeviceptr a = 0, b = 0;
  ASSERT_EQ(cuMemAlloc(&a, 1024), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAlloc(&b, 1024), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyHtoD(a, in.data(), 1024), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoD(b, a, 1024), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoH(out.data(), b, 1024), CUDA_SUCCESS);
  EXPECT_EQ(in, out);
  ASSERT_EQ(cuMemsetD32(a, 0x01020304, 64), CUDA_SUCCESS);
  ASSERT_EQ(cuMemsetD16(a + 256, 0x0506, 128), CUDA_SUCCESS);
  ASSERT_EQ(cuMemsetD8(a + 512, 0x07, 256), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoH(out.data(), a, 1024), CUDA_SUCCESS);
  EXPECT_EQ(out[0], 0x01020304u);
  EXPECT_EQ(out[63], 0x01020304u);
  EXPECT_EQ(out[64], 0x05060506u);
  EXPECT_EQ(out[128], 0x07070707u);
  EXPECT_EQ(out[191], 0x07070707u);
  EXPECT_EQ(out[192], in[192]);
  EXPECT_EQ(cuMemsetD32(a + 2, 0, 1), CUDA_ERROR_INVALID_VALUE) << "not aligned";
  EXPECT_EQ(cuMemcpyHtoD(a, in.data(), 1025), CUDA_ERROR_INVALID_VALUE) << "beyond the end";
  EXPECT_EQ(cuMemcpyHtoD(0, in.data(), 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpyHtoD(a, in.data(), 0), CUDA_SUCCESS);
}

TEST_F(DriverMemory, BoxesKeepTheirSurroundings) {
  constexpr size_t kPitch = 32, kRows = 8;
  std::vector<unsigned char> in(kPitch * kRows), out(kPitch * kRows, 0xee);
  std::iota(in.begin(), in.end(), 0);
  CUdeviceptr device = 0;
  ASSERT_EQ(cuMemAlloc(&device, kPitch * kRows), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyHtoD(device, in.data(), in.size()), CUDA_SUCCESS);
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = device;
  copy.srcPitch = kPitch;
  copy.srcXInBytes = 4;
  copy.srcY = 2;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = out.data();
  copy.dstPitch = kPitch;
  copy.dstXInBytes = 1;
  copy.dstY = 1;
  copy.WidthInBytes = 5;
  copy.Height = 3;
  ASSERT_EQ(cuMemcpy2D(&copy), CUDA_SUCCESS);
  for (size_t y = 0; y < kRows; ++y)
    for (size_t x = 0; x < kPitch; ++x) {
      const bool inside = x >= 1 && x < 6 && y >= 1 && y < 4;
      EXPECT_EQ(out[y * kPitch + x], inside ? in[(y + 1) * kPitch + x + 3] : 0xee) << x << "," << y;
    }
  copy.WidthInBytes = kPitch;
  EXPECT_EQ(cuMemcpy2D(&copy), CUDA_ERROR_INVALID_VALUE) << "wider than the pitch leaves room for";
  copy.WidthInBytes = 5;
  copy.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  EXPECT_EQ(cuMemcpy2D(&copy), CUDA_ERROR_INVALID_HANDLE);
  copy.srcMemoryType = static_cast<CUmemorytype>(9);
  EXPECT_EQ(cuMemcpy2D(&copy), CUDA_ERROR_INVALID_VALUE);
  copy.Height = 0;
  EXPECT_EQ(cuMemcpy2D(&copy), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpy2D(nullptr), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverMemory, SlicesOf3D) {
  constexpr size_t kWidth = 6, kHeight = 4, kDepth = 3;
  std::vector<unsigned char> in(kWidth * kHeight * kDepth), out(2 * 2 * 2, 0);
  std::iota(in.begin(), in.end(), 0);
  CUdeviceptr device = 0;
  ASSERT_EQ(cuMemAlloc(&device, in.size()), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyHtoD(device, in.data(), in.size()), CUDA_SUCCESS);
  CUDA_MEMCPY3D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_UNIFIED;
  copy.srcDevice = device;
  copy.srcPitch = kWidth;
  copy.srcHeight = kHeight;
  copy.srcXInBytes = 3;
  copy.srcY = 1;
  copy.srcZ = 1;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = out.data();
  copy.WidthInBytes = 2;
  copy.Height = 2;
  copy.Depth = 2;
  ASSERT_EQ(cuMemcpy3D(&copy), CUDA_SUCCESS);
  for (size_t z = 0; z < 2; ++z)
    for (size_t y = 0; y < 2; ++y)
      for (size_t x = 0; x < 2; ++x)
        EXPECT_EQ(out[z * 4 + y * 2 + x], in[(z + 1) * kWidth * kHeight + (y + 1) * kWidth + x + 3]);
  copy.srcZ = SIZE_MAX;
  EXPECT_EQ(cuMemcpy3D(&copy), CUDA_ERROR_INVALID_VALUE) << "the offset does not fit 64 bits";
}

TEST_F(DriverMemory, ReleasedInTheOrderOfTheStream) {
  CUstream stream;
  ASSERT_EQ(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
  CUdeviceptr p = 0;
  unsigned value = 0;
  ASSERT_EQ(cuMemAllocAsync(&p, 4, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemsetD32Async(p, 42, 1, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoHAsync(&value, p, 4, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemFreeAsync(p, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFreeAsync(p, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(value, 42u);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
}

TEST_F(DriverMemory, PoolsCountWhatIsInUse) {
  CUmemoryPool usual, pool;
  ASSERT_EQ(cuDeviceGetDefaultMemPool(&usual, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolDestroy(usual), CUDA_ERROR_INVALID_VALUE);
  CUmemPoolProps properties{};
  EXPECT_EQ(cuMemPoolCreate(&pool, &properties), CUDA_ERROR_INVALID_VALUE);
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0};
  properties.maxSize = 10000;
  ASSERT_EQ(cuMemPoolCreate(&pool, &properties), CUDA_SUCCESS);
  auto number = [&](CUmemPool_attribute attribute) {
    cuuint64_t value = 77;
    EXPECT_EQ(cuMemPoolGetAttribute(pool, attribute, &value), CUDA_SUCCESS);
    return value;
  };
  CUdeviceptr a = 0, b = 0;
  ASSERT_EQ(cuMemAllocFromPoolAsync(&a, 4000, pool, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAllocFromPoolAsync(&b, 5000, pool, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(number(CU_MEMPOOL_ATTR_USED_MEM_CURRENT), 9000u);
  EXPECT_EQ(cuMemAllocFromPoolAsync(&b, 5000, pool, nullptr), CUDA_ERROR_OUT_OF_MEMORY) << "beyond its largest size";
  EXPECT_EQ(cuMemFree(a), CUDA_SUCCESS);
  EXPECT_EQ(number(CU_MEMPOOL_ATTR_USED_MEM_CURRENT), 5000u);
  EXPECT_EQ(number(CU_MEMPOOL_ATTR_USED_MEM_HIGH), 9000u);
  cuuint64_t threshold = 1 << 20, zero = 0;
  EXPECT_EQ(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold), CUDA_SUCCESS);
  EXPECT_EQ(number(CU_MEMPOOL_ATTR_RELEASE_THRESHOLD), threshold);
  EXPECT_EQ(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &threshold), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &zero), CUDA_SUCCESS);
  EXPECT_EQ(number(CU_MEMPOOL_ATTR_USED_MEM_HIGH), 5000u);
  CUmemoryPool current;
  ASSERT_EQ(cuDeviceSetMemPool(0, pool), CUDA_SUCCESS);
  EXPECT_EQ(cuDeviceGetMemPool(&current, 0), CUDA_SUCCESS);
  EXPECT_EQ(current, pool);
  EXPECT_EQ(cuMemPoolDestroy(pool), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolDestroy(pool), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetMemPool(&current, 0), CUDA_SUCCESS);
  EXPECT_EQ(current, usual);
  EXPECT_EQ(cuMemFree(b), CUDA_SUCCESS) << "allocations outlive their pool";
  properties.handleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  EXPECT_EQ(cuMemPoolCreate(&pool, &properties), CUDA_ERROR_NOT_SUPPORTED);
}

TEST_F(DriverMemory, HintsAreCheckedAndNotMore) {
  CUdeviceptr device = 0;
  ASSERT_EQ(cuMemAlloc(&device, 64), CUDA_SUCCESS);
  const CUmemLocation here{CU_MEM_LOCATION_TYPE_DEVICE, 0};
  EXPECT_EQ(cuMemAdvise(device, 64, CU_MEM_ADVISE_SET_READ_MOSTLY, here), CUDA_ERROR_INVALID_VALUE) << "not managed";
  EXPECT_EQ(cuMemPrefetchAsync(device, 64, here, 0, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPrefetchAsync(0, 64, here, 0, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree(device), CUDA_SUCCESS);
}

}  // namespace
