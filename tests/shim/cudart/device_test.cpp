// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Devices: properties that agree with attributes, choosing, resetting, limits, peers, versions, entry points.

#include <cuda.h>

#include <cstring>
#include <string>
#include <thread>

#include "api_test.h"

// cuda_profiler_api.h is not in the wheels that ./bootstrap takes.
extern "C" cudaError_t CUDARTAPI cudaProfilerStart(void);
extern "C" cudaError_t CUDARTAPI cudaProfilerStop(void);

namespace {

class Devices : public RuntimeApi {};

int attribute(cudaDeviceAttr which) {
  int value = -1;
  EXPECT_CUDA(cudaDeviceGetAttribute(&value, which, 0));
  return value;
}

TEST_F(Devices, PropertiesAgreeWithAttributesAndWithEachOther) {
  cudaDeviceProp p;
  std::memset(&p, 0xee, sizeof p);
  ASSERT_CUDA(cudaGetDeviceProperties(&p, 0));
  EXPECT_GT(std::strlen(p.name), 0u);
  EXPECT_EQ(p.warpSize, 32);
  EXPECT_EQ(p.maxThreadsPerBlock, attribute(cudaDevAttrMaxThreadsPerBlock));
  EXPECT_EQ(p.maxThreadsDim[2], attribute(cudaDevAttrMaxBlockDimZ));
  EXPECT_EQ(p.maxGridSize[0], attribute(cudaDevAttrMaxGridDimX));
  EXPECT_EQ(p.maxGridSize[2], attribute(cudaDevAttrMaxGridDimZ));
  EXPECT_EQ(p.multiProcessorCount, attribute(cudaDevAttrMultiProcessorCount));
  EXPECT_EQ(p.major * 10 + p.minor,
            attribute(cudaDevAttrComputeCapabilityMajor) * 10 + attribute(cudaDevAttrComputeCapabilityMinor));
  EXPECT_EQ(p.sharedMemPerBlockOptin, static_cast<size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin)));
  EXPECT_EQ(p.sharedMemPerMultiprocessor, p.sharedMemPerBlockOptin + p.reservedSharedMemPerBlock);
  EXPECT_GE(p.sharedMemPerBlockOptin, p.sharedMemPerBlock);
  EXPECT_EQ(p.maxThreadsPerMultiProcessor % p.warpSize, 0);
  EXPECT_GE(p.maxThreadsPerMultiProcessor, p.maxThreadsPerBlock);
  EXPECT_GT(p.multiProcessorCount, 0);
  EXPECT_GT(p.totalGlobalMem, size_t{64} << 20);
  EXPECT_EQ(p.unifiedAddressing, 1);
  EXPECT_EQ(p.managedMemory, 1);
  EXPECT_EQ(p.maxTexture2D[0], 131072);
  EXPECT_EQ(p.maxTexture2D[1], 65536);
  EXPECT_EQ(p.maxSurface3D[2], 16384);
  EXPECT_EQ(p.maxTexture2DLinear[2], 2097120);
  EXPECT_EQ(p.texturePitchAlignment, 32u);
  size_t free = 0, total = 0;
  ASSERT_CUDA(cudaMemGetInfo(&free, &total));
  EXPECT_EQ(total, p.totalGlobalMem);
}

TEST_F(Devices, WrongNumbersAreErrors) {
  cudaDeviceProp p;
  int value = 0, count = 0;
  ASSERT_CUDA(cudaGetDeviceCount(&count));
  ASSERT_GE(count, 1);
  EXPECT_CUDA_ERROR(cudaGetDeviceProperties(&p, count), cudaErrorInvalidDevice);
  EXPECT_CUDA_ERROR(cudaGetDeviceProperties(nullptr, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, -1), cudaErrorInvalidDevice);
  EXPECT_CUDA_ERROR(cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(4711), 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaDeviceGetAttribute(nullptr, cudaDevAttrWarpSize, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaSetDevice(count), cudaErrorInvalidDevice);
  EXPECT_CUDA_ERROR(cudaSetDevice(-1), cudaErrorInvalidDevice);
  EXPECT_CUDA_ERROR(cudaGetDeviceCount(nullptr), cudaErrorInvalidValue);
  int current = -1;
  EXPECT_CUDA(cudaGetDevice(&current));
  EXPECT_EQ(current, 0);
}

TEST_F(Devices, EveryAttributeOfTheHeaderIsAnswered) {
  for (int which = 1; which < cudaDevAttrMax; which++) {
    int value = 0;
    cudaError_t result = cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(which), 0);
    EXPECT_EQ(result, cudaSuccess) << which;
  }
}

TEST_F(Devices, ResetReleasesAllMemory) {
  void *memory = nullptr;
  cudaStream_t stream;
  ASSERT_CUDA(cudaMalloc(&memory, 1 << 20));
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaDeviceReset());
  EXPECT_CUDA_ERROR(cudaFree(memory), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
  ASSERT_CUDA(cudaMalloc(&memory, 16));
  EXPECT_CUDA(cudaFree(memory));
}

