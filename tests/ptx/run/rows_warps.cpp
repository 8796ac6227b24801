// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Warps that do different things beside each other: all warp operations among the threads of several warps, on ways of their own, with threads that are not there.
// Where two warps share what executes them (a wave of 64), each row would show one that sees the other.
#include <bit>

#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

// r0: the thread in the block, r30: its lane, r29: its warp, r28: a number of its own; the result goes to [d0].
std::string kernel(const std::string &name, const std::string &body) {
  return ".version 8.6\n.target sm_90\n.address_size 64\n.visible .entry " + name + R"((.param .u64 out)
{
  .reg .pred %p<8>; .reg .b32 %r<32>; .reg .b64 %d<8>;
  ld.param.u64 %d0, [out];
  mov.u32 %r0, %tid.x;
  mov.u32 %r1, %tid.y;
  mov.u32 %r2, %ntid.x;
  mad.lo.u32 %r0, %r1, %r2, %r0;
  mov.u32 %r30, %laneid;
  mov.u32 %r29, %warpid;
  mul.lo.u32 %r28, %r0, 0x9e3779b1;
  mul.wide.u32 %d1, %r0, 4;
  add.u64 %d0, %d0, %d1;
  mov.u32 %r20, 0;
)" + body + R"(
DONE:
  st.global.u32 [%d0], %r20;
  ret;
}
)";
}

// Puts a register into the result.
std::string keep(const std::string &name) { return "  mad.lo.u32 %r20, %r20, 33, " + name + ";\n"; }
std::string keepPredicate(const std::string &name) { return "  selp.u32 %r19, 1, 0, " + name + ";\n" + keep("%r19"); }

unsigned own(unsigned thread) { return thread * 0x9e3779b1u; }

struct Sum {
  unsigned value = 0;
  void operator+=(unsigned next) { value = value * 33 + next; }
};

// Of the lanes of `members` in a warp.
template <class F>
unsigned ballot(unsigned warp, unsigned members, F f) {
  unsigned set = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if ((members >> lane & 1) && f(warp * 32 + lane)) set |= 1u << lane;
  return set;
}
template <class F>
unsigned reduced(unsigned warp, unsigned members, unsigned start, F f) {
  for (unsigned lane = 0; lane < 32; ++lane)
    if (members >> lane & 1) start = f(start, own(warp * 32 + lane));
  return start;
}

std::string allOperations() {
  return "  bfe.u32 %r3, %r28, 13, 1;\n  setp.ne.u32 %p1, %r3, 0;\n  vote.sync.ballot.b32 %r4, %p1, -1;\n" + keep("%r4") +
         "  mad.lo.u32 %r5, %r30, 5, %r29;\n  and.b32 %r5, %r5, 31;\n  shfl.sync.idx.b32 %r6, %r28, %r5, 31, -1;\n" + keep("%r6") +
         "  shfl.sync.up.b32 %r6|%p2, %r28, %r29, 0, -1;\n" + keep("%r6") + keepPredicate("%p2") +
         "  shfl.sync.down.b32 %r6|%p2, %r28, 3, 0x181f, -1;\n" + keep("%r6") + keepPredicate("%p2") +
         "  shfl.sync.bfly.b32 %r6, %r28, 16, 31, -1;\n" + keep("%r6") +
         "  shr.u32 %r7, %r28, 30;\n  match.any.sync.b32 %r8, %r7, -1;\n" + keep("%r8") +
         "  cvt.u64.u32 %d2, %r7;\n  shl.b64 %d2, %d2, 40;\n  match.any.sync.b64 %r8, %d2, -1;\n" + keep("%r8") +
         "  and.b32 %r9, %r29, 1;\n  setp.ne.u32 %p3, %r9, 0;\n  selp.u32 %r9, 7, %r30, %p3;\n  match.all.sync.b32 %r8|%p2, %r9, -1;\n" + keep("%r8") + keepPredicate("%p2") +
         "  redux.sync.add.u32 %r10, %r28, -1;\n" + keep("%r10") + "  redux.sync.min.s32 %r10, %r28, -1;\n" + keep("%r10") + "  redux.sync.max.u32 %r10, %r28, -1;\n" + keep("%r10") +
         "  redux.sync.xor.b32 %r10, %r28, -1;\n" + keep("%r10") +
         "  setp.ne.u32 %p4, %r0, 70;\n  vote.sync.all.pred %p5, %p4, -1;\n" + keepPredicate("%p5") + "  not.pred %p4, %p4;\n  vote.sync.any.pred %p5, %p4, -1;\n" + keepPredicate("%p5") +
         "  setp.lt.u32 %p4, %r29, 3;\n  vote.sync.uni.pred %p5, %p4, -1;\n" + keepPredicate("%p5") + "  elect.sync %r11|%p5, -1;\n" + keep("%r11") + keepPredicate("%p5");
}
unsigned allOperationsOf(unsigned t) {
  const unsigned warp = t / 32, lane = t % 32, first = warp * 32, all = ~0u;
  Sum sum;
  sum += ballot(warp, all, [](unsigned u) { return own(u) >> 13 & 1; });
  sum += own(first + ((lane * 5 + warp) & 31));
  sum += own(lane >= warp ? t - warp : t), sum += lane >= warp;
  const bool down = lane % 8 + 3 < 8;
  sum += own(down ? t + 3 : t), sum += down;
  sum += own(t ^ 16);
  for (int i = 0; i < 2; ++i) sum += ballot(warp, all, [&](unsigned u) { return own(u) >> 30 == own(t) >> 30; });
  sum += warp & 1 ? all : 0, sum += warp & 1;
  sum += reduced(warp, all, 0, [](unsigned a, unsigned b) { return a + b; });
  sum += reduced(warp, all, 0x7fffffff, [](unsigned a, unsigned b) { return int(a) < int(b) ? a : b; });
  sum += reduced(warp, all, 0, [](unsigned a, unsigned b) { return a > b ? a : b; });
  sum += reduced(warp, all, 0, [](unsigned a, unsigned b) { return a ^ b; });
  sum += warp != 2, sum += warp == 2, sum += 1, sum += 0, sum += lane == 0;
  return sum.value;
}

