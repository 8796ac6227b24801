// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory: allocating and releasing, also wrongly.
#include <cstring>
#include <vector>

#include "api_test.h"

namespace {

class Memory : public RuntimeApi {};

constexpr size_t kFarTooMuch = size_t{1} << 60;

TEST_F(Memory, IsAlignedAndDistinct) {
  void *a = nullptr, *b = nullptr;
  ASSERT_CUDA(cudaMalloc(&a, 1));
  ASSERT_CUDA(cudaMalloc(&b, 1));
  EXPECT_NE(a, b);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % 256, 0u);
  EXPECT_CUDA(cudaFree(a));
  EXPECT_CUDA(cudaFree(b));
}

TEST_F(Memory, ZeroBytesAreNullAndNoError) {
  void *p = &p;
  EXPECT_CUDA(cudaMalloc(&p, 0));
  EXPECT_EQ(p, nullptr);
  EXPECT_CUDA(cudaFree(nullptr));
  EXPECT_CUDA(cudaFreeHost(nullptr));
}

TEST_F(Memory, NullOutIsInvalid) {
  EXPECT_CUDA_ERROR(cudaMalloc(static_cast<void **>(nullptr), 16), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMallocManaged(static_cast<void **>(nullptr), 16, cudaMemAttachGlobal), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMallocHost(nullptr, 16), cudaErrorInvalidValue);
}

TEST_F(Memory, TooMuchIsAnErrorAndTheRestStillWorks) {
  void *p = nullptr;
  size_t pitch = 0;
  EXPECT_CUDA_ERROR(cudaMalloc(&p, kFarTooMuch), cudaErrorMemoryAllocation);
  EXPECT_CUDA_ERROR(cudaMalloc(&p, ~size_t{0}), cudaErrorMemoryAllocation);
  EXPECT_CUDA_ERROR(cudaMallocManaged(&p, kFarTooMuch, cudaMemAttachGlobal), cudaErrorMemoryAllocation);
  EXPECT_CUDA_ERROR(cudaMallocHost(&p, kFarTooMuch), cudaErrorMemoryAllocation);
  EXPECT_CUDA_ERROR(cudaMallocPitch(&p, &pitch, size_t{1} << 40, size_t{1} << 40), cudaErrorMemoryAllocation);
  ASSERT_CUDA(cudaMalloc(&p, 4096));
  EXPECT_CUDA(cudaFree(p));
}

TEST_F(Memory, ReleasingWhatIsNotAllocatedIsInvalid) {
  char *p = nullptr;
  int local = 0;
  ASSERT_CUDA(cudaMalloc(reinterpret_cast<void **>(&p), 4096));
  EXPECT_CUDA_ERROR(cudaFree(p + 256), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaFreeHost(p), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaFree(&local), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFree(p));
  EXPECT_CUDA_ERROR(cudaFree(p), cudaErrorInvalidValue);
}

TEST_F(Memory, MemGetInfoFollowsAllocations) {
  size_t before = 0, after = 0, total = 0;
  void *p = nullptr;
  ASSERT_CUDA(cudaMemGetInfo(&before, &total));
  ASSERT_CUDA(cudaMalloc(&p, 32 << 20));
  ASSERT_CUDA(cudaMemGetInfo(&after, &total));
  EXPECT_LE(after + (32 << 20), before);
  EXPECT_LE(before, total);
  EXPECT_CUDA(cudaFree(p));
}

TEST_F(Memory, ManagedIsUsableByTheHostAtOnce) {
  int *p = nullptr;
  ASSERT_CUDA(cudaMallocManaged(reinterpret_cast<void **>(&p), 1000 * sizeof(int), cudaMemAttachGlobal));
  for (int i = 0; i < 1000; i++) p[i] = i;
  EXPECT_CUDA(cudaMemset(p, 0, 10 * sizeof(int)));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(p[9], 0);
  EXPECT_EQ(p[10], 10);
  EXPECT_CUDA(cudaFree(p));
  EXPECT_CUDA_ERROR(cudaMallocManaged(reinterpret_cast<void **>(&p), 16, 8), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMallocManaged(reinterpret_cast<void **>(&p), 0, cudaMemAttachGlobal), cudaErrorInvalidValue);
}

TEST_F(Memory, PinnedHasADevicePointer) {
  char *host = nullptr, *device = nullptr;
  unsigned flags = 0;
  ASSERT_CUDA(cudaHostAlloc(reinterpret_cast<void **>(&host), 4096, cudaHostAllocPortable | cudaHostAllocMapped));
  ASSERT_CUDA(cudaHostGetDevicePointer(reinterpret_cast<void **>(&device), host, 0));
  char *inside = nullptr;
  ASSERT_CUDA(cudaHostGetDevicePointer(reinterpret_cast<void **>(&inside), host + 100, 0));
  EXPECT_EQ(inside, device + 100);
  ASSERT_CUDA(cudaHostGetFlags(&flags, host));
  EXPECT_EQ(flags, unsigned{cudaHostAllocPortable | cudaHostAllocMapped});
  EXPECT_CUDA(cudaFreeHost(host));
  EXPECT_CUDA_ERROR(cudaHostGetFlags(&flags, host), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaHostAlloc(reinterpret_cast<void **>(&host), 16, 0x80), cudaErrorInvalidValue);
}

