// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Start, devices, contexts and refusals of the driver API.
#include <cuda.h>
#include <cudaProfiler.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "fixture.h"

namespace {

using DriverStart = testing::Test;

TEST(DriverStart, EverythingNeedsInitExceptWhatDoesNot) {
  int value = -1;
  CUdevice device;
  CUdeviceptr pointer;
  EXPECT_EQ(cuDeviceGetCount(&value), CUDA_ERROR_NOT_INITIALIZED);
  EXPECT_EQ(cuDeviceGet(&device, 0), CUDA_ERROR_NOT_INITIALIZED);
  EXPECT_EQ(cuMemAlloc(&pointer, 4), CUDA_ERROR_NOT_INITIALIZED);
  EXPECT_EQ(cuDriverGetVersion(&value), CUDA_SUCCESS);
  EXPECT_EQ(value, 13000);
  EXPECT_EQ(cuInit(1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuInit(0), CUDA_SUCCESS);
  EXPECT_EQ(cuInit(0), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAlloc(&pointer, 4), CUDA_ERROR_INVALID_CONTEXT);
}

struct DriverDevice : shim_test::Initialised {};

TEST_F(DriverDevice, CountNamesAndNumbers) {
  int count = 0;
  ASSERT_EQ(cuDeviceGetCount(&count), CUDA_SUCCESS);
  ASSERT_GE(count, 1);
  CUdevice device = -1;
  EXPECT_EQ(cuDeviceGet(&device, count), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceGet(&device, -1), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceGet(nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  char name[4];
  EXPECT_EQ(cuDeviceGetName(name, sizeof name, 0), CUDA_SUCCESS);
  EXPECT_EQ(strlen(name), 3u) << "cut to the room that there is";
  EXPECT_EQ(cuDeviceGetName(name, 0, 0), CUDA_ERROR_INVALID_VALUE);
  size_t bytes = 0;
  EXPECT_EQ(cuDeviceTotalMem(&bytes, 0), CUDA_SUCCESS);
  EXPECT_GT(bytes, 0u);
}

TEST_F(DriverDevice, EveryAttributeHasAnAnswer) {
  for (int a = 1; a < CU_DEVICE_ATTRIBUTE_MAX; ++a) {
    int value = 0;
    EXPECT_EQ(cuDeviceGetAttribute(&value, static_cast<CUdevice_attribute>(a), 0), CUDA_SUCCESS) << a;
  }
  int value = 0;
  EXPECT_EQ(cuDeviceGetAttribute(&value, static_cast<CUdevice_attribute>(0), 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MAX, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0), CUDA_SUCCESS);
  EXPECT_EQ(value, 32);
  EXPECT_EQ(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0), CUDA_SUCCESS);
  EXPECT_EQ(value, 9);
}

TEST_F(DriverDevice, PciNamesLeadBack) {
  char name[32];
  ASSERT_EQ(cuDeviceGetPCIBusId(name, sizeof name, 0), CUDA_SUCCESS);
  CUdevice device = -1;
  EXPECT_EQ(cuDeviceGetByPCIBusId(&device, name), CUDA_SUCCESS);
  EXPECT_EQ(device, 0);
  EXPECT_EQ(cuDeviceGetByPCIBusId(&device, "ffff:ff:1f.0"), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceGetByPCIBusId(&device, "nonsense"), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceGetPCIBusId(name, 3, 0), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverDevice, AtomicsOverLinks) {
  // The null target's memory is out of the host's reach, so nothing is atomic with it.
  unsigned can[2] = {9, 9};
  const CUatomicOperation asked[] = {CU_ATOMIC_OPERATION_INTEGER_ADD, CU_ATOMIC_OPERATION_CAS}, wrong[] = {CU_ATOMIC_OPERATION_MAX};
  EXPECT_EQ(cuDeviceGetHostAtomicCapabilities(can, asked, 2, 0), CUDA_SUCCESS);
  EXPECT_EQ(can[0] | can[1], 0u);
  EXPECT_EQ(cuDeviceGetHostAtomicCapabilities(can, asked, 0, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetHostAtomicCapabilities(nullptr, asked, 2, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetHostAtomicCapabilities(can, nullptr, 2, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetHostAtomicCapabilities(can, wrong, 1, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetHostAtomicCapabilities(can, asked, 2, 7), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceGetP2PAtomicCapabilities(can, asked, 2, 0, 0), CUDA_ERROR_INVALID_DEVICE) << "no link to itself";
  EXPECT_EQ(cuDeviceGetP2PAtomicCapabilities(can, asked, 2, 0, 7), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(DriverDevice, WhatOnlyOthersHave) {
  char luid[8];
  unsigned mask;
  EXPECT_EQ(cuDeviceGetLuid(luid, &mask, 0), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuDeviceGetLuid(nullptr, &mask, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetLuid(luid, &mask, 7), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuProfilerInitialize("in", "out", CU_OUT_CSV), CUDA_ERROR_NOT_SUPPORTED) << "as every driver since CUDA 12";
}

TEST_F(DriverDevice, NotificationsAreRegistered) {
  auto function = [](CUasyncNotificationInfo *, void *, CUasyncCallbackHandle) {};
  CUasyncCallbackHandle a = nullptr, b = nullptr;
  EXPECT_EQ(cuDeviceRegisterAsyncNotification(0, nullptr, nullptr, &a), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceRegisterAsyncNotification(0, function, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceRegisterAsyncNotification(9, function, nullptr, &a), CUDA_ERROR_INVALID_DEVICE);
  ASSERT_EQ(cuDeviceRegisterAsyncNotification(0, function, nullptr, &a), CUDA_SUCCESS);
  ASSERT_EQ(cuDeviceRegisterAsyncNotification(0, function, nullptr, &b), CUDA_SUCCESS);
  EXPECT_NE(a, b);
  EXPECT_EQ(cuDeviceUnregisterAsyncNotification(0, a), CUDA_SUCCESS);
  EXPECT_EQ(cuDeviceUnregisterAsyncNotification(0, a), CUDA_ERROR_INVALID_VALUE) << "stale";
  EXPECT_EQ(cuDeviceUnregisterAsyncNotification(9, b), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuDeviceUnregisterAsyncNotification(0, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceUnregisterAsyncNotification(0, b), CUDA_SUCCESS);
}

struct DriverContext : shim_test::Initialised {};

TEST_F(DriverContext, StackOfTheThread) {
  CUcontext a, b, top;
  ASSERT_EQ(cuCtxCreate(&a, nullptr, 0, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuCtxCreate(&b, nullptr, CU_CTX_SCHED_BLOCKING_SYNC, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetCurrent(&top), CUDA_SUCCESS);
  EXPECT_EQ(top, b);
  unsigned flags = 0;
  EXPECT_EQ(cuCtxGetFlags(&flags), CUDA_SUCCESS);
  EXPECT_EQ(flags & CU_CTX_SCHED_MASK, unsigned{CU_CTX_SCHED_BLOCKING_SYNC});
  EXPECT_EQ(cuCtxPopCurrent(&top), CUDA_SUCCESS);
  EXPECT_EQ(top, b);
  EXPECT_EQ(cuCtxPushCurrent(b), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxDestroy(b), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxDestroy(b), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxGetCurrent(&top), CUDA_SUCCESS);
  EXPECT_EQ(top, a);
  EXPECT_EQ(cuCtxSetCurrent(nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxPopCurrent(&top), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxSetCurrent(reinterpret_cast<CUcontext>(uintptr_t{0x1234})), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxCreate(&b, nullptr, 0x100, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCtxCreate(&b, nullptr, 0, 99), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(DriverContext, PrimaryIsCounted) {
  unsigned flags;
  int active = -1;
  EXPECT_EQ(cuDevicePrimaryCtxGetState(0, &flags, &active), CUDA_SUCCESS);
  EXPECT_EQ(active, 0);
  CUcontext a, b;
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&a, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuDevicePrimaryCtxRetain(&b, 0), CUDA_SUCCESS);
  EXPECT_EQ(a, b);
  EXPECT_EQ(cuCtxDestroy(a), CUDA_ERROR_INVALID_CONTEXT) << "a primary context is released, not destroyed";
  EXPECT_EQ(cuDevicePrimaryCtxRelease(0), CUDA_SUCCESS);
  EXPECT_EQ(cuDevicePrimaryCtxGetState(0, &flags, &active), CUDA_SUCCESS);
  EXPECT_EQ(active, 1);
  EXPECT_EQ(cuDevicePrimaryCtxRelease(0), CUDA_SUCCESS);
  EXPECT_EQ(cuDevicePrimaryCtxRelease(0), CUDA_ERROR_INVALID_CONTEXT);
}

TEST_F(DriverContext, UsersAreCounted) {
  CUcontext context, again = nullptr, top;
  EXPECT_EQ(cuCtxAttach(&again, 0), CUDA_ERROR_INVALID_CONTEXT) << "none is current";
  ASSERT_EQ(cuCtxCreate(&context, nullptr, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxAttach(&again, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCtxAttach(nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuCtxAttach(&again, 0), CUDA_SUCCESS);
  EXPECT_EQ(again, context);
  EXPECT_EQ(cuCtxDetach(shim_test::garbage<CUcontext>()), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuCtxDetach(context), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS) << "one is left";
  EXPECT_EQ(cuCtxDetach(context), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetCurrent(&top), CUDA_SUCCESS);
  EXPECT_EQ(top, nullptr);
  EXPECT_EQ(cuCtxDetach(context), CUDA_ERROR_INVALID_CONTEXT);
}

struct DriverSettings : shim_test::WithContext {};

TEST_F(DriverSettings, LimitsAreKeptPerContext) {
  size_t value = 0;
  ASSERT_EQ(cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, 64 << 20), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetLimit(&value, CU_LIMIT_MALLOC_HEAP_SIZE), CUDA_SUCCESS);
  EXPECT_EQ(value, size_t{64} << 20);
  CUcontext other;
  ASSERT_EQ(cuCtxCreate(&other, nullptr, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetLimit(&value, CU_LIMIT_MALLOC_HEAP_SIZE), CUDA_SUCCESS);
  EXPECT_EQ(value, size_t{8} << 20) << "the default";
  EXPECT_EQ(cuCtxDestroy(other), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxSetLimit(CU_LIMIT_MAX, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCtxSetLimit(CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH, 1), CUDA_ERROR_UNSUPPORTED_LIMIT);
  EXPECT_EQ(cuCtxGetLimit(nullptr, CU_LIMIT_STACK_SIZE), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverSettings, PreferencesAreKept) {
  CUfunc_cache cache;
  EXPECT_EQ(cuCtxSetCacheConfig(CU_FUNC_CACHE_PREFER_L1), CUDA_SUCCESS);
  EXPECT_EQ(cuCtxGetCacheConfig(&cache), CUDA_SUCCESS);
  EXPECT_EQ(cache, CU_FUNC_CACHE_PREFER_L1);
  EXPECT_EQ(cuCtxSetCacheConfig(static_cast<CUfunc_cache>(9)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCtxEnablePeerAccess(context, 0), CUDA_ERROR_INVALID_CONTEXT) << "one is no peer of oneself";
  EXPECT_EQ(cuCtxDisablePeerAccess(context), CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
}

struct DriverRefusal : shim_test::WithContext {};

TEST_F(DriverRefusal, NamedOnceWithCodeAndError) {
  CUgraphicsResource resource = nullptr;
  testing::internal::CaptureStderr();
  EXPECT_EQ(cuGraphicsUnregisterResource(resource), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuGraphicsUnregisterResource(resource), CUDA_ERROR_NOT_SUPPORTED);
  std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::HasSubstr("CT2103: cuGraphicsUnregisterResource"));
  EXPECT_EQ(said.find("cuGraphicsUnreg"), said.rfind("cuGraphicsUnreg")) << said;
}

TEST_F(DriverRefusal, ExportTablesAreNotAnswered) {
  const void *table = nullptr;
  CUuuid id{};
  testing::internal::CaptureStderr();
  EXPECT_NE(cuGetExportTable(&table, &id), CUDA_SUCCESS);
  // A library with NVIDIA's static runtime in it ends up here: the line says which, and the way round.
  std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::HasSubstr("shim_driver_test"));
  EXPECT_THAT(said, testing::HasSubstr("-cudart shared"));
  EXPECT_EQ(table, nullptr);
}

}  // namespace
