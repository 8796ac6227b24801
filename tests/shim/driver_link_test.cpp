// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cuLink: several units become one module; duplicates, gaps and wrong inputs are told by name.
#include <cuda.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "fixture.h"

namespace {

constexpr const char *kHead = ".version 8.0\n.target sm_75\n.address_size 64\n";

std::string kernelUnit() {
  return std::string(kHead) + R"(
.extern .func (.param .b32 r) triple(.param .b32 x);
.extern .global .u32 bias;
.visible .entry work(.param .u64 out) {
  .reg .b64 %p;
  .reg .b32 %v, %b;
  .param .b32 a, r;
  ld.param.u64 %p, [out];
  mov.u32 %v, %tid.x;
  st.param.b32 [a], %v;
  call (r), triple, (a);
  ld.param.b32 %v, [r];
  ld.global.u32 %b, [bias];
  add.u32 %v, %v, %b;
  mov.u32 %b, %tid.x;
  mad.wide.u32 %p, %b, 4, %p;
  st.global.u32 [%p], %v;
  ret;
}
)";
}
std::string functionUnit(int factor = 3) {
  return std::string(kHead) + ".visible .global .u32 bias = 7;\n.visible .func (.param .b32 r) triple(.param .b32 x) {\n"
         "  .reg .b32 %v;\n  ld.param.b32 %v, [x];\n  mul.lo.u32 %v, %v, " + std::to_string(factor) +
         ";\n  st.param.b32 [r], %v;\n  ret;\n}\n";
}

struct DriverLink : shim_test::WithContext {
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuLinkCreate(2, options.data(), values.data(), &state), CUDA_SUCCESS);
  }
  void TearDown() override {
    EXPECT_EQ(cuLinkDestroy(state), CUDA_SUCCESS);
    WithContext::TearDown();
  }
  CUresult add(std::string text, const char *name) {
    return cuLinkAddData(state, CU_JIT_INPUT_PTX, text.data(), text.size() + 1, name, 0, nullptr, nullptr);
  }
  CUresult complete() { return cuLinkComplete(state, &image, &size); }

  std::array<char, 4096> log{};
  std::array<CUjit_option, 2> options{CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  std::array<void *, 2> values{log.data(), reinterpret_cast<void *>(log.size())};
  CUlinkState state = nullptr;
  void *image = nullptr;
  size_t size = 0;
};

TEST_F(DriverLink, TwoUnitsRun) {
  ASSERT_EQ(add(kernelUnit(), "kernel.ptx"), CUDA_SUCCESS);
  ASSERT_EQ(add(functionUnit(), "function.ptx"), CUDA_SUCCESS);
  ASSERT_EQ(complete(), CUDA_SUCCESS) << log.data();
  std::string kept(static_cast<const char *>(image), size);  // programs keep the image in files
  CUmodule module = nullptr;
  ASSERT_EQ(cuModuleLoadData(&module, kept.data()), CUDA_SUCCESS);
  CUfunction work = nullptr;
  ASSERT_EQ(cuModuleGetFunction(&work, module, "work"), CUDA_SUCCESS);
  CUdeviceptr out = 0;
  ASSERT_EQ(cuMemAlloc(&out, 128), CUDA_SUCCESS);
  void *arguments[] = {&out};
  ASSERT_EQ(cuLaunchKernel(work, 1, 1, 1, 32, 1, 1, 0, nullptr, arguments, nullptr), CUDA_SUCCESS);
  std::array<unsigned, 32> got{};
  ASSERT_EQ(cuMemcpyDtoH(got.data(), out, sizeof got), CUDA_SUCCESS);
  for (unsigned i = 0; i < 32; ++i) EXPECT_EQ(got[i], 3 * i + 7);
  EXPECT_EQ(cuMemFree(out), CUDA_SUCCESS);
  kept[14] = '\x7f';  // longer than its memory
  EXPECT_EQ(cuModuleLoadData(&module, kept.data()), CUDA_ERROR_INVALID_IMAGE);
}

TEST_F(DriverLink, DuplicatesAreNamed) {
  ASSERT_EQ(add(functionUnit(), "one.ptx"), CUDA_SUCCESS);
  ASSERT_EQ(add(functionUnit(4), "two.ptx"), CUDA_SUCCESS);
  EXPECT_NE(complete(), CUDA_SUCCESS);
  EXPECT_NE(std::strstr(log.data(), "triple"), nullptr) << log.data();
  EXPECT_NE(std::strstr(log.data(), "one.ptx"), nullptr) << log.data();
}

TEST_F(DriverLink, MissingSymbolsAreNamed) {
  ASSERT_EQ(add(kernelUnit(), "kernel.ptx"), CUDA_SUCCESS);
  EXPECT_NE(complete(), CUDA_SUCCESS);
  EXPECT_TRUE(std::strstr(log.data(), "triple") || std::strstr(log.data(), "bias")) << log.data();
}

TEST_F(DriverLink, WrongInputs) {
  EXPECT_EQ(add("this is no PTX", "text"), CUDA_ERROR_INVALID_PTX);
  EXPECT_EQ(complete(), CUDA_ERROR_INVALID_VALUE) << "nothing to link";
  char bytes[64] = "\177ELF";
  EXPECT_EQ(cuLinkAddData(state, CU_JIT_INPUT_CUBIN, bytes, sizeof bytes, "c", 0, nullptr, nullptr), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(cuLinkAddData(state, CU_JIT_INPUT_OBJECT, bytes, sizeof bytes, "o", 0, nullptr, nullptr), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(cuLinkAddData(state, CU_JIT_INPUT_LIBRARY, bytes, sizeof bytes, "l", 0, nullptr, nullptr), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(cuLinkAddData(state, CU_JIT_INPUT_PTX, nullptr, 8, "n", 0, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLinkAddFile(state, CU_JIT_INPUT_PTX, "/nowhere.ptx", 0, nullptr, nullptr), CUDA_ERROR_FILE_NOT_FOUND);
  EXPECT_EQ(cuLinkAddFile(shim_test::garbage<CUlinkState>(), CU_JIT_INPUT_PTX, "x", 0, nullptr, nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuLinkComplete(shim_test::garbage<CUlinkState>(), &image, &size), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuLinkDestroy(shim_test::garbage<CUlinkState>()), CUDA_ERROR_INVALID_HANDLE);
  CUlinkState other = nullptr;
  EXPECT_EQ(cuLinkCreate(0, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  CUjit_option unknown = static_cast<CUjit_option>(9999);
  void *value = nullptr;
  EXPECT_EQ(cuLinkCreate(1, &unknown, &value, &other), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverLink, Files) {
  const std::string path = testing::TempDir() + "cutrans_link_unit.ptx";
  std::FILE *file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  const std::string text = kernelUnit();
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
  EXPECT_EQ(cuLinkAddFile(state, CU_JIT_INPUT_PTX, path.c_str(), 0, nullptr, nullptr), CUDA_SUCCESS);
  std::remove(path.c_str());
  ASSERT_EQ(add(functionUnit(), "function.ptx"), CUDA_SUCCESS);
  EXPECT_EQ(complete(), CUDA_SUCCESS) << log.data();
}

}  // namespace
