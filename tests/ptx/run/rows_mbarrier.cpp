// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mbarrier objects in every form (manual 9.7.13.15): what one thread sees of its own operations, and threads of one and of
// several warps that wait for each other.
#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

std::string kernel(const std::string &name, const std::string &body) {
  return ".version 9.0\n.target sm_90\n.address_size 64\n.visible .entry " + name + R"((.param .u64 out)
{
  .reg .pred %p<8>; .reg .b32 %r<16>; .reg .b64 %d<16>;
  .shared .align 8 .b64 bar; .shared .align 8 .b64 other; .shared .align 4 .b32 cells[512];
  ld.param.u64 %d0, [out];
  mov.u32 %r0, %tid.x;
)" + body + "\n  ret;\n}\n";
}

// Thread 0 alone; `answers` come from out(index) in the body, which stores %r1.
struct Single {
  const char *name;
  std::string body;
  std::vector<unsigned> answers;
};

std::string out(int index) { return "  st.global.u32 [%d0+" + std::to_string(4 * index) + "], %r1;\n"; }
std::string outPredicate(int index) { return "  selp.u32 %r1, 1, 0, %p1;\n" + out(index); }

const std::vector<Single> &singles() {
  static const std::vector<Single> all = {
      {"mbarrier_counts",
       "mbarrier.init.shared.b64 [bar], 10;\n"
       "mbarrier.arrive.noComplete.shared.b64 %d1, [bar], 3;\n"
       "mbarrier.arrive.release.cta.shared::cta.b64 %d2, [bar], 2;\n"
       "mbarrier.pending_count.b64 %r1, %d1;\n" + out(0) +
       "mbarrier.pending_count.b64 %r1, %d2;\n" + out(1) +
       "mbarrier.test_wait.shared.b64 %p1, [bar], %d1;\n" + outPredicate(2) +
       "mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0;\n" + outPredicate(3) +
       "mbarrier.test_wait.parity.shared.b64 %p1, [bar], 1;\n" + outPredicate(4) +  // the phase before the first
       "mbarrier.arrive.shared.b64 %d3, [bar], 5;\n"
       "mbarrier.test_wait.acquire.cta.shared::cta.b64 %p1, [bar], %d3;\n" + outPredicate(5) +
       "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p1, [bar], 0, 0x989680;\n" + outPredicate(6) +
       "mbarrier.arrive.shared.b64 %d4, [bar];\n"
       "mbarrier.pending_count.b64 %r1, %d4;\n" + out(7) +
       "mbarrier.try_wait.relaxed.cluster.shared::cta.b64 %p1, [bar], %d4;\n" + outPredicate(8) +
       "mbarrier.inval.shared.b64 [bar];\n",
       {10, 7, 0, 0, 1, 1, 1, 10, 0}},
      {"mbarrier_largest_count",
       "mov.u32 %r2, 1048575;\nmbarrier.init.shared::cta.b64 [bar], %r2;\n"
       "mbarrier.arrive.noComplete.shared.b64 %d1, [bar], 1048574;\n"
       "mbarrier.arrive.shared.b64 %d2, [bar];\n"
       "mbarrier.pending_count.b64 %r1, %d2;\n" + out(0) +
       "mbarrier.test_wait.shared.b64 %p1, [bar], %d2;\n" + outPredicate(1) +
       "mbarrier.arrive.shared.b64 %d3, [bar];\n"
       "mbarrier.pending_count.b64 %r1, %d3;\n" + out(2),
       {1, 1, 1048575}},
      {"mbarrier_bytes",
       "mbarrier.init.shared.b64 [bar], 2;\n"
       "mov.u32 %r2, 1048575;\n"
       "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [bar], %r2;\n"
       "mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 %d1, [bar], 0;\n"
       "mbarrier.arrive.shared.b64 %d2, [bar];\n"
       "mbarrier.test_wait.shared.b64 %p1, [bar], %d2;\n" + outPredicate(0) +
       "mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [bar], 1048574;\n"
       "mbarrier.test_wait.shared.b64 %p1, [bar], %d2;\n" + outPredicate(1) +
       "mbarrier.complete_tx.shared::cluster.relaxed.cluster.b64 [bar], 1;\n"
       "mbarrier.test_wait.shared.b64 %p1, [bar], %d2;\n" + outPredicate(2) +
       "mbarrier.pending_count.b64 %r1, %d2;\n" + out(3),
       {0, 0, 1, 1}},
      {"mbarrier_bytes_before_their_expectation",
       "mbarrier.init.shared.b64 [bar], 1;\n"
       "mbarrier.complete_tx.shared.b64 [bar], 4096;\n"
       "mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0;\n" + outPredicate(0) +
       "mbarrier.arrive.expect_tx.shared.b64 _, [bar], 4096;\n"
       "mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0;\n" + outPredicate(1) +
       "mbarrier.complete_tx.shared.b64 [bar], 16;\n"
       "mbarrier.arrive.shared.b64 %d1, [bar];\n"
       "mbarrier.test_wait.parity.shared.b64 %p1, [bar], 1;\n" + outPredicate(2) +
       "mbarrier.expect_tx.shared.b64 [bar], 16;\n"
       "mbarrier.test_wait.parity.shared.b64 %p1, [bar], 1;\n" + outPredicate(3),
       {0, 1, 0, 1}},
      {"mbarrier_drops",
       "mbarrier.init.shared.b64 [bar], 6;\n"
       "mbarrier.arrive_drop.noComplete.shared.b64 %d1, [bar], 2;\n"
       "mbarrier.arrive_drop.release.cluster.shared::cta.b64 %d2, [bar];\n"
       "mbarrier.arrive_drop.expect_tx.shared.b64 _, [bar], 32;\n"
       "mbarrier.complete_tx.shared.b64 [bar], 32;\n"
       "mbarrier.arrive.shared.b64 %d3, [bar], 2;\n"
       "mbarrier.pending_count.b64 %r1, %d2;\n" + out(0) +
       "mbarrier.pending_count.b64 %r1, %d3;\n" + out(1) +
       "mbarrier.arrive.shared.b64 %d4, [bar];\n"
       "mbarrier.pending_count.b64 %r1, %d4;\n" + out(2),
       {4, 2, 2}},
      {"mbarrier_generic_addresses",
       "mov.u32 %r2, bar;\ncvt.u64.u32 %d1, %r2;\ncvta.shared.u64 %d1, %d1;\n"
       "mbarrier.init.b64 [%d1], 1;\n"
       "mbarrier.arrive.b64 %d2, [%d1];\n"
       "mbarrier.test_wait.b64 %p1, [%d1], %d2;\n" + outPredicate(0) +
       "mbarrier.expect_tx.b64 [%d1], 8;\nmbarrier.arrive.b64 _, [%d1];\n"
       "mbarrier.try_wait.parity.b64 %p1, [%d1], 1;\n" + outPredicate(1) +
       "mbarrier.complete_tx.b64 [%d1], 8;\n"
       "mbarrier.try_wait.parity.b64 %p1, [%d1], 1;\n" + outPredicate(2),
       {1, 0, 1}},
      {"mbarrier_after_copies",
       "mbarrier.init.shared.b64 [bar], 1;\n"
       "cp.async.ca.shared.global [cells], [%d0], 4;\n"
       "cp.async.mbarrier.arrive.shared.b64 [bar];\n"
       "mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0;\n" + outPredicate(0) +
       "cp.async.mbarrier.arrive.noinc.shared::cta.b64 [bar];\n"
       "mbarrier.test_wait.parity.shared.b64 %p1, [bar], 0;\n" + outPredicate(1),
       {0, 1}},
      {"mbarrier_of_the_cluster",
       "mbarrier.init.shared.b64 [bar], 3;\n"
       "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [bar];\n"
       "mbarrier.arrive.expect_tx.relaxed.cluster.shared::cluster.b64 _, [bar], 16;\n"
       "mbarrier.arrive_drop.release.cluster.shared::cluster.b64 _, [bar], 1;\n"
       "mbarrier.test_wait.parity.acquire.cluster.shared.b64 %p1, [bar], 0;\n" + outPredicate(0) +
       "mbarrier.complete_tx.relaxed.cluster.shared::cluster.b64 [bar], 16;\n"
       "mbarrier.test_wait.parity.acquire.cluster.shared.b64 %p1, [bar], 0;\n" + outPredicate(1) +
       "mbarrier.arrive.shared.b64 %d1, [bar];\nmbarrier.pending_count.b64 %r1, %d1;\n" + out(2),
       {0, 1, 2}},
  };
  return all;
}

