// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cooperative launches on two devices at once (this executable has two).
#include <cuda.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "fixture.h"

namespace {

// mark(words, me): words[me] = 1. meet(words, me): the same, and waits for the other's.
constexpr const char *kKernels = R"(
.version 8.0
.target sm_75
.address_size 64
.visible .entry mark(.param .u64 words, .param .u32 me) {
  .reg .b64 %rd<4>; .reg .b32 %r1;
  ld.param.u64 %rd1, [words]; ld.param.u32 %r1, [me];
  mul.wide.u32 %rd2, %r1, 4; add.s64 %rd3, %rd1, %rd2;
  st.volatile.global.u32 [%rd3], 1; ret;
}
.visible .entry meet(.param .u64 words, .param .u32 me) {
  .reg .b64 %rd<6>; .reg .b32 %r<4>; .reg .pred %p1;
  ld.param.u64 %rd1, [words]; ld.param.u32 %r1, [me];
  mul.wide.u32 %rd2, %r1, 4; add.s64 %rd3, %rd1, %rd2;
  st.volatile.global.u32 [%rd3], 1;
  xor.b32 %r2, %r1, 1;
  mul.wide.u32 %rd4, %r2, 4; add.s64 %rd5, %rd1, %rd4;
again:
  ld.volatile.global.u32 %r3, [%rd5];
  setp.eq.u32 %p1, %r3, 0;
  @%p1 bra again;
  ret;
}
.visible .entry other(.param .u64 words, .param .u32 me) { ret; }
)";

class DriverMultiLaunch : public shim_test::Initialised {
 protected:
  void SetUp() override {
    Initialised::SetUp();
    int count = 0;
    ASSERT_EQ(cuDeviceGetCount(&count), CUDA_SUCCESS);
    ASSERT_EQ(count, 2);
    ASSERT_EQ(cuLibraryLoadData(&library, kKernels, nullptr, nullptr, 0, nullptr, nullptr, 0), CUDA_SUCCESS);
    for (int device : {1, 0}) {
      ASSERT_EQ(cuDevicePrimaryCtxRetain(&contexts[device], device), CUDA_SUCCESS);
      ASSERT_EQ(cuCtxSetCurrent(contexts[device]), CUDA_SUCCESS);
      ASSERT_EQ(cuStreamCreate(&streams[device], CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    }
    ASSERT_EQ(cuMemHostAlloc(reinterpret_cast<void **>(&words), 64, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP), CUDA_SUCCESS);
    std::fill_n(words, 16, 0u);
  }
  void TearDown() override {
    EXPECT_EQ(cuMemFreeHost(words), CUDA_SUCCESS);
    EXPECT_EQ(cuLibraryUnload(library), CUDA_SUCCESS);
    for (int device : {0, 1}) EXPECT_EQ(cuDevicePrimaryCtxRelease(device), CUDA_SUCCESS);
  }
  CUfunction kernel(const char *name) {
    CUkernel found = nullptr;
    EXPECT_EQ(cuLibraryGetKernel(&found, library, name), CUDA_SUCCESS);
    return reinterpret_cast<CUfunction>(found);
  }
  std::vector<CUDA_LAUNCH_PARAMS> both(const char *name) {
    std::vector<CUDA_LAUNCH_PARAMS> parts(2);
    for (unsigned i : {0u, 1u}) parts[i] = {kernel(name), 2, 1, 1, 32, 1, 1, 0, streams[i], arguments[i]};
    return parts;
  }
  unsigned word(int at) { return __atomic_load_n(&words[at], __ATOMIC_ACQUIRE); }
  void block(CUstream stream) { EXPECT_EQ(cuStreamWaitValue32(stream, reinterpret_cast<CUdeviceptr>(&words[8]), 1, CU_STREAM_WAIT_VALUE_EQ), CUDA_SUCCESS); }
  void release() { __atomic_store_n(&words[8], 1u, __ATOMIC_RELEASE); }
  void finish() {
    for (CUstream stream : streams) EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
    EXPECT_EQ(word(0), 1u);
    EXPECT_EQ(word(1), 1u);
  }

  CUlibrary library = nullptr;
  CUcontext contexts[2] = {};
  CUstream streams[2] = {};
  unsigned *words = nullptr;
  unsigned numbers[2] = {0, 1};
  void *arguments[2][2] = {{&words, &numbers[0]}, {&words, &numbers[1]}};
};

TEST_F(DriverMultiLaunch, TheKernelsRunAtTheSameTime) {
  int supported = 0;
  EXPECT_EQ(cuDeviceGetAttribute(&supported, CU_DEVICE_ATTRIBUTE_COOPERATIVE_MULTI_DEVICE_LAUNCH, 0), CUDA_SUCCESS);
  EXPECT_EQ(supported, 1);
  std::vector<CUDA_LAUNCH_PARAMS> parts = both("meet");
  ASSERT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 2, 0), CUDA_SUCCESS);
  finish();
}

