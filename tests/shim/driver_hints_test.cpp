// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Managed memory: what was hinted can be asked for again; batches of hints; batches of copies; attributes of streams. On the host target.
#include <cuda.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "fixture.h"

// The forms before CUDA 13 tell which operation was wrong.
extern "C" {
CUresult cuMemcpyBatchAsync_v2(CUdeviceptr *, CUdeviceptr *, size_t *, size_t, CUmemcpyAttributes *, size_t *, size_t, CUstream);
CUresult cuMemcpy3DBatchAsync_v2(size_t, CUDA_MEMCPY3D_BATCH_OP *, unsigned long long, CUstream);
}
#undef cuMemcpyBatchAsync
#undef cuMemcpy3DBatchAsync
using OldBatch = CUresult (*)(CUdeviceptr *, CUdeviceptr *, size_t *, size_t, CUmemcpyAttributes *, size_t *, size_t, size_t *, CUstream);
using OldBoxBatch = CUresult (*)(size_t, CUDA_MEMCPY3D_BATCH_OP *, size_t *, unsigned long long, CUstream);

namespace {

using shim_test::garbage;

constexpr size_t kPage = 4096;

struct DriverHints : shim_test::WithContext {
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuMemAllocManaged(&memory, 16 * kPage, CU_MEM_ATTACH_GLOBAL), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  }
  int ask(CUmem_range_attribute attribute, size_t from, size_t bytes) {
    int value = -99;
    EXPECT_EQ(cuMemRangeGetAttribute(&value, sizeof value, attribute, memory + from, bytes), CUDA_SUCCESS);
    return value;
  }
  CUdeviceptr memory = 0;
  CUstream stream = nullptr;
};

constexpr CUmemLocation kDevice{CU_MEM_LOCATION_TYPE_DEVICE, {0}}, kHost{CU_MEM_LOCATION_TYPE_HOST, {0}}, kNode{CU_MEM_LOCATION_TYPE_HOST_NUMA, {0}};

TEST_F(DriverHints, NothingWasSaidAtFirst) {
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, 0, 16 * kPage), 0);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, 0, kPage), CU_DEVICE_INVALID);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE, 0, kPage), CU_MEM_LOCATION_TYPE_INVALID);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, 0, kPage), CU_DEVICE_INVALID);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE, 0, kPage), CU_MEM_LOCATION_TYPE_INVALID);
}

TEST_F(DriverHints, AnAttributeHoldsForTheWholeRange) {
  ASSERT_EQ(cuMemAdvise(memory, 4 * kPage, CU_MEM_ADVISE_SET_READ_MOSTLY, kDevice), CUDA_SUCCESS);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, 0, 4 * kPage), 1);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, kPage, 4), 1);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, 3 * kPage, kPage + 1), 0) << "one byte more";
  ASSERT_EQ(cuMemAdvise(memory + kPage, 1, CU_MEM_ADVISE_UNSET_READ_MOSTLY, kDevice), CUDA_SUCCESS);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, 0, 4 * kPage), 0);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, 2 * kPage, 2 * kPage), 1);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, 2 * kPage - 1, 2), 0) << "whole pages";
}

TEST_F(DriverHints, LocationsAreGivenBack) {
  ASSERT_EQ(cuMemAdvise(memory, 8 * kPage, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, kDevice), CUDA_SUCCESS);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, 0, 8 * kPage), 0);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE, 0, 8 * kPage), CU_MEM_LOCATION_TYPE_DEVICE);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID, 0, 8 * kPage), 0);
  ASSERT_EQ(cuMemAdvise(memory + 4 * kPage, 4 * kPage, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, kHost), CUDA_SUCCESS);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, 0, 8 * kPage), CU_DEVICE_INVALID) << "two places";
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, 4 * kPage, 4 * kPage), CU_DEVICE_CPU);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE, 4 * kPage, kPage), CU_MEM_LOCATION_TYPE_HOST);
  ASSERT_EQ(cuMemAdvise(memory, kPage, CU_MEM_ADVISE_SET_PREFERRED_LOCATION, kNode), CUDA_SUCCESS);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE, 0, kPage), CU_MEM_LOCATION_TYPE_HOST_NUMA);
  ASSERT_EQ(cuMemAdvise(memory, 16 * kPage, CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION, kHost), CUDA_SUCCESS);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION, 0, kPage), CU_DEVICE_INVALID);
  ASSERT_EQ(cuMemPrefetchAsync(memory, 2 * kPage, kDevice, 0, stream), CUDA_SUCCESS);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, 0, 2 * kPage), 0);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, 0, 3 * kPage), CU_DEVICE_INVALID);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_ID, 0, kPage), 0);
}

