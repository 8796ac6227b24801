// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code that the program loads by itself, and pools.
#include <gmock/gmock.h>

#include <cstring>
#include <fstream>

#include "program.h"

namespace {

class Libraries : public RuntimeApi {
 protected:
  static cudaError_t load(cudaLibrary_t *out, const void *image) {
    return cudaLibraryLoadData(out, image, nullptr, nullptr, 0, nullptr, nullptr, 0);
  }
};

const std::string kText = kPtxHead + R"(
.visible .global .align 8 .u64 value = 12;
.visible .global .attribute(.managed) .align 4 .u32 both = 3;
.visible .entry first() { ret; }
.visible .entry second(.param .u64 p) {
  .reg .b64 %rd<3>;
  ld.param.u64 %rd1, [p]; cvta.to.global.u64 %rd2, %rd1; st.global.u32 [%rd2], 99; ret;
}
)";

TEST_F(Libraries, GiveKernelsAndVariables) {
  cudaLibrary_t library;
  ASSERT_CUDA(load(&library, kText.c_str()));
  unsigned count = 0;
  EXPECT_CUDA(cudaLibraryGetKernelCount(&count, library));
  EXPECT_EQ(count, 2u);
  cudaKernel_t kernels[2]{}, second = nullptr;
  EXPECT_CUDA(cudaLibraryEnumerateKernels(kernels, 2, library));
  ASSERT_CUDA(cudaLibraryGetKernel(&second, library, "second"));
  EXPECT_TRUE(second == kernels[0] || second == kernels[1]);
  int *memory = nullptr, got = 0;
  ASSERT_CUDA(cudaMalloc(reinterpret_cast<void **>(&memory), 4));
  void *arguments[] = {&memory};
  ASSERT_CUDA(cudaLaunchKernel(reinterpret_cast<const void *>(second), 1, 1, arguments, 0, nullptr));
  ASSERT_CUDA(cudaMemcpy(&got, memory, 4, cudaMemcpyDeviceToHost));
  EXPECT_EQ(got, 99);
  void *address = nullptr;
  size_t size = 0;
  ASSERT_CUDA(cudaLibraryGetGlobal(&address, &size, library, "value"));
  EXPECT_EQ(size, 8u);
  ASSERT_CUDA(cudaLibraryGetManaged(&address, &size, library, "both"));
  EXPECT_EQ(*static_cast<int *>(address), 3);
  EXPECT_CUDA_ERROR(cudaLibraryGetManaged(&address, &size, library, "value"), cudaErrorSymbolNotFound);
  void *unified = nullptr;
  EXPECT_CUDA_ERROR(cudaLibraryGetUnifiedFunction(&unified, library, "value"), cudaErrorSymbolNotFound);
  EXPECT_CUDA_ERROR(cudaLibraryGetUnifiedFunction(&unified, nullptr, "value"), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaLibraryGetGlobal(&address, &size, library, "nothing"), cudaErrorSymbolNotFound);
  EXPECT_CUDA_ERROR(cudaLibraryGetKernel(&second, library, "third"), cudaErrorSymbolNotFound);
  EXPECT_CUDA(cudaLibraryUnload(library));
  EXPECT_CUDA_ERROR(cudaLibraryUnload(library), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaFree(memory));
}

TEST_F(Libraries, ComeFromFilesAndContainersToo) {
  std::string container = cutrans::fatbin::buildContainer({Program::ptxEntry(kText)});
  std::string path = testing::TempDir() + "/cutrans_library_test.fatbin";
  std::ofstream(path, std::ios::binary) << container;
  cudaLibrary_t library;
  ASSERT_CUDA(load(&library, container.data()));
  EXPECT_CUDA(cudaLibraryUnload(library));
  ASSERT_CUDA(cudaLibraryLoadFromFile(&library, path.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0));
  EXPECT_CUDA(cudaLibraryUnload(library));
  std::remove(path.c_str());
  EXPECT_CUDA_ERROR(cudaLibraryLoadFromFile(&library, path.c_str(), nullptr, nullptr, 0, nullptr, nullptr, 0),
                    cudaErrorFileNotFound);
}

TEST_F(Libraries, WrongCodeIsAnErrorWithALog) {
  cudaLibrary_t library;
  char log[512] = {};
  cudaJitOption options[] = {cudaJitErrorLogBuffer, cudaJitErrorLogBufferSizeBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  EXPECT_CUDA_ERROR(cudaLibraryLoadData(&library, "this is no PTX", options, values, 2, nullptr, nullptr, 0),
                    cudaErrorInvalidPtx);
  EXPECT_THAT(log, testing::HasSubstr("CT11"));
  EXPECT_CUDA_ERROR(load(&library, "\x7f" "ELF and more"), cudaErrorNoKernelImageForDevice);
  EXPECT_CUDA_ERROR(load(&library, nullptr), cudaErrorInvalidValue);
}

TEST_F(Libraries, PoolsCount) {
  cudaMemPool_t pool, other;
  ASSERT_CUDA(cudaDeviceGetDefaultMemPool(&pool, 0));
  ASSERT_CUDA(cudaDeviceGetMemPool(&other, 0));
  EXPECT_EQ(pool, other);
  uint64_t threshold = ~uint64_t{0}, used = 1, high = 0;
  EXPECT_CUDA(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  threshold = 0;
  EXPECT_CUDA(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  EXPECT_EQ(threshold, ~uint64_t{0});

  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  ASSERT_CUDA(cudaMemPoolCreate(&other, &properties));
  void *memory = nullptr;
  ASSERT_CUDA(cudaMallocFromPoolAsync(&memory, 1 << 20, other, nullptr));
  EXPECT_CUDA(cudaMemPoolGetAttribute(other, cudaMemPoolAttrUsedMemCurrent, &used));
  EXPECT_EQ(used, uint64_t{1} << 20);
  EXPECT_CUDA(cudaFreeAsync(memory, nullptr));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_CUDA(cudaMemPoolGetAttribute(other, cudaMemPoolAttrUsedMemCurrent, &used));
  EXPECT_CUDA(cudaMemPoolGetAttribute(other, cudaMemPoolAttrUsedMemHigh, &high));
  EXPECT_EQ(used, 0u);
  EXPECT_EQ(high, uint64_t{1} << 20);
  EXPECT_CUDA(cudaMemPoolTrimTo(other, 0));
  EXPECT_CUDA(cudaMemPoolDestroy(other));
  EXPECT_CUDA_ERROR(cudaMemPoolTrimTo(other, 0), cudaErrorInvalidValue);
}

}  // namespace
