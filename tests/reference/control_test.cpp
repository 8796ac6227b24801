// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads, calls, barriers and the ends that a run can have.
#include <gtest/gtest.h>

#include "tests/reference/program.h"

namespace cutrans::reference {
namespace {

const char *Slot = "mul.wide.u32 %d1, %t, 8; add.u64 %d2, %out, %d1;\n";

TEST(ReferenceControl, LoopsAndTables) {
  Program program(std::string(Slot) + "mov.u32 %r1, 0; rem.u32 %r3, %t, 3;\n T: .branchtargets A, B, C;\n brx.idx %r3, T;\n"
                  "A: add.u32 %r1, %r1, 10; bra E;\nB: add.u32 %r1, %r1, 20;\nC: { .reg .b32 %r1; mov.u32 %r1, 7; }\n add.u32 %r1, %r1, 100;\n"
                  "E: add.u32 %t, %t, 0xffffffff; setp.lt.s32 %p1, %t, 0; @!%p1 bra A;\nst.global.u32 [%d2], %r1;");
  Result result = program.run({}, 4, {4, 1, 1});
  ASSERT_TRUE(result.ok()) << result.what;
  EXPECT_EQ(program.out, (std::vector<uint64_t>{10, 130, 120, 40}));
}

TEST(ReferenceControl, RecursionAndIndirectCalls) {
  Program program(std::string(Slot) +
                      "{ .param .b32 x; .param .b32 y; st.param.b32 [x], %t; call (y), fact, (x); ld.param.b32 %r1, [y]; }\n"
                      "mov.u64 %d3, twice; P: .callprototype (.param .b32 _) _ (.param .b32 _);\n"
                      "{ .param .b32 x; .param .b32 y; st.param.b32 [x], %r1; call (y), %d3, (x), P; ld.param.b32 %r1, [y]; }\n"
                      "st.global.u32 [%d2], %r1;",
                  ".func (.param .b32 r) fact(.param .b32 n)\n{ .reg .b32 %r<4>; .reg .pred %p;\n ld.param.b32 %r1, [n]; setp.lt.u32 %p, %r1, 2; mov.u32 %r2, 1; @%p bra D;\n"
                  "{ .param .b32 x; .param .b32 y; sub.u32 %r3, %r1, 1; st.param.b32 [x], %r3; call (y), fact, (x); ld.param.b32 %r3, [y]; }\n mul.lo.u32 %r2, %r1, %r3;\n"
                  "D: st.param.b32 [r], %r2; ret; }\n"
                  ".func (.reg .b32 r) unused(.reg .b32 n) { add.u32 r, n, 1; ret; }\n"
                  ".func (.param .b32 r) twice(.param .b32 n)\n{ .reg .b32 %x; ld.param.b32 %x, [n]; shl.b32 %x, %x, 1; st.param.b32 [r], %x; ret; }\n");
  Result result = program.run({}, 6, {6, 1, 1});
  ASSERT_TRUE(result.ok()) << result.what;
  EXPECT_EQ(program.out, (std::vector<uint64_t>{2, 2, 4, 12, 48, 240}));
}

TEST(ReferenceControl, LanesMeetAtTheirMask) {
  // The upper half of the warp does other things first.
  Program program(std::string(Slot) + "mov.u32 %r1, %t; setp.lt.u32 %p1, %t, 16; @%p1 bra L;\nmul.lo.u32 %r1, %t, 2;\nL: shfl.sync.bfly.b32 %r2, %r1, 16, 31, -1;\n"
                  "st.global.u32 [%d2], %r2;");
  ASSERT_TRUE(program.run({}, 32, {32, 1, 1}).ok());
  for (uint64_t i = 0; i < 32; ++i) EXPECT_EQ(program.out[i], i < 16 ? 2 * (i + 16) : i - 16);
}

TEST(ReferenceControl, BarriersCountWarps) {
  Program program(std::string(Slot) + "setp.ge.u32 %p1, %t, 40; @%p1 exit;\nsetp.lt.u32 %p2, %t, 32; @%p2 bra W;\nst.shared.u32 [s], %t; bar.arrive 1, 64; bra E;\n"
                  "W: bar.sync 1, 64; ld.shared.u32 %r1, [s]; setp.ge.u32 %p3, %r1, 32; selp.u32 %r1, 1, 0, %p3; st.global.u32 [%d2], %r1;\nE:",
                  ".shared .b32 s;\n");
  Result result = program.run({}, 64, {64, 1, 1});
  ASSERT_TRUE(result.ok()) << result.what;
  for (uint64_t i = 0; i < 64; ++i) EXPECT_EQ(program.out[i], i < 32);
}

TEST(ReferenceControl, ThreadsOfAWarpWaitForEachOther) {
  Program program("setp.ne.u32 %p1, %t, 0; @%p1 bra W;\nL: ld.volatile.global.u32 %r1, [%out]; setp.eq.u32 %p2, %r1, 0; @%p2 bra L; bra E;\n"
                  "W: st.volatile.global.u32 [%out], 5;\nE:");
  EXPECT_TRUE(program.run({}, 2, {2, 1, 1}).ok());
}

TEST(ReferenceControl, Ends) {
  struct {
    const char *body;
    End end;
  } const rows[] = {
      {"trap;", End::Trapped},
      {"L: bra L;", End::StepLimit},
      {"setp.eq.u32 %p1, %t, 0; @%p1 bra E; bar.sync 0, 96;\nE:", End::Deadlock},
      {"ld.global.u32 %r1, [%out+1];", End::Fault},
      {"st.global.u32 [%out+100000], %r1;", End::Fault},
      {"mov.u64 %d1, 0; ld.u32 %r1, [%d1];", End::Fault},
      {"ld.shared.u32 %r1, [4];", End::Fault},
      {"setp.eq.u32 %p1, %t, 0; @%p1 vote.sync.any.pred %p2, %p1, 2;", End::Undefined},
      {"tex.2d.v4.f32.f32 {%f1,%f2,%f3,%f4}, [%d1, {%f1, %f2}];", End::Refused},
  };
  for (const auto &row : rows) {
    Program program(row.body);
    Result result = program.run({}, 8, {2, 1, 1});
    EXPECT_EQ(result.end, row.end) << row.body << ": " << name(result.end) << ": " << result.what;
  }
}

TEST(ReferenceControl, BadText) {
  std::string problem;
  for (const char *text : {"", "garbage", ".version 9.0\n.target sm_90\n.entry k() { add.u32 %r1, }", ".entry k( {", ".global .b32 x = {1, 2};",
                           ".entry k() { @%p bra L; }", ".entry k() { ld.global.u32 a, [", "/* open"}) {
    auto module = parse(text, problem);
    EXPECT_EQ(!module, !problem.empty()) << text;
  }
}

}  // namespace
}  // namespace cutrans::reference
