// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two devices in one process: what belongs to which, and what they share.
#include <cstdlib>
#include <thread>

#include "program.h"

namespace {

// Before anything of the layer reads its settings, which happens at the first call.
const bool two_devices = setenv("CUTRANS_HOST_DEVICES", "2", 1) == 0;

class SeveralDevices : public RuntimeApi {
 protected:
  void SetUp() override {
    int count = 0;
    ASSERT_TRUE(two_devices);
    ASSERT_CUDA(cudaGetDeviceCount(&count));
    ASSERT_EQ(count, 2);
    ASSERT_CUDA(cudaSetDevice(0));
  }
};

const std::string kText = kPtxHead + R"(
.visible .global .align 4 .u32 own;
.visible .entry count() {
  .reg .b64 %rd1;
  mov.u64 %rd1, own; red.global.add.u32 [%rd1], 1; ret;
}
)";

TEST_F(SeveralDevices, EachThreadChoosesItsOwn) {
  int device = -1;
  ASSERT_CUDA(cudaSetDevice(1));
  std::thread([&] { EXPECT_CUDA(cudaGetDevice(&device)); }).join();
  EXPECT_EQ(device, 0);
  EXPECT_CUDA(cudaGetDevice(&device));
  EXPECT_EQ(device, 1);
}

TEST_F(SeveralDevices, VariablesAreThereOncePerDevice) {
  Program program(kText);
  const void *count = program.kernel("count"), *own = program.variable("own", 4);
  for (int device : {0, 1, 1}) {
    ASSERT_CUDA(cudaSetDevice(device));
    EXPECT_CUDA(cudaLaunchKernel(count, 1, 1, nullptr, 0, nullptr));
  }
  unsigned values[2] = {};
  for (int device : {0, 1}) {
    ASSERT_CUDA(cudaSetDevice(device));
    EXPECT_CUDA(cudaMemcpyFromSymbol(&values[device], own, 4, 0, cudaMemcpyDeviceToHost));
  }
  EXPECT_EQ(values[0], 1u);
  EXPECT_EQ(values[1], 2u);
}

TEST_F(SeveralDevices, ManagedVariablesAreRefusedOnTheSecond) {
  Program program(kPtxHead + ".visible .global .attribute(.managed) .align 4 .u32 m;\n.visible .entry k() { ret; }\n");
  const void *kernel = program.kernel("k");
  EXPECT_CUDA(cudaLaunchKernel(kernel, 1, 1, nullptr, 0, nullptr));
  ASSERT_CUDA(cudaSetDevice(1));
  EXPECT_CUDA_ERROR(cudaLaunchKernel(kernel, 1, 1, nullptr, 0, nullptr), cudaErrorNotSupported);
  ASSERT_CUDA(cudaSetDevice(0));
  EXPECT_CUDA(cudaLaunchKernel(kernel, 1, 1, nullptr, 0, nullptr));
  EXPECT_CUDA(cudaDeviceSynchronize());
}

TEST_F(SeveralDevices, PeersCopyAndAreEnabledOnce) {
  void *a = nullptr, *b = nullptr;
  int can = 0, value = 1234, got = 0;
  ASSERT_CUDA(cudaDeviceCanAccessPeer(&can, 0, 1));
  ASSERT_CUDA(cudaMalloc(&a, 4));
  ASSERT_CUDA(cudaMemcpy(a, &value, 4, cudaMemcpyHostToDevice));
  if (can) {
    EXPECT_CUDA(cudaDeviceEnablePeerAccess(1, 0));
    EXPECT_CUDA_ERROR(cudaDeviceEnablePeerAccess(1, 0), cudaErrorPeerAccessAlreadyEnabled);
    EXPECT_CUDA(cudaDeviceDisablePeerAccess(1));
    EXPECT_CUDA_ERROR(cudaDeviceDisablePeerAccess(1), cudaErrorPeerAccessNotEnabled);
  }
  ASSERT_CUDA(cudaSetDevice(1));
  ASSERT_CUDA(cudaMalloc(&b, 4));
  ASSERT_CUDA(cudaMemcpyPeer(b, 1, a, 0, 4));
  ASSERT_CUDA(cudaMemcpy(&got, b, 4, cudaMemcpyDefault));
  EXPECT_EQ(got, value);
  cudaPointerAttributes attributes{};
  EXPECT_CUDA(cudaPointerGetAttributes(&attributes, a));
  EXPECT_EQ(attributes.device, 0);
  EXPECT_CUDA(cudaPointerGetAttributes(&attributes, b));
  EXPECT_EQ(attributes.device, 1);
  EXPECT_CUDA(cudaFree(a));  // from whichever device is current
  EXPECT_CUDA(cudaFree(b));
}

TEST_F(SeveralDevices, EventsAndStreamsStayOnTheirs) {
  cudaStream_t stream;
  cudaEvent_t event;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaSetDevice(1));
  ASSERT_CUDA(cudaEventCreate(&event));
  EXPECT_CUDA_ERROR(cudaEventRecord(event, stream), cudaErrorInvalidResourceHandle);
  int device = -1;
  EXPECT_CUDA(cudaStreamGetDevice(stream, &device));
  EXPECT_EQ(device, 0);
  EXPECT_CUDA(cudaEventRecord(event, nullptr));
  EXPECT_CUDA(cudaStreamWaitEvent(stream, event, 0));  // waiting across devices is legal
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaEventDestroy(event));
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST_F(SeveralDevices, ResettingOneLeavesTheOther) {
  void *a = nullptr, *b = nullptr;
  ASSERT_CUDA(cudaMalloc(&a, 64));
  ASSERT_CUDA(cudaSetDevice(1));
  ASSERT_CUDA(cudaMalloc(&b, 64));
  ASSERT_CUDA(cudaDeviceReset());
  EXPECT_CUDA_ERROR(cudaFree(b), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFree(a));
}

}  // namespace
