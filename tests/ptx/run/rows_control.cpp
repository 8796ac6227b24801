// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Branches, exits, calls, named barriers, elections (manual sections 9.7.12 and 9.7.13), written out: nvcc seldom does.
#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

constexpr int kThreads = 96;

std::string kernel(const std::string &name, const std::string &body, const std::string &before = "") {
  return ".version 9.0\n.target sm_90\n.address_size 64\n" + before + ".visible .entry " + name + R"((.param .u64 out)
{
  .reg .pred %p<8>; .reg .b32 %r<24>; .reg .b64 %d<8>;
  .shared .align 4 .b32 cells[128];
  ld.param.u64 %d0, [out];
  mov.u32 %r0, %tid.x;
  mad.wide.u32 %d1, %r0, 4, %d0;
  mov.u32 %r10, cells;
  mad.lo.u32 %r11, %r0, 4, %r10;
)" + body + "\n}\n";
}

Row row(const char *name, const std::string &text, int (*value)(int), ct_native_form form = CT_NATIVE_FORM_BLOCK) {
  auto arguments = [value](Case &c) { c.output(numbers(kThreads, value)); };
  Row made{"control", name, {1, 1, 1}, {kThreads, 1, 1}, arguments};
  made.form = form;
  made.text = text;
  return made;
}

}  // namespace

std::vector<Row> controlRows() {
  std::vector<Row> rows;
  rows.push_back(row("indexed_branch",
                     kernel("indexed_branch",
                            "rem.u32 %r1, %r0, 5;\nmov.u32 %r2, 0;\nTargets: .branchtargets A, B, C, B, D;\nbrx.idx %r1, Targets;\n"
                            "A: mov.u32 %r2, 10;\nbra Done;\nB: mov.u32 %r2, 20;\nbra Done;\nC: mov.u32 %r2, 30;\n"
                            "D: add.u32 %r2, %r2, 7;\nDone: st.global.u32 [%d1], %r2;\nret;"),
                     [](int t) { return t % 5 == 0 ? 10 : t % 5 == 2 ? 37 : t % 5 == 4 ? 7 : 20; }));
  rows.push_back(row("exits",
                     kernel("exits",
                            "setp.lt.u32 %p1, %r0, 40;\nst.global.u32 [%d1], 1;\n@%p1 exit;\nand.b32 %r1, %r0, 1;\nsetp.ne.u32 %p2, %r1, 0;\n"
                            "st.global.u32 [%d1], 2;\n@%p2 ret;\nst.global.u32 [%d1], 3;\nexit;"),
                     [](int t) { return t < 40 ? 1 : t % 2 ? 2 : 3; }));
  // Lanes tell their neighbours through shared memory, warp by warp.
  rows.push_back(row("warp_barrier",
                     kernel("warp_barrier",
                            "mul.lo.u32 %r1, %r0, 3;\nst.shared.u32 [%r11], %r1;\nbar.warp.sync 0xffffffff;\nxor.b32 %r2, %r0, 5;\n"
                            "mad.lo.u32 %r2, %r2, 4, %r10;\nld.shared.u32 %r3, [%r2];\nst.global.u32 [%d1], %r3;\nret;"),
                     [](int t) { return (t ^ 5) * 3; }));
  // Warp 0 waits for what warps 1 and 2 have put there; they do not wait.
  rows.push_back(row("producers_arrive",
                     kernel("producers_arrive",
                            "setp.lt.u32 %p1, %r0, 32;\nmul.lo.u32 %r1, %r0, 7;\nst.shared.u32 [%r11], %r1;\n@%p1 bra Consumer;\n"
                            "barrier.arrive 3, 96;\nst.global.u32 [%d1], %r1;\nret;\n"
                            "Consumer: barrier.sync 3, 96;\nld.shared.u32 %r2, [%r11+128];\nld.shared.u32 %r3, [%r11+256];\n"
                            "add.u32 %r2, %r2, %r3;\nst.global.u32 [%d1], %r2;\nret;"),
                     [](int t) { return t < 32 ? 7 * (t + 32) + 7 * (t + 64) : 7 * t; }, CT_NATIVE_FORM_GANG));
  rows.push_back(row("barrier_reductions",
                     kernel("barrier_reductions",
                            "and.b32 %r1, %r0, 3;\nsetp.eq.u32 %p1, %r1, 0;\nbarrier.red.popc.u32 %r2, 0, %p1;\nbarrier.red.or.pred %p2, 0, %p1;\n"
                            "barrier.red.and.pred %p3, 0, %p1;\nselp.u32 %r3, 1000, 0, %p2;\nselp.u32 %r4, 2000, 0, %p3;\nadd.u32 %r2, %r2, %r3;\n"
                            "add.u32 %r2, %r2, %r4;\nbar.red.popc.u32 %r5, 1, 96, !%p1;\nmad.lo.u32 %r2, %r5, 10000, %r2;\nst.global.u32 [%d1], %r2;\nret;"),
                     [](int) { return 24 + 1000 + 72 * 10000; }));
  rows.push_back(row("elections",
                     kernel("elections",
                            "elect.sync %r1|%p1, 0xffffffff;\nselp.u32 %r2, 100, 0, %p1;\nadd.u32 %r2, %r2, %r1;\nst.global.u32 [%d1], %r2;\nret;"),
                     [](int t) { return t % 32 == 0 ? 100 : 0; }));
  rows.push_back(row("calls",
                     kernel("calls",
                            "{ .param .b32 a; .param .b32 b; .param .b32 r;\nst.param.b32 [a], %r0;\nst.param.b32 [b], 11;\ncall (r), mix, (a, b);\n"
                            "ld.param.b32 %r1, [r]; }\nst.global.u32 [%d1], %r1;\nret;",
                            ".func (.param .b32 r) mix(.param .b32 a, .param .b32 b)\n{ .reg .b32 %x, %y; .reg .pred %p;\nld.param.b32 %x, [a];\n"
                            "ld.param.b32 %y, [b];\nsetp.lt.u32 %p, %x, 50;\n@%p bra Low;\nmul.lo.u32 %x, %x, %y;\nst.param.b32 [r], %x;\nret;\n"
                            "Low: add.u32 %x, %x, %y;\nst.param.b32 [r], %x;\nret;\n}\n"),
                     [](int t) { return t < 50 ? t + 11 : t * 11; }));
  return rows;
}

}  // namespace cutrans::test