TEST_F(Devices, LimitsAreKeptUntilReset) {
  size_t value = 0;
  ASSERT_CUDA(cudaDeviceGetLimit(&value, cudaLimitPrintfFifoSize));
  EXPECT_EQ(value, size_t{1} << 20);
  EXPECT_CUDA(cudaDeviceSetLimit(cudaLimitPrintfFifoSize, 4 << 20));
  EXPECT_CUDA(cudaDeviceSetLimit(cudaLimitMallocHeapSize, 64 << 20));
  EXPECT_CUDA(cudaDeviceSetLimit(cudaLimitStackSize, 4096));
  ASSERT_CUDA(cudaDeviceGetLimit(&value, cudaLimitPrintfFifoSize));
  EXPECT_EQ(value, size_t{4} << 20);
  ASSERT_CUDA(cudaDeviceReset());
  ASSERT_CUDA(cudaDeviceGetLimit(&value, cudaLimitPrintfFifoSize));
  EXPECT_EQ(value, size_t{1} << 20);
  EXPECT_CUDA_ERROR(cudaDeviceSetLimit(cudaLimitDevRuntimeSyncDepth, 2), cudaErrorUnsupportedLimit);
  EXPECT_CUDA_ERROR(cudaDeviceSetLimit(static_cast<cudaLimit>(77), 2), cudaErrorInvalidValue);
}

TEST_F(Devices, FlagsAreChecked) {
  EXPECT_CUDA(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync));
  unsigned flags = 0;
  EXPECT_CUDA(cudaGetDeviceFlags(&flags));
  EXPECT_EQ(flags & cudaDeviceScheduleMask, unsigned{cudaDeviceScheduleBlockingSync});
  EXPECT_CUDA(cudaSetDeviceFlags(cudaDeviceScheduleAuto));
  EXPECT_CUDA_ERROR(cudaSetDeviceFlags(cudaDeviceScheduleSpin | cudaDeviceScheduleYield), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaSetDeviceFlags(0x10000), cudaErrorInvalidValue);
}

TEST_F(Devices, AreFoundByTheirPciName) {
  char name[32] = {};
  int device = -1;
  ASSERT_CUDA(cudaDeviceGetPCIBusId(name, sizeof name, 0));
  ASSERT_CUDA(cudaDeviceGetByPCIBusId(&device, name));
  EXPECT_EQ(device, 0);
  EXPECT_CUDA_ERROR(cudaDeviceGetPCIBusId(name, 3, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaDeviceGetByPCIBusId(&device, "ffff:ff:1f.0"), cudaErrorInvalidDevice);
}

TEST_F(Devices, ADeviceIsNoPeerOfItself) {
  int can = 1;
  ASSERT_CUDA(cudaDeviceCanAccessPeer(&can, 0, 0));
  EXPECT_EQ(can, 0);
  EXPECT_CUDA_ERROR(cudaDeviceEnablePeerAccess(0, 0), cudaErrorInvalidDevice);
  EXPECT_CUDA_ERROR(cudaDeviceEnablePeerAccess(99, 0), cudaErrorInvalidDevice);
  EXPECT_CUDA_ERROR(cudaDeviceDisablePeerAccess(0), cudaErrorPeerAccessNotEnabled);
}

TEST_F(Devices, VersionsAreThatOfTheCatalogue) {
  int driver = 0, runtime = 0;
  ASSERT_CUDA(cudaDriverGetVersion(&driver));
  ASSERT_CUDA(cudaRuntimeGetVersion(&runtime));
  EXPECT_EQ(runtime, CUDART_VERSION);
  EXPECT_GE(driver, runtime);
}

TEST_F(Devices, DriverEntryPointsComeByName) {
  void *entry = nullptr;
  cudaDriverEntryPointQueryResult outcome;
  ASSERT_CUDA(cudaGetDriverEntryPointByVersion("cuDriverGetVersion", &entry, 13000, cudaEnableDefault, &outcome));
  ASSERT_EQ(outcome, cudaDriverEntryPointSuccess);
  int version = 0;
  EXPECT_EQ(reinterpret_cast<CUresult (*)(int *)>(entry)(&version), CUDA_SUCCESS);
  EXPECT_GE(version, 13000);
  ASSERT_CUDA(cudaGetDriverEntryPointByVersion("cuNoSuchThing", &entry, 13000, cudaEnableDefault, &outcome));
  EXPECT_EQ(outcome, cudaDriverEntryPointSymbolNotFound);
  EXPECT_EQ(entry, nullptr);
  EXPECT_CUDA_ERROR(cudaGetDriverEntryPointByVersion(nullptr, &entry, 13000, cudaEnableDefault, &outcome),
                    cudaErrorInvalidValue);
}

TEST_F(Devices, EachThreadHasItsOwnLastError) {
  EXPECT_EQ(cudaSetDevice(77), cudaErrorInvalidDevice);
  std::thread([] { EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess); }).join();
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
}

TEST_F(Devices, ErrorsHaveNamesAndTexts) {
  EXPECT_STREQ(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
  EXPECT_STREQ(cudaGetErrorString(cudaSuccess), "no error");
  EXPECT_STREQ(cudaGetErrorString(static_cast<cudaError_t>(123456)), "unrecognized error code");
}

TEST_F(Devices, ProfilerMarksAreAccepted) {
  EXPECT_CUDA(cudaProfilerStart());
  EXPECT_CUDA(cudaProfilerStop());
}

}  // namespace
