// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libcudart.so.12 by its exported names: the forms that CUDA 13 has changed or removed. No header of CUDA 12 is needed: the older forms are declared in
// shim/api/cudart12.h, and a script compares that with the headers where they are.
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include "shim/api/cudart12.h"

namespace older = cutrans::cudart12;

namespace {

void *library() {
  static void *opened = dlopen(CUTRANS_CUDART12, RTLD_NOW | RTLD_LOCAL);
  return opened;
}

template <class Function>
Function *entry(const char *name) {
  auto *found = reinterpret_cast<Function *>(dlsym(library(), name));
  if (!found) ADD_FAILURE() << name << " is not exported";
  return found;
}
#define OLDER(name) entry<decltype(older::name)>(#name)
#define SAME(name) entry<decltype(::name)>(#name)

class Cuda12 : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(library(), nullptr) << dlerror();
    ASSERT_EQ(SAME(cudaFree)(nullptr), cudaSuccess);
  }
};

TEST_F(Cuda12, VersionsAreThoseOf12) {
  int version = 0;
  EXPECT_EQ(OLDER(cudaRuntimeGetVersion)(&version), cudaSuccess);
  EXPECT_EQ(version, 12090);
  EXPECT_EQ(OLDER(cudaRuntimeGetVersion)(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(SAME(cudaDriverGetVersion)(&version), cudaSuccess);
  EXPECT_EQ(version, 13000) << "the driver is newer than the runtime, as on many machines";
  // cuCtxGetDevice has a form of CUDA 2 and one of 13.0.
  void *by_default = nullptr, *by_version = nullptr;
  EXPECT_EQ(OLDER(cudaGetDriverEntryPoint)("cuCtxGetDevice", &by_default, cudaEnableDefault, nullptr), cudaSuccess);
  EXPECT_EQ(SAME(cudaGetDriverEntryPointByVersion)("cuCtxGetDevice", &by_version, 12090, cudaEnableDefault, nullptr), cudaSuccess);
  EXPECT_NE(by_default, nullptr);
  EXPECT_EQ(by_default, by_version);
  EXPECT_EQ(SAME(cudaGetDriverEntryPointByVersion)("cuCtxGetDevice", &by_version, 13000, cudaEnableDefault, nullptr), cudaSuccess);
  EXPECT_NE(by_default, by_version);
}

TEST_F(Cuda12, DevicePropertiesHaveTheirLayout) {
  older::DeviceProperties p;
  std::memset(&p, 0x5a, sizeof p);
  ASSERT_EQ(OLDER(cudaGetDeviceProperties_v2)(&p, 0), cudaSuccess);
  auto attribute = [](cudaDeviceAttr which) {
    int value = -1;
    EXPECT_EQ(SAME(cudaDeviceGetAttribute)(&value, which, 0), cudaSuccess);
    return value;
  };
  EXPECT_EQ(p.clockRate, attribute(cudaDevAttrClockRate));
  EXPECT_EQ(p.memoryClockRate, attribute(cudaDevAttrMemoryClockRate));
  EXPECT_EQ(p.major, attribute(cudaDevAttrComputeCapabilityMajor));
  EXPECT_EQ(p.multiProcessorCount, attribute(cudaDevAttrMultiProcessorCount));
  EXPECT_EQ(p.sharedMemPerBlockOptin, static_cast<size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin)));
  EXPECT_EQ(p.clusterLaunch, attribute(cudaDevAttrClusterLaunch));
  EXPECT_EQ(p.deviceOverlap, 1);
  EXPECT_EQ(p.computeMode, cudaComputeModeDefault);
  EXPECT_EQ(p.cooperativeMultiDeviceLaunch, 1);
  EXPECT_EQ(p.reserved[62], 0);

  // The form of CUDA 11 writes no further than its structure went.
  older::DeviceProperties first;
  std::memset(&first, 0x5a, sizeof first);
  ASSERT_EQ(OLDER(cudaGetDeviceProperties)(&first, 0), cudaSuccess);
  constexpr size_t end = offsetof(older::DeviceProperties, hostRegisterSupported);
  EXPECT_EQ(std::memcmp(&first, &p, end), 0);
  EXPECT_EQ(first.hostRegisterSupported, 0x5a5a5a5a);

  EXPECT_EQ(OLDER(cudaGetDeviceProperties_v2)(nullptr, 0), cudaErrorInvalidValue);
  EXPECT_EQ(OLDER(cudaGetDeviceProperties_v2)(&p, 99), cudaErrorInvalidDevice);
  EXPECT_EQ(SAME(cudaGetLastError)(), cudaErrorInvalidDevice);
  int device = -1;
  EXPECT_EQ(OLDER(cudaChooseDevice)(&device, &p), cudaSuccess);
  EXPECT_EQ(device, 0);
  EXPECT_EQ(OLDER(cudaChooseDevice)(&device, nullptr), cudaErrorInvalidValue);
}

