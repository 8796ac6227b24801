// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Virtual memory management through the driver API, on two devices of the host target.
#include <cuda.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "fixture.h"

namespace {

using shim_test::garbage;

// Before anything of the layer reads its settings, which happens at the first call.
const bool prepared = setenv("CUTRANS_HOST_DEVICES", "2", 1) == 0 && setenv("CUTRANS_HOST_MEMORY", "256M", 1) == 0;

constexpr const char *kPtx = R"(
.version 8.0
.target sm_75
.address_size 64
.visible .entry fill(.param .u64 out, .param .u32 value)
{
  .reg .b64 %rd<4>; .reg .b32 %r<6>;
  ld.param.u64 %rd1, [out];
  ld.param.u32 %r1, [value];
  mov.u32 %r2, %ctaid.x;
  mov.u32 %r3, %ntid.x;
  mov.u32 %r4, %tid.x;
  mad.lo.s32 %r5, %r2, %r3, %r4;
  mul.wide.u32 %rd2, %r5, 4;
  add.s64 %rd3, %rd1, %rd2;
  st.global.u32 [%rd3], %r1;
  ret;
}
)";

constexpr size_t kPiece = size_t{2} << 20;

CUmemAllocationProp deviceMemory(int device = 0, CUmemAllocationHandleType types = CU_MEM_HANDLE_TYPE_NONE) {
  CUmemAllocationProp prop{};
  prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  prop.location = {CU_MEM_LOCATION_TYPE_DEVICE, {device}};
  prop.requestedHandleTypes = types;
  return prop;
}

CUmemAccessDesc rights(int device, CUmemAccess_flags flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE) {
  return {{CU_MEM_LOCATION_TYPE_DEVICE, {device}}, flags};
}

class DriverMapping : public shim_test::WithContext {
 protected:
  void SetUp() override {
    ASSERT_TRUE(prepared);
    shim_test::WithContext::SetUp();
    ASSERT_EQ(cuMemAddressReserve(&range, kRange, 0, 0, 0), CUDA_SUCCESS);
  }
  void TearDown() override {
    EXPECT_EQ(cuMemAddressFree(range, kRange), CUDA_SUCCESS);
    shim_test::WithContext::TearDown();
  }
  CUmemGenericAllocationHandle make(size_t size = kPiece, CUmemAllocationProp prop = deviceMemory()) {
    CUmemGenericAllocationHandle handle = 0;
    EXPECT_EQ(cuMemCreate(&handle, size, &prop, 0), CUDA_SUCCESS);
    return handle;
  }
  void mapAt(CUdeviceptr at, size_t size = kPiece, int device = 0) {
    CUmemGenericAllocationHandle handle = make(size, deviceMemory(device));
    ASSERT_EQ(cuMemMap(at, size, 0, handle, 0), CUDA_SUCCESS);
    const CUmemAccessDesc all = rights(device);
    ASSERT_EQ(cuMemSetAccess(at, size, &all, 1), CUDA_SUCCESS);
    ASSERT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
  }
  CUresult fill(CUdeviceptr at, unsigned value, unsigned blocks) {
    CUmodule module;
    CUfunction function;
    if (CUresult failed = cuModuleLoadData(&module, kPtx)) return failed;
    if (CUresult failed = cuModuleGetFunction(&function, module, "fill")) return failed;
    void *parameters[] = {&at, &value};
    if (CUresult failed = cuLaunchKernel(function, blocks, 1, 1, 256, 1, 1, 0, nullptr, parameters, nullptr)) return failed;
    return cuCtxSynchronize();
  }
  static constexpr size_t kRange = 8 * kPiece;
  CUdeviceptr range = 0;
};

