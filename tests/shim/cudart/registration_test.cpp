// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registered programs: what they carry is found, and what they lack is an error with a reason. Nothing is launched.
#include <gmock/gmock.h>

#include <cstring>

#include "program.h"

namespace {

using testing::HasSubstr;

class Registration : public RuntimeApi {};

const std::string kVariables = kPtxHead + R"(
.visible .global .align 4 .u32 counter = 5;
.visible .const .align 4 .b8 table[16] = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0};
.visible .global .attribute(.managed) .align 4 .u32 shared_count = 41;
.visible .entry nothing() { ret; }
.visible .entry three(.param .u8 a, .param .align 8 .b8 b[48], .param .u16 c) .maxntid 128, 1, 1 { ret; }
)";

TEST_F(Registration, VariablesHaveTheirInitialValues) {
  Program program(kVariables);
  const void *counter = program.variable("counter", 4), *table = program.variable("table", 16, true);
  unsigned value = 0, entries[4] = {};
  ASSERT_CUDA(cudaMemcpyFromSymbol(&value, counter, 4, 0, cudaMemcpyDeviceToHost));
  EXPECT_EQ(value, 5u);
  ASSERT_CUDA(cudaMemcpyFromSymbol(entries, table, 8, 8, cudaMemcpyDefault));
  EXPECT_EQ(entries[1], 4u);
  value = 77;
  ASSERT_CUDA(cudaMemcpyToSymbol(table, &value, 4, 4, cudaMemcpyHostToDevice));
  ASSERT_CUDA(cudaMemcpyFromSymbol(entries, table, 16, 0, cudaMemcpyDeviceToHost));
  EXPECT_EQ(entries[0], 1u);
  EXPECT_EQ(entries[1], 77u);
}

TEST_F(Registration, SymbolsHaveAddressAndSize) {
  Program program(kVariables);
  const void *table = program.variable("table", 16, true);
  void *address = nullptr;
  size_t size = 0;
  int third = 0;
  ASSERT_CUDA(cudaGetSymbolAddress(&address, table));
  ASSERT_CUDA(cudaGetSymbolSize(&size, table));
  EXPECT_EQ(size, 16u);
  ASSERT_CUDA(cudaMemcpy(&third, static_cast<char *>(address) + 8, 4, cudaMemcpyDeviceToHost));
  EXPECT_EQ(third, 3);
}

TEST_F(Registration, SymbolCopiesAreChecked) {
  Program program(kVariables);
  const void *table = program.variable("table", 16, true), *missing = program.variable("no_such", 4);
  int value = 0;
  EXPECT_CUDA_ERROR(cudaMemcpyToSymbol(table, &value, 4, 14, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpyToSymbol(table, &value, 4, ~size_t{0}, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpyToSymbol(table, &value, 4, 0, cudaMemcpyDeviceToHost), cudaErrorInvalidMemcpyDirection);
  EXPECT_CUDA_ERROR(cudaMemcpyToSymbol(&value, &value, 4, 0, cudaMemcpyHostToDevice), cudaErrorInvalidSymbol);
  EXPECT_CUDA_ERROR(cudaMemcpyFromSymbol(&value, nullptr, 4, 0, cudaMemcpyDeviceToHost), cudaErrorInvalidSymbol);
  EXPECT_CUDA_ERROR(cudaMemcpyFromSymbol(&value, missing, 4, 0, cudaMemcpyDeviceToHost), cudaErrorInvalidSymbol);
}

TEST_F(Registration, ManagedVariablesAreThereAfterInitModule) {
  Program program(kVariables);
  void **pointer = program.managed("shared_count", 4);
  EXPECT_EQ(*pointer, nullptr);
  EXPECT_NE(__cudaInitModule(program.handle()), 0);
  ASSERT_NE(*pointer, nullptr);
  EXPECT_EQ(*static_cast<int *>(*pointer), 41);
  size_t size = 0;
  int value = 0;
  EXPECT_CUDA(cudaGetSymbolSize(&size, *pointer));  // nvcc names it by its own address
  EXPECT_EQ(size, 4u);
  *static_cast<int *>(*pointer) = 42;
  EXPECT_CUDA(cudaMemcpyFromSymbol(&value, *pointer, 4, 0, cudaMemcpyDefault));
  EXPECT_EQ(value, 42);
}

TEST_F(Registration, AttributesComeFromThePtxAlone) {
  Program program(kVariables);
  const void *three = program.kernel("three");
  cudaFuncAttributes a{};
  ASSERT_CUDA(cudaFuncGetAttributes(&a, three));
  EXPECT_EQ(a.maxThreadsPerBlock, 128);
  EXPECT_EQ(a.sharedSizeBytes, 0u);
  EXPECT_EQ(a.ptxVersion, 75);
  EXPECT_EQ(a.maxDynamicSharedSizeBytes, 48 << 10);
  size_t offset = 0, size = 0;
  ASSERT_CUDA(cudaFuncGetParamInfo(three, 1, &offset, &size));
  EXPECT_EQ(offset, 8u);
  EXPECT_EQ(size, 48u);
  EXPECT_CUDA_ERROR(cudaFuncGetParamInfo(three, 3, &offset, &size), cudaErrorInvalidValue);
  const char *name = nullptr;
  ASSERT_CUDA(cudaFuncGetName(&name, three));
  EXPECT_STREQ(name, "three");
}

TEST_F(Registration, DynamicSharedMemoryIsBoundedByTheDevice) {
  Program program(kVariables);
  const void *nothing = program.kernel("nothing");
  int most = 0;
  cudaFuncAttributes a{};
  ASSERT_CUDA(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
  EXPECT_CUDA(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, most));
  ASSERT_CUDA(cudaFuncGetAttributes(&a, nothing));
  EXPECT_EQ(a.maxDynamicSharedSizeBytes, most);
  EXPECT_CUDA_ERROR(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, most + 1),
                    cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, -5),
                    cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaFuncSetAttribute(nothing, static_cast<cudaFuncAttribute>(99), 0), cudaErrorInvalidValue);
}

