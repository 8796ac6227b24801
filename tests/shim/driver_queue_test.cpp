// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams, events, host functions; and handles that are none.
#include <cuda.h>
#include <gtest/gtest.h>

#include <atomic>

#include "fixture.h"

namespace {

using shim_test::garbage;

struct DriverQueue : shim_test::WithContext {};

TEST_F(DriverQueue, StreamsTellTheirProperties) {
  CUstream stream;
  EXPECT_EQ(cuStreamCreate(&stream, 2), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamCreate(nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, -100), CUDA_SUCCESS);
  int priority = 1, least, greatest;
  EXPECT_EQ(cuCtxGetStreamPriorityRange(&least, &greatest), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamGetPriority(stream, &priority), CUDA_SUCCESS);
  EXPECT_EQ(priority, greatest) << "clamped";
  unsigned flags = 0;
  EXPECT_EQ(cuStreamGetFlags(stream, &flags), CUDA_SUCCESS);
  EXPECT_EQ(flags, unsigned{CU_STREAM_NON_BLOCKING});
  CUcontext owner;
  EXPECT_EQ(cuStreamGetCtx(stream, &owner), CUDA_SUCCESS);
  EXPECT_EQ(owner, context);
  unsigned long long a = 0, b = 0;
  EXPECT_EQ(cuStreamGetId(stream, &a), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamGetId(CU_STREAM_LEGACY, &b), CUDA_SUCCESS);
  EXPECT_NE(a, b);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverQueue, DefaultStreamsAreTwo) {
  unsigned long long legacy = 0, zero = 0, own = 0;
  EXPECT_EQ(cuStreamGetId(CU_STREAM_LEGACY, &legacy), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamGetId(nullptr, &zero), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamGetId(CU_STREAM_PER_THREAD, &own), CUDA_SUCCESS);
  EXPECT_EQ(legacy, zero);
  EXPECT_NE(legacy, own);
  // The variant that a program built for per-thread streams calls.
  CUresult (*get_id)(CUstream, unsigned long long *) = nullptr;
  void *entry = nullptr;
  CUdriverProcAddressQueryResult found;
  ASSERT_EQ(cuGetProcAddress("cuStreamGetId", &entry, 13000, CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM, &found),
            CUDA_SUCCESS);
  get_id = reinterpret_cast<decltype(get_id)>(entry);
  ASSERT_NE(get_id, nullptr);
  EXPECT_EQ(get_id(nullptr, &zero), CUDA_SUCCESS);
  EXPECT_EQ(zero, own);
}

TEST_F(DriverQueue, EventsMeasureOnlyWhatWasRecorded) {
  CUevent a, b, untimed;
  ASSERT_EQ(cuEventCreate(&a, CU_EVENT_DEFAULT), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&b, CU_EVENT_DEFAULT), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  float ms = -1;
  EXPECT_EQ(cuEventElapsedTime(&ms, a, b), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuEventQuery(a), CUDA_SUCCESS) << "never recorded counts as done";
  ASSERT_EQ(cuEventRecord(a, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(untimed, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(b, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuEventSynchronize(b), CUDA_SUCCESS);
  EXPECT_EQ(cuEventElapsedTime(&ms, a, b), CUDA_SUCCESS);
  EXPECT_GE(ms, 0);
  EXPECT_EQ(cuEventElapsedTime(&ms, untimed, b), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuEventCreate(&b, 0x80), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuEventCreate(&b, CU_EVENT_INTERPROCESS), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuEventDestroy(a), CUDA_SUCCESS);
  EXPECT_EQ(cuEventDestroy(a), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverQueue, HostFunctionsRunInOrder) {
  CUstream stream;
  ASSERT_EQ(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
  struct State {
    std::atomic<int> step{0};
    CUstream seen = nullptr;
    CUresult inside = CUDA_SUCCESS;
  } state;
  ASSERT_EQ(cuLaunchHostFunc(
                stream,
                [](void *s) {
                  auto *state = static_cast<State *>(s);
                  CUdeviceptr p;
                  state->inside = cuMemAlloc(&p, 4);
                  state->step = state->step == 0 ? 1 : -1;
                },
                &state),
            CUDA_SUCCESS);
  ASSERT_EQ(cuStreamAddCallback(
                stream,
                [](CUstream stream, CUresult status, void *s) {
                  auto *state = static_cast<State *>(s);
                  state->seen = stream;
                  state->step = state->step == 1 && status == CUDA_SUCCESS ? 2 : -1;
                },
                &state, 0),
            CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(state.step, 2);
  EXPECT_EQ(state.seen, stream);
  EXPECT_NE(state.inside, CUDA_SUCCESS) << "such code may not call the API";
  EXPECT_EQ(cuLaunchHostFunc(stream, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamAddCallback(stream, nullptr, nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
}

TEST_F(DriverQueue, HandlesThatAreNone) {
  CUstream made_up = garbage<CUstream>();
  CUdeviceptr p;
  ASSERT_EQ(cuMemAlloc(&p, 16), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(made_up), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamDestroy(nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamDestroy(CU_STREAM_LEGACY), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuMemsetD8Async(p, 0, 16, made_up), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuEventRecord(garbage<CUevent>(), nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuEventRecord(nullptr, nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamWaitEvent(nullptr, garbage<CUevent>(), 0), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuModuleUnload(garbage<CUmodule>()), CUDA_ERROR_INVALID_HANDLE);
  CUfunction f;
  EXPECT_EQ(cuModuleGetFunction(&f, garbage<CUmodule>(), "k"), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuModuleGetFunction(&f, nullptr, "k"), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuLaunchKernel(garbage<CUfunction>(), 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr),
            CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuLaunchKernel(nullptr, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_HANDLE);
  // A handle of another kind.
  EXPECT_EQ(cuEventRecord(reinterpret_cast<CUevent>(context), nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuLibraryUnload(garbage<CUlibrary>()), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuMemFree(p), CUDA_SUCCESS);
}

TEST_F(DriverQueue, LaunchListsThatAreWrong) {
  EXPECT_EQ(cuLaunchKernelEx(nullptr, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  CUlaunchConfig config{};
  config.gridDimX = config.gridDimY = config.gridDimZ = config.blockDimX = config.blockDimY = config.blockDimZ = 1;
  config.numAttrs = 1;
  EXPECT_EQ(cuLaunchKernelEx(&config, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE) << "no list";
  CUlaunchAttribute attribute{};
  config.attrs = &attribute;
  attribute.id = static_cast<CUlaunchAttributeID>(9999);
  EXPECT_EQ(cuLaunchKernelEx(&config, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE) << "unknown attribute";
  attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attribute.value.clusterDim = {0, 1, 1};
  EXPECT_EQ(cuLaunchKernelEx(&config, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  attribute.value.clusterDim = {1, 1, 1};
  EXPECT_EQ(cuLaunchKernelEx(&config, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_HANDLE) << "no function";
}

}  // namespace