TEST_F(DriverHints, WhoUsesIt) {
  int users[3] = {7, 7, 7};
  ASSERT_EQ(cuMemAdvise(memory, 4 * kPage, CU_MEM_ADVISE_SET_ACCESSED_BY, kDevice), CUDA_SUCCESS);
  ASSERT_EQ(cuMemRangeGetAttribute(users, sizeof users, CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, memory, 4 * kPage), CUDA_SUCCESS);
  EXPECT_EQ(users[0], 0);
  EXPECT_EQ(users[1], CU_DEVICE_INVALID);
  EXPECT_EQ(users[2], CU_DEVICE_INVALID);
  int mostly = -1;
  void *answers[] = {users, &mostly};
  size_t sizes[] = {4, 4};
  CUmem_range_attribute attributes[] = {CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY};
  ASSERT_EQ(cuMemRangeGetAttributes(answers, sizes, attributes, 2, memory, 5 * kPage), CUDA_SUCCESS);
  EXPECT_EQ(users[0], CU_DEVICE_INVALID) << "not the whole range";
  EXPECT_EQ(mostly, 0);
  sizes[1] = 8;
  mostly = users[0] = 5;
  EXPECT_EQ(cuMemRangeGetAttributes(answers, sizes, attributes, 2, memory, kPage), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(users[0], 5) << "nothing is answered";
  EXPECT_EQ(cuMemRangeGetAttributes(answers, sizes, attributes, 0, memory, kPage), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemRangeGetAttributes(nullptr, sizes, attributes, 2, memory, kPage), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverHints, WrongQuestions) {
  int value;
  auto ask = [&](size_t size, CUmem_range_attribute attribute, CUdeviceptr at, size_t bytes) {
    return cuMemRangeGetAttribute(&value, size, attribute, at, bytes);
  };
  EXPECT_EQ(ask(8, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, memory, kPage), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(ask(0, CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, memory, kPage), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(ask(6, CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, memory, kPage), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(ask(4, static_cast<CUmem_range_attribute>(9), memory, kPage), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(ask(4, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, memory, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(ask(4, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, memory, 17 * kPage), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemRangeGetAttribute(nullptr, 4, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, memory, 4), CUDA_ERROR_INVALID_VALUE);
  CUdeviceptr plain;
  ASSERT_EQ(cuMemAlloc(&plain, 64), CUDA_SUCCESS);
  EXPECT_EQ(ask(4, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, plain, 4), CUDA_ERROR_INVALID_VALUE) << "not managed";
}

TEST_F(DriverHints, NewMemoryHasNoOldHints) {
  ASSERT_EQ(cuMemAdvise(memory, 16 * kPage, CU_MEM_ADVISE_SET_READ_MOSTLY, kDevice), CUDA_SUCCESS);
  for (int i = 0; i < 300; ++i) {
    CUdeviceptr other;
    ASSERT_EQ(cuMemAllocManaged(&other, 64, CU_MEM_ATTACH_GLOBAL), CUDA_SUCCESS);
    int value = -1;
    EXPECT_EQ(cuMemRangeGetAttribute(&value, 4, CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, other, 64), CUDA_SUCCESS);
    ASSERT_EQ(value, 0);
    ASSERT_EQ(cuMemAdvise(other, 64, CU_MEM_ADVISE_SET_READ_MOSTLY, kDevice), CUDA_SUCCESS);
    ASSERT_EQ(cuMemFree(other), CUDA_SUCCESS);
  }
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY, 0, 16 * kPage), 1);
}

TEST_F(DriverHints, BatchesOfPrefetchesAndDiscards) {
  CUdeviceptr starts[] = {memory, memory + kPage, memory + 2 * kPage};
  size_t sizes[] = {kPage, kPage, kPage}, first[] = {0, 2};
  CUmemLocation locations[] = {kDevice, kHost};
  ASSERT_EQ(cuMemPrefetchBatchAsync(starts, sizes, 3, locations, first, 2, 0, stream), CUDA_SUCCESS);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, 0, 2 * kPage), 0);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, 2 * kPage, kPage), CU_DEVICE_CPU);
  EXPECT_EQ(cuMemDiscardBatchAsync(starts, sizes, 3, 0, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuMemDiscardAndPrefetchBatchAsync(starts, sizes, 3, &locations[1], first, 1, 0, stream), CUDA_SUCCESS);
  EXPECT_EQ(ask(CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION, 0, 3 * kPage), CU_DEVICE_CPU);

  EXPECT_EQ(cuMemPrefetchBatchAsync(starts, sizes, 3, locations, first, 2, 0, nullptr), CUDA_ERROR_INVALID_VALUE) << "the legacy stream";
  EXPECT_EQ(cuMemPrefetchBatchAsync(starts, sizes, 3, locations, first, 2, 1, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPrefetchBatchAsync(starts, sizes, 0, locations, first, 2, 0, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemPrefetchBatchAsync(starts, sizes, 1, locations, first, 2, 0, stream), CUDA_ERROR_INVALID_VALUE);
  first[0] = 1;
  EXPECT_EQ(cuMemPrefetchBatchAsync(starts, sizes, 3, locations, first, 2, 0, stream), CUDA_ERROR_INVALID_VALUE);
  first[0] = 0, first[1] = 3;
  EXPECT_EQ(cuMemPrefetchBatchAsync(starts, sizes, 3, locations, first, 2, 0, stream), CUDA_ERROR_INVALID_VALUE);
  locations[0].id = 9;
  EXPECT_EQ(cuMemPrefetchBatchAsync(starts, sizes, 3, locations, first, 1, 0, stream), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(cuMemDiscardBatchAsync(starts, sizes, 3, 2, stream), CUDA_ERROR_INVALID_VALUE);
  sizes[2] = 99 * kPage;
  EXPECT_EQ(cuMemDiscardBatchAsync(starts, sizes, 3, 0, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemDiscardBatchAsync(starts, sizes, 1, 0, garbage<CUstream>()), CUDA_ERROR_INVALID_HANDLE);
}

struct DriverBatches : shim_test::WithContext {
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuMemAlloc(&device, kBytes), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  }
  template <class F>
  F old(const char *name) {
    void *entry = nullptr;
    CUdriverProcAddressQueryResult found;
    EXPECT_EQ(cuGetProcAddress(name, &entry, 12080, CU_GET_PROC_ADDRESS_DEFAULT, &found), CUDA_SUCCESS);
    return reinterpret_cast<F>(entry);
  }
  static CUdeviceptr at(const void *pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }
  static constexpr size_t kBytes = 4 << 20;
  CUdeviceptr device = 0;
  CUstream stream = nullptr;
};

CUmemcpyAttributes reads(CUmemcpySrcAccessOrder order) {
  CUmemcpyAttributes attributes{};
  attributes.srcAccessOrder = order;
  return attributes;
}

TEST_F(DriverBatches, CopiesOfAllOrders) {
  std::vector<unsigned char> from(kBytes), back(kBytes, 0);
  std::iota(from.begin(), from.end(), 1);
  const size_t half = kBytes / 2;
  CUdeviceptr to[] = {device, device + 100, device + half}, sources[] = {at(from.data()), at(from.data() + 100), at(from.data() + half)};
  size_t sizes[] = {100, half - 100, half}, first[] = {0, 1, 2};
  CUmemcpyAttributes attributes[] = {reads(CU_MEMCPY_SRC_ACCESS_ORDER_STREAM), reads(CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL),
                                     reads(CU_MEMCPY_SRC_ACCESS_ORDER_ANY)};
  attributes[2].flags = CU_MEMCPY_FLAG_PREFER_OVERLAP_WITH_COMPUTE;
  ASSERT_EQ(cuMemcpyBatchAsync_v2(to, sources, sizes, 3, attributes, first, 3, stream), CUDA_SUCCESS);
  CUdeviceptr result = at(back.data());
  size_t all = kBytes, zero = 0;
  ASSERT_EQ(cuMemcpyBatchAsync_v2(&result, to, &all, 1, attributes, &zero, 1, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(std::memcmp(from.data(), back.data(), kBytes), 0);
}

TEST_F(DriverBatches, WhenTheSourceIsRead) {
  CUdeviceptr flag;
  unsigned *word = nullptr;
  ASSERT_EQ(cuMemHostAlloc(reinterpret_cast<void **>(&word), 64, CU_MEMHOSTALLOC_DEVICEMAP), CUDA_SUCCESS);
  ASSERT_EQ(cuMemHostGetDevicePointer(&flag, word, 0), CUDA_SUCCESS);
  *word = 0;
  ASSERT_EQ(cuStreamWaitValue32(stream, flag, 1, CU_STREAM_WAIT_VALUE_EQ), CUDA_SUCCESS);
  int in_order = 1, now = 1, *pinned = reinterpret_cast<int *>(word + 4), back[3] = {};
  *pinned = 1;
  CUdeviceptr to[] = {device, device + 4, device + 8}, sources[] = {at(&in_order), at(&now), at(pinned)};
  size_t sizes[] = {4, 4, 4}, first[] = {0, 1};
  CUmemcpyAttributes attributes[] = {reads(CU_MEMCPY_SRC_ACCESS_ORDER_STREAM), reads(CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL)};
  ASSERT_EQ(cuMemcpyBatchAsync_v2(to, sources, sizes, 3, attributes, first, 2, stream), CUDA_SUCCESS);
  in_order = now = *pinned = 2;
  __atomic_store_n(word, 1u, __ATOMIC_SEQ_CST);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoH(back, device, sizeof back), CUDA_SUCCESS);
  EXPECT_EQ(back[0], 2) << "when the stream got there";
  EXPECT_EQ(back[1], 1) << "before the call returned";
  EXPECT_EQ(back[2], 1) << "pinned memory too";
}

TEST_F(DriverBatches, WrongOnesDoNothing) {
  int source = 5, back = 0;
  ASSERT_EQ(cuMemsetD8(device, 0, 64), CUDA_SUCCESS);
  CUdeviceptr to[] = {device, device + 4}, sources[] = {at(&source), at(&source)};
  size_t sizes[] = {4, 4}, first[] = {0, 1}, failed = 9;
  CUmemcpyAttributes attributes[] = {reads(CU_MEMCPY_SRC_ACCESS_ORDER_STREAM), reads(CU_MEMCPY_SRC_ACCESS_ORDER_INVALID)};
  auto batch = old<OldBatch>("cuMemcpyBatchAsync");
  EXPECT_EQ(batch(to, sources, sizes, 2, attributes, first, 2, &failed, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(failed, 1u);
  EXPECT_EQ(batch(to, sources, sizes, 2, attributes, first, 1, &failed, nullptr), CUDA_ERROR_INVALID_VALUE) << "the legacy stream";
  EXPECT_EQ(failed, 2u) << "none in particular";
  EXPECT_EQ(batch(to, sources, sizes, 2, attributes, first, 3, &failed, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(batch(to, sources, sizes, 0, attributes, first, 1, &failed, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(batch(nullptr, sources, sizes, 2, attributes, first, 1, nullptr, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(batch(to, sources, sizes, 2, attributes, first, 1, nullptr, garbage<CUstream>()), CUDA_ERROR_INVALID_HANDLE);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  ASSERT_EQ(cuMemcpyDtoH(&back, device, 4), CUDA_SUCCESS);
  EXPECT_EQ(back, 0);
  EXPECT_EQ(batch(to, sources, sizes, 2, attributes, first, 1, nullptr, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
}

TEST_F(DriverBatches, BoxesAndArrays) {
  CUDA_ARRAY_DESCRIPTOR shape{8, 4, CU_AD_FORMAT_UNSIGNED_INT16, 2};
  CUarray array;
  ASSERT_EQ(cuArrayCreate(&array, &shape), CUDA_SUCCESS);
  unsigned from[4][10], back[2][3] = {};
  for (unsigned i = 0; i < 40; ++i) from[i / 10][i % 10] = i;
  CUDA_MEMCPY3D_BATCH_OP in{}, out{};
  in.src.type = CU_MEMCPY_OPERAND_TYPE_POINTER;
  in.src.op.ptr.ptr = at(from);
  in.src.op.ptr.rowLength = 10;
  in.dst.type = CU_MEMCPY_OPERAND_TYPE_ARRAY;
  in.dst.op.array.array = array;
  in.extent = {8, 4, 1};
  in.srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM;
  ASSERT_EQ(cuMemcpy3DBatchAsync_v2(1, &in, 0, stream), CUDA_SUCCESS);
  out.src.type = CU_MEMCPY_OPERAND_TYPE_ARRAY;
  out.src.op.array = {array, {2, 1, 0}};
  out.dst.type = CU_MEMCPY_OPERAND_TYPE_POINTER;
  out.dst.op.ptr.ptr = at(back);
  out.extent = {3, 2, 1};
  out.srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_ANY;
  ASSERT_EQ(cuMemcpy3DBatchAsync_v2(1, &out, 0, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  for (unsigned y = 0; y < 2; ++y)
    for (unsigned x = 0; x < 3; ++x) EXPECT_EQ(back[y][x], from[y + 1][x + 2]);

  size_t failed = 9;
  auto batch = old<OldBoxBatch>("cuMemcpy3DBatchAsync");
  auto refused = [&](CUDA_MEMCPY3D_BATCH_OP wrong, CUresult expected) {
    CUDA_MEMCPY3D_BATCH_OP list[] = {in, wrong};
    EXPECT_EQ(batch(2, list, &failed, 0, stream), expected);
    EXPECT_EQ(failed, 1u);
  };
  CUDA_MEMCPY3D_BATCH_OP wrong = in;
  wrong.extent.depth = 0;
  refused(wrong, CUDA_ERROR_INVALID_VALUE);
  wrong = in;
  wrong.src.op.ptr.rowLength = 7;
  refused(wrong, CUDA_ERROR_INVALID_VALUE);
  wrong = in;
  wrong.extent.width = 9;
  refused(wrong, CUDA_ERROR_INVALID_VALUE);
  wrong = in;
  wrong.dst.op.array.array = garbage<CUarray>();
  refused(wrong, CUDA_ERROR_INVALID_HANDLE);
  wrong = in;
  wrong.flags = 2;
  refused(wrong, CUDA_ERROR_INVALID_VALUE);
  wrong = in;
  wrong.src.type = static_cast<CUmemcpy3DOperandType>(0);
  refused(wrong, CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpy3DBatchAsync_v2(0, &in, 0, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpy3DBatchAsync_v2(1, nullptr, 0, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpy3DBatchAsync_v2(1, &in, 1, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemcpy3DBatchAsync_v2(1, &in, 0, CU_STREAM_LEGACY), CUDA_ERROR_INVALID_VALUE);
}

struct DriverAttributes : shim_test::WithContext {
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, -2), CUDA_SUCCESS);
  }
  CUstreamAttrValue get(CUstreamAttrID id, CUstream of) {
    CUstreamAttrValue value{};
    EXPECT_EQ(cuStreamGetAttribute(of, id, &value), CUDA_SUCCESS);
    return value;
  }
  CUstream stream = nullptr;
};

TEST_F(DriverAttributes, AreKeptAndCopied) {
  EXPECT_EQ(get(CU_LAUNCH_ATTRIBUTE_PRIORITY, stream).priority, -2);
  EXPECT_EQ(get(CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, stream).syncPolicy, CU_SYNC_POLICY_AUTO);
  EXPECT_EQ(get(CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP, stream).memSyncDomainMap.remote, 1);
  EXPECT_EQ(get(CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, stream).accessPolicyWindow.num_bytes, 0u);
  CUstreamAttrValue value{};
  value.accessPolicyWindow = {this, 4096, 0.5f, CU_ACCESS_PROPERTY_PERSISTING, CU_ACCESS_PROPERTY_STREAMING};
  EXPECT_EQ(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, &value), CUDA_SUCCESS);
  value = {};
  value.syncPolicy = CU_SYNC_POLICY_YIELD;
  EXPECT_EQ(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, &value), CUDA_SUCCESS);
  value = {};
  value.priority = -100;
  EXPECT_EQ(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value), CUDA_SUCCESS);
  value = {};
  value.memSyncDomainMap = {2, 3};
  EXPECT_EQ(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP, &value), CUDA_SUCCESS);
  value = {};
  value.memSyncDomain = CU_LAUNCH_MEM_SYNC_DOMAIN_REMOTE;
  EXPECT_EQ(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN, &value), CUDA_SUCCESS);
  value = {};
  value.nvlinkUtilCentricScheduling = 1;
  EXPECT_EQ(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING, &value), CUDA_SUCCESS);
  CUstream copy;
  ASSERT_EQ(cuStreamCreate(&copy, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamCopyAttributes(copy, stream), CUDA_SUCCESS);
  for (CUstream of : {stream, copy}) {
    CUaccessPolicyWindow window = get(CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, of).accessPolicyWindow;
    EXPECT_EQ(window.base_ptr, this);
    EXPECT_EQ(window.num_bytes, 4096u);
    EXPECT_EQ(window.hitRatio, 0.5f);
    EXPECT_EQ(window.hitProp, CU_ACCESS_PROPERTY_PERSISTING);
    EXPECT_EQ(window.missProp, CU_ACCESS_PROPERTY_STREAMING);
    EXPECT_EQ(get(CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, of).syncPolicy, CU_SYNC_POLICY_YIELD);
    int least, greatest, priority = 0;
    EXPECT_EQ(cuCtxGetStreamPriorityRange(&least, &greatest), CUDA_SUCCESS);
    EXPECT_EQ(get(CU_LAUNCH_ATTRIBUTE_PRIORITY, of).priority, greatest) << "clamped";
    EXPECT_EQ(cuStreamGetPriority(of, &priority), CUDA_SUCCESS);
    EXPECT_EQ(priority, greatest);
    EXPECT_EQ(get(CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP, of).memSyncDomainMap.default_, 2);
    EXPECT_EQ(get(CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN, of).memSyncDomain, CU_LAUNCH_MEM_SYNC_DOMAIN_REMOTE);
    EXPECT_EQ(get(CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING, of).nvlinkUtilCentricScheduling, 1u);
  }
}

TEST_F(DriverAttributes, WrongOnesAreRefused) {
  CUstreamAttrValue value{};
  auto set = [&](CUstreamAttrID id) { return cuStreamSetAttribute(stream, id, &value); };
  value.accessPolicyWindow = {this, 1, 1.5f, CU_ACCESS_PROPERTY_NORMAL, CU_ACCESS_PROPERTY_NORMAL};
  EXPECT_EQ(set(CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW), CUDA_ERROR_INVALID_VALUE);
  value.accessPolicyWindow = {this, 1, 1, CU_ACCESS_PROPERTY_NORMAL, CU_ACCESS_PROPERTY_PERSISTING};
  EXPECT_EQ(set(CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW), CUDA_ERROR_INVALID_VALUE);
  value = {};
  EXPECT_EQ(set(CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY), CUDA_ERROR_INVALID_VALUE);
  int domains = 0;
  EXPECT_EQ(cuDeviceGetAttribute(&domains, CU_DEVICE_ATTRIBUTE_MEM_SYNC_DOMAIN_COUNT, 0), CUDA_SUCCESS);
  value.memSyncDomainMap.remote = static_cast<unsigned char>(domains);
  EXPECT_EQ(set(CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP), CUDA_ERROR_INVALID_VALUE);
  value = {};
  value.memSyncDomain = static_cast<CUlaunchMemSyncDomain>(2);
  EXPECT_EQ(set(CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN), CUDA_ERROR_INVALID_VALUE);
  value = {};
  EXPECT_EQ(set(CU_LAUNCH_ATTRIBUTE_COOPERATIVE), CUDA_ERROR_INVALID_VALUE) << "of launches";
  EXPECT_EQ(set(static_cast<CUstreamAttrID>(99)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamGetAttribute(stream, CU_LAUNCH_ATTRIBUTE_COOPERATIVE, &value), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamGetAttribute(stream, CU_LAUNCH_ATTRIBUTE_PRIORITY, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuStreamSetAttribute(stream, CU_LAUNCH_ATTRIBUTE_PRIORITY, nullptr), CUDA_ERROR_INVALID_VALUE);
  CUcontext second;
  CUstream far;
  ASSERT_EQ(cuCtxCreate(&second, nullptr, 0, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamCreate(&far, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamCopyAttributes(far, stream), CUDA_ERROR_INVALID_VALUE) << "of another context";
  EXPECT_EQ(cuCtxDestroy(second), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamDestroy(stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamGetAttribute(stream, CU_LAUNCH_ATTRIBUTE_PRIORITY, &value), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(set(CU_LAUNCH_ATTRIBUTE_PRIORITY), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamCopyAttributes(nullptr, stream), CUDA_ERROR_INVALID_HANDLE);
}

}  // namespace
