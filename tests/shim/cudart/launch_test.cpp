// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches in all forms, illegal ones, and kernels that fail.
#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "program.h"

namespace {

// fill(p, v): p[global thread] = v. shared(p): p[block] = last dynamic shared word after all threads wrote their own.
const std::string kKernels = kPtxHead + R"(
.extern .shared .align 16 .b8 dynamic[];
.visible .global .align 4 .u32 total;
.visible .entry fill(.param .u64 p, .param .u32 v) {
  .reg .b32 %r<6>; .reg .b64 %rd<5>;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [v];
  mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mov.u32 %r4, %tid.x;
  mad.lo.s32 %r5, %r2, %r3, %r4;
  cvta.to.global.u64 %rd2, %rd1; mul.wide.u32 %rd3, %r5, 4; add.s64 %rd4, %rd2, %rd3;
  st.global.u32 [%rd4], %r1;
  ret;
}
.visible .entry count() {
  .reg .b64 %rd1;
  mov.u64 %rd1, total;
  red.global.add.u32 [%rd1], 1;
  ret;
}
.visible .entry touch_shared(.param .u64 p) {
  .reg .b32 %r<5>; .reg .b64 %rd<3>;
  ld.param.u64 %rd1, [p]; cvta.to.global.u64 %rd2, %rd1;
  mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 2; mov.u32 %r3, dynamic; add.s32 %r4, %r3, %r2;
  st.shared.u32 [%r4], %r1;
  bar.sync 0;
  ld.shared.u32 %r4, [dynamic+4];
  st.global.u32 [%rd2], %r4;
  ret;
}
.visible .entry limited() .maxntid 64, 1, 1 { ret; }
.visible .entry exact() .reqntid 32, 2, 1 { ret; }
.visible .entry wild_store() {
  .reg .b64 %rd1;
  mov.u64 %rd1, 16;
  st.global.u32 [%rd1], 0;
  ret;
}
.visible .entry trapped() { trap; ret; }
)";

class Launches : public RuntimeApi {
 protected:
  void SetUp() override {
    RuntimeApi::SetUp();
    ASSERT_CUDA(cudaMalloc(reinterpret_cast<void **>(&memory_), kCount * sizeof(unsigned)));
    ASSERT_CUDA(cudaMemset(memory_, 0, kCount * sizeof(unsigned)));
  }
  void TearDown() override {
    EXPECT_CUDA(cudaFree(memory_));
    RuntimeApi::TearDown();
  }
  std::vector<unsigned> result() {
    std::vector<unsigned> out(kCount);
    EXPECT_CUDA(cudaMemcpy(out.data(), memory_, kCount * sizeof(unsigned), cudaMemcpyDeviceToHost));
    return out;
  }
  // The first `n` are `value`, the rest 0.
  static std::vector<unsigned> filled(size_t n, unsigned value) {
    std::vector<unsigned> out(kCount, 0);
    std::fill_n(out.begin(), n, value);
    return out;
  }

  static constexpr size_t kCount = 4096;
  unsigned *memory_ = nullptr;
  Program program_{kKernels};
  const void *fill_ = program_.kernel("fill");
};

TEST_F(Launches, ByTheAddressOfTheKernel) {
  unsigned value = 7;
  void *arguments[] = {&memory_, &value};
  ASSERT_CUDA(cudaLaunchKernel(fill_, 3, 32, arguments, 0, nullptr));
  EXPECT_EQ(result(), filled(96, 7));
}

TEST_F(Launches, AsTheCompilersStubDoes) {
  cudaKernel_t kernel = nullptr;
  unsigned value = 8;
  void *arguments[] = {&memory_, &value};
  dim3 grid, block;
  size_t shared = 0;
  cudaStream_t stream = nullptr;
  ASSERT_EQ(__cudaPushCallConfiguration(2, 50, 0, nullptr), 0u);
  ASSERT_CUDA(__cudaGetKernel(&kernel, fill_));
  ASSERT_CUDA(__cudaPopCallConfiguration(&grid, &block, &shared, &stream));
  ASSERT_CUDA(__cudaLaunchKernel(kernel, grid, block, arguments, shared, stream));
  EXPECT_EQ(result(), filled(100, 8));
}

TEST_F(Launches, ExtendedWithAttributes) {
  cudaLaunchAttribute attributes[3]{};
  attributes[0].id = cudaLaunchAttributeCooperative;
  attributes[0].val.cooperative = 1;
  attributes[1].id = cudaLaunchAttributePriority;
  attributes[2].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attributes[2].val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = 2;
  config.blockDim = 16;
  config.attrs = attributes;
  config.numAttrs = 3;
  unsigned value = 9;
  void *arguments[] = {&memory_, &value};
  ASSERT_CUDA(cudaLaunchKernelExC(&config, fill_, arguments));
  EXPECT_EQ(result(), filled(32, 9));

  attributes[1].id = cudaLaunchAttributeClusterDimension;
  attributes[1].val.clusterDim.x = 2;
  attributes[1].val.clusterDim.y = attributes[1].val.clusterDim.z = 1;
  config.gridDim.x = 3;
  EXPECT_CUDA_ERROR(cudaLaunchKernelExC(&config, fill_, arguments), cudaErrorInvalidClusterSize);
  config.gridDim.x = attributes[1].val.clusterDim.x = 16;
  EXPECT_CUDA_ERROR(cudaLaunchKernelExC(&config, fill_, arguments), cudaErrorInvalidClusterSize);
  attributes[1].id = static_cast<cudaLaunchAttributeID>(200);
  EXPECT_CUDA_ERROR(cudaLaunchKernelExC(&config, fill_, arguments), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaLaunchKernelExC(nullptr, fill_, arguments), cudaErrorInvalidValue);
}

