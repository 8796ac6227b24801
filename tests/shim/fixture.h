// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What most driver API tests start from.
#pragma once
#include <cuda.h>
#include <gtest/gtest.h>

namespace shim_test {

struct Initialised : testing::Test {
  void SetUp() override { ASSERT_EQ(cuInit(0), CUDA_SUCCESS); }
};

struct WithContext : Initialised {
  void SetUp() override {
    Initialised::SetUp();
    ASSERT_EQ(cuCtxCreate(&context, nullptr, 0, 0), CUDA_SUCCESS);
  }
  void TearDown() override { EXPECT_EQ(cuCtxDestroy(context), CUDA_SUCCESS); }
  CUcontext context = nullptr;
};

template <class Handle>
Handle garbage() {
  return reinterpret_cast<Handle>(uintptr_t{0xdeadbeef0});
}

}  // namespace shim_test
