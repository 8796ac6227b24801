// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of the graph tests, and the headers that their cases need. fill(p, v): p[global thread] = v. count_down(c, p): takes one off p[0], adds one to p[1],
// and sets the condition c to what is left.
#pragma once
#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

inline constexpr const char *kGraphKernels = R"(
.version 8.0
.target sm_90
.address_size 64
.extern .func cudaGraphSetConditional (.param .b64 handle, .param .b32 value);
.visible .global .align 4 .u32 symbol[8];
.visible .entry fill(.param .u64 p, .param .u32 v) {
  .reg .b32 %r<6>; .reg .b64 %rd<5>;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [v];
  mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mov.u32 %r4, %tid.x;
  mad.lo.s32 %r5, %r2, %r3, %r4;
  cvta.to.global.u64 %rd2, %rd1; mul.wide.u32 %rd3, %r5, 4; add.s64 %rd4, %rd2, %rd3;
  st.global.u32 [%rd4], %r1;
  ret;
}
.visible .entry count_down(.param .u64 c, .param .u64 p) {
  .reg .b32 %r<5>; .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [c]; ld.param.u64 %rd2, [p]; cvta.to.global.u64 %rd3, %rd2;
  ld.global.u32 %r1, [%rd3]; add.s32 %r2, %r1, -1; st.global.u32 [%rd3], %r2;
  ld.global.u32 %r3, [%rd3+4]; add.s32 %r4, %r3, 1; st.global.u32 [%rd3+4], %r4;
  {
    .param .b64 handle; .param .b32 value;
    st.param.b64 [handle], %rd1; st.param.b32 [value], %r2;
    call.uni cudaGraphSetConditional, (handle, value);
  }
  ret;
}
)";