// Each round every thread reads its neighbour's cell of the round before; 128 threads.
const char *const Rotate = R"(
  setp.ne.u32 %p0, %r0, 0;
  @%p0 bra ready;
  mbarrier.init.shared.b64 [bar], 128;
ready:
  bar.sync 0;
  mul.lo.u32 %r1, %r0, 5;
  mov.u32 %r2, 0;
round:
  shl.b32 %r3, %r2, 7; and.b32 %r3, %r3, 128;
  add.u32 %r4, %r3, %r0; shl.b32 %r4, %r4, 2;
  mov.u32 %r5, cells; add.u32 %r4, %r4, %r5;
  st.shared.u32 [%r4], %r1;
  mbarrier.arrive.shared.b64 %d1, [bar];
wait:
  mbarrier.try_wait.shared.b64 %p1, [bar], %d1;
  @!%p1 bra wait;
  add.u32 %r6, %r0, 1; and.b32 %r6, %r6, 127; add.u32 %r6, %r6, %r3; shl.b32 %r6, %r6, 2; add.u32 %r6, %r6, %r5;
  ld.shared.u32 %r1, [%r6];
  add.u32 %r1, %r1, 1;
  add.u32 %r2, %r2, 1;
  setp.lt.u32 %p2, %r2, 7;
  @%p2 bra round;
  mul.wide.u32 %d2, %r0, 4; add.u64 %d2, %d0, %d2;
  st.global.u32 [%d2], %r1;)";