TEST_F(Cuda12, ShorterStructuresAreNotWrittenBeyondTheirEnd) {
  void *memory = nullptr;
  ASSERT_EQ(SAME(cudaMalloc)(&memory, 256), cudaSuccess);
  struct {
    cudaMemoryType type;
    int device;
    void *on_device, *on_host;
    unsigned long long guard[8];
  } attributes;
  std::memset(&attributes, 0x5a, sizeof attributes);
  ASSERT_EQ(SAME(cudaPointerGetAttributes)(reinterpret_cast<cudaPointerAttributes *>(&attributes), memory), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeDevice);
  EXPECT_EQ(attributes.on_device, memory);
  for (unsigned long long word : attributes.guard) EXPECT_EQ(word, 0x5a5a5a5a5a5a5a5aull);
  EXPECT_EQ(SAME(cudaPointerGetAttributes)(nullptr, memory), cudaErrorInvalidValue);

  // cudaResourceDesc: 64 bytes, and what comes behind them on the program's stack must not be read as its newer fields.
  struct alignas(cudaResourceDesc) Short {
    char bytes[64];
    unsigned char behind[sizeof(cudaResourceDesc) - 64];
  } description, back;
  std::memset(&description, 0xff, sizeof description);
  cudaResourceDesc linear{};
  linear.resType = cudaResourceTypeLinear;
  linear.res.linear.devPtr = memory;
  linear.res.linear.desc = {32, 0, 0, 0, cudaChannelFormatKindFloat};
  linear.res.linear.sizeInBytes = 256;
  std::memcpy(description.bytes, &linear, sizeof description.bytes);
  cudaTextureDesc sampling{};
  cudaTextureObject_t texture = 0;
  ASSERT_EQ(SAME(cudaCreateTextureObject)(&texture, reinterpret_cast<cudaResourceDesc *>(&description), &sampling, nullptr), cudaSuccess);
  std::memset(&back, 0x5a, sizeof back);
  ASSERT_EQ(SAME(cudaGetTextureObjectResourceDesc)(reinterpret_cast<cudaResourceDesc *>(&back), texture), cudaSuccess);
  EXPECT_EQ(reinterpret_cast<cudaResourceDesc *>(&back)->res.linear.devPtr, memory);
  for (unsigned char byte : back.behind) EXPECT_EQ(byte, 0x5a);
  EXPECT_EQ(SAME(cudaDestroyTextureObject)(texture), cudaSuccess);
  EXPECT_EQ(SAME(cudaFree)(memory), cudaSuccess);
}