TEST_F(DriverMapping, AttributesSayThatThereIsMapping) {
  for (CUdevice_attribute each : {CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED,
                                  CU_DEVICE_ATTRIBUTE_HOST_NUMA_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED}) {
    int value = 0;
    EXPECT_EQ(cuDeviceGetAttribute(&value, each, 0), CUDA_SUCCESS);
    EXPECT_EQ(value, 1) << each;
  }
  for (CUdevice_attribute each : {CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_FABRIC_SUPPORTED, CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED, CU_DEVICE_ATTRIBUTE_GENERIC_COMPRESSION_SUPPORTED}) {
    int value = 1;
    EXPECT_EQ(cuDeviceGetAttribute(&value, each, 0), CUDA_SUCCESS);
    EXPECT_EQ(value, 0) << each;
  }
}

TEST_F(DriverMapping, Reserve) {
  CUdeviceptr other = 0;
  ASSERT_EQ(cuMemAddressReserve(&other, 3 * kPiece, size_t{1} << 26, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(other % (size_t{1} << 26), 0u);
  EXPECT_EQ(cuMemAddressFree(other, kPiece), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAddressFree(other + kPiece, 2 * kPiece), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAddressFree(other, 3 * kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAddressFree(other, 3 * kPiece), CUDA_ERROR_INVALID_VALUE);
  // A hint that is free is taken, one that is not is not.
  CUdeviceptr again = 0, elsewhere = 0;
  ASSERT_EQ(cuMemAddressReserve(&again, kPiece, 0, other, 0), CUDA_SUCCESS);
  EXPECT_EQ(again, other);
  ASSERT_EQ(cuMemAddressReserve(&elsewhere, kPiece, 0, other, 0), CUDA_SUCCESS);
  EXPECT_NE(elsewhere, other);
  EXPECT_EQ(cuMemAddressFree(again, kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAddressFree(elsewhere, kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAddressReserve(nullptr, kPiece, 0, 0, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAddressReserve(&other, 0, 0, 0, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAddressReserve(&other, 1000, 0, 0, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAddressReserve(&other, kPiece, 3, 0, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAddressReserve(&other, kPiece, 0, 0, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAddressReserve(&other, size_t{1} << 62, 0, 0, 0), CUDA_ERROR_OUT_OF_MEMORY);
}

TEST_F(DriverMapping, Granularity) {
  size_t least = 0, best = 0;
  CUmemAllocationProp prop = deviceMemory();
  EXPECT_EQ(cuMemGetAllocationGranularity(&least, &prop, CU_MEM_ALLOC_GRANULARITY_MINIMUM), CUDA_SUCCESS);
  EXPECT_EQ(cuMemGetAllocationGranularity(&best, &prop, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED), CUDA_SUCCESS);
  EXPECT_EQ(least, kPiece);
  EXPECT_EQ(best, kPiece);
  EXPECT_EQ(cuMemGetAllocationGranularity(nullptr, &prop, CU_MEM_ALLOC_GRANULARITY_MINIMUM), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemGetAllocationGranularity(&least, nullptr, CU_MEM_ALLOC_GRANULARITY_MINIMUM), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemGetAllocationGranularity(&least, &prop, static_cast<CUmemAllocationGranularity_flags>(7)), CUDA_ERROR_INVALID_VALUE);
  prop.location.id = 2;
  EXPECT_EQ(cuMemGetAllocationGranularity(&least, &prop, CU_MEM_ALLOC_GRANULARITY_MINIMUM), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(DriverMapping, Create) {
  CUmemGenericAllocationHandle handle = 0;
  CUmemAllocationProp prop = deviceMemory();
  EXPECT_EQ(cuMemCreate(nullptr, kPiece, &prop, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemCreate(&handle, kPiece, nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemCreate(&handle, kPiece, &prop, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemCreate(&handle, 0, &prop, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemCreate(&handle, kPiece / 2, &prop, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemCreate(&handle, size_t{1} << 40, &prop, 0), CUDA_ERROR_OUT_OF_MEMORY);
  prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_FABRIC;
  EXPECT_EQ(cuMemCreate(&handle, kPiece, &prop, 0), CUDA_ERROR_NOT_SUPPORTED);
  prop = deviceMemory(9);
  EXPECT_EQ(cuMemCreate(&handle, kPiece, &prop, 0), CUDA_ERROR_INVALID_DEVICE);
  prop = deviceMemory();
  prop.allocFlags.usage = CU_MEM_CREATE_USAGE_TILE_POOL;
  EXPECT_EQ(cuMemCreate(&handle, kPiece, &prop, 0), CUDA_ERROR_NOT_SUPPORTED);
  prop = deviceMemory();
  prop.location.type = CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT;
  EXPECT_EQ(cuMemCreate(&handle, kPiece, &prop, 0), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverMapping, PropertiesOfAHandle) {
  CUmemAllocationProp wish = deviceMemory(1, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR), got{};
  wish.allocFlags.compressionType = CU_MEM_ALLOCATION_COMP_GENERIC;  // a hint
  CUmemGenericAllocationHandle handle = make(kPiece, wish);
  ASSERT_EQ(cuMemGetAllocationPropertiesFromHandle(&got, handle), CUDA_SUCCESS);
  EXPECT_EQ(got.type, CU_MEM_ALLOCATION_TYPE_PINNED);
  EXPECT_EQ(got.location.type, CU_MEM_LOCATION_TYPE_DEVICE);
  EXPECT_EQ(got.location.id, 1);
  EXPECT_EQ(got.requestedHandleTypes, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR);
  EXPECT_EQ(got.allocFlags.compressionType, CU_MEM_ALLOCATION_COMP_NONE);
  EXPECT_EQ(cuMemGetAllocationPropertiesFromHandle(nullptr, handle), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
  EXPECT_EQ(cuMemGetAllocationPropertiesFromHandle(&got, handle), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemRelease(handle), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemRelease(0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemRelease(0xdeadbeef0), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverMapping, MapAndUnmap) {
  CUmemGenericAllocationHandle handle = make(2 * kPiece);
  EXPECT_EQ(cuMemMap(range, 2 * kPiece, 0, handle, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemMap(range, 3 * kPiece, 0, handle, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemMap(range + 4096, kPiece, 0, handle, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemMap(range, kPiece, 4096, handle, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemMap(range + 7 * kPiece, 2 * kPiece, 0, handle, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemMap(range - kPiece, kPiece, 0, handle, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemMap(range, kPiece, 0, 0, 0), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuMemMap(range, 2 * kPiece, 0, handle, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuMemMap(range + kPiece, kPiece, 0, handle, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemAddressFree(range, kRange), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemUnmap(range + kPiece, kPiece), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemUnmap(range, 3 * kPiece), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemUnmap(range, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
  EXPECT_EQ(cuMemUnmap(range, 2 * kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemUnmap(range, 2 * kPiece), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverMapping, SeveralMappingsAreUnmappedTogether) {
  mapAt(range);
  mapAt(range + kPiece, 2 * kPiece);
  EXPECT_EQ(cuMemUnmap(range, 3 * kPiece), CUDA_SUCCESS);
}

// Also while a stream of the thread captures, which allows it in the relaxed mode.
TEST_F(DriverMapping, UnmappingWaitsForWork) {
  CUstream works = nullptr, captures = nullptr;
  ASSERT_EQ(cuStreamCreate(&works, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamCreate(&captures, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  std::atomic<bool> done{false};
  for (bool capture : {false, true}) {
    mapAt(range);
    done = false;
    auto slow = [](void *flag) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      *static_cast<std::atomic<bool> *>(flag) = true;
    };
    ASSERT_EQ(cuLaunchHostFunc(works, slow, &done), CUDA_SUCCESS);
    ASSERT_EQ(cuMemsetD8Async(range, 1, 64, works), CUDA_SUCCESS);
    if (capture) ASSERT_EQ(cuStreamBeginCapture(captures, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_SUCCESS);
    EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_SUCCESS);
    EXPECT_TRUE(done) << capture;
    CUgraph graph = nullptr;
    if (!capture) continue;
    ASSERT_EQ(cuStreamEndCapture(captures, &graph), CUDA_SUCCESS);
    EXPECT_EQ(cuGraphDestroy(graph), CUDA_SUCCESS);
  }
  EXPECT_EQ(cuStreamSynchronize(works), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy(works), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy(captures), CUDA_SUCCESS);
}

TEST_F(DriverMapping, OneMemoryAtTwoAddressesIsOne) {
  CUmemGenericAllocationHandle handle = make();
  const CUmemAccessDesc all = rights(0);
  for (CUdeviceptr at : {range, range + 2 * kPiece}) {
    ASSERT_EQ(cuMemMap(at, kPiece, 0, handle, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuMemSetAccess(at, kPiece, &all, 1), CUDA_SUCCESS);
  }
  EXPECT_EQ(fill(range, 7, kPiece / 1024), CUDA_SUCCESS);
  unsigned last = 0;
  EXPECT_EQ(cuMemcpyDtoH(&last, range + 3 * kPiece - 4, 4), CUDA_SUCCESS);
  EXPECT_EQ(last, 7u);
  EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemUnmap(range + 2 * kPiece, kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
}

TEST_F(DriverMapping, CopiesRunOverNeighboursAndStopAtHoles) {
  mapAt(range);
  mapAt(range + kPiece);
  mapAt(range + 3 * kPiece);
  std::vector<unsigned> in(kPiece / 2), out(in.size());
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<unsigned>(i * 2654435761u);
  EXPECT_EQ(cuMemcpyHtoD(range, in.data(), 2 * kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoH(out.data(), range, 2 * kPiece), CUDA_SUCCESS);
  EXPECT_EQ(in, out);
  EXPECT_EQ(cuMemsetD8(range + kPiece - 4, 1, 8), CUDA_SUCCESS);
  EXPECT_EQ(fill(range, 3, 2 * kPiece / 1024), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyHtoD(range, in.data(), 2 * kPiece + 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemsetD8(range + kPiece, 0, 3 * kPiece), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemsetD8(range + 2 * kPiece, 0, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree(range), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemUnmap(range, 2 * kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemUnmap(range + 3 * kPiece, kPiece), CUDA_SUCCESS);
}

TEST_F(DriverMapping, KernelsFaultWhereNothingIsMapped) {
  mapAt(range);
  EXPECT_EQ(fill(range, 1, kPiece / 1024 + 1), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_SUCCESS);  // the fault is the context's, and no reason to keep memory
  cuCtxDestroy(context);
  ASSERT_EQ(cuCtxCreate(&context, nullptr, 0, 0), CUDA_SUCCESS);
}

TEST_F(DriverMapping, NoAccessUntilItIsSet) {
  CUmemGenericAllocationHandle handle = make();
  ASSERT_EQ(cuMemMap(range, kPiece, 0, handle, 0), CUDA_SUCCESS);
  unsigned long long flags = 9;
  const CUmemLocation here{CU_MEM_LOCATION_TYPE_DEVICE, {0}}, none{CU_MEM_LOCATION_TYPE_DEVICE, {5}};
  EXPECT_EQ(cuMemGetAccess(&flags, &here, range), CUDA_SUCCESS);
  EXPECT_EQ(flags, CU_MEM_ACCESS_FLAGS_PROT_NONE);
  EXPECT_EQ(cuMemGetAccess(&flags, &none, range), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuMemGetAccess(&flags, &here, range + kPiece), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemGetAccess(nullptr, &here, range), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemGetAccess(&flags, nullptr, range), CUDA_ERROR_INVALID_VALUE);
  unsigned word = 0;
  EXPECT_EQ(cuMemcpyDtoH(&word, range, 4), CUDA_ERROR_INVALID_VALUE);
  CUmemAccessDesc desc = rights(0, CU_MEM_ACCESS_FLAGS_PROT_READ);
  EXPECT_EQ(cuMemSetAccess(range, kPiece, nullptr, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemSetAccess(range, kPiece, &desc, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemSetAccess(range, 2 * kPiece, &desc, 1), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuMemSetAccess(range, kPiece, &desc, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoH(&word, range, 4), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyHtoD(range, &word, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemGetAccess(&flags, &here, range), CUDA_SUCCESS);
  EXPECT_EQ(flags, CU_MEM_ACCESS_FLAGS_PROT_READ);
  desc.flags = static_cast<CUmemAccess_flags>(2);
  EXPECT_EQ(cuMemSetAccess(range, kPiece, &desc, 1), CUDA_ERROR_INVALID_VALUE);
  desc = rights(7);
  EXPECT_EQ(cuMemSetAccess(range, kPiece, &desc, 1), CUDA_ERROR_INVALID_DEVICE);
  desc.location.type = CU_MEM_LOCATION_TYPE_HOST_NUMA;  // not for memory of a device
  EXPECT_EQ(cuMemSetAccess(range, kPiece, &desc, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(fill(range, 1, 1), CUDA_ERROR_ILLEGAL_ADDRESS);  // a write
  EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
  cuCtxDestroy(context);
  ASSERT_EQ(cuCtxCreate(&context, nullptr, 0, 0), CUDA_SUCCESS);
}

TEST_F(DriverMapping, RightsAreOfEachDevice) {
  mapAt(range, kPiece, 1);
  unsigned word = 5;
  EXPECT_EQ(cuMemcpyHtoD(range, &word, 4), CUDA_ERROR_INVALID_VALUE);  // the context is of device 0
  const CUmemAccessDesc both[] = {rights(0), rights(1)};
  EXPECT_EQ(cuMemSetAccess(range, kPiece, both, 2), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyHtoD(range, &word, 4), CUDA_SUCCESS);
  unsigned long long flags = 0;
  const CUmemLocation here{CU_MEM_LOCATION_TYPE_DEVICE, {0}};
  EXPECT_EQ(cuMemGetAccess(&flags, &here, range), CUDA_SUCCESS);
  EXPECT_EQ(flags, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
  EXPECT_EQ(fill(range, 1, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_SUCCESS);
}

TEST_F(DriverMapping, RetainedHandles) {
  CUmemGenericAllocationHandle handle = make(), again = 0;
  ASSERT_EQ(cuMemMap(range, kPiece, 0, handle, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemRetainAllocationHandle(&again, reinterpret_cast<void *>(range + 100)), CUDA_SUCCESS);
  EXPECT_EQ(again, handle);
  EXPECT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
  EXPECT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
  EXPECT_EQ(cuMemRelease(handle), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuMemRetainAllocationHandle(&again, reinterpret_cast<void *>(range)), CUDA_SUCCESS);
  EXPECT_EQ(again, handle);  // the handle that mapped it, though it had gone
  EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemRetainAllocationHandle(&again, reinterpret_cast<void *>(range)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemRetainAllocationHandle(nullptr, reinterpret_cast<void *>(range)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
}

TEST_F(DriverMapping, MemoryIsCountedUntilNobodyHasIt) {
  size_t before = 0, during = 0, after = 0, total = 0;
  ASSERT_EQ(cuMemGetInfo(&before, &total), CUDA_SUCCESS);
  CUmemGenericAllocationHandle handle = make(8 * kPiece);
  ASSERT_EQ(cuMemMap(range, kRange, 0, handle, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
  ASSERT_EQ(cuMemGetInfo(&during, &total), CUDA_SUCCESS);
  EXPECT_EQ(before - during, 8 * kPiece);
  // What is mapped is not there for cuMemAlloc, and the other way round.
  CUdeviceptr rest = 0;
  EXPECT_EQ(cuMemAlloc(&rest, total - 4 * kPiece), CUDA_ERROR_OUT_OF_MEMORY);
  ASSERT_EQ(cuMemAlloc(&rest, total - 16 * kPiece), CUDA_SUCCESS);
  CUmemAllocationProp prop = deviceMemory();
  EXPECT_EQ(cuMemCreate(&handle, 16 * kPiece, &prop, 0), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(cuMemFree(rest), CUDA_SUCCESS);
  ASSERT_EQ(cuMemUnmap(range, kRange), CUDA_SUCCESS);
  ASSERT_EQ(cuMemGetInfo(&after, &total), CUDA_SUCCESS);
  EXPECT_EQ(after, before);
}

TEST_F(DriverMapping, MemoryOfTheHost) {
  CUmemAllocationProp prop = deviceMemory();
  prop.location = {CU_MEM_LOCATION_TYPE_HOST_NUMA, {0}};
  CUmemGenericAllocationHandle handle = make(kPiece, prop);
  ASSERT_EQ(cuMemMap(range, kPiece, 0, handle, 0), CUDA_SUCCESS);
  const CUmemAccessDesc both[] = {rights(0), {{CU_MEM_LOCATION_TYPE_HOST_NUMA, {0}}, CU_MEM_ACCESS_FLAGS_PROT_READWRITE}};
  ASSERT_EQ(cuMemSetAccess(range, kPiece, both, 2), CUDA_SUCCESS);
  EXPECT_EQ(fill(range, 11, 1), CUDA_SUCCESS);
  EXPECT_EQ(reinterpret_cast<const unsigned *>(range)[255], 11u);
  unsigned type = 0;
  EXPECT_EQ(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, range), CUDA_SUCCESS);
  EXPECT_EQ(type, CU_MEMORYTYPE_HOST);
  EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
  prop.location = {CU_MEM_LOCATION_TYPE_HOST, {0}};
  prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  EXPECT_EQ(cuMemCreate(&handle, kPiece, &prop, 0), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverMapping, PointerAttributes) {
  mapAt(range + kPiece, 2 * kPiece);
  const CUdeviceptr inside = range + kPiece + 1000;
  auto number = [](CUpointer_attribute which, CUdeviceptr at) {
    uint64_t value = 0;
    EXPECT_EQ(cuPointerGetAttribute(&value, which, at), CUDA_SUCCESS) << which;
    return value;
  };
  EXPECT_EQ(number(CU_POINTER_ATTRIBUTE_MAPPED, inside), 1u);
  EXPECT_EQ(number(CU_POINTER_ATTRIBUTE_MAPPED, range), 0u);
  EXPECT_EQ(number(CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, inside), range);
  EXPECT_EQ(number(CU_POINTER_ATTRIBUTE_RANGE_SIZE, inside), kRange);
  EXPECT_EQ(number(CU_POINTER_ATTRIBUTE_MEMORY_TYPE, inside), unsigned{CU_MEMORYTYPE_DEVICE});
  EXPECT_EQ(number(CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, inside), 0u);
  EXPECT_EQ(number(CU_POINTER_ATTRIBUTE_ACCESS_FLAGS, inside), unsigned{CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE});
  EXPECT_EQ(number(CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES, inside), 0u);
  EXPECT_EQ(number(CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE, inside), 0u);
  CUcontext owner;
  EXPECT_EQ(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, inside), CUDA_ERROR_INVALID_VALUE);
  CUdeviceptr base = 0;
  size_t size = 0;
  EXPECT_EQ(cuMemGetAddressRange(&base, &size, inside), CUDA_SUCCESS);
  EXPECT_EQ(base, range + kPiece);
  EXPECT_EQ(size, 2 * kPiece);
  EXPECT_EQ(cuMemUnmap(range + kPiece, 2 * kPiece), CUDA_SUCCESS);
}

TEST_F(DriverMapping, ExportMovesMemoryThatIsInUse) {
  CUmemGenericAllocationHandle handle = make(2 * kPiece, deviceMemory(0, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)), import = 0;
  const CUmemAccessDesc all = rights(0);
  ASSERT_EQ(cuMemMap(range, 2 * kPiece, 0, handle, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemSetAccess(range, 2 * kPiece, &all, 1), CUDA_SUCCESS);
  ASSERT_EQ(fill(range, 21, 2 * kPiece / 1024), CUDA_SUCCESS);
  // Writers go on while the pages move: no write is lost.
  std::atomic<bool> stop{false};
  auto *words = reinterpret_cast<std::atomic<unsigned> *>(range);
  unsigned written = 21;
  std::thread writer([&] {
    while (!stop) words[1].store(++written);
  });
  int file = -1;
  EXPECT_EQ(cuMemExportToShareableHandle(&file, handle, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0), CUDA_SUCCESS);
  stop = true;
  writer.join();
  EXPECT_EQ(words[1].load(), written);
  ASSERT_EQ(cuMemImportFromShareableHandle(&import, reinterpret_cast<void *>(intptr_t{file}), CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR), CUDA_SUCCESS);
  EXPECT_EQ(close(file), 0);
  ASSERT_EQ(cuMemMap(range + 4 * kPiece, 2 * kPiece, 0, import, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemSetAccess(range + 4 * kPiece, 2 * kPiece, &all, 1), CUDA_SUCCESS);
  unsigned word = 0;
  EXPECT_EQ(cuMemcpyDtoH(&word, range + 6 * kPiece - 4, 4), CUDA_SUCCESS);
  EXPECT_EQ(word, 21u);
  EXPECT_EQ(cuMemsetD32(range, 5, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoH(&word, range + 4 * kPiece, 4), CUDA_SUCCESS);
  EXPECT_EQ(word, 5u);
  EXPECT_EQ(cuMemUnmap(range, 2 * kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemUnmap(range + 4 * kPiece, 2 * kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemRelease(import), CUDA_SUCCESS);
  EXPECT_EQ(cuMemRelease(handle), CUDA_SUCCESS);
}

TEST_F(DriverMapping, ExportAndImportRefuseWhatIsNotRight) {
  CUmemGenericAllocationHandle plain = make(), got = 0;
  int file = -1;
  EXPECT_EQ(cuMemExportToShareableHandle(&file, plain, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemExportToShareableHandle(nullptr, plain, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemExportToShareableHandle(&file, 0, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemExportToShareableHandle(&file, plain, CU_MEM_HANDLE_TYPE_FABRIC, 0), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuMemRelease(plain), CUDA_SUCCESS);
  auto import = [&](int from) {
    return cuMemImportFromShareableHandle(&got, reinterpret_cast<void *>(intptr_t{from}), CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR);
  };
  EXPECT_EQ(import(-1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(import(9999), CUDA_ERROR_INVALID_VALUE);
  const int other = open("/dev/null", O_RDWR), memory = memfd_create("mine", 0);
  ASSERT_EQ(ftruncate(memory, kPiece), 0);
  EXPECT_EQ(import(other), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(import(memory), CUDA_ERROR_INVALID_VALUE);
  close(other);
  close(memory);
}

TEST_F(DriverMapping, HandleForAddressRangeIsRefused) {
  mapAt(range);
  int file = -1;
  EXPECT_EQ(cuMemGetHandleForAddressRange(&file, range, kPiece, CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD, 0), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuMemGetHandleForAddressRange(nullptr, range, kPiece, CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemGetHandleForAddressRange(&file, range + 1, kPiece, CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemGetHandleForAddressRange(&file, range + kPiece, kPiece, CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_SUCCESS);
}

TEST_F(DriverMapping, ThousandsOfHandlesAreNoDescriptors) {
  std::vector<CUmemGenericAllocationHandle> handles;
  for (int i = 0; i < 100; ++i) handles.push_back(make(kPiece, deviceMemory(0, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)));
  const int next = open("/dev/null", O_RDONLY);
  EXPECT_LT(next, 60);
  close(next);
  for (CUmemGenericAllocationHandle each : handles) EXPECT_EQ(cuMemRelease(each), CUDA_SUCCESS);
}

}  // namespace
