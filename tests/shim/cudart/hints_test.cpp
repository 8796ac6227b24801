// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime API's half of what both APIs share: hints about managed memory, batches, attributes of streams and launches,
// links between devices. What the values mean is tested through the driver API.
#include <vector>

#include "api_test.h"

namespace {

constexpr size_t kPage = 4096;

class Hints : public RuntimeApi {
 protected:
  void SetUp() override {
    RuntimeApi::SetUp();
    ASSERT_CUDA(cudaMallocManaged(reinterpret_cast<void **>(&memory), 8 * kPage));
    ASSERT_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  }
  void TearDown() override {
    EXPECT_CUDA(cudaStreamDestroy(stream));
    EXPECT_CUDA(cudaFree(memory));
    RuntimeApi::TearDown();
  }
  int ask(cudaMemRangeAttribute attribute, size_t pages) {
    int value = -99;
    EXPECT_CUDA(cudaMemRangeGetAttribute(&value, sizeof value, attribute, memory, pages * kPage));
    return value;
  }
  char *memory = nullptr;
  cudaStream_t stream = nullptr;
};

TEST_F(Hints, AreGivenBack) {
  const cudaMemLocation device{cudaMemLocationTypeDevice, 0}, host{cudaMemLocationTypeHost, 0};
  EXPECT_EQ(ask(cudaMemRangeAttributePreferredLocation, 8), cudaInvalidDeviceId);
  EXPECT_CUDA(cudaMemAdvise(memory, 4 * kPage, cudaMemAdviseSetReadMostly, device));
  EXPECT_CUDA(cudaMemAdvise(memory, 4 * kPage, cudaMemAdviseSetPreferredLocation, host));
  EXPECT_CUDA(cudaMemPrefetchAsync(memory, 4 * kPage, device, 0, stream));
  EXPECT_EQ(ask(cudaMemRangeAttributeReadMostly, 4), 1);
  EXPECT_EQ(ask(cudaMemRangeAttributeReadMostly, 5), 0);
  EXPECT_EQ(ask(cudaMemRangeAttributePreferredLocation, 4), cudaCpuDeviceId);
  EXPECT_EQ(ask(cudaMemRangeAttributePreferredLocationType, 4), cudaMemLocationTypeHost);
  EXPECT_EQ(ask(cudaMemRangeAttributeLastPrefetchLocation, 4), 0);
  int users[2] = {5, 5}, mostly = 5;
  void *answers[] = {users, &mostly};
  size_t sizes[] = {sizeof users, sizeof mostly};
  cudaMemRangeAttribute attributes[] = {cudaMemRangeAttributeAccessedBy, cudaMemRangeAttributeReadMostly};
  EXPECT_CUDA(cudaMemAdvise(memory, kPage, cudaMemAdviseSetAccessedBy, device));
  EXPECT_CUDA(cudaMemRangeGetAttributes(answers, sizes, attributes, 2, memory, kPage));
  EXPECT_EQ(users[0], 0);
  EXPECT_EQ(users[1], cudaInvalidDeviceId);
  EXPECT_EQ(mostly, 1);
  EXPECT_CUDA_ERROR(cudaMemRangeGetAttributes(answers, sizes, nullptr, 2, memory, kPage), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemRangeGetAttribute(&mostly, 3, cudaMemRangeAttributeReadMostly, memory, kPage), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemRangeGetAttribute(&mostly, 4, cudaMemRangeAttributeReadMostly, &mostly, 4), cudaErrorInvalidValue);
}

TEST_F(Hints, InBatches) {
  void *starts[] = {memory, memory + kPage};
  size_t sizes[] = {kPage, kPage}, first[] = {0};
  cudaMemLocation where[] = {{cudaMemLocationTypeDevice, 0}};
  EXPECT_CUDA(cudaMemPrefetchBatchAsync(starts, sizes, 2, where, first, 1, 0, stream));
  EXPECT_EQ(ask(cudaMemRangeAttributeLastPrefetchLocation, 2), 0);
  EXPECT_CUDA(cudaMemDiscardBatchAsync(starts, sizes, 2, 0, stream));
  EXPECT_CUDA(cudaMemDiscardAndPrefetchBatchAsync(starts, sizes, 2, where, first, 1, 0, stream));
  EXPECT_CUDA_ERROR(cudaMemPrefetchBatchAsync(starts, sizes, 2, where, first, 1, 0, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemPrefetchBatchAsync(starts, sizes, 2, nullptr, first, 1, 0, stream), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemDiscardBatchAsync(starts, sizes, 2, 1, stream), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemDiscardAndPrefetchBatchAsync(starts, sizes, 0, where, first, 1, 0, stream), cudaErrorInvalidValue);
}

class Batches : public RuntimeApi {};

TEST_F(Batches, CopyMemoryAndBoxes) {
  cudaStream_t stream;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  int from[6] = {1, 2, 3, 4, 5, 6}, back[6] = {}, *device = nullptr;
  ASSERT_CUDA(cudaMalloc(reinterpret_cast<void **>(&device), sizeof from));
  void *to[] = {device, device + 3};
  const void *sources[] = {from, from + 3};
  size_t sizes[] = {12, 12}, first[] = {0};
  cudaMemcpyAttributes attributes[1]{};
  attributes[0].srcAccessOrder = cudaMemcpySrcAccessOrderDuringApiCall;
  ASSERT_CUDA(cudaMemcpyBatchAsync(to, sources, sizes, 2, attributes, first, 1, stream));
  cudaMemcpy3DBatchOp box{};
  box.src.type = box.dst.type = cudaMemcpyOperandTypePointer;
  box.src.op.ptr.ptr = device;
  box.src.op.ptr.rowLength = 12;
  box.dst.op.ptr.ptr = back;
  box.extent = {8, 2, 1};
  box.srcAccessOrder = cudaMemcpySrcAccessOrderStream;
  ASSERT_CUDA(cudaMemcpy3DBatchAsync(1, &box, 0, stream));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ((std::vector<int>(back, back + 4)), (std::vector<int>{1, 2, 4, 5}));
  attributes[0].srcAccessOrder = cudaMemcpySrcAccessOrderInvalid;
  EXPECT_CUDA_ERROR(cudaMemcpyBatchAsync(to, sources, sizes, 2, attributes, first, 1, stream), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpyBatchAsync(to, nullptr, sizes, 2, attributes, first, 1, stream), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy3DBatchAsync(1, &box, 0, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy3DBatchAsync(1, &box, 4, stream), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFree(device));
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

class StreamAttributes : public RuntimeApi {};

TEST_F(StreamAttributes, AreKept) {
  cudaStream_t a, b;
  ASSERT_CUDA(cudaStreamCreate(&a));
  ASSERT_CUDA(cudaStreamCreate(&b));
  cudaStreamAttrValue value{};
  value.accessPolicyWindow.hitRatio = 0.25f;
  value.accessPolicyWindow.num_bytes = 512;
  value.accessPolicyWindow.hitProp = cudaAccessPropertyPersisting;
  EXPECT_CUDA(cudaStreamSetAttribute(a, cudaStreamAttributeAccessPolicyWindow, &value));
  EXPECT_CUDA(cudaStreamCopyAttributes(b, a));
  value = {};
  EXPECT_CUDA(cudaStreamGetAttribute(b, cudaStreamAttributeAccessPolicyWindow, &value));
  EXPECT_EQ(value.accessPolicyWindow.num_bytes, 512u);
  EXPECT_EQ(value.accessPolicyWindow.hitProp, cudaAccessPropertyPersisting);
  EXPECT_CUDA_ERROR(cudaStreamSetAttribute(a, cudaStreamAttributeSynchronizationPolicy, nullptr), cudaErrorInvalidValue);
  value = {};
  EXPECT_CUDA_ERROR(cudaStreamSetAttribute(a, cudaStreamAttributeSynchronizationPolicy, &value), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamGetAttribute(a, static_cast<cudaStreamAttrID>(77), &value), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaStreamDestroy(a));
  EXPECT_CUDA_ERROR(cudaStreamCopyAttributes(b, a), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaStreamGetAttribute(a, cudaStreamAttributePriority, &value), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaStreamDestroy(b));
}

class LaunchAttributes : public RuntimeApi {
 protected:
  // Attributes are judged before the function, which is none here.
  cudaError_t judge(std::vector<cudaLaunchAttribute> list, dim3 grid = 4) {
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = 32;
    config.attrs = list.data();
    config.numAttrs = static_cast<unsigned>(list.size());
    static int no_function;
    cudaError_t error = cudaLaunchKernelExC(&config, &no_function, nullptr);
    (void)cudaGetLastError();
    return error;
  }
  static cudaLaunchAttribute attribute(cudaLaunchAttributeID id) {
    cudaLaunchAttribute made{};
    made.id = id;
    return made;
  }
  static constexpr cudaError_t kAccepted = cudaErrorInvalidDeviceFunction;
};

TEST_F(LaunchAttributes, EventsMustNotTellTime) {
  cudaEvent_t timed, plain;
  ASSERT_CUDA(cudaEventCreate(&timed));
  ASSERT_CUDA(cudaEventCreateWithFlags(&plain, cudaEventDisableTiming));
  cudaLaunchAttribute done = attribute(cudaLaunchAttributeLaunchCompletionEvent), programmatic = attribute(cudaLaunchAttributeProgrammaticEvent);
  EXPECT_EQ(judge({done}), cudaErrorInvalidResourceHandle);
  done.val.launchCompletionEvent.event = programmatic.val.programmaticEvent.event = timed;
  EXPECT_EQ(judge({done}), cudaErrorInvalidValue);
  EXPECT_EQ(judge({programmatic}), cudaErrorInvalidValue);
  done.val.launchCompletionEvent.event = programmatic.val.programmaticEvent.event = plain;
  EXPECT_EQ(judge({done, programmatic}), kAccepted);
  done.val.launchCompletionEvent.flags = cudaEventRecordExternal;
  EXPECT_EQ(judge({done}), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaEventDestroy(plain));
  EXPECT_EQ(judge({programmatic}), cudaErrorInvalidResourceHandle) << "stale";
  EXPECT_CUDA(cudaEventDestroy(timed));
}

TEST_F(LaunchAttributes, ValuesAreJudged) {
  EXPECT_EQ(judge({attribute(cudaLaunchAttributeIgnore), attribute(cudaLaunchAttributePriority)}), kAccepted);
  cudaLaunchAttribute carveout = attribute(cudaLaunchAttributePreferredSharedMemoryCarveout);
  carveout.val.sharedMemCarveout = 100;
  EXPECT_EQ(judge({carveout}), kAccepted);
  carveout.val.sharedMemCarveout = 101;
  EXPECT_EQ(judge({carveout}), cudaErrorInvalidValue);
  cudaLaunchAttribute domain = attribute(cudaLaunchAttributeMemSyncDomain);
  domain.val.memSyncDomain = cudaLaunchMemSyncDomainRemote;
  EXPECT_EQ(judge({domain}), kAccepted);
  domain.val.memSyncDomain = static_cast<cudaLaunchMemSyncDomain>(5);
  EXPECT_EQ(judge({domain}), cudaErrorInvalidValue);
  cudaLaunchAttribute policy = attribute(cudaLaunchAttributeSynchronizationPolicy);
  policy.val.syncPolicy = cudaSyncPolicySpin;
  EXPECT_EQ(judge({policy}), cudaErrorInvalidValue) << "of streams";
  EXPECT_EQ(judge({attribute(static_cast<cudaLaunchAttributeID>(15))}), cudaErrorInvalidValue);
  EXPECT_EQ(judge({attribute(cudaLaunchAttributeDeviceUpdatableKernelNode)}), cudaErrorNotSupported);
}

TEST_F(LaunchAttributes, ThePreferredClusterIsAMultiple) {
  cudaLaunchAttribute cluster = attribute(cudaLaunchAttributeClusterDimension), preferred = attribute(cudaLaunchAttributePreferredClusterDimension);
  cluster.val.clusterDim = {2, 1, 1};
  preferred.val.preferredClusterDim = {4, 1, 1};
  EXPECT_EQ(judge({cluster, preferred}, 8), kAccepted);
  EXPECT_EQ(judge({cluster, preferred}, 6), cudaErrorInvalidValue) << "does not divide the grid";
  preferred.val.preferredClusterDim = {3, 1, 1};
  EXPECT_EQ(judge({cluster, preferred}, 6), cudaErrorInvalidValue);
  EXPECT_EQ(judge({preferred}, 8), kAccepted) << "no effect without the other";
  preferred.val.preferredClusterDim = {0, 1, 1};
  EXPECT_EQ(judge({preferred}, 8), cudaErrorInvalidValue);
}

class DeviceLinks : public RuntimeApi {};

TEST_F(DeviceLinks, AtomicsAndNotifications) {
  unsigned can[2] = {};
  const cudaAtomicOperation asked[] = {cudaAtomicOperationIntegerAdd, cudaAtomicOperationFloatMin};
  EXPECT_CUDA(cudaDeviceGetHostAtomicCapabilities(can, asked, 2, 0));
  EXPECT_TRUE(can[0] & cudaAtomicCapabilityScalar64);
  EXPECT_EQ(can[1], 0u);
  EXPECT_CUDA_ERROR(cudaDeviceGetHostAtomicCapabilities(can, asked, 0, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaDeviceGetHostAtomicCapabilities(can, asked, 1, 99), cudaErrorInvalidDevice);
  EXPECT_CUDA_ERROR(cudaDeviceGetP2PAtomicCapabilities(can, asked, 1, 0, 0), cudaErrorInvalidDevice);
  cudaAsyncCallbackHandle_t handle = nullptr;
  auto function = [](cudaAsyncNotificationInfo_t *, void *, cudaAsyncCallbackHandle_t) {};
  EXPECT_CUDA_ERROR(cudaDeviceRegisterAsyncNotification(0, nullptr, nullptr, &handle), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaDeviceRegisterAsyncNotification(0, function, nullptr, &handle));
  EXPECT_CUDA(cudaDeviceUnregisterAsyncNotification(0, handle));
  EXPECT_CUDA_ERROR(cudaDeviceUnregisterAsyncNotification(0, handle), cudaErrorInvalidValue);
}

TEST_F(DeviceLinks, TheListOfDevices) {
  int count = 0, list[] = {0, 99};
  ASSERT_CUDA(cudaGetDeviceCount(&count));
  EXPECT_CUDA(cudaSetValidDevices(list, 1));
  EXPECT_CUDA(cudaSetValidDevices(nullptr, 0));
  EXPECT_CUDA_ERROR(cudaSetValidDevices(nullptr, 1), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaSetValidDevices(list, count + 1), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaSetValidDevices(list + 1, 1), cudaErrorInvalidDevice);
}

}  // namespace