TEST_F(Memory, RegisteredHostMemory) {
  std::vector<char> own(1 << 16);
  void *device = nullptr;
  ASSERT_CUDA(cudaHostRegister(own.data(), own.size(), cudaHostRegisterDefault));
  EXPECT_CUDA(cudaHostGetDevicePointer(&device, own.data(), 0));
  EXPECT_CUDA_ERROR(cudaHostRegister(own.data(), own.size(), 0), cudaErrorHostMemoryAlreadyRegistered);
  EXPECT_CUDA(cudaHostUnregister(own.data()));
  EXPECT_CUDA_ERROR(cudaHostUnregister(own.data()), cudaErrorHostMemoryNotRegistered);
  EXPECT_CUDA_ERROR(cudaHostRegister(nullptr, 16, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaHostRegister(own.data(), 0, 0), cudaErrorInvalidValue);
}

TEST_F(Memory, PitchesAreAlignedAndLongEnough) {
  void *p = nullptr;
  size_t pitch = 0;
  ASSERT_CUDA(cudaMallocPitch(&p, &pitch, 1000, 7));
  EXPECT_GE(pitch, 1000u);
  EXPECT_EQ(pitch % 512, 0u);
  EXPECT_CUDA(cudaMemset2D(p, pitch, 1, 1000, 7));
  EXPECT_CUDA(cudaFree(p));

  cudaPitchedPtr box{};
  ASSERT_CUDA(cudaMalloc3D(&box, cudaExtent{100, 20, 3}));
  EXPECT_EQ(box.xsize, 100u);
  EXPECT_EQ(box.ysize, 20u);
  EXPECT_GE(box.pitch, 100u);
  EXPECT_CUDA(cudaMemset3D(box, 0x5a, cudaExtent{100, 20, 3}));
  EXPECT_CUDA(cudaFree(box.ptr));
}

TEST_F(Memory, InStreamOrder) {
  cudaStream_t stream;
  char *p = nullptr, last = 0;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaMallocAsync(reinterpret_cast<void **>(&p), 1 << 20, stream));
  EXPECT_CUDA(cudaMemsetAsync(p, 7, 1 << 20, stream));
  EXPECT_CUDA(cudaMemcpyAsync(&last, p + (1 << 20) - 1, 1, cudaMemcpyDeviceToHost, stream));
  EXPECT_CUDA(cudaFreeAsync(p, stream));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(last, 7);
  EXPECT_CUDA_ERROR(cudaFreeAsync(p, stream), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST_F(Memory, PointerAttributesTellTheKinds) {
  struct {
    void *pointer;
    cudaMemoryType type;
  } known[3] = {{nullptr, cudaMemoryTypeDevice}, {nullptr, cudaMemoryTypeHost}, {nullptr, cudaMemoryTypeManaged}};
  ASSERT_CUDA(cudaMalloc(&known[0].pointer, 4096));
  ASSERT_CUDA(cudaMallocHost(&known[1].pointer, 4096));
  ASSERT_CUDA(cudaMallocManaged(&known[2].pointer, 4096, cudaMemAttachGlobal));
  for (auto &[pointer, type] : known) {
    cudaPointerAttributes a{};
    char *inside = static_cast<char *>(pointer) + 10;
    ASSERT_CUDA(cudaPointerGetAttributes(&a, inside));
    EXPECT_EQ(a.type, type);
    EXPECT_EQ(a.device, 0);
    EXPECT_EQ(a.devicePointer, inside);
    EXPECT_EQ(a.hostPointer, type == cudaMemoryTypeDevice ? nullptr : inside);
  }
  int local = 0;
  cudaPointerAttributes a{};
  ASSERT_CUDA(cudaPointerGetAttributes(&a, &local));
  EXPECT_EQ(a.type, cudaMemoryTypeUnregistered);
  EXPECT_EQ(a.device, cudaInvalidDeviceId);
  EXPECT_CUDA(cudaFree(known[0].pointer));
  EXPECT_CUDA(cudaFreeHost(known[1].pointer));
  EXPECT_CUDA(cudaFree(known[2].pointer));
}

TEST_F(Memory, HintsAreCheckedAndTaken) {
  void *managed = nullptr, *device = nullptr;
  ASSERT_CUDA(cudaMallocManaged(&managed, 4096, cudaMemAttachGlobal));
  ASSERT_CUDA(cudaMalloc(&device, 4096));
  cudaMemLocation here{};
  here.type = cudaMemLocationTypeDevice;
  here.id = 0;
  cudaMemLocation nowhere = here;
  nowhere.id = 99;
  EXPECT_CUDA(cudaMemPrefetchAsync(managed, 4096, here, 0, nullptr));
  EXPECT_CUDA(cudaMemAdvise(managed, 4096, cudaMemAdviseSetPreferredLocation, here));
  EXPECT_CUDA_ERROR(cudaMemPrefetchAsync(managed, 4096, nowhere, 0, nullptr), cudaErrorInvalidDevice);
  EXPECT_CUDA_ERROR(cudaMemPrefetchAsync(managed, 5000, here, 0, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemPrefetchAsync(device, 4096, here, 0, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFree(managed));
  EXPECT_CUDA(cudaFree(device));
}

}  // namespace