TEST_F(Launches, ByKernelHandleInPlaceOfTheAddress) {
  cudaKernel_t kernel = nullptr;
  unsigned value = 3;
  void *arguments[] = {&memory_, &value};
  ASSERT_CUDA(cudaGetKernel(&kernel, fill_));
  ASSERT_CUDA(cudaLaunchKernel(reinterpret_cast<const void *>(kernel), 1, 4, arguments, 0, nullptr));
  EXPECT_EQ(result(), filled(4, 3));
}

TEST_F(Launches, CooperativeOnesMustFit) {
  unsigned value = 5;
  void *arguments[] = {&memory_, &value};
  ASSERT_CUDA(cudaLaunchCooperativeKernel(fill_, 2, 32, arguments, 0, nullptr));
  EXPECT_EQ(result(), filled(64, 5));
  EXPECT_CUDA_ERROR(cudaLaunchCooperativeKernel(fill_, 1 << 20, 1024, arguments, 0, nullptr),
                    cudaErrorCooperativeLaunchTooLarge);
}

TEST_F(Launches, IllegalShapesAreInvalidConfigurations) {
  unsigned value = 1;
  void *arguments[] = {&memory_, &value};
  for (auto [grid, block] : {std::pair(dim3(0), dim3(1)), std::pair(dim3(1), dim3(0)), std::pair(dim3(1), dim3(1025)),
                             std::pair(dim3(1), dim3(1024, 2)), std::pair(dim3(1), dim3(1, 1, 65)),
                             std::pair(dim3(1, 65536), dim3(1)), std::pair(dim3(1, 1, 65536), dim3(1)),
                             std::pair(dim3(1u << 31), dim3(1))})
    EXPECT_CUDA_ERROR(cudaLaunchKernel(fill_, grid, block, arguments, 0, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(result(), filled(0, 0));
}

TEST_F(Launches, SharedMemoryBeyondTheDefaultNeedsAnOptIn) {
  const void *kernel = program_.kernel("touch_shared");
  void *arguments[] = {&memory_};
  EXPECT_CUDA_ERROR(cudaLaunchKernel(kernel, 1, 32, arguments, (48 << 10) + 1, nullptr), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 96 << 10));
  ASSERT_CUDA(cudaLaunchKernel(kernel, 1, 32, arguments, 96 << 10, nullptr));
  EXPECT_EQ(result(), filled(1, 1));
  EXPECT_CUDA_ERROR(cudaLaunchKernel(kernel, 1, 32, arguments, (96 << 10) + 1, nullptr), cudaErrorInvalidValue);
}

TEST_F(Launches, LimitsOfTheKernelHold) {
  const void *limited = program_.kernel("limited"), *exact = program_.kernel("exact");
  EXPECT_CUDA(cudaLaunchKernel(limited, 1, 64, nullptr, 0, nullptr));
  EXPECT_CUDA_ERROR(cudaLaunchKernel(limited, 1, 65, nullptr, 0, nullptr), cudaErrorLaunchOutOfResources);
  EXPECT_CUDA(cudaLaunchKernel(exact, 1, dim3(32, 2), nullptr, 0, nullptr));
  EXPECT_CUDA_ERROR(cudaLaunchKernel(exact, 1, dim3(2, 32), nullptr, 0, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaDeviceSynchronize());
}

TEST_F(Launches, NullArgumentsAndWrongStreamsAreErrors) {
  void *arguments[] = {&memory_, nullptr};
  EXPECT_CUDA_ERROR(cudaLaunchKernel(fill_, 1, 1, nullptr, 0, nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaLaunchKernel(fill_, 1, 1, arguments, 0, nullptr), cudaErrorInvalidValue);
  unsigned value = 1;
  arguments[1] = &value;
  EXPECT_CUDA_ERROR(cudaLaunchKernel(fill_, 1, 1, arguments, 0, reinterpret_cast<cudaStream_t>(arguments)),
                    cudaErrorInvalidResourceHandle);
}

TEST_F(Launches, OccupancyIsThatOfTheReportedCapability) {
  int blocks = 0, units = 0;
  cudaDeviceProp p;
  ASSERT_CUDA(cudaGetDeviceProperties(&p, 0));
  units = p.maxThreadsPerMultiProcessor;
  ASSERT_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill_, 256, 0));
  EXPECT_EQ(blocks, units / 256);  // few registers: threads are the limit
  ASSERT_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill_, 32, 0));
  EXPECT_EQ(blocks, p.maxBlocksPerMultiProcessor);
  ASSERT_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill_, 32, 40 << 10));
  EXPECT_EQ(static_cast<size_t>(blocks), p.sharedMemPerMultiprocessor / ((40 << 10) + p.reservedSharedMemPerBlock));
  ASSERT_CUDA(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill_, 1024, size_t{1} << 30));
  EXPECT_EQ(blocks, 0);
  EXPECT_CUDA_ERROR(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill_, 0, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaOccupancyMaxActiveBlocksPerMultiprocessor(nullptr, fill_, 32, 0), cudaErrorInvalidValue);
}

