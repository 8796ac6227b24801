// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Green contexts: resources, descriptors, contexts of a part of the units; events of all streams of a context.
#include <cuda.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "fixture.h"

namespace {

using shim_test::garbage;

struct DriverGreen : shim_test::Initialised {
  void SetUp() override {
    Initialised::SetUp();
    ASSERT_EQ(cuDeviceGetDevResource(0, &all, CU_DEV_RESOURCE_TYPE_SM), CUDA_SUCCESS);
  }
  CUgreenCtx create(CUdevResource *resources, unsigned count = 1) {
    CUdevResourceDesc descriptor;
    CUgreenCtx green = nullptr;
    EXPECT_EQ(cuDevResourceGenerateDesc(&descriptor, resources, count), CUDA_SUCCESS);
    EXPECT_EQ(cuGreenCtxCreate(&green, descriptor, 0, CU_GREEN_CTX_DEFAULT_STREAM), CUDA_SUCCESS);
    return green;
  }
  CUdevResource all;
};

// Holds a stream until it is opened.
struct Gate {
  explicit Gate(CUstream stream) { EXPECT_EQ(cuLaunchHostFunc(stream, pass, this), CUDA_SUCCESS); }
  static void pass(void *user) {
    while (!static_cast<Gate *>(user)->open) std::this_thread::yield();
  }
  std::atomic<bool> open{false};
};

TEST_F(DriverGreen, ResourcesAreTheUnitsOfTheDevice) {
  int units = 0;
  EXPECT_EQ(cuDeviceGetAttribute(&units, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 0), CUDA_SUCCESS);
  EXPECT_EQ(all.type, CU_DEV_RESOURCE_TYPE_SM);
  EXPECT_EQ(all.sm.smCount, static_cast<unsigned>(units));
  EXPECT_GE(all.sm.minSmPartitionSize, 1u);
  EXPECT_EQ(all.sm.smCount % all.sm.smCoscheduledAlignment, 0u);
  CUdevResource other;
  EXPECT_EQ(cuDeviceGetDevResource(0, nullptr, CU_DEV_RESOURCE_TYPE_SM), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetDevResource(77, &other, CU_DEV_RESOURCE_TYPE_SM), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceGetDevResource(0, &other, CU_DEV_RESOURCE_TYPE_INVALID), CUDA_ERROR_INVALID_RESOURCE_TYPE);
}

TEST_F(DriverGreen, SplitsAddUp) {
  const unsigned units = all.sm.smCount;
  unsigned count = 0;
  ASSERT_EQ(cuDevSmResourceSplitByCount(nullptr, &count, &all, nullptr, 0, 1), CUDA_SUCCESS);
  EXPECT_EQ(count, units / all.sm.minSmPartitionSize);
  std::vector<CUdevResource> groups(count + 3);
  CUdevResource rest;
  unsigned asked = count + 3;
  ASSERT_EQ(cuDevSmResourceSplitByCount(groups.data(), &asked, &all, &rest, 0, 1), CUDA_SUCCESS);
  EXPECT_EQ(asked, count) << "what could be made";
  unsigned sum = rest.type == CU_DEV_RESOURCE_TYPE_SM ? rest.sm.smCount : 0;
  for (unsigned i = 0; i < asked; ++i) sum += groups[i].sm.smCount;
  EXPECT_EQ(sum, units);
  asked = 1;
  ASSERT_EQ(cuDevSmResourceSplitByCount(groups.data(), &asked, &all, &rest, CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING, units), CUDA_SUCCESS);
  EXPECT_EQ(asked, 1u);
  EXPECT_EQ(groups[0].sm.smCount, units);
  EXPECT_EQ(rest.type, CU_DEV_RESOURCE_TYPE_INVALID) << "nothing is left";

  unsigned one = 1;
  EXPECT_EQ(cuDevSmResourceSplitByCount(groups.data(), &one, &all, nullptr, 0, units + 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDevSmResourceSplitByCount(groups.data(), &one, &all, nullptr, 8, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDevSmResourceSplitByCount(groups.data(), nullptr, &all, nullptr, 0, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDevSmResourceSplitByCount(groups.data(), &one, nullptr, nullptr, 0, 1), CUDA_ERROR_INVALID_VALUE);
  CUdevResource part = groups[0], result;
  EXPECT_EQ(cuDevSmResourceSplitByCount(&result, &one, &part, nullptr, 0, 1), CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION) << "split already";
  CUdevResource made_up{};
  EXPECT_EQ(cuDevSmResourceSplitByCount(&result, &one, &made_up, nullptr, 0, 0), CUDA_ERROR_INVALID_RESOURCE_TYPE);
  made_up.type = CU_DEV_RESOURCE_TYPE_SM;
  made_up.sm.smCount = 4;
  EXPECT_EQ(cuDevSmResourceSplitByCount(&result, &one, &made_up, nullptr, 0, 1), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverGreen, DescriptorsAreOfOneSplit) {
  CUdevResourceDesc descriptor;
  CUdevResource twice[2] = {all, all}, none{};
  EXPECT_EQ(cuDevResourceGenerateDesc(nullptr, &all, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDevResourceGenerateDesc(&descriptor, nullptr, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDevResourceGenerateDesc(&descriptor, &all, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDevResourceGenerateDesc(&descriptor, twice, 2), CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION);
  EXPECT_EQ(cuDevResourceGenerateDesc(&descriptor, &none, 1), CUDA_ERROR_INVALID_RESOURCE_TYPE);
  CUgreenCtx green;
  EXPECT_EQ(cuGreenCtxCreate(&green, garbage<CUdevResourceDesc>(), 0, CU_GREEN_CTX_DEFAULT_STREAM), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuDevResourceGenerateDesc(&descriptor, &all, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuGreenCtxCreate(&green, descriptor, 0, 0), CUDA_ERROR_INVALID_VALUE) << "the flag is required";
  EXPECT_EQ(cuGreenCtxCreate(nullptr, descriptor, 0, CU_GREEN_CTX_DEFAULT_STREAM), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGreenCtxCreate(&green, descriptor, 9, CU_GREEN_CTX_DEFAULT_STREAM), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(DriverGreen, AContextOfAPartIsThePrimaryWithAnotherName) {
  unsigned one = 1;
  CUdevResource part, mine;
  ASSERT_EQ(cuDevSmResourceSplitByCount(&part, &one, &all, nullptr, 0, 1), CUDA_SUCCESS);
  CUgreenCtx green = create(&part);
  EXPECT_EQ(cuGreenCtxGetDevResource(green, &mine, CU_DEV_RESOURCE_TYPE_SM), CUDA_SUCCESS);
  EXPECT_EQ(mine.sm.smCount, part.sm.smCount);
  CUcontext as_context, current, primary, before;
  ASSERT_EQ(cuCtxGetCurrent(&before), CUDA_SUCCESS);
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&primary, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuCtxFromGreenCtx(&as_context, green), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetDevResource(as_context, &mine, CU_DEV_RESOURCE_TYPE_SM), CUDA_SUCCESS);
  EXPECT_EQ(mine.sm.smCount, part.sm.smCount);
  EXPECT_EQ(cuCtxGetDevResource(primary, &mine, CU_DEV_RESOURCE_TYPE_SM), CUDA_SUCCESS);
  EXPECT_EQ(mine.sm.smCount, all.sm.smCount);

  ASSERT_EQ(cuCtxPushCurrent(primary), CUDA_SUCCESS);
  CUdeviceptr memory;
  ASSERT_EQ(cuMemAlloc(&memory, 64), CUDA_SUCCESS);
  ASSERT_EQ(cuCtxPushCurrent(as_context), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetCurrent(&current), CUDA_SUCCESS);
  EXPECT_EQ(current, as_context);
  EXPECT_EQ(cuMemsetD8(memory, 1, 64), CUDA_SUCCESS) << "memory is the primary context's";
  CUstream stream;
  CUgreenCtx of = nullptr;
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamGetGreenCtx(stream, &of), CUDA_SUCCESS);
  EXPECT_EQ(of, green);
  EXPECT_EQ(cuStreamGetGreenCtx(nullptr, &of), CUDA_SUCCESS);
  EXPECT_EQ(of, green);
  EXPECT_EQ(cuStreamGetCtx_v2(stream, &current, &of), CUDA_SUCCESS);
  EXPECT_EQ(of, green);
  EXPECT_EQ(current, primary);
  EXPECT_EQ(cuStreamGetCtx(stream, &current), CUDA_SUCCESS);
  EXPECT_EQ(current, as_context);
  EXPECT_EQ(cuCtxPopCurrent(&current), CUDA_SUCCESS);
  EXPECT_EQ(current, as_context);
  EXPECT_EQ(cuStreamGetGreenCtx(nullptr, &of), CUDA_SUCCESS);
  EXPECT_EQ(of, nullptr);
  EXPECT_EQ(cuCtxSetCurrent(as_context), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
  unsigned long long id = 0, other = 0;
  EXPECT_EQ(cuGreenCtxGetId(green, &id), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetId(primary, &other), CUDA_SUCCESS);
  EXPECT_NE(id, other);
  EXPECT_EQ(cuMemFree(memory), CUDA_SUCCESS);
  EXPECT_EQ(cuGreenCtxDestroy(green), CUDA_SUCCESS);
  EXPECT_EQ(cuGreenCtxDestroy(green), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxGetCurrent(&current), CUDA_SUCCESS);
  EXPECT_EQ(current, before) << "it was current";
  EXPECT_EQ(cuCtxSetCurrent(as_context), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxFromGreenCtx(&as_context, green), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuGreenCtxGetId(green, &id), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuGreenCtxGetDevResource(green, &mine, CU_DEV_RESOURCE_TYPE_SM), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuDevicePrimaryCtxRelease(0), CUDA_SUCCESS);
}

TEST_F(DriverGreen, StreamsOfAGreenContext) {
  CUgreenCtx green = create(&all);
  CUstream stream;
  EXPECT_EQ(cuGreenCtxStreamCreate(&stream, green, 0, 0), CUDA_ERROR_INVALID_VALUE) << "only non-blocking ones";
  EXPECT_EQ(cuGreenCtxStreamCreate(nullptr, green, CU_STREAM_NON_BLOCKING, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGreenCtxStreamCreate(&stream, garbage<CUgreenCtx>(), CU_STREAM_NON_BLOCKING, 0), CUDA_ERROR_INVALID_CONTEXT);
  ASSERT_EQ(cuGreenCtxStreamCreate(&stream, green, CU_STREAM_NON_BLOCKING, 0), CUDA_SUCCESS);
  CUcontext as_context;
  ASSERT_EQ(cuCtxFromGreenCtx(&as_context, green), CUDA_SUCCESS);
  ASSERT_EQ(cuCtxSetCurrent(as_context), CUDA_SUCCESS);
  CUgreenCtx of = nullptr;
  EXPECT_EQ(cuStreamGetGreenCtx(stream, &of), CUDA_SUCCESS);
  EXPECT_EQ(of, green);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuGreenCtxDestroy(green), CUDA_SUCCESS);
}

TEST_F(DriverGreen, EventsOfAllStreams) {
  CUgreenCtx green = create(&all), second = create(&all);
  CUcontext as_context;
  ASSERT_EQ(cuCtxFromGreenCtx(&as_context, green), CUDA_SUCCESS);
  ASSERT_EQ(cuCtxSetCurrent(as_context), CUDA_SUCCESS);
  CUstream a, b, other;
  ASSERT_EQ(cuGreenCtxStreamCreate(&a, green, CU_STREAM_NON_BLOCKING, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuGreenCtxStreamCreate(&b, green, CU_STREAM_NON_BLOCKING, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuGreenCtxStreamCreate(&other, second, CU_STREAM_NON_BLOCKING, 0), CUDA_SUCCESS);
  CUevent mine, theirs, whole;
  ASSERT_EQ(cuEventCreate(&mine, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&theirs, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&whole, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  {
    Gate first(a), last(b);
    EXPECT_EQ(cuGreenCtxRecordEvent(green, mine), CUDA_SUCCESS);
    EXPECT_EQ(cuGreenCtxRecordEvent(second, theirs), CUDA_SUCCESS);
    EXPECT_EQ(cuEventSynchronize(theirs), CUDA_SUCCESS) << "nothing is under way there";
    EXPECT_EQ(cuEventQuery(mine), CUDA_ERROR_NOT_READY);
    first.open = true;
    EXPECT_EQ(cuStreamSynchronize(a), CUDA_SUCCESS);
    EXPECT_EQ(cuEventQuery(mine), CUDA_ERROR_NOT_READY) << "the other stream is not done";
    last.open = true;
    EXPECT_EQ(cuEventSynchronize(mine), CUDA_SUCCESS);
  }
  {
    Gate gate(other);
    ASSERT_EQ(cuEventRecord(theirs, other), CUDA_SUCCESS);
    EXPECT_EQ(cuGreenCtxWaitEvent(green, theirs), CUDA_SUCCESS);
    CUstream later;
    ASSERT_EQ(cuGreenCtxStreamCreate(&later, green, CU_STREAM_NON_BLOCKING, 0), CUDA_SUCCESS);
    std::atomic<int> ran{0};
    for (CUstream stream : {a, later}) EXPECT_EQ(cuLaunchHostFunc(stream, [](void *n) { ++*static_cast<std::atomic<int> *>(n); }, &ran), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamQuery(a), CUDA_ERROR_NOT_READY);
    EXPECT_EQ(cuStreamQuery(later), CUDA_ERROR_NOT_READY) << "streams that come later wait too";
    CUcontext primary;
    ASSERT_EQ(cuDevicePrimaryCtxRetain(&primary, 0), CUDA_SUCCESS);
    EXPECT_EQ(cuCtxRecordEvent(primary, whole), CUDA_SUCCESS);
    EXPECT_EQ(cuEventQuery(whole), CUDA_ERROR_NOT_READY);
    EXPECT_EQ(ran, 0);
    gate.open = true;
    EXPECT_EQ(cuEventSynchronize(whole), CUDA_SUCCESS);
    EXPECT_EQ(ran, 2);
    EXPECT_EQ(cuCtxWaitEvent(primary, whole), CUDA_SUCCESS);
    EXPECT_EQ(cuDevicePrimaryCtxRelease(0), CUDA_SUCCESS);
  }
  EXPECT_EQ(cuGreenCtxRecordEvent(green, garbage<CUevent>()), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuGreenCtxWaitEvent(garbage<CUgreenCtx>(), mine), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxRecordEvent(garbage<CUcontext>(), mine), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxWaitEvent(as_context, garbage<CUevent>()), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuGreenCtxDestroy(green), CUDA_SUCCESS);
  EXPECT_EQ(cuGreenCtxDestroy(second), CUDA_SUCCESS);
}

TEST_F(DriverGreen, ContextsAreNotBoundToUnits) {
  int supported = 1;
  EXPECT_EQ(cuDeviceGetExecAffinitySupport(&supported, CU_EXEC_AFFINITY_TYPE_SM_COUNT, 0), CUDA_SUCCESS);
  EXPECT_EQ(supported, 0);
  EXPECT_EQ(cuDeviceGetExecAffinitySupport(&supported, CU_EXEC_AFFINITY_TYPE_MAX, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetExecAffinitySupport(&supported, CU_EXEC_AFFINITY_TYPE_SM_COUNT, 5), CUDA_ERROR_INVALID_DEVICE);
  CUexecAffinityParam affinity{};
  CUcontext context;
  CUctxCreateParams parameters{};
  parameters.execAffinityParams = &affinity;
  parameters.numExecAffinityParams = 1;
  EXPECT_EQ(cuCtxCreate(&context, &parameters, 0, 0), CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY);
  ASSERT_EQ(cuCtxCreate(&context, nullptr, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetExecAffinity(&affinity, CU_EXEC_AFFINITY_TYPE_SM_COUNT), CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY);
  EXPECT_EQ(cuCtxDestroy(context), CUDA_SUCCESS);
}

}  // namespace