TEST_F(Registration, UnknownKernelsAreInvalidDeviceFunctions) {
  Program program(kVariables);
  const void *missing = program.kernel("no_such_kernel");
  cudaFuncAttributes a{};
  int local = 0, blocks = 0;
  cudaKernel_t kernel = nullptr;
  EXPECT_CUDA_ERROR(cudaFuncGetAttributes(&a, missing), cudaErrorInvalidDeviceFunction);
  EXPECT_CUDA_ERROR(cudaFuncGetAttributes(&a, &local), cudaErrorInvalidDeviceFunction);
  EXPECT_CUDA_ERROR(cudaFuncGetAttributes(&a, nullptr), cudaErrorInvalidDeviceFunction);
  EXPECT_CUDA_ERROR(cudaLaunchKernel(&local, 1, 1, nullptr, 0, nullptr), cudaErrorInvalidDeviceFunction);
  EXPECT_CUDA_ERROR(__cudaGetKernel(&kernel, &local), cudaErrorInvalidDeviceFunction);
  EXPECT_CUDA_ERROR(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, &local, 32, 0),
                    cudaErrorInvalidDeviceFunction);
  EXPECT_CUDA_ERROR(__cudaLaunchKernel(reinterpret_cast<cudaKernel_t>(&local), 1, 1, nullptr, 0, nullptr),
                    cudaErrorInvalidDeviceFunction);
}

TEST_F(Registration, UnregisteredProgramsAreForgotten) {
  Program program(kVariables);
  const void *nothing = program.kernel("nothing"), *counter = program.variable("counter", 4);
  cudaFuncAttributes a{};
  int value = 0;
  ASSERT_CUDA(cudaFuncGetAttributes(&a, nothing));
  program.end();
  EXPECT_CUDA_ERROR(cudaFuncGetAttributes(&a, nothing), cudaErrorInvalidDeviceFunction);
  EXPECT_CUDA_ERROR(cudaMemcpyFromSymbol(&value, counter, 4, 0, cudaMemcpyDefault), cudaErrorInvalidSymbol);
}

TEST_F(Registration, OneKernelRegisteredByTwoFilesSurvivesTheFirst) {
  const void *host = nullptr;
  Program second(kVariables);
  {
    Program first(kVariables);
    host = first.kernel("nothing");
    __cudaRegisterFunction(second.handle(), static_cast<const char *>(host), nullptr, "nothing", -1, nullptr, nullptr,
                           nullptr, nullptr, nullptr);
    cudaFuncAttributes a{};
    EXPECT_CUDA(cudaFuncGetAttributes(&a, host));
    first.end();
    EXPECT_CUDA(cudaFuncGetAttributes(&a, host));
  }
}

TEST_F(Registration, ManyKernelsAreAllFound) {
  std::string ptx = kPtxHead;
  for (int i = 0; i < 3000; i++) ptx += ".visible .entry k" + std::to_string(i) + "() { ret; }\n";
  Program program(ptx);
  std::vector<const void *> hosts;
  for (int i = 0; i < 3000; i++) hosts.push_back(program.kernel("k" + std::to_string(i)));
  for (int i = 0; i < 3000; i++) {
    const char *name = nullptr;
    ASSERT_CUDA(cudaFuncGetName(&name, hosts[static_cast<size_t>(i)]));
    ASSERT_EQ(name, "k" + std::to_string(i));
  }
}

