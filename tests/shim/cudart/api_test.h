// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all tests of the runtime API share: errors printed by name, and no error left over from one test to the next.
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

inline void PrintTo(cudaError_t error, std::ostream *out) { *out << cudaGetErrorName(error); }

#define EXPECT_CUDA(call) EXPECT_EQ(call, cudaSuccess)
#define ASSERT_CUDA(call) ASSERT_EQ(call, cudaSuccess)

// Expects `error` from the call, and that it is the thread's last error until it is asked for once.
#define EXPECT_CUDA_ERROR(call, error)        \
  do {                                        \
    EXPECT_EQ(call, error);                   \
    EXPECT_EQ(cudaPeekAtLastError(), error);  \
    EXPECT_EQ(cudaGetLastError(), error);     \
    EXPECT_EQ(cudaGetLastError(), cudaSuccess); \
  } while (0)

class RuntimeApi : public testing::Test {
 protected:
  void SetUp() override { ASSERT_CUDA(cudaFree(nullptr)); }
  void TearDown() override { EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "left over"; }
};