TEST_F(Cuda12, PlacesAreDeviceNumbers) {
  void *memory = nullptr;
  ASSERT_EQ(SAME(cudaMallocManaged)(&memory, 4096, cudaMemAttachGlobal), cudaSuccess);
  EXPECT_EQ(OLDER(cudaMemAdvise)(memory, 4096, cudaMemAdviseSetPreferredLocation, 0), cudaSuccess);
  EXPECT_EQ(OLDER(cudaMemAdvise)(memory, 4096, cudaMemAdviseSetAccessedBy, cudaCpuDeviceId), cudaSuccess);
  EXPECT_EQ(OLDER(cudaMemAdvise)(memory, 4096, cudaMemAdviseSetAccessedBy, 99), cudaErrorInvalidDevice);
  EXPECT_EQ(OLDER(cudaMemPrefetchAsync)(memory, 4096, 0, nullptr), cudaSuccess);
  EXPECT_EQ(OLDER(cudaMemPrefetchAsync)(memory, 4096, cudaCpuDeviceId, nullptr), cudaSuccess);
  EXPECT_EQ(OLDER(cudaMemPrefetchAsync)(memory, 4096, 99, nullptr), cudaErrorInvalidDevice);
  auto *newer = entry<decltype(::cudaMemPrefetchAsync)>("cudaMemPrefetchAsync_v2");
  EXPECT_EQ(newer(memory, 4096, cudaMemLocation{cudaMemLocationTypeDevice, 0}, 0, nullptr), cudaSuccess);
  EXPECT_EQ(SAME(cudaFree)(memory), cudaSuccess);
}

TEST_F(Cuda12, CaptureIsAskedForInThreeForms) {
  cudaStream_t stream = nullptr;
  ASSERT_EQ(SAME(cudaStreamCreate)(&stream), cudaSuccess);
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusActive;
  unsigned long long id = 0;
  size_t count = 7;
  EXPECT_EQ(OLDER(cudaStreamGetCaptureInfo)(stream, &status, &id), cudaSuccess);
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  status = cudaStreamCaptureStatusActive;
  EXPECT_EQ(OLDER(cudaStreamGetCaptureInfo_v2)(stream, &status, &id, nullptr, nullptr, &count), cudaSuccess);
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  auto *third = entry<decltype(::cudaStreamGetCaptureInfo)>("cudaStreamGetCaptureInfo_v3");
  status = cudaStreamCaptureStatusActive;
  EXPECT_EQ(third(stream, &status, nullptr, nullptr, nullptr, nullptr, nullptr), cudaSuccess);
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  EXPECT_EQ(OLDER(cudaStreamGetCaptureInfo)(stream, nullptr, &id), cudaErrorInvalidValue);
  EXPECT_EQ(SAME(cudaStreamDestroy)(stream), cudaSuccess);
}

TEST_F(Cuda12, EdgesOfGraphsHaveNoData) {
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(SAME(cudaGraphCreate)(&graph, 0), cudaSuccess);
  cudaGraphNode_t a = nullptr, b = nullptr, from = nullptr, to = nullptr;
  ASSERT_EQ(SAME(cudaGraphAddEmptyNode)(&a, graph, nullptr, 0), cudaSuccess);
  cudaGraphNodeParams empty{};
  empty.type = cudaGraphNodeTypeEmpty;
  ASSERT_EQ(OLDER(cudaGraphAddNode)(&b, graph, nullptr, 0, &empty), cudaSuccess);
  EXPECT_EQ(OLDER(cudaGraphAddDependencies)(graph, &a, &b, 1), cudaSuccess);
  size_t count = 1;
  EXPECT_EQ(OLDER(cudaGraphGetEdges)(graph, &from, &to, &count), cudaSuccess);
  EXPECT_EQ(count, 1u);
  EXPECT_TRUE(from == a && to == b);
  EXPECT_EQ(OLDER(cudaGraphNodeGetDependencies)(b, &from, &count), cudaSuccess);
  EXPECT_EQ(from, a);
  EXPECT_EQ(OLDER(cudaGraphNodeGetDependentNodes)(a, &to, &count), cudaSuccess);
  EXPECT_EQ(to, b);
  EXPECT_EQ(OLDER(cudaGraphRemoveDependencies)(graph, &a, &b, 1), cudaSuccess);
  EXPECT_EQ(OLDER(cudaGraphGetEdges)(graph, nullptr, nullptr, &count), cudaSuccess);
  EXPECT_EQ(count, 0u);
  EXPECT_EQ(SAME(cudaGraphDestroy)(graph), cudaSuccess);
}

