// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Words of memory that streams wait for and write: comparisons, batches, and what is refused. That the comparisons are
// exact for all targets is the business of the conformance suite.
#include <cuda.h>
#include <gtest/gtest.h>

#include <atomic>

#include "fixture.h"

// The forms before CUDA 11.7, for which the header's names stand no more.
#undef cuStreamWriteValue32
#undef cuStreamWriteValue64
#undef cuStreamWaitValue32
#undef cuStreamWaitValue64
#undef cuStreamBatchMemOp
extern "C" {
CUresult cuStreamWaitValue32(CUstream, CUdeviceptr, cuuint32_t, unsigned);
CUresult cuStreamWaitValue64(CUstream, CUdeviceptr, cuuint64_t, unsigned);
CUresult cuStreamWriteValue32(CUstream, CUdeviceptr, cuuint32_t, unsigned);
CUresult cuStreamWriteValue64(CUstream, CUdeviceptr, cuuint64_t, unsigned);
CUresult cuStreamBatchMemOp(CUstream, unsigned, CUstreamBatchMemOpParams *, unsigned);
CUresult cuStreamWaitValue32_v2(CUstream, CUdeviceptr, cuuint32_t, unsigned);
CUresult cuStreamWaitValue64_v2(CUstream, CUdeviceptr, cuuint64_t, unsigned);
CUresult cuStreamWriteValue32_v2(CUstream, CUdeviceptr, cuuint32_t, unsigned);
CUresult cuStreamWriteValue64_v2(CUstream, CUdeviceptr, cuuint64_t, unsigned);
CUresult cuStreamBatchMemOp_v2(CUstream, unsigned, CUstreamBatchMemOpParams *, unsigned);
}