// What a program gets for a damaged or useless fat binary, and what it reads about it on stderr.
struct Bad {
  const char *what;
  std::vector<cutrans::fatbin::EntrySpec> entries;
  cudaError_t error;
  const char *message;
};

void PrintTo(const Bad &bad, std::ostream *out) { *out << bad.what; }

class BadProgram : public RuntimeApi, public testing::WithParamInterface<Bad> {};

TEST_P(BadProgram, IsAnErrorWithAReason) {
  Program program({GetParam().entries});
  const void *kernel = program.kernel("wanted_kernel");
  testing::internal::CaptureStderr();
  EXPECT_CUDA_ERROR(cudaLaunchKernel(kernel, 1, 1, nullptr, 0, nullptr), GetParam().error);
  EXPECT_CUDA_ERROR(cudaLaunchKernel(kernel, 1, 1, nullptr, 0, nullptr), GetParam().error);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(GetParam().message));
  void *memory = nullptr;
  EXPECT_CUDA(cudaMalloc(&memory, 16));  // the rest of the program goes on
  EXPECT_CUDA(cudaFree(memory));
}

using cutrans::fatbin::Kind;
INSTANTIATE_TEST_SUITE_P(
    Each, BadProgram,
    testing::Values(
        Bad{"only_machine_code", {{.kind = Kind::cubin, .sm = 80, .payload = "x"}, {.kind = Kind::cubin, .sm = 90, .payload = "x"}},
            cudaErrorNoKernelImageForDevice, "CT1010: kernel wanted_kernel: the program has no PTX, only: cubin for sm_80, sm_90"},
        Bad{"only_newer_ptx", {Program::ptxEntry(kVariables, 120)}, cudaErrorNoKernelImageForDevice, "CT1011"},
        Bad{"empty", {}, cudaErrorNoKernelImageForDevice, "CT1010"},
        Bad{"not_ptx", {Program::ptxEntry("Lorem ipsum dolor sit amet")}, cudaErrorInvalidPtx, "CT11"},
        Bad{"empty_text", {Program::ptxEntry("")}, cudaErrorInvalidPtx, "CT11"},
        Bad{"unfinished", {Program::ptxEntry(kPtxHead + ".visible .entry wanted_kernel() { ret;")}, cudaErrorInvalidPtx,
            "CT11"}),
    [](const auto &info) { return info.param.what; });

TEST_F(Registration, TruncatedAndForeignContainersAreInvalidImages) {
  std::string good = cutrans::fatbin::buildContainer({Program::ptxEntry(kVariables)});
  std::string damaged = good;
  damaged.replace(good.size() - 40, 30, std::string(30, '\x55'));
  std::string lying = good;
  cutrans::fatbin::poke(lying, offsetof(cutrans::fatbin::ContainerHeader, entry_bytes), ~uint64_t{0} / 2);
  for (const std::string &bytes : {std::string(64, 'x'), damaged, lying}) {
    Program program(Program::Raw{bytes});
    const void *kernel = program.kernel("nothing");
    EXPECT_CUDA_ERROR(cudaLaunchKernel(kernel, 1, 1, nullptr, 0, nullptr), cudaErrorInvalidKernelImage);
  }
}

TEST_F(Registration, NothingHappensForNullHandles) {
  __cudaRegisterFunction(nullptr, "x", nullptr, "x", -1, nullptr, nullptr, nullptr, nullptr, nullptr);
  __cudaRegisterVar(nullptr, nullptr, nullptr, "x", 0, 4, 0, 0);
  __cudaUnregisterFatBinary(nullptr);
  EXPECT_EQ(__cudaInitModule(nullptr), 0);
}

TEST_F(Registration, LaunchConfigurationsNest) {
  dim3 grid, block;
  size_t shared = 0;
  cudaStream_t stream = nullptr;
  EXPECT_EQ(__cudaPushCallConfiguration(dim3(2), dim3(3), 4, nullptr), 0u);
  EXPECT_EQ(__cudaPushCallConfiguration(dim3(5), dim3(6), 7, cudaStreamLegacy), 0u);
  EXPECT_CUDA(__cudaPopCallConfiguration(&grid, &block, &shared, &stream));
  EXPECT_EQ(grid.x, 5u);
  EXPECT_EQ(shared, 7u);
  EXPECT_EQ(stream, cudaStreamLegacy);
  EXPECT_CUDA(__cudaPopCallConfiguration(&grid, &block, &shared, &stream));
  EXPECT_EQ(block.x, 3u);
  EXPECT_CUDA_ERROR(__cudaPopCallConfiguration(&grid, &block, &shared, &stream), cudaErrorMissingConfiguration);
}

}  // namespace