// Odd warps and even ones, and in the odd ones the first 20 lanes and the others, each on a way of their own and not equally often.
std::string onOwnWays() {
  return R"(  and.b32 %r3, %r29, 1;
  setp.eq.u32 %p1, %r3, 0;
  @%p1 bra EVEN;
  setp.ge.u32 %p2, %r30, 20;
  @%p2 bra HIGH;
  mov.u32 %r4, 0;
AGAIN:
  add.u32 %r5, %r28, %r4;
  redux.sync.add.u32 %r6, %r5, 0xfffff;
)" + keep("%r6") + R"(  xor.b32 %r6, %r30, 3;
  shfl.sync.idx.b32 %r6, %r5, %r6, 31, 0xfffff;
)" + keep("%r6") + R"(  add.u32 %r4, %r4, 1;
  setp.le.u32 %p3, %r4, %r29;
  @%p3 bra AGAIN;
  bra.uni JOIN;
HIGH:
  match.any.sync.b32 %r6, %r3, 0xfff00000;
)" + keep("%r6") + R"(  setp.gt.u32 %p3, %r30, 25;
  vote.sync.ballot.b32 %r6, %p3, 0xfff00000;
)" + keep("%r6") + R"(  bra.uni JOIN;
EVEN:
  setp.lt.u32 %p3, %r30, %r29;
  vote.sync.ballot.b32 %r6, %p3, -1;
)" + keep("%r6") + R"(JOIN:
  bar.warp.sync -1;
  redux.sync.or.b32 %r6, %r30, -1;
)" + keep("%r6");
}
unsigned onOwnWaysOf(unsigned t) {
  const unsigned warp = t / 32, lane = t % 32;
  Sum sum;
  if (warp % 2 == 0) {
    sum += (1u << warp) - 1;
  } else if (lane >= 20) {
    sum += 0xfff00000, sum += 0xfc000000;
  } else {
    for (unsigned turn = 0; turn <= warp; ++turn) {
      sum += reduced(warp, 0xfffff, 0, [&](unsigned a, unsigned b) { return a + b + turn; });
      sum += own(t ^ 3) + turn;
    }
  }
  sum += 31;
  return sum.value;
}