namespace {

struct DriverWords : shim_test::WithContext {
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuMemHostAlloc(reinterpret_cast<void **>(&words), 64, CU_MEMHOSTALLOC_DEVICEMAP), CUDA_SUCCESS);
    for (int i = 0; i < 8; ++i) words[i] = 0;
    ASSERT_EQ(cuMemHostGetDevicePointer(&at, words, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  }
  void set(int index, uint64_t value) { __atomic_store_n(&words[index], value, __ATOMIC_SEQ_CST); }
  uint64_t get(int index) { return __atomic_load_n(&words[index], __ATOMIC_SEQ_CST); }
  uint64_t *words = nullptr;
  CUdeviceptr at = 0;
  CUstream stream = nullptr;
};

CUstreamBatchMemOpParams waitFor(CUdeviceptr address, cuuint64_t value, unsigned flags, bool wide = false) {
  CUstreamBatchMemOpParams op{};
  op.operation = wide ? CU_STREAM_MEM_OP_WAIT_VALUE_64 : CU_STREAM_MEM_OP_WAIT_VALUE_32;
  op.waitValue.address = address;
  op.waitValue.value64 = value;
  op.waitValue.flags = flags;
  return op;
}

CUstreamBatchMemOpParams write(CUdeviceptr address, cuuint64_t value, unsigned flags = 0, bool wide = false) {
  CUstreamBatchMemOpParams op{};
  op.operation = wide ? CU_STREAM_MEM_OP_WRITE_VALUE_64 : CU_STREAM_MEM_OP_WRITE_VALUE_32;
  op.writeValue.address = address;
  op.writeValue.value64 = value;
  op.writeValue.flags = flags;
  return op;
}

CUstreamBatchMemOpParams barrier(unsigned flags) {
  CUstreamBatchMemOpParams op{};
  op.operation = CU_STREAM_MEM_OP_BARRIER;
  op.memoryBarrier.flags = flags;
  return op;
}

TEST_F(DriverWords, TheDeviceSaysThatItCan) {
  for (auto attribute : {CU_DEVICE_ATTRIBUTE_CAN_USE_STREAM_MEM_OPS_V1, CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS_V1,
                         CU_DEVICE_ATTRIBUTE_CAN_USE_STREAM_WAIT_VALUE_NOR_V1, CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS,
                         CU_DEVICE_ATTRIBUTE_CAN_USE_STREAM_WAIT_VALUE_NOR}) {
    int can = 0;
    EXPECT_EQ(cuDeviceGetAttribute(&can, attribute, 0), CUDA_SUCCESS);
    EXPECT_EQ(can, 1) << attribute;
  }
  int flush = 1;
  EXPECT_EQ(cuDeviceGetAttribute(&flush, CU_DEVICE_ATTRIBUTE_CAN_FLUSH_REMOTE_WRITES, 0), CUDA_SUCCESS);
  EXPECT_EQ(flush, 0);
}

TEST_F(DriverWords, AStreamWaitsForTheHost) {
  using Wait32 = CUresult (*)(CUstream, CUdeviceptr, cuuint32_t, unsigned);
  using Wait64 = CUresult (*)(CUstream, CUdeviceptr, cuuint64_t, unsigned);
  for (Wait32 wait : {&cuStreamWaitValue32, &cuStreamWaitValue32_v2}) {
    set(0, 0);
    ASSERT_EQ(wait(stream, at, 7, CU_STREAM_WAIT_VALUE_EQ), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamQuery(stream), CUDA_ERROR_NOT_READY);
    set(0, 7);
    EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  }
  for (Wait64 wait : {&cuStreamWaitValue64, &cuStreamWaitValue64_v2}) {
    set(1, 7);
    ASSERT_EQ(wait(stream, at + 8, uint64_t{7} << 32, CU_STREAM_WAIT_VALUE_AND), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamQuery(stream), CUDA_ERROR_NOT_READY) << "all 64 bits count";
    set(1, uint64_t{1} << 34);
    EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  }
}

TEST_F(DriverWords, WritesOfOneStreamEndWaitsOfAnother) {
  CUstream other;
  ASSERT_EQ(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitValue32_v2(stream, at, 1, CU_STREAM_WAIT_VALUE_GEQ), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWriteValue64_v2(stream, at + 8, 0x1122334455667788, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWriteValue32_v2(other, at, 1, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(get(1), 0x1122334455667788u);
  ASSERT_EQ(cuStreamWriteValue32(other, at + 4, 9, CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWriteValue64(other, at + 16, 3, CU_STREAM_WRITE_VALUE_DEFAULT), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(other), CUDA_SUCCESS);
  EXPECT_EQ(get(0), uint64_t{9} << 32 | 1);
  EXPECT_EQ(get(2), 3u);
  EXPECT_EQ(cuStreamDestroy(other), CUDA_SUCCESS);
}

TEST_F(DriverWords, DeviceMemoryHasWordsToo) {
  CUdeviceptr device;
  uint32_t back = 0;
  ASSERT_EQ(cuMemAlloc(&device, 64), CUDA_SUCCESS);
  ASSERT_EQ(cuMemsetD32(device, 0, 16), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWriteValue32_v2(stream, device + 60, 5, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamWaitValue32_v2(stream, device + 60, 5, CU_STREAM_WAIT_VALUE_EQ), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuMemcpyDtoH(&back, device + 60, 4), CUDA_SUCCESS);
  EXPECT_EQ(back, 5u);
  EXPECT_EQ(cuStreamWriteValue64_v2(stream, device + 64, 5, 0), CUDA_ERROR_INVALID_VALUE) << "behind the allocation";
  EXPECT_EQ(cuMemFree(device), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamWriteValue32_v2(stream, device, 5, 0), CUDA_ERROR_INVALID_VALUE) << "freed";
}

TEST_F(DriverWords, BatchesKeepTheirOrder) {
  CUstreamBatchMemOpParams list[] = {write(at, 1), waitFor(at + 8, 1, CU_STREAM_WAIT_VALUE_EQ), barrier(CU_STREAM_MEMORY_BARRIER_TYPE_SYS),
                                     write(at, 2), barrier(CU_STREAM_MEMORY_BARRIER_TYPE_GPU), write(at + 16, ~uint64_t{0}, 0, true)};
  ASSERT_EQ(cuStreamBatchMemOp_v2(stream, 6, list, 0), CUDA_SUCCESS);
  while (get(0) != 1) {
  }
  EXPECT_EQ(cuStreamQuery(stream), CUDA_ERROR_NOT_READY);
  EXPECT_EQ(get(2), 0u);
  set(1, 1);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(get(0), 2u);
  EXPECT_EQ(get(2), ~uint64_t{0});
  CUstreamBatchMemOpParams old[] = {write(at, 3, CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER), waitFor(at, 3, 0, true)};
  EXPECT_EQ(cuStreamBatchMemOp(stream, 2, old, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamBatchMemOp_v2(stream, 0, nullptr, 0), CUDA_SUCCESS);
}

TEST_F(DriverWords, ABatchThatIsWrongDoesNothing) {
  auto refused = [&](CUstreamBatchMemOpParams second, CUresult (*batch)(CUstream, unsigned, CUstreamBatchMemOpParams *, unsigned)) {
    CUstreamBatchMemOpParams list[] = {write(at, 77), second};
    CUresult result = batch(stream, 2, list, 0);
    EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
    EXPECT_EQ(get(0), 0u);
    return result;
  };
  CUstreamBatchMemOpParams unknown = write(at, 1), flush{};
  unknown.operation = static_cast<CUstreamBatchMemOpType>(9);
  flush.operation = CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES;
  EXPECT_EQ(refused(unknown, cuStreamBatchMemOp_v2), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(refused(flush, cuStreamBatchMemOp_v2), CUDA_ERROR_NOT_SUPPORTED);
  flush.flushRemoteWrites.flags = 1;
  EXPECT_EQ(refused(flush, cuStreamBatchMemOp_v2), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(refused(write(at + 2, 1), cuStreamBatchMemOp_v2), CUDA_ERROR_INVALID_VALUE) << "not aligned";
  EXPECT_EQ(refused(write(at + 4, 1, 0, true), cuStreamBatchMemOp_v2), CUDA_ERROR_INVALID_VALUE) << "not aligned for 8 bytes";
  EXPECT_EQ(refused(write(at, 1, CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER), cuStreamBatchMemOp_v2), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(refused(barrier(2), cuStreamBatchMemOp_v2), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(refused(barrier(0), cuStreamBatchMemOp), CUDA_ERROR_INVALID_VALUE) << "newer than the call";
  EXPECT_EQ(refused(waitFor(at, 1, 4), cuStreamBatchMemOp_v2), CUDA_ERROR_INVALID_VALUE);
  CUstreamBatchMemOpParams one = write(at, 1);
  EXPECT_EQ(cuStreamBatchMemOp_v2(stream, 1, &one, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamBatchMemOp_v2(stream, 1, nullptr, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamBatchMemOp_v2(stream, 256, &one, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamBatchMemOp_v2(shim_test::garbage<CUstream>(), 1, &one, 0), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverWords, WrongArgumentsAreRefused) {
  EXPECT_EQ(cuStreamWaitValue32_v2(stream, at, 1, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamWaitValue32_v2(stream, at, 1, CU_STREAM_WAIT_VALUE_FLUSH), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(cuStreamWaitValue64_v2(stream, at + 4, 1, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamWaitValue32_v2(stream, 0, 1, 0), CUDA_ERROR_INVALID_VALUE);
  int on_the_stack = 0;
  EXPECT_EQ(cuStreamWriteValue32_v2(stream, reinterpret_cast<CUdeviceptr>(&on_the_stack), 1, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamWriteValue32_v2(stream, at, 1, CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamWriteValue32(stream, at, 1, 2), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamWriteValue64_v2(shim_test::garbage<CUstream>(), at, 1, 0), CUDA_ERROR_INVALID_HANDLE);
  ASSERT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamWaitValue32_v2(stream, at, 0, 0), CUDA_ERROR_INVALID_HANDLE) << "stale";
}

}  // namespace