void rotated(Case &c) {
  std::vector<unsigned> want(128);
  for (unsigned t = 0; t < 128; ++t) want[t] = (t + 7) % 128 * 5 + 7;
  c.output(want);
}

// The last thread of the first warp waits for the others of the block, its own warp's among them, and answers.
const char *const Elected = R"(
  setp.ne.u32 %p0, %r0, 0;
  @%p0 bra ready;
  mbarrier.init.shared.b64 [bar], 95;
  mbarrier.init.shared.b64 [other], 1;
  mov.u32 %r1, 0; st.shared.u32 [cells], %r1;
ready:
  bar.sync 0;
  setp.ne.u32 %p0, %r0, 31;
  @%p0 bra work;
wait:
  mbarrier.try_wait.parity.shared.b64 %p1, [bar], 0;
  @!%p1 bra wait;
  ld.shared.u32 %r2, [cells]; add.u32 %r2, %r2, 1000; st.shared.u32 [cells], %r2;
  mbarrier.arrive.shared.b64 _, [other];
  bra done;
work:
  atom.shared.add.u32 %r3, [cells], %r0;
  mbarrier.arrive.shared.b64 _, [bar];
done:
  mbarrier.test_wait.parity.shared.b64 %p1, [other], 0;
  @!%p1 bra done;
  ld.shared.u32 %r1, [cells];
  mul.wide.u32 %d2, %r0, 4; add.u64 %d2, %d0, %d2;
  st.global.u32 [%d2], %r1;)";

void elected(Case &c) { c.output(std::vector<unsigned>(96, 95 * 96 / 2 - 31 + 1000)); }

// Every warp is two parties: the lower lanes produce, the upper consume, eight times through one cell each.
const char *const HalfWarps = R"(
  and.b32 %r1, %r0, 15; shl.b32 %r2, %r1, 3;
  .shared .align 8 .b64 full[16]; .shared .align 8 .b64 empty[16];
  mov.u32 %r3, full; add.u32 %r3, %r3, %r2;
  mov.u32 %r4, empty; add.u32 %r4, %r4, %r2;
  mov.u32 %r5, cells; shl.b32 %r6, %r1, 2; add.u32 %r5, %r5, %r6;
  setp.lt.u32 %p0, %r0, 16;
  @!%p0 bra ready;
  mbarrier.init.shared.b64 [%r3], 1;
  mbarrier.init.shared.b64 [%r4], 1;
ready:
  bar.sync 0;
  mov.u32 %r7, 0; mov.u32 %r8, 0;
  @!%p0 bra consume;
produce:
  and.b32 %r9, %r7, 1; xor.b32 %r9, %r9, 1;
w0: mbarrier.try_wait.parity.shared.b64 %p1, [%r4], %r9;
  @!%p1 bra w0;
  mad.lo.u32 %r10, %r7, 3, %r1; st.shared.u32 [%r5], %r10;
  mbarrier.arrive.shared.b64 _, [%r3];
  add.u32 %r7, %r7, 1; setp.lt.u32 %p2, %r7, 8;
  @%p2 bra produce;
  bra done;
consume:
  and.b32 %r9, %r7, 1;
w1: mbarrier.try_wait.parity.shared.b64 %p1, [%r3], %r9;
  @!%p1 bra w1;
  ld.shared.u32 %r10, [%r5]; add.u32 %r8, %r8, %r10;
  mbarrier.arrive.shared.b64 _, [%r4];
  add.u32 %r7, %r7, 1; setp.lt.u32 %p2, %r7, 8;
  @%p2 bra consume;
  mul.wide.u32 %d2, %r1, 4; add.u64 %d2, %d0, %d2;
  st.global.u32 [%d2], %r8;
done:)";

void halfWarps(Case &c) {
  std::vector<unsigned> want(16);
  for (unsigned t = 0; t < 16; ++t) want[t] = 3 * 28 + 8 * t;
  c.output(want);
}

}  // namespace

std::vector<Row> mbarrierRows() {
  std::vector<Row> rows;
  for (const Single &single : singles()) {
    auto arguments = [&single](Case &c) { c.output(single.answers); };
    rows.push_back({"mbarrier", single.name, {1, 1, 1}, {1, 1, 1}, arguments, 0, false, CT_NATIVE_FORM_BLOCK, "", kernel(single.name, single.body)});
  }
  auto several = [&](const char *name, const char *body, unsigned threads, void (*arguments)(Case &)) {
    rows.push_back({"mbarrier", name, {1, 1, 1}, {threads, 1, 1}, arguments, 0, false, CT_NATIVE_FORM_GANG, "", kernel(name, body)});
  };
  several("mbarrier_rotate", Rotate, 128, rotated);
  several("mbarrier_elected", Elected, 96, elected);
  several("mbarrier_half_warps", HalfWarps, 32, halfWarps);
  return rows;
}

}  // namespace cutrans::test
