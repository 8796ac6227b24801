// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and events between two processes through the driver API. The disabled tests are the other process's part.
#include <cuda.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "fixture.h"
#include "other_process.h"

namespace {

using shim_test::garbage, shim_test::kParent, shim_test::OtherProcess, shim_test::receive, shim_test::send;

// Before anything of the layer reads its settings, which happens at the first call.
const bool prepared = setenv("CUTRANS_HOST_MEMORY", "256M", 1) == 0;

constexpr size_t kPiece = size_t{2} << 20;

class DriverSharing : public shim_test::WithContext {
 protected:
  void SetUp() override {
    ASSERT_TRUE(prepared);
    shim_test::WithContext::SetUp();
  }
  static unsigned word(CUdeviceptr at) {
    unsigned value = 0;
    EXPECT_EQ(cuMemcpyDtoH(&value, at, 4), CUDA_SUCCESS);
    return value;
  }
  static void set(CUdeviceptr at, unsigned value, size_t count = 1) { EXPECT_EQ(cuMemsetD32(at, value, count), CUDA_SUCCESS); }
  static CUdeviceptr open(const CUipcMemHandle &handle) {
    CUdeviceptr address = 0;
    EXPECT_EQ(cuIpcOpenMemHandle(&address, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS), CUDA_SUCCESS);
    return address;
  }
};

TEST_F(DriverSharing, DISABLED_WritesToWhatItIsGiven) {
  for (int i = 0; i < 2; ++i) {
    const auto handle = receive<CUipcMemHandle>(kParent);
    const CUdeviceptr address = open(handle);
    EXPECT_EQ(open(handle), address);  // the same one, counted
    EXPECT_EQ(cuIpcCloseMemHandle(address), CUDA_SUCCESS);
    send(kParent, word(address));
    CUdeviceptr base = 0;
    size_t size = 0;
    EXPECT_EQ(cuMemGetAddressRange(&base, &size, address), CUDA_SUCCESS);
    EXPECT_EQ(base, address);
    set(address, 77 + i, size / 4);
    EXPECT_EQ(cuMemFree(address), CUDA_ERROR_INVALID_VALUE);  // it is not ours
    CUipcMemHandle again;
    EXPECT_EQ(cuIpcGetMemHandle(&again, address), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(cuIpcCloseMemHandle(address), CUDA_SUCCESS);
    EXPECT_EQ(cuIpcCloseMemHandle(address), CUDA_ERROR_INVALID_VALUE);
    send(kParent, 1);
  }
}

TEST_F(DriverSharing, MemoryLargeAndSmall) {
  OtherProcess other("DriverSharing.DISABLED_WritesToWhatItIsGiven");
  const size_t sizes[] = {5 * kPiece + 4096, 256};
  for (int i = 0; i < 2; ++i) {
    CUdeviceptr neighbour = 0, memory = 0;
    ASSERT_EQ(cuMemAlloc(&neighbour, sizes[i]), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc(&memory, sizes[i]), CUDA_SUCCESS);
    set(neighbour, 1, sizes[i] / 4);
    set(memory, 40 + i, sizes[i] / 4);
    CUipcMemHandle handle, second;
    ASSERT_EQ(cuIpcGetMemHandle(&handle, memory + 16), CUDA_SUCCESS);  // of the whole allocation
    ASSERT_EQ(cuIpcGetMemHandle(&second, memory), CUDA_SUCCESS);
    EXPECT_EQ(std::memcmp(&handle, &second, sizeof handle), 0);
    send(other.socket(), handle);
    EXPECT_EQ(receive<unsigned>(other.socket()), 40u + i);
    EXPECT_EQ(receive<int>(other.socket()), 1);
    EXPECT_EQ(word(memory), 77u + i);
    EXPECT_EQ(word(memory + sizes[i] - 4), 77u + i);
    EXPECT_EQ(word(neighbour), 1u);
    EXPECT_EQ(word(neighbour + sizes[i] - 4), 1u);
    EXPECT_EQ(cuMemFree(memory), CUDA_SUCCESS);
    EXPECT_EQ(cuMemFree(neighbour), CUDA_SUCCESS);
  }
}

TEST_F(DriverSharing, DISABLED_GivesAwayAndDies) {
  CUdeviceptr memory = 0;
  ASSERT_EQ(cuMemAlloc(&memory, kPiece), CUDA_SUCCESS);
  set(memory, 9, kPiece / 4);
  CUipcMemHandle handle;
  ASSERT_EQ(cuIpcGetMemHandle(&handle, memory), CUDA_SUCCESS);
  send(kParent, handle);
  for (;;) pause();
}

TEST_F(DriverSharing, MemoryOfAProcessThatDiesStaysWhileItIsOpen) {
  OtherProcess other("DriverSharing.DISABLED_GivesAwayAndDies");
  const auto handle = receive<CUipcMemHandle>(other.socket());
  const CUdeviceptr address = open(handle);
  other.kill();
  EXPECT_EQ(word(address + kPiece - 4), 9u);
  set(address, 10, kPiece / 4);
  EXPECT_EQ(word(address), 10u);
  EXPECT_EQ(cuIpcCloseMemHandle(address), CUDA_SUCCESS);
  CUdeviceptr again = 0;
  EXPECT_EQ(cuIpcOpenMemHandle(&again, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverSharing, OpenMemoryEndsWithItsContext) {
  OtherProcess other("DriverSharing.DISABLED_GivesAwayAndDies");
  const auto handle = receive<CUipcMemHandle>(other.socket());
  CUcontext mine;
  ASSERT_EQ(cuCtxCreate(&mine, nullptr, 0, 0), CUDA_SUCCESS);
  const CUdeviceptr address = open(handle);
  ASSERT_EQ(cuCtxDestroy(mine), CUDA_SUCCESS);
  EXPECT_EQ(cuIpcCloseMemHandle(address), CUDA_ERROR_INVALID_VALUE);
  const CUdeviceptr fresh = open(handle);
  EXPECT_EQ(word(fresh), 9u);
  EXPECT_EQ(cuIpcCloseMemHandle(fresh), CUDA_SUCCESS);
  other.kill();
}

TEST_F(DriverSharing, HandlesOfMemoryThatIsNone) {
  CUipcMemHandle handle;
  CUdeviceptr memory = 0, pooled = 0;
  void *host = nullptr;
  ASSERT_EQ(cuMemAlloc(&memory, 4096), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAllocHost(&host, 4096), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAllocAsync(&pooled, 4096, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuIpcGetMemHandle(nullptr, memory), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuIpcGetMemHandle(&handle, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuIpcGetMemHandle(&handle, 4096), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuIpcGetMemHandle(&handle, reinterpret_cast<CUdeviceptr>(host)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuIpcGetMemHandle(&handle, pooled), CUDA_ERROR_INVALID_VALUE);
  unsigned capable = 0;
  EXPECT_EQ(cuPointerGetAttribute(&capable, CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE, memory), CUDA_SUCCESS);
  EXPECT_EQ(capable, 1u);
  EXPECT_EQ(cuPointerGetAttribute(&capable, CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE, pooled), CUDA_SUCCESS);
  EXPECT_EQ(capable, 0u);
  // This process's own handle is no other process's.
  ASSERT_EQ(cuIpcGetMemHandle(&handle, memory), CUDA_SUCCESS);
  CUdeviceptr out = 0;
  EXPECT_EQ(cuIpcOpenMemHandle(&out, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_EQ(cuIpcOpenMemHandle(&out, handle, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuIpcOpenMemHandle(nullptr, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuIpcCloseMemHandle(memory), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuIpcCloseMemHandle(0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemFreeAsync(pooled, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFreeHost(host), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(memory), CUDA_SUCCESS);
}

TEST_F(DriverSharing, DamagedHandlesOpenNothing) {
  OtherProcess other("DriverSharing.DISABLED_GivesAwayAndDies");
  const auto good = receive<CUipcMemHandle>(other.socket());
  std::mt19937 random(1);
  CUdeviceptr out = 0;
  for (int i = 0; i < 2000; ++i) {
    CUipcMemHandle bad = good;
    if (i % 2) {
      bad.reserved[random() % sizeof bad.reserved] ^= static_cast<char>(1u << random() % 8);
    } else {
      for (char &byte : bad.reserved) byte = static_cast<char>(random());
    }
    ASSERT_EQ(cuIpcOpenMemHandle(&out, bad, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS), CUDA_ERROR_INVALID_VALUE);
    CUipcEventHandle event;
    CUevent opened;
    std::memcpy(&event, &bad, sizeof event);
    ASSERT_EQ(cuIpcOpenEventHandle(&opened, event), CUDA_ERROR_INVALID_VALUE);
  }
  other.kill();
}

// ---- events -------------------------------------------------------------------------------------------------------

// Plays both parts of a bounded number of rounds: waits for the parent's event on a stream, adds one, records its own.
TEST_F(DriverSharing, DISABLED_AddsOneInTurns) {
  const CUdeviceptr memory = open(receive<CUipcMemHandle>(kParent));
  CUevent theirs, mine;
  ASSERT_EQ(cuIpcOpenEventHandle(&theirs, receive<CUipcEventHandle>(kParent)), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&mine, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  CUipcEventHandle handle;
  ASSERT_EQ(cuIpcGetEventHandle(&handle, mine), CUDA_SUCCESS);
  send(kParent, handle);
  CUstream stream;
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  for (int round = 0; round < 300; ++round) {
    receive<int>(kParent);  // their record was made
    ASSERT_EQ(cuStreamWaitEvent(stream, theirs, 0), CUDA_SUCCESS);
    unsigned value = 0;
    ASSERT_EQ(cuMemcpyDtoHAsync(&value, memory, 4, stream), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
    ASSERT_EQ(value, 2u * round + 1);
    ASSERT_EQ(cuMemsetD32Async(memory, value + 1, 1, stream), CUDA_SUCCESS);
    ASSERT_EQ(cuEventRecord(mine, stream), CUDA_SUCCESS);
    send(kParent, round);
  }
  receive<int>(kParent);
  EXPECT_EQ(cuEventDestroy(theirs), CUDA_SUCCESS);
  EXPECT_EQ(cuEventDestroy(mine), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuIpcCloseMemHandle(memory), CUDA_SUCCESS);
}

TEST_F(DriverSharing, EventsOrderTheWorkOfTwoProcesses) {
  OtherProcess other("DriverSharing.DISABLED_AddsOneInTurns");
  CUdeviceptr memory = 0;
  CUevent mine, theirs;
  CUstream stream;
  CUipcMemHandle memory_handle;
  CUipcEventHandle event_handle;
  ASSERT_EQ(cuMemAlloc(&memory, 4), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&mine, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  ASSERT_EQ(cuIpcGetMemHandle(&memory_handle, memory), CUDA_SUCCESS);
  ASSERT_EQ(cuIpcGetEventHandle(&event_handle, mine), CUDA_SUCCESS);
  send(other.socket(), memory_handle);
  send(other.socket(), event_handle);
  ASSERT_EQ(cuIpcOpenEventHandle(&theirs, receive<CUipcEventHandle>(other.socket())), CUDA_SUCCESS);
  set(memory, 0);
  for (int round = 0; round < 300; ++round) {
    // Slow work now and then, so that the other has something to wait for.
    if (round % 50 == 0)
      ASSERT_EQ(cuLaunchHostFunc(stream, [](void *) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }, nullptr), CUDA_SUCCESS);
    ASSERT_EQ(cuMemsetD32Async(memory, 2 * round + 1, 1, stream), CUDA_SUCCESS);
    ASSERT_EQ(cuEventRecord(mine, stream), CUDA_SUCCESS);
    send(other.socket(), round);
    receive<int>(other.socket());
    ASSERT_EQ(cuEventSynchronize(theirs), CUDA_SUCCESS);
    ASSERT_EQ(cuEventQuery(theirs), CUDA_SUCCESS);
    ASSERT_EQ(word(memory), 2u * round + 2);
  }
  send(other.socket(), 0);
  EXPECT_EQ(other.end(), 0);
  EXPECT_EQ(cuEventDestroy(theirs), CUDA_SUCCESS);
  EXPECT_EQ(cuEventDestroy(mine), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(memory), CUDA_SUCCESS);
}

TEST_F(DriverSharing, DISABLED_RecordsAndNeverGetsThere) {
  CUevent mine;
  CUipcEventHandle handle;
  ASSERT_EQ(cuEventCreate(&mine, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  ASSERT_EQ(cuIpcGetEventHandle(&handle, mine), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchHostFunc(nullptr, [](void *) { for (;;) pause(); }, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(mine, nullptr), CUDA_SUCCESS);
  send(kParent, handle);
  for (;;) pause();
}

TEST_F(DriverSharing, WaitingForAProcessThatDiesIsAnError) {
  OtherProcess other("DriverSharing.DISABLED_RecordsAndNeverGetsThere");
  CUevent theirs;
  ASSERT_EQ(cuIpcOpenEventHandle(&theirs, receive<CUipcEventHandle>(other.socket())), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(theirs), CUDA_ERROR_NOT_READY);
  CUstream stream;
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitEvent(stream, theirs, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamQuery(stream), CUDA_ERROR_NOT_READY);
  other.kill();
  EXPECT_EQ(cuEventQuery(theirs), CUDA_ERROR_EXTERNAL_DEVICE);
  EXPECT_EQ(cuEventSynchronize(theirs), CUDA_ERROR_EXTERNAL_DEVICE);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_ERROR_EXTERNAL_DEVICE);
  EXPECT_EQ(cuCtxSynchronize(), CUDA_ERROR_EXTERNAL_DEVICE);  // it stays, as any fault
  cuCtxDestroy(context);
  ASSERT_EQ(cuCtxCreate(&context, nullptr, 0, 0), CUDA_SUCCESS);
}

TEST_F(DriverSharing, OneProcessUsesItsInterprocessEventsAsAnyOther) {
  CUevent event, plain;
  CUstream stream;
  CUipcEventHandle handle;
  ASSERT_EQ(cuEventCreate(&event, CU_EVENT_INTERPROCESS), CUDA_ERROR_INVALID_VALUE);  // timing is not for them
  ASSERT_EQ(cuEventCreate(&event, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING | CU_EVENT_BLOCKING_SYNC), CUDA_SUCCESS);
  ASSERT_EQ(cuEventCreate(&plain, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(event), CUDA_SUCCESS);  // never recorded
  EXPECT_EQ(cuEventSynchronize(event), CUDA_SUCCESS);
  static std::atomic<int> gate{0};
  gate = 0;
  ASSERT_EQ(cuLaunchHostFunc(nullptr, [](void *) { while (gate == 0) std::this_thread::yield(); }, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuEventRecord(event, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitEvent(stream, event, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchHostFunc(stream, [](void *) { gate = gate + 1; }, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuEventQuery(event), CUDA_ERROR_NOT_READY);
  EXPECT_EQ(cuStreamQuery(stream), CUDA_ERROR_NOT_READY);
  gate = 1;
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(gate, 2);
  EXPECT_EQ(cuEventSynchronize(event), CUDA_SUCCESS);
  // More records than the page has rows.
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(cuEventRecord(event, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuEventSynchronize(event), CUDA_SUCCESS);
  float time;
  EXPECT_EQ(cuEventElapsedTime(&time, event, event), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuIpcGetEventHandle(nullptr, event), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuIpcGetEventHandle(&handle, nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuIpcGetEventHandle(&handle, garbage<CUevent>()), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuIpcGetEventHandle(&handle, plain), CUDA_ERROR_INVALID_HANDLE);
  ASSERT_EQ(cuIpcGetEventHandle(&handle, event), CUDA_SUCCESS);
  CUevent opened;
  EXPECT_EQ(cuIpcOpenEventHandle(nullptr, handle), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuIpcOpenEventHandle(&opened, handle), CUDA_ERROR_INVALID_CONTEXT);  // this process's own
  EXPECT_EQ(cuEventDestroy(event), CUDA_SUCCESS);
  EXPECT_EQ(cuIpcGetEventHandle(&handle, event), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuEventDestroy(plain), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
}

// ---- mapped memory --------------------------------------------------------------------------------------------------

TEST_F(DriverSharing, DISABLED_MapsADescriptor) {
  int file = -1;
  receive<int>(kParent, &file);
  CUmemGenericAllocationHandle memory = 0;
  ASSERT_EQ(cuMemImportFromShareableHandle(&memory, reinterpret_cast<void *>(intptr_t{file}), CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR), CUDA_SUCCESS);
  close(file);
  CUdeviceptr range = 0;
  ASSERT_EQ(cuMemAddressReserve(&range, kPiece, 0, 0, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemMap(range, kPiece, 0, memory, 0), CUDA_SUCCESS);
  const CUmemAccessDesc all{{CU_MEM_LOCATION_TYPE_DEVICE, {0}}, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
  ASSERT_EQ(cuMemSetAccess(range, kPiece, &all, 1), CUDA_SUCCESS);
  EXPECT_EQ(word(range), 5u);
  set(range, 6);
  send(kParent, 1);
  receive<int>(kParent);
  EXPECT_EQ(word(range), 6u);  // the exporter has released and unmapped it
  send(kParent, 2);
}

TEST_F(DriverSharing, MappedMemoryByDescriptor) {
  OtherProcess other("DriverSharing.DISABLED_MapsADescriptor");
  CUmemAllocationProp prop{};
  prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  prop.location = {CU_MEM_LOCATION_TYPE_DEVICE, {0}};
  prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  CUmemGenericAllocationHandle memory = 0;
  CUdeviceptr range = 0;
  int file = -1;
  ASSERT_EQ(cuMemCreate(&memory, kPiece, &prop, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAddressReserve(&range, kPiece, 0, 0, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemMap(range, kPiece, 0, memory, 0), CUDA_SUCCESS);
  const CUmemAccessDesc all{{CU_MEM_LOCATION_TYPE_DEVICE, {0}}, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
  ASSERT_EQ(cuMemSetAccess(range, kPiece, &all, 1), CUDA_SUCCESS);
  set(range, 5);
  ASSERT_EQ(cuMemExportToShareableHandle(&file, memory, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0), CUDA_SUCCESS);
  send(other.socket(), 0, file);
  close(file);
  EXPECT_EQ(receive<int>(other.socket()), 1);
  EXPECT_EQ(word(range), 6u);
  EXPECT_EQ(cuMemUnmap(range, kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemRelease(memory), CUDA_SUCCESS);
  EXPECT_EQ(cuMemAddressFree(range, kPiece), CUDA_SUCCESS);
  send(other.socket(), 0);
  EXPECT_EQ(receive<int>(other.socket()), 2);
}

// ---- pools --------------------------------------------------------------------------------------------------------

CUmemPoolProps poolOf(CUmemAllocationHandleType types) {
  CUmemPoolProps prop{};
  prop.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  prop.handleTypes = types;
  prop.location = {CU_MEM_LOCATION_TYPE_DEVICE, {0}};
  return prop;
}

TEST_F(DriverSharing, DISABLED_ImportsFromAPool) {
  int file = -1;
  receive<int>(kParent, &file);
  CUmemoryPool pool = nullptr, wrong = nullptr;
  ASSERT_EQ(cuMemPoolImportFromShareableHandle(&pool, reinterpret_cast<void *>(intptr_t{file}), CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0), CUDA_SUCCESS);
  close(file);
  CUdeviceptr memory = 0;
  EXPECT_EQ(cuMemAllocFromPoolAsync(&memory, 256, pool, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceSetMemPool(0, pool), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuDeviceGetDefaultMemPool(&wrong, 0), CUDA_SUCCESS);
  for (int i = 0; i < 2; ++i) {
    auto data = receive<CUmemPoolPtrExportData>(kParent);
    EXPECT_EQ(cuMemPoolImportPointer(&memory, wrong, &data), CUDA_ERROR_INVALID_VALUE);
    ASSERT_EQ(cuMemPoolImportPointer(&memory, pool, &data), CUDA_SUCCESS);
    EXPECT_EQ(word(memory), 30u + i);
    set(memory, 31 + i);
    CUmemoryPool from = nullptr;
    EXPECT_EQ(cuPointerGetAttribute(&from, CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, memory), CUDA_SUCCESS);
    EXPECT_EQ(from, pool);
    CUmemPoolPtrExportData again;
    EXPECT_EQ(cuMemPoolExportPointer(&again, memory), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(i ? cuMemFree(memory) : cuMemFreeAsync(memory, nullptr), CUDA_SUCCESS);
    EXPECT_EQ(cuCtxSynchronize(), CUDA_SUCCESS);
    EXPECT_EQ(cuMemFree(memory), CUDA_ERROR_INVALID_VALUE);
    send(kParent, 1);
  }
  EXPECT_EQ(cuMemPoolDestroy(pool), CUDA_SUCCESS);
}

TEST_F(DriverSharing, Pools) {
  OtherProcess other("DriverSharing.DISABLED_ImportsFromAPool");
  CUmemoryPool pool = nullptr;
  CUmemPoolProps prop = poolOf(CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR);
  ASSERT_EQ(cuMemPoolCreate(&pool, &prop), CUDA_SUCCESS);
  CUdeviceptr memory = 0, neighbour = 0;
  ASSERT_EQ(cuMemAllocFromPoolAsync(&memory, 1024, pool, nullptr), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAllocFromPoolAsync(&neighbour, 1024, pool, nullptr), CUDA_SUCCESS);
  CUmemPoolPtrExportData data;
  EXPECT_EQ(cuMemPoolExportPointer(&data, memory), CUDA_ERROR_INVALID_VALUE);  // the pool is not shared yet
  int file = -1;
  ASSERT_EQ(cuMemPoolExportToShareableHandle(&file, pool, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0), CUDA_SUCCESS);
  send(other.socket(), 0, file);
  close(file);
  set(memory, 30);
  set(neighbour, 31);
  for (CUdeviceptr each : {memory, neighbour}) {
    const unsigned before = word(each);
    ASSERT_EQ(cuMemPoolExportPointer(&data, each), CUDA_SUCCESS);
    send(other.socket(), data);
    receive<int>(other.socket());
    EXPECT_EQ(word(each), before + 1);
  }
  EXPECT_EQ(cuMemFreeAsync(memory, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(neighbour), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolDestroy(pool), CUDA_SUCCESS);
}

TEST_F(DriverSharing, PoolsRefuseWhatIsNotRight) {
  CUmemoryPool pool = nullptr, plain = nullptr, out = nullptr;
  CUmemPoolProps prop = poolOf(CU_MEM_HANDLE_TYPE_NONE), shared = poolOf(CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR), fabric = poolOf(CU_MEM_HANDLE_TYPE_FABRIC);
  ASSERT_EQ(cuMemPoolCreate(&plain, &prop), CUDA_SUCCESS);
  ASSERT_EQ(cuMemPoolCreate(&pool, &shared), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolCreate(&out, &fabric), CUDA_ERROR_NOT_SUPPORTED);
  int file = -1;
  constexpr auto kType = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
  EXPECT_EQ(cuMemPoolExportToShareableHandle(&file, plain, kType, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolExportToShareableHandle(nullptr, pool, kType, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolExportToShareableHandle(&file, nullptr, kType, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolExportToShareableHandle(&file, garbage<CUmemoryPool>(), kType, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolExportToShareableHandle(&file, pool, kType, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolExportToShareableHandle(&file, pool, CU_MEM_HANDLE_TYPE_FABRIC, 0), CUDA_ERROR_NOT_SUPPORTED);
  auto import = [&](int from) { return cuMemPoolImportFromShareableHandle(&out, reinterpret_cast<void *>(intptr_t{from}), kType, 0); };
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  EXPECT_EQ(import(-1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(import(9999), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(import(pipes[0]), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuMemPoolExportToShareableHandle(&file, pool, kType, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolImportFromShareableHandle(nullptr, reinterpret_cast<void *>(intptr_t{file}), kType, 0), CUDA_ERROR_INVALID_VALUE);
  CUmemPoolPtrExportData data{};
  CUdeviceptr memory = 0, other = 0;
  ASSERT_EQ(cuMemAlloc(&memory, 64), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolExportPointer(&data, memory), CUDA_ERROR_INVALID_VALUE);  // of no pool
  EXPECT_EQ(cuMemPoolExportPointer(nullptr, memory), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolExportPointer(&data, 64), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(import(file), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolImportPointer(&other, out, &data), CUDA_ERROR_INVALID_VALUE);  // zeros
  EXPECT_EQ(cuMemPoolImportPointer(&other, pool, &data), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolImportPointer(nullptr, out, &data), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPoolImportPointer(&other, out, nullptr), CUDA_ERROR_INVALID_VALUE);
  for (int each : {file, pipes[0], pipes[1]}) close(each);
  EXPECT_EQ(cuMemFree(memory), CUDA_SUCCESS);
  for (CUmemoryPool each : {plain, pool, out}) EXPECT_EQ(cuMemPoolDestroy(each), CUDA_SUCCESS);
}

TEST_F(DriverSharing, PoolCountersAreStartedAgainOneByOne) {
  CUmemoryPool pool = nullptr;
  CUmemPoolProps prop = poolOf(CU_MEM_HANDLE_TYPE_NONE);
  ASSERT_EQ(cuMemPoolCreate(&pool, &prop), CUDA_SUCCESS);
  CUdeviceptr memory = 0;
  ASSERT_EQ(cuMemAllocFromPoolAsync(&memory, 4096, pool, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFree(memory), CUDA_SUCCESS);
  cuuint64_t zero = 0, used = 9, reserved = 9;
  EXPECT_EQ(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &zero), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &used), CUDA_SUCCESS);
  EXPECT_EQ(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH, &reserved), CUDA_SUCCESS);
  EXPECT_EQ(used, 0u);
  EXPECT_GE(reserved, 4096u);
  EXPECT_EQ(cuMemPoolDestroy(pool), CUDA_SUCCESS);
}

}  // namespace
