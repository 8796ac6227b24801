// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches with cuFuncSetBlockShape, cuParamSet* and cuLaunchGrid, on the host target.
#include <cuda.h>
#include <gtest/gtest.h>

#include <vector>

#include "fixture.h"

namespace {

using shim_test::garbage;

// out[i] = value for every thread; the float is added, rounded down.
constexpr const char *kPtx = R"(
.version 8.0
.target sm_75
.address_size 64
.visible .entry put(.param .u64 out, .param .u32 value, .param .f32 more)
{
  .reg .b64 %rd<4>; .reg .b32 %r<8>; .reg .f32 %f1;
  ld.param.u64 %rd1, [out];
  ld.param.u32 %r1, [value];
  ld.param.f32 %f1, [more];
  cvt.rzi.u32.f32 %r2, %f1;
  add.u32 %r1, %r1, %r2;
  mov.u32 %r3, %ctaid.x;
  mov.u32 %r4, %ntid.x;
  mov.u32 %r5, %tid.x;
  mad.lo.u32 %r3, %r3, %r4, %r5;
  mov.u32 %r6, %ctaid.y;
  mad.lo.u32 %r3, %r6, 64, %r3;
  mul.wide.u32 %rd2, %r3, 4;
  add.u64 %rd3, %rd1, %rd2;
  st.global.u32 [%rd3], %r1;
  ret;
}
)";

struct DriverOldLaunch : shim_test::WithContext {
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuModuleLoadData(&module, kPtx), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleGetFunction(&put, module, "put"), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc(&memory, 512), CUDA_SUCCESS);
    ASSERT_EQ(cuMemsetD8(memory, 0, 512), CUDA_SUCCESS);
  }
  void set(unsigned value, float more) {
    EXPECT_EQ(cuParamSetv(put, 0, &memory, 8), CUDA_SUCCESS);
    EXPECT_EQ(cuParamSeti(put, 8, value), CUDA_SUCCESS);
    EXPECT_EQ(cuParamSetf(put, 12, more), CUDA_SUCCESS);
    EXPECT_EQ(cuParamSetSize(put, 16), CUDA_SUCCESS);
  }
  std::vector<unsigned> take() {
    std::vector<unsigned> out(128);
    EXPECT_EQ(cuMemcpyDtoH(out.data(), memory, 512), CUDA_SUCCESS);
    EXPECT_EQ(cuMemsetD8(memory, 0, 512), CUDA_SUCCESS);
    return out;
  }
  CUmodule module = nullptr;
  CUfunction put = nullptr;
  CUdeviceptr memory = 0;
};

TEST_F(DriverOldLaunch, SettingsStay) {
  set(7, 2.5f);
  ASSERT_EQ(cuFuncSetBlockShape(put, 16, 1, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuFuncSetSharedSize(put, 256), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunch(put), CUDA_SUCCESS);
  std::vector<unsigned> out = take();
  for (unsigned i = 0; i < 128; ++i) EXPECT_EQ(out[i], i < 16 ? 9u : 0u) << i;
  ASSERT_EQ(cuLaunchGrid(put, 2, 2), CUDA_SUCCESS);
  out = take();
  for (unsigned i = 0; i < 128; ++i) EXPECT_EQ(out[i], i % 64 < 32 ? 9u : 0u) << i;
  CUstream stream;
  ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
  EXPECT_EQ(cuParamSeti(put, 8, 1), CUDA_SUCCESS);
  ASSERT_EQ(cuLaunchGridAsync(put, 1, 1, stream), CUDA_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(take()[15], 3u);
}

TEST_F(DriverOldLaunch, WrongSettingsAreRefused) {
  EXPECT_EQ(cuLaunch(put), CUDA_ERROR_INVALID_VALUE) << "no block shape";
  EXPECT_EQ(cuFuncSetBlockShape(put, 0, 1, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetBlockShape(put, 64, 64, 1), CUDA_ERROR_INVALID_VALUE);
  ASSERT_EQ(cuFuncSetBlockShape(put, 16, 1, 1), CUDA_SUCCESS);
  EXPECT_EQ(cuLaunch(put), CUDA_ERROR_INVALID_VALUE) << "no parameters";
  set(1, 0);
  EXPECT_EQ(cuParamSetSize(put, 8), CUDA_SUCCESS);
  EXPECT_EQ(cuLaunch(put), CUDA_ERROR_INVALID_VALUE) << "not all parameters";
  EXPECT_EQ(cuParamSetSize(put, 1u << 20), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuParamSeti(put, -4, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuParamSetv(put, 0, nullptr, 8), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuParamSetv(put, 32760, &memory, 8), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuFuncSetSharedSize(put, 1u << 30), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchGrid(put, 0, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchGrid(put, 1, -1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchGridAsync(put, 1, 1, garbage<CUstream>()), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuLaunch(garbage<CUfunction>()), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuParamSetf(nullptr, 0, 1), CUDA_ERROR_INVALID_HANDLE);
  ASSERT_EQ(cuModuleUnload(module), CUDA_SUCCESS);
  EXPECT_EQ(cuFuncSetBlockShape(put, 1, 1, 1), CUDA_ERROR_INVALID_HANDLE) << "stale";
  EXPECT_EQ(cuParamSetSize(put, 8), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(DriverOldLaunch, ANewFunctionHasNoSettings) {
  set(7, 0);
  ASSERT_EQ(cuFuncSetBlockShape(put, 16, 1, 1), CUDA_SUCCESS);
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(cuModuleUnload(module), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleLoadData(&module, kPtx), CUDA_SUCCESS);
    ASSERT_EQ(cuModuleGetFunction(&put, module, "put"), CUDA_SUCCESS);
    ASSERT_EQ(cuLaunch(put), CUDA_ERROR_INVALID_VALUE);
    ASSERT_EQ(cuFuncSetBlockShape(put, 16, 1, 1), CUDA_SUCCESS);
  }
}

}  // namespace