TEST_F(DriverMultiLaunch, NoneBeginsBeforeAllCan) {
  std::vector<CUDA_LAUNCH_PARAMS> parts = both("mark");
  block(streams[1]);
  ASSERT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 2, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamQuery(streams[0]), CUDA_ERROR_NOT_READY);
  EXPECT_EQ(word(0), 0u);
  release();
  finish();
}

TEST_F(DriverMultiLaunch, BeginningApartLaterWorkStillWaitsForAll) {
  std::vector<CUDA_LAUNCH_PARAMS> parts = both("mark");
  block(streams[1]);
  ASSERT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 2, CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_PRE_LAUNCH_SYNC), CUDA_SUCCESS);
  while (word(0) == 0) std::this_thread::yield();
  EXPECT_EQ(cuStreamQuery(streams[0]), CUDA_ERROR_NOT_READY);
  EXPECT_EQ(word(1), 0u);
  release();
  finish();
}

TEST_F(DriverMultiLaunch, ApartOnBothSides) {
  std::vector<CUDA_LAUNCH_PARAMS> parts = both("mark");
  block(streams[1]);
  ASSERT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 2,
                                                 CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_PRE_LAUNCH_SYNC | CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_POST_LAUNCH_SYNC),
            CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(streams[0]), CUDA_SUCCESS);
  EXPECT_EQ(word(0), 1u);
  EXPECT_EQ(word(1), 0u);
  release();
  finish();
}

TEST_F(DriverMultiLaunch, WrongArguments) {
  CUstream second = nullptr, gone = nullptr;
  ASSERT_EQ(cuStreamCreate(&second, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamCreate(&gone, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamDestroy(gone), CUDA_SUCCESS);
  auto wrong = [&](auto &&change, CUresult error = CUDA_ERROR_INVALID_VALUE) {
    std::vector<CUDA_LAUNCH_PARAMS> parts = both("mark");
    change(parts[1]);
    EXPECT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 2, 0), error);
  };
  wrong([](auto &p) { p.hStream = nullptr; });
  wrong([](auto &p) { p.hStream = CU_STREAM_LEGACY; });
  wrong([](auto &p) { p.hStream = CU_STREAM_PER_THREAD; });
  wrong([&](auto &p) { p.hStream = second; });  // the same device
  wrong([&](auto &p) { p.hStream = gone; }, CUDA_ERROR_INVALID_HANDLE);
  wrong([](auto &p) { p.function = nullptr; }, CUDA_ERROR_INVALID_HANDLE);
  wrong([](auto &p) { p.function = shim_test::garbage<CUfunction>(); }, CUDA_ERROR_INVALID_HANDLE);
  wrong([&](auto &p) { p.function = kernel("other"); });
  wrong([](auto &p) { p.gridDimX = 3; });
  wrong([](auto &p) { p.blockDimY = 2; });
  wrong([](auto &p) { p.sharedMemBytes = 16; });
  wrong([](auto &p) { p.kernelParams = nullptr; });
  std::vector<CUDA_LAUNCH_PARAMS> parts = both("mark");
  EXPECT_EQ(cuLaunchCooperativeKernelMultiDevice(nullptr, 2, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 0, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 3, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 2, 4), CUDA_ERROR_INVALID_VALUE);
  for (CUDA_LAUNCH_PARAMS &part : parts) part.gridDimX = 1 << 20;
  EXPECT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 2, 0), CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
  // Nothing ran; and a capture is no place for it.
  parts = both("mark");
  CUgraph graph = nullptr;
  ASSERT_EQ(cuStreamBeginCapture(streams[1], CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_SUCCESS);
  EXPECT_EQ(cuLaunchCooperativeKernelMultiDevice(parts.data(), 2, 0), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  EXPECT_EQ(cuStreamEndCapture(streams[1], &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  for (CUstream stream : streams) EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(word(0) + word(1), 0u);
  EXPECT_EQ(cuStreamDestroy(second), CUDA_SUCCESS);
}

}  // namespace