TEST_F(Launches, ThreadsLaunchAtTheSameTime) {
  const void *count = program_.kernel("count"), *total = program_.variable("total", 4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; i++) EXPECT_CUDA(cudaLaunchKernel(count, 2, 32, nullptr, 0, cudaStreamPerThread));
      EXPECT_CUDA(cudaStreamSynchronize(cudaStreamPerThread));
    });
  for (std::thread &thread : threads) thread.join();
  unsigned value = 0;
  ASSERT_CUDA(cudaMemcpyFromSymbol(&value, total, 4, 0, cudaMemcpyDeviceToHost));
  EXPECT_EQ(value, 4u * 100 * 64);
}

// A fault shows at the next synchronisation, stays, and goes with a reset.
class Faults : public RuntimeApi, public testing::WithParamInterface<std::pair<const char *, cudaError_t>> {};

TEST_P(Faults, StickUntilReset) {
  auto [name, expected] = GetParam();
  Program program(kKernels);
  void *memory = nullptr;
  ASSERT_CUDA(cudaMalloc(&memory, 64));
  EXPECT_CUDA(cudaLaunchKernel(program.kernel(name), 1, 1, nullptr, 0, nullptr));
  EXPECT_EQ(cudaDeviceSynchronize(), expected);
  EXPECT_EQ(cudaGetLastError(), expected);
  EXPECT_EQ(cudaGetLastError(), expected);
  EXPECT_EQ(cudaMalloc(&memory, 64), expected);
  EXPECT_EQ(cudaDeviceSynchronize(), expected);
  EXPECT_EQ(cudaPeekAtLastError(), expected);
  EXPECT_CUDA(cudaDeviceReset());
  cudaGetLastError();
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  ASSERT_CUDA(cudaMalloc(&memory, 64));
  unsigned value = 4;
  void *arguments[] = {&memory, &value};
  ASSERT_CUDA(cudaLaunchKernel(program.kernel("fill"), 1, 4, arguments, 0, nullptr));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_CUDA(cudaFree(memory));
}

INSTANTIATE_TEST_SUITE_P(Each, Faults,
                         testing::Values(std::pair("wild_store", cudaErrorIllegalAddress),
                                         std::pair("trapped", cudaErrorLaunchFailure)),
                         [](const auto &info) { return info.param.first; });

TEST(Linking, UnitsOfAnRdcProgramFindEachOther) {
  const std::string caller = kPtxHead +
                             ".extern .func (.param .b32 r) twice(.param .b32 x);\n.extern .global .align 4 .u32 base;\n"
                             ".visible .entry run(.param .u64 p) {\n .reg .b32 %r<4>; .reg .b64 %rd<3>;\n"
                             " ld.param.u64 %rd1, [p]; cvta.to.global.u64 %rd2, %rd1; ld.global.u32 %r1, [base];\n"
                             " { .param .b32 x; .param .b32 r; st.param.b32 [x], %r1; call (r), twice, (x);"
                             " ld.param.b32 %r2, [r]; }\n st.global.u32 [%rd2], %r2; ret; }\n";
  const std::string callee = kPtxHead +
                             ".visible .global .align 4 .u32 base = 21;\n"
                             ".visible .func (.param .b32 r) twice(.param .b32 x) {\n .reg .b32 %r<3>;\n"
                             " ld.param.b32 %r1, [x]; add.s32 %r2, %r1, %r1; st.param.b32 [r], %r2; ret; }\n";
  Program program({{Program::ptxEntry(caller)}, {Program::ptxEntry(callee)}});
  void *memory = nullptr;
  unsigned value = 0;
  ASSERT_CUDA(cudaMalloc(&memory, 4));
  void *arguments[] = {&memory};
  ASSERT_CUDA(cudaLaunchKernel(program.kernel("run"), 1, 1, arguments, 0, nullptr));
  ASSERT_CUDA(cudaMemcpy(&value, memory, 4, cudaMemcpyDeviceToHost));
  EXPECT_EQ(value, 42u);
  EXPECT_CUDA(cudaFree(memory));

  Program alone({{Program::ptxEntry(caller)}, {Program::ptxEntry(kPtxHead)}});
  EXPECT_CUDA_ERROR(cudaLaunchKernel(alone.kernel("run"), 1, 1, arguments, 0, nullptr), cudaErrorInvalidPtx);
}

}  // namespace
