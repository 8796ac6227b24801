// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The variants of entry points that differ from their siblings in form only: versions, asynchronous and per-row forms,
// queries. On the null target.
#include <cuda.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "fixture.h"

namespace {

struct DriverForms : shim_test::WithContext {
  template <class Function>
  static Function version(const char *name, int cuda_version) {
    void *entry = nullptr;
    EXPECT_EQ(cuGetProcAddress(name, &entry, cuda_version, CU_GET_PROC_ADDRESS_LEGACY_STREAM, nullptr), CUDA_SUCCESS);
    return reinterpret_cast<Function>(entry);
  }
  CUdeviceptr allocate(size_t size) {
    CUdeviceptr p = 0;
    EXPECT_EQ(cuMemAlloc(&p, size), CUDA_SUCCESS);
    return p;
  }
};

TEST_F(DriverForms, ContextsOfAllVersions) {
  auto create_v2 = version<CUresult (*)(CUcontext *, unsigned, CUdevice)>("cuCtxCreate", 3020);
  auto create_v3 =
      version<CUresult (*)(CUcontext *, CUexecAffinityParam *, int, unsigned, CUdevice)>("cuCtxCreate", 11040);
  CUcontext made = nullptr;
  ASSERT_EQ(create_v2(&made, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxDestroy(made), CUDA_SUCCESS);
  ASSERT_EQ(create_v3(&made, nullptr, 0, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxDestroy(made), CUDA_SUCCESS);
  CUexecAffinityParam affinity{};
  EXPECT_EQ(create_v3(&made, &affinity, 1, 0, 0), CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY);
  auto old = version<CUresult (*)(CUcontext *, unsigned, CUdevice)>("cuCtxCreate", 2000);
  ASSERT_EQ(old(&made, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxDestroy(made), CUDA_SUCCESS);
}

TEST_F(DriverForms, QuestionsAboutTheContext) {
  CUdevice device = -1;
  EXPECT_EQ(cuCtxGetDevice(&device), CUDA_SUCCESS);
  EXPECT_EQ(device, 0);
  auto device_v2 = version<CUresult (*)(CUdevice *, CUcontext)>("cuCtxGetDevice", 13000);
  EXPECT_EQ(device_v2(&device, context), CUDA_SUCCESS);
  EXPECT_EQ(device_v2(&device, shim_test::garbage<CUcontext>()), CUDA_ERROR_INVALID_CONTEXT);
  auto synchronize_v2 = version<CUresult (*)(CUcontext)>("cuCtxSynchronize", 13000);
  EXPECT_EQ(synchronize_v2(context), CUDA_SUCCESS);
  EXPECT_EQ(synchronize_v2(nullptr), CUDA_SUCCESS);
  unsigned long long a = 0, b = 0;
  EXPECT_EQ(cuCtxGetId(context, &a), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetId(nullptr, &b), CUDA_SUCCESS);
  EXPECT_EQ(a, b);
  unsigned number = 0;
  EXPECT_EQ(cuCtxGetApiVersion(context, &number), CUDA_SUCCESS);
  EXPECT_EQ(number, 3020u);
  EXPECT_EQ(cuCtxSetFlags(CU_CTX_SCHED_SPIN), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetFlags(&number), CUDA_SUCCESS);
  EXPECT_EQ(number & CU_CTX_SCHED_MASK, unsigned{CU_CTX_SCHED_SPIN});
  EXPECT_EQ(cuCtxSetFlags(0x1000), CUDA_ERROR_INVALID_VALUE);
  CUsharedconfig banks;
  EXPECT_EQ(cuCtxSetSharedMemConfig(CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetSharedMemConfig(&banks), CUDA_SUCCESS);
  EXPECT_EQ(banks, CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE);
  EXPECT_EQ(cuCtxResetPersistingL2Cache(), CUDA_SUCCESS);
  for (const char *name : {"cuProfilerStart", "cuProfilerStop"})
    EXPECT_EQ(version<CUresult (*)()>(name, 4000)(), CUDA_SUCCESS);
}

TEST_F(DriverForms, PrimaryContextIsResetAndConfigured) {
  CUcontext primary;
  EXPECT_EQ(cuDevicePrimaryCtxSetFlags(0, CU_CTX_SCHED_YIELD), CUDA_SUCCESS);
  EXPECT_EQ(cuDevicePrimaryCtxSetFlags(0, 0x1000), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&primary, 0), CUDA_SUCCESS);
  unsigned flags = 0;
  int active = 0;
  EXPECT_EQ(cuDevicePrimaryCtxGetState(0, &flags, &active), CUDA_SUCCESS);
  EXPECT_EQ(flags & CU_CTX_SCHED_MASK, unsigned{CU_CTX_SCHED_YIELD});
  EXPECT_EQ(cuDevicePrimaryCtxReset(0), CUDA_SUCCESS);
  EXPECT_EQ(cuDevicePrimaryCtxGetState(0, &flags, &active), CUDA_SUCCESS);
  EXPECT_EQ(active, 0);
}

TEST_F(DriverForms, OldAndPairwiseQuestionsAboutDevices) {
  int major = 0, minor = -1, peer = -1;
  auto capability = version<CUresult (*)(int *, int *, CUdevice)>("cuDeviceComputeCapability", 2000);
  EXPECT_EQ(capability(&major, &minor, 0), CUDA_SUCCESS);
  EXPECT_EQ(major * 10 + minor, 90);
  CUdevprop properties{};
  auto ask = version<CUresult (*)(CUdevprop *, CUdevice)>("cuDeviceGetProperties", 2000);
  EXPECT_EQ(ask(&properties, 0), CUDA_SUCCESS);
  EXPECT_EQ(properties.SIMDWidth, 32);
  EXPECT_GT(properties.maxThreadsDim[2], 0);
  EXPECT_EQ(ask(nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  CUuuid uuid;
  EXPECT_EQ(cuDeviceGetUuid(&uuid, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuDeviceGetUuid(nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceCanAccessPeer(&peer, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(peer, 0);
  EXPECT_EQ(cuDeviceCanAccessPeer(&peer, 0, 99), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceGetP2PAttribute(&peer, CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 0), CUDA_ERROR_INVALID_VALUE);
  const char *text = nullptr;
  EXPECT_EQ(cuGetErrorString(CUDA_ERROR_OUT_OF_MEMORY, &text), CUDA_SUCCESS);
  EXPECT_STREQ(text, "out of memory");
}

TEST_F(DriverForms, FillsOfRows) {
  constexpr size_t kPitch = 32, kRows = 4;
  using Rows = std::array<unsigned char, kPitch * kRows>;
  CUdeviceptr p = allocate(sizeof(Rows));
  CUstream stream;
  ASSERT_EQ(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
  // 8 bytes of each row hold `element`-sized copies of the value, the rest is 0xee.
  auto check = [&](const char *what, unsigned value, unsigned element) {
    ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
    Rows rows;
    ASSERT_EQ(cuMemcpyDtoH(rows.data(), p, sizeof rows), CUDA_SUCCESS);
    for (size_t i = 0; i < rows.size(); ++i) {
      const unsigned byte = value >> (8 * (i % element)) & 0xff;
      EXPECT_EQ(rows[i], i % kPitch < 8 ? byte : 0xee) << what << " at " << i;
    }
    ASSERT_EQ(cuMemsetD8(p, 0xee, sizeof rows), CUDA_SUCCESS);
  };
  ASSERT_EQ(cuMemsetD8(p, 0xee, sizeof(Rows)), CUDA_SUCCESS);
  EXPECT_EQ(cuMemsetD2D8(p, kPitch, 0x12, 8, kRows), CUDA_SUCCESS);
  check("D2D8", 0x12, 1);
  EXPECT_EQ(cuMemsetD2D16(p, kPitch, 0x1234, 4, kRows), CUDA_SUCCESS);
  check("D2D16", 0x1234, 2);
  EXPECT_EQ(cuMemsetD2D32(p, kPitch, 0x12345678, 2, kRows), CUDA_SUCCESS);
  check("D2D32", 0x12345678, 4);
  EXPECT_EQ(cuMemsetD2D8Async(p, kPitch, 0x12, 8, kRows, stream), CUDA_SUCCESS);
  check("D2D8Async", 0x12, 1);
  EXPECT_EQ(cuMemsetD2D16Async(p, kPitch, 0x1234, 4, kRows, stream), CUDA_SUCCESS);
  check("D2D16Async", 0x1234, 2);
  EXPECT_EQ(cuMemsetD2D32Async(p, kPitch, 0x12345678, 2, kRows, stream), CUDA_SUCCESS);
  check("D2D32Async", 0x12345678, 4);
  EXPECT_EQ(cuMemsetD2D32(p, kPitch - 2, 0, 2, kRows), CUDA_ERROR_INVALID_VALUE) << "rows are not aligned";
  unsigned short value = 0;
  EXPECT_EQ(cuMemsetD16Async(p, 0x4321, 1, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoHAsync(&value, p, 2, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(value, 0x4321);
}

TEST_F(DriverForms, CopiesOfEveryName) {
  std::array<int, 16> in, out{};
  for (int i = 0; i < 16; ++i) in[i] = i * 7;
  CUdeviceptr a = allocate(sizeof in), b = allocate(sizeof in);
  auto expectCopied = [&](const char *what) {
    ASSERT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
    ASSERT_EQ(cuMemcpyDtoH(out.data(), b, sizeof out), CUDA_SUCCESS);
    EXPECT_EQ(in, out) << what;
    ASSERT_EQ(cuMemsetD8(b, 0, sizeof out), CUDA_SUCCESS);
  };
  EXPECT_EQ(cuMemcpyHtoDAsync(a, in.data(), sizeof in, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoDAsync(b, a, sizeof in, nullptr), CUDA_SUCCESS);
  expectCopied("DtoDAsync");
  EXPECT_EQ(cuMemcpy(b, a, sizeof in), CUDA_SUCCESS);
  expectCopied("Memcpy");
  EXPECT_EQ(cuMemcpyAsync(b, a, sizeof in, nullptr), CUDA_SUCCESS);
  expectCopied("MemcpyAsync");
  EXPECT_EQ(cuMemcpyPeer(b, context, a, context, sizeof in), CUDA_SUCCESS);
  expectCopied("Peer");
  EXPECT_EQ(cuMemcpyPeerAsync(b, context, a, context, sizeof in, nullptr), CUDA_SUCCESS);
  expectCopied("PeerAsync");
  EXPECT_EQ(cuMemcpyPeer(b, shim_test::garbage<CUcontext>(), a, context, 4), CUDA_ERROR_INVALID_CONTEXT);
  CUDA_MEMCPY2D rows{};
  rows.srcMemoryType = rows.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  rows.srcDevice = a;
  rows.dstDevice = b;
  rows.srcPitch = rows.dstPitch = rows.WidthInBytes = 16;
  rows.Height = 4;
  EXPECT_EQ(cuMemcpy2DUnaligned(&rows), CUDA_SUCCESS);
  expectCopied("2DUnaligned");
  EXPECT_EQ(cuMemcpy2DAsync(&rows, nullptr), CUDA_SUCCESS);
  expectCopied("2DAsync");
  CUDA_MEMCPY3D box{};
  box.srcMemoryType = box.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  box.srcDevice = a;
  box.dstDevice = b;
  box.srcPitch = box.dstPitch = box.WidthInBytes = 16;
  box.srcHeight = box.dstHeight = box.Height = 2;
  box.Depth = 2;
  EXPECT_EQ(cuMemcpy3DAsync(&box, nullptr), CUDA_SUCCESS);
  expectCopied("3DAsync");
  CUDA_MEMCPY3D_PEER peer{};
  peer.srcMemoryType = peer.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  peer.srcDevice = a;
  peer.dstDevice = b;
  peer.srcPitch = peer.dstPitch = peer.WidthInBytes = 16;
  peer.srcHeight = peer.dstHeight = peer.Height = 2;
  peer.Depth = 2;
  EXPECT_EQ(cuMemcpy3DPeer(&peer), CUDA_ERROR_INVALID_VALUE) << "no contexts";
  peer.srcContext = peer.dstContext = context;
  EXPECT_EQ(cuMemcpy3DPeer(&peer), CUDA_SUCCESS);
  expectCopied("3DPeer");
  EXPECT_EQ(cuMemcpy3DPeerAsync(&peer, nullptr), CUDA_SUCCESS);
  expectCopied("3DPeerAsync");
}

TEST_F(DriverForms, MemoryQuestions) {
  size_t free = 0, total = 0;
  EXPECT_EQ(cuMemGetInfo(&free, &total), CUDA_SUCCESS);
  EXPECT_LE(free, total);
  EXPECT_GT(total, 0u);
  void *pinned = nullptr;
  ASSERT_EQ(cuMemAllocHost(&pinned, 32), CUDA_SUCCESS);
  std::memset(pinned, 1, 32);
  EXPECT_EQ(cuMemFreeHost(pinned), CUDA_SUCCESS);
  CUdeviceptr p = allocate(16);
  int on = 1, off = 0;
  EXPECT_EQ(cuPointerSetAttribute(&off, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, p), CUDA_SUCCESS);
  EXPECT_EQ(cuPointerSetAttribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, p), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuPointerSetAttribute(&on, CU_POINTER_ATTRIBUTE_CONTEXT, p), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamAttachMemAsync(nullptr, p, 0, CU_MEM_ATTACH_GLOBAL), CUDA_ERROR_INVALID_VALUE) << "not managed";
  EXPECT_EQ(cuStreamAttachMemAsync(nullptr, p, 0, 99), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFree(p), CUDA_SUCCESS);
}

TEST_F(DriverForms, PoolsByPlaceAndTheirAccess) {
  CUmemLocation here{CU_MEM_LOCATION_TYPE_DEVICE, 0}, host{CU_MEM_LOCATION_TYPE_HOST, 0};
  CUmemoryPool pool = nullptr, usual = nullptr;
  ASSERT_EQ(cuMemGetDefaultMemPool(&usual, &here, CU_MEM_ALLOCATION_TYPE_PINNED), CUDA_SUCCESS);
  EXPECT_EQ(cuMemGetDefaultMemPool(&pool, &host, CU_MEM_ALLOCATION_TYPE_PINNED), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuMemSetMemPool(&here, CU_MEM_ALLOCATION_TYPE_PINNED, usual), CUDA_SUCCESS);
  EXPECT_EQ(cuMemGetMemPool(&pool, &here, CU_MEM_ALLOCATION_TYPE_PINNED), CUDA_SUCCESS);
  EXPECT_EQ(pool, usual);
  EXPECT_EQ(cuMemPoolTrimTo(pool, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolTrimTo(shim_test::garbage<CUmemoryPool>(), 0), CUDA_ERROR_INVALID_VALUE);
  CUmemAccess_flags access{};
  EXPECT_EQ(cuMemPoolGetAccess(&access, pool, &here), CUDA_SUCCESS);
  EXPECT_EQ(access, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
  CUmemAccessDesc wish{here, CU_MEM_ACCESS_FLAGS_PROT_NONE};
  EXPECT_EQ(cuMemPoolSetAccess(pool, &wish, 1), CUDA_ERROR_INVALID_VALUE) << "its own device keeps access";
  wish.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  EXPECT_EQ(cuMemPoolSetAccess(pool, &wish, 1), CUDA_SUCCESS);
  wish.location.id = 99;
  EXPECT_EQ(cuMemPoolSetAccess(pool, &wish, 1), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(DriverForms, VersionsBeforeLocations) {
  CUdeviceptr p = allocate(16);
  auto advise = version<CUresult (*)(CUdeviceptr, size_t, CUmem_advise, CUdevice)>("cuMemAdvise", 8000);
  auto prefetch = version<CUresult (*)(CUdeviceptr, size_t, CUdevice, CUstream)>("cuMemPrefetchAsync", 8000);
  auto elapsed = version<CUresult (*)(float *, CUevent, CUevent)>("cuEventElapsedTime", 2000);
  EXPECT_EQ(advise(p, 16, CU_MEM_ADVISE_SET_READ_MOSTLY, 0), CUDA_ERROR_INVALID_VALUE) << "not managed";
  EXPECT_EQ(prefetch(p, 16, CU_DEVICE_CPU, nullptr), CUDA_ERROR_INVALID_VALUE);
  float ms = 0;
  EXPECT_EQ(elapsed(&ms, nullptr, nullptr), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverForms, QuestionsAboutStreams) {
  EXPECT_EQ(cuStreamQuery(nullptr), CUDA_SUCCESS);
  CUstreamCaptureStatus capturing = CU_STREAM_CAPTURE_STATUS_ACTIVE;
  EXPECT_EQ(cuStreamIsCapturing(nullptr, &capturing), CUDA_SUCCESS);
  EXPECT_EQ(capturing, CU_STREAM_CAPTURE_STATUS_NONE);
  CUdevice device = -1;
  EXPECT_EQ(cuStreamGetDevice(nullptr, &device), CUDA_SUCCESS);
  EXPECT_EQ(device, 0);
  auto owner_v2 = version<CUresult (*)(CUstream, CUcontext *, CUgreenCtx *)>("cuStreamGetCtx", 12050);
  CUcontext owner = nullptr;
  CUgreenCtx green = shim_test::garbage<CUgreenCtx>();
  EXPECT_EQ(owner_v2(nullptr, &owner, &green), CUDA_SUCCESS);
  EXPECT_EQ(owner, context);
  EXPECT_EQ(green, nullptr);
  CUevent event;
  ASSERT_EQ(cuEventCreate(&event, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuEventRecordWithFlags(event, nullptr, CU_EVENT_RECORD_DEFAULT), CUDA_SUCCESS);
  EXPECT_EQ(cuEventRecordWithFlags(event, nullptr, 0x80), CUDA_ERROR_INVALID_VALUE);
  CUmoduleLoadingMode mode;
  EXPECT_EQ(cuModuleGetLoadingMode(&mode), CUDA_SUCCESS);
  EXPECT_EQ(mode, CU_MODULE_LAZY_LOADING);
}

}  // namespace