// Lanes leave a loop of votes one after the other, in each warp at other turns, and all are named in each vote.
std::string leaving() {
  return R"(  shr.u32 %r3, %r30, 2;
  mad.lo.u32 %r3, %r29, 2, %r3;
  mov.u32 %r4, 0;
AGAIN:
  setp.gt.u32 %p1, %r4, %r3;
  @%p1 bra DONE;
  add.u32 %r5, %r30, %r4;
  and.b32 %r5, %r5, 1;
  setp.ne.u32 %p2, %r5, 0;
  vote.sync.ballot.b32 %r6, %p2, -1;
)" + keep("%r6") + R"(  add.u32 %r4, %r4, 1;
  bra.uni AGAIN;)";
}
unsigned leavingOf(unsigned t) {
  const unsigned warp = t / 32;
  auto turns = [](unsigned u) { return u % 32 / 4 + u / 32 * 2; };
  Sum sum;
  for (unsigned turn = 0; turn <= turns(t); ++turn) sum += ballot(warp, ~0u, [&](unsigned u) { return turns(u) >= turn && ((u + turn) & 1); });
  return sum.value;
}

// Votes of the whole block, of which a warp and half of one have gone.
std::string blockVotes() {
  return R"(  setp.eq.u32 %p1, %r29, 1;
  @%p1 bra DONE;
  setp.ge.u32 %p1, %r0, 144;
  @%p1 bra DONE;
  mov.u32 %r4, 0;
AGAIN:
  setp.lt.u32 %p2, %r30, %r4;
  bar.red.popc.u32 %r5, 0, %p2;
)" + keep("%r5") + R"(  bar.red.or.pred %p3, 0, %p2;
)" + keepPredicate("%p3") + R"(  setp.ge.u32 %p2, %r29, %r4;
  bar.red.and.pred %p3, 0, %p2;
)" + keepPredicate("%p3") + R"(  add.u32 %r4, %r4, 1;
  setp.lt.u32 %p2, %r4, 3;
  @%p2 bra AGAIN;)";
}
unsigned blockVotesOf(unsigned t) {
  if (t / 32 == 1 || t >= 144) return 0;
  Sum sum;
  for (unsigned turn = 0; turn < 3; ++turn) sum += 4 * turn, sum += turn > 0, sum += turn == 0;
  return sum.value;
}

// 20 x 7 threads: the last warp has 12.
std::string masks() {
  std::string text;
  for (const char *name : {"%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge", "%laneid", "%warpid", "%nwarpid"})
    text += "  mov.u32 %r3, " + std::string(name) + ";\n" + keep("%r3");
  return text + "  activemask.b32 %r4;\n" + keep("%r4") + "  setp.ne.u32 %p1, %r30, 3;\n  vote.sync.ballot.b32 %r5, %p1, %r4;\n" + keep("%r5") +
         "  redux.sync.min.u32 %r5, %r28, %r4;\n" + keep("%r5") + "  shfl.sync.idx.b32 %r5, %r28, 11, 31, %r4;\n" + keep("%r5");
}
unsigned masksOf(unsigned t) {
  const unsigned warp = t / 32, bit = 1u << t % 32, here = warp == 4 ? 0xfffu : ~0u;
  Sum sum;
  sum += bit, sum += bit - 1, sum += bit * 2 - 1, sum += ~(bit * 2 - 1), sum += ~(bit - 1), sum += t % 32, sum += warp, sum += 5;
  sum += here, sum += here & ~8u;
  sum += reduced(warp, here, ~0u, [](unsigned a, unsigned b) { return a < b ? a : b; });
  sum += own(warp * 32 + 11);
  return sum.value;
}

}  // namespace

namespace {

struct Made {
  const char *name;
  std::array<uint32_t, 3> block;
  std::string body;
  unsigned (*expected)(unsigned thread);
  ct_native_form form = CT_NATIVE_FORM_BLOCK;
};

Row rowOf(const Made &made) {
  auto arguments = [threads = made.block[0] * made.block[1], expected = made.expected](Case &data) {
    std::vector<unsigned> values;
    for (unsigned t = 0; t < threads; ++t) values.push_back(expected(t));
    data.output(values);
  };
  return {"warps", made.name, {1, 1, 1}, made.block, arguments, 0, false, made.form, "", kernel(made.name, made.body)};
}

}  // namespace

std::vector<Row> warpRows() {
  return {rowOf({"warps_all_operations", {160, 1, 1}, allOperations(), allOperationsOf}),
          rowOf({"warps_on_own_ways", {160, 1, 1}, onOwnWays(), onOwnWaysOf}),
          rowOf({"warps_block_votes", {160, 1, 1}, blockVotes(), blockVotesOf}),
          rowOf({"warps_masks", {20, 7, 1}, masks(), masksOf})};
}

Row warpsLeaving() { return rowOf({"warps_leaving", {160, 1, 1}, leaving(), leavingOf}); }

}  // namespace cutrans::test