// One device will do: what several do is tested in driver_multi_launch_test.cpp.
TEST_F(Cuda12, LaunchesOnDevices) {
  constexpr const char *kKernel = ".version 8.0\n.target sm_75\n.address_size 64\n.visible .entry set(.param .u64 p) {\n.reg .b64 %rd1;\n"
                                  "ld.param.u64 %rd1, [p]; st.global.u32 [%rd1], 5; ret; }\n";
  cudaLibrary_t loaded = nullptr;
  cudaKernel_t kernel = nullptr;
  cudaStream_t stream = nullptr;
  unsigned *memory = nullptr, value = 0;
  ASSERT_EQ(SAME(cudaLibraryLoadData)(&loaded, kKernel, nullptr, nullptr, 0, nullptr, nullptr, 0), cudaSuccess);
  ASSERT_EQ(SAME(cudaLibraryGetKernel)(&kernel, loaded, "set"), cudaSuccess);
  ASSERT_EQ(SAME(cudaStreamCreate)(&stream), cudaSuccess);
  using Malloc = cudaError_t(void **, size_t);
  ASSERT_EQ(entry<Malloc>("cudaMalloc")(reinterpret_cast<void **>(&memory), 4), cudaSuccess);
  void *arguments[] = {&memory};
  older::LaunchParams part{const_cast<void *>(static_cast<const void *>(kernel)), 1, 1, arguments, 0, stream};
  auto *launch = OLDER(cudaLaunchCooperativeKernelMultiDevice);
  EXPECT_EQ(launch(&part, 1, 0), cudaSuccess);
  EXPECT_EQ(SAME(cudaStreamSynchronize)(stream), cudaSuccess);
  EXPECT_EQ(SAME(cudaMemcpy)(&value, memory, 4, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(value, 5u);
  EXPECT_EQ(launch(nullptr, 1, 0), cudaErrorInvalidValue);
  EXPECT_EQ(launch(&part, 0, 0), cudaErrorInvalidValue);
  EXPECT_EQ(launch(&part, 2, 0), cudaErrorInvalidValue);
  EXPECT_EQ(launch(&part, 1, 4), cudaErrorInvalidValue);
  part.stream = nullptr;
  EXPECT_EQ(launch(&part, 1, 0), cudaErrorInvalidValue);
  part.stream = reinterpret_cast<cudaStream_t>(uintptr_t{0xdeadbeef0});
  EXPECT_EQ(launch(&part, 1, 0), cudaErrorInvalidResourceHandle);
  part.stream = stream;
  part.func = nullptr;
  EXPECT_EQ(launch(&part, 1, 0), cudaErrorInvalidDeviceFunction);
  EXPECT_EQ(SAME(cudaStreamDestroy)(stream), cudaSuccess);
  EXPECT_EQ(SAME(cudaLibraryUnload)(loaded), cudaSuccess);
}

TEST_F(Cuda12, ThreadFunctionsAreThoseOfTheDevice) {
  auto *synchronize = entry<cudaError_t()>("cudaThreadSynchronize");
  EXPECT_EQ(synchronize(), cudaSuccess);
  size_t stack = 0, thread_stack = 1;
  EXPECT_EQ(SAME(cudaDeviceGetLimit)(&stack, cudaLimitStackSize), cudaSuccess);
  EXPECT_EQ(entry<decltype(::cudaDeviceGetLimit)>("cudaThreadGetLimit")(&thread_stack, cudaLimitStackSize), cudaSuccess);
  EXPECT_EQ(stack, thread_stack);
  double number = 2.5;
  EXPECT_EQ(OLDER(cudaSetDoubleForDevice)(&number), cudaSuccess);
  EXPECT_EQ(OLDER(cudaSetDoubleForHost)(&number), cudaSuccess);
  EXPECT_EQ(number, 2.5);
  EXPECT_EQ(OLDER(cudaSetDoubleForHost)(nullptr), cudaErrorInvalidValue);
  void *memory = nullptr;
  ASSERT_EQ(SAME(cudaMalloc)(&memory, 16), cudaSuccess);
  EXPECT_EQ(entry<cudaError_t()>("cudaThreadExit")(), cudaSuccess);
  EXPECT_EQ(SAME(cudaFree)(memory), cudaErrorInvalidValue) << "the device was reset";
}

}  // namespace
