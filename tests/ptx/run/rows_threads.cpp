// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads that go different ways: odd control flow, barriers and warp operations that are met on several ways, threads of one
// warp that wait for each other. Each row runs with gangs of every width.
#include <bit>

#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

std::string kernel(const std::string &name, const std::string &body) {
  return ".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry " + name + R"((.param .u64 out)
{
  .reg .pred %p<8>; .reg .b32 %r<32>; .reg .b64 %d<16>;
  .shared .align 4 .b32 cells[256];
  ld.param.u64 %d0, [out];
  mov.u32 %r0, %tid.x;
  mov.u32 %r30, %laneid;
  mul.wide.u32 %d1, %r0, 4;
  add.u64 %d0, %d0, %d1;
  mov.u64 %d3, cells;
  add.u64 %d2, %d3, %d1;
)" + body + "\n}\n";
}

struct Threads {
  const char *name;
  uint32_t count;
  std::string body;
  unsigned (*expected)(unsigned thread);
  bool gangs = true;  // the form that is chosen
};

const std::vector<Threads> &all() {
  static const std::vector<Threads> rows = {
      // A cycle with two ways in.
      {"irreducible", 40, R"(
  and.b32 %r1, %r0, 7;
  add.u32 %r1, %r1, 1;
  mov.u32 %r2, %r0;
  and.b32 %r3, %r0, 1;
  setp.eq.u32 %p1, %r3, 0;
  @%p1 bra SECOND;
FIRST:
  add.u32 %r2, %r2, 3;
SECOND:
  mad.lo.u32 %r2, %r2, 5, 1;
  sub.u32 %r1, %r1, 1;
  setp.ne.u32 %p2, %r1, 0;
  @%p2 bra FIRST;
  st.global.u32 [%d0], %r2;
  ret;)",
       [](unsigned t) {
         unsigned value = t, turns = (t & 7) + 1;
         for (bool first = t & 1; turns; --turns, first = true) value = (value + (first ? 3 : 0)) * 5 + 1;
         return value;
       },
       false},
      // Three ways out of a loop inside a loop, one of them out of both, one that ends the thread.
      {"many_exits", 64, R"(
  mov.u32 %r2, 0;
  mov.u32 %r3, 0;
OUTER:
  mov.u32 %r4, 0;
INNER:
  mad.lo.u32 %r2, %r2, 3, %r0;
  and.b32 %r2, %r2, 1023;
  setp.gt.u32 %p1, %r2, 1000;
  @%p1 bra ENDS;
  setp.gt.u32 %p2, %r2, 900;
  @%p2 bra LEAVES;
  and.b32 %r5, %r2, 15;
  setp.eq.u32 %p3, %r5, 7;
  @%p3 bra NEXT;
  add.u32 %r4, %r4, 1;
  setp.lt.u32 %p4, %r4, 6;
  @%p4 bra INNER;
NEXT:
  add.u32 %r2, %r2, %r3;
  add.u32 %r3, %r3, 1;
  setp.lt.u32 %p5, %r3, 9;
  @%p5 bra OUTER;
  add.u32 %r2, %r2, 10000;
  bra.uni LEAVES;
ENDS:
  add.u32 %r2, %r2, 20000;
  st.global.u32 [%d0], %r2;
  exit;
LEAVES:
  st.global.u32 [%d0], %r2;
  ret;)",
       [](unsigned t) {
         unsigned value = 0;
         for (unsigned outer = 0; outer < 9; ++outer) {
           for (unsigned inner = 0; inner < 6; ++inner) {
             value = value * 3 + t & 1023;
             if (value > 1000) return value + 20000;
             if (value > 900) return value;
             if ((value & 15) == 7) break;
           }
           value += outer;
         }
         return value + 10000;
       },
       false},
      // Half of a warp votes here, half there; the masks name all.
      {"votes_apart", 64, R"(
  setp.lt.u32 %p1, %r30, 12;
  and.b32 %r1, %r0, 1;
  setp.eq.u32 %p2, %r1, 0;
  @%p1 bra LOW;
  vote.sync.ballot.b32 %r2, %p2, 0xffffffff;
  add.u32 %r2, %r2, 1;
  st.global.u32 [%d0], %r2;
  ret;
LOW:
  vote.sync.ballot.b32 %r2, %p2, 0xffffffff;
  st.global.u32 [%d0], %r2;
  ret;)",
       [](unsigned t) { return 0x55555555u + (t % 32 >= 12); }},
      // Lanes end with work of their own while others name them.
      {"ends_beside_a_vote", 64, R"(
  rem.u32 %r1, %r30, 3;
  setp.eq.u32 %p1, %r1, 0;
  @%p1 bra ENDS;
  shfl.sync.idx.b32 %r2, %r30, 1, 0x1f, 0xffffffff;
  match.any.sync.b32 %r3, %r1, 0xffffffff;
  st.global.u32 [%d0], %r3;
  ret;
ENDS:
  mul.lo.u32 %r2, %r0, 7;
  st.global.u32 [%d0], %r2;
  ret;)",
       [](unsigned t) {
         unsigned lane = t % 32, same = 0;
         for (unsigned i = 0; i < 32; ++i) same |= unsigned(i % 3 == lane % 3) << i;
         return lane % 3 ? same : t * 7;
       },
       false},
      // The block's barrier on two ways of a warp.
      {"barrier_on_two_ways", 64, R"(
  st.shared.u32 [%d2], %r0;
  setp.lt.u32 %p1, %r30, 5;
  xor.b32 %r1, %r0, 63;
  mul.wide.u32 %d4, %r1, 4;
  add.u64 %d4, %d3, %d4;
  @%p1 bra LOW;
  barrier.sync 0;
  ld.shared.u32 %r2, [%d4];
  st.global.u32 [%d0], %r2;
  ret;
LOW:
  mul.lo.u32 %r3, %r0, 100;
  st.shared.u32 [%d2], %r3;
  barrier.sync 0;
  ld.shared.u32 %r2, [%d4];
  add.u32 %r2, %r2, 1;
  st.global.u32 [%d0], %r2;
  ret;)",
       [](unsigned t) {
         unsigned other = t ^ 63;
         return other * (other % 32 < 5 ? 100 : 1) + (t % 32 < 5);
       }},
      // One warp brings, one waits; then the other way round.
      {"arrive_and_wait", 64, R"(
  mov.u32 %r4, 0;
  setp.ge.u32 %p1, %r0, 32;
  @%p1 bra CONSUMER;
PRODUCER:
  mad.lo.u32 %r1, %r0, 10, %r4;
  st.shared.u32 [%d2], %r1;
  barrier.arrive 1, 64;
  barrier.sync 2, 64;
  add.u32 %r4, %r4, 1;
  setp.lt.u32 %p2, %r4, 4;
  @%p2 bra PRODUCER;
  st.global.u32 [%d0], %r4;
  ret;
CONSUMER:
  mov.u32 %r5, 0;
TAKE:
  barrier.sync 1, 64;
  ld.shared.u32 %r6, [%d2+-128];
  add.u32 %r5, %r5, %r6;
  barrier.arrive 2, 64;
  add.u32 %r4, %r4, 1;
  setp.lt.u32 %p2, %r4, 4;
  @%p2 bra TAKE;
  st.global.u32 [%d0], %r5;
  ret;)",
       [](unsigned t) { return t < 32 ? 4u : (t - 32) * 40 + 6; }},
      // A count of two warps of three; the third one is not part of it.
      {"reduce_in_two_warps", 96, R"(
  mov.u32 %r2, 77;
  setp.ge.u32 %p1, %r0, 64;
  @%p1 bra DONE;
  rem.u32 %r1, %r0, 5;
  setp.eq.u32 %p2, %r1, 0;
  barrier.red.popc.u32 %r2, 3, 64, %p2;
  barrier.red.or.pred %p3, 4, 64, %p2;
  selp.u32 %r3, 100, 0, %p3;
  add.u32 %r2, %r2, %r3;
DONE:
  st.global.u32 [%d0], %r2;
  ret;)",
       [](unsigned t) { return t < 64 ? 113u : 77u; }},
      // Each thread of a warp waits for the one before it.
      {"waits_in_a_row", 48, R"(
  mov.u32 %r1, 0;
  st.shared.u32 [%d2], %r1;
  bar.sync 0;
  setp.eq.u32 %p1, %r0, 47;
  @%p1 bra GO;
SPIN:
  ld.volatile.shared.u32 %r2, [%d2+4];
  setp.eq.u32 %p2, %r2, 0;
  @%p2 bra SPIN;
  mov.u32 %r1, %r2;
GO:
  add.u32 %r1, %r1, 1;
  membar.cta;
  st.volatile.shared.u32 [%d2], %r1;
  st.global.u32 [%d0], %r1;
  ret;)",
       [](unsigned t) { return 48 - t; }},
      // Decoupled look-back: each lane of a warp sums the words of its lane in the warps before, back to one that has its whole sum, and
      // publishes its own as soon as it has it; then all meet.
      {"look_back", 96, R"(
  mov.u32 %r1, 0;
  st.shared.u32 [%d2], %r1;
  bar.sync 0;
  sub.u32 %r2, %r0, 32;
  mov.u32 %r3, %r30;
  setp.lt.u32 %p1, %r0, 32;
  @%p1 bra PUBLISH;
  or.b32 %r4, %r30, 0x40000000;
  st.volatile.shared.u32 [%d2], %r4;
NEXT:
  mul.wide.u32 %d4, %r2, 4;
  add.u64 %d5, %d3, %d4;
SPIN:
  membar.cta;
  ld.volatile.shared.u32 %r5, [%d5];
  setp.eq.u32 %p2, %r5, 0;
  @%p2 bra SPIN;
  and.b32 %r6, %r5, 0xffff;
  add.u32 %r3, %r3, %r6;
  setp.lt.s32 %p3, %r5, 0;
  @%p3 bra PUBLISH;
  sub.u32 %r2, %r2, 32;
  bra.uni NEXT;
PUBLISH:
  or.b32 %r7, %r3, 0x80000000;
  st.volatile.shared.u32 [%d2], %r7;
  xor.b32 %r8, %r0, 1;
  mul.wide.u32 %d6, %r8, 4;
  add.u64 %d6, %d3, %d6;
  setp.gt.u32 %p4, %r30, 20;
  @%p4 bra MEET;
  add.u32 %r3, %r3, 1000;
MEET:
  bar.sync 0;
  ld.shared.u32 %r9, [%d6];
  and.b32 %r9, %r9, 0xffff;
  mad.lo.u32 %r3, %r9, 100000, %r3;
  st.global.u32 [%d0], %r3;
  ret;)",
       [](unsigned t) { return (t / 32 + 1) * (t % 32) + (t % 32 > 20 ? 0 : 1000) + 100000 * ((t / 32 + 1) * ((t ^ 1) % 32)); }},
      // Each lane waits for its neighbour and answers it; a vote follows.
      {"waits_then_votes", 64, R"(
  mov.u32 %r1, 0;
  st.shared.u32 [%d2], %r1;
  bar.sync 0;
  setp.eq.u32 %p1, %r30, 31;
  selp.u32 %r1, 1, 0, %p1;
  @!%p1 bra SPIN;
  st.volatile.shared.u32 [%d2], %r1;
SPIN:
  ld.volatile.shared.u32 %r2, [%d2];
  setp.eq.u32 %p2, %r2, 0;
  @%p2 bra SPIN;
  setp.eq.u32 %p3, %r30, 0;
  add.u32 %r2, %r2, 1;
  @%p3 bra DONE;
  st.volatile.shared.u32 [%d2+-4], %r2;
DONE:
  setp.gt.u32 %p4, %r2, 20;
  vote.sync.ballot.b32 %r3, %p4, 0xffffffff;
  add.u32 %r3, %r3, %r2;
  st.global.u32 [%d0], %r3;
  ret;)",
       [](unsigned t) { return 33 - t % 32 + 0x1fffu; }},
      // Lanes take a lock one by one and vote before and after.
      {"lock_and_votes", 64, R"(
  setp.ne.u32 %p1, %r0, 0;
  @%p1 bra ZEROED;
  mov.u32 %r1, 0;
  st.shared.u32 [cells], %r1;
  st.shared.u32 [cells+4], %r1;
ZEROED:
  bar.sync 0;
  setp.gt.u32 %p2, %r30, 3;
  vote.sync.ballot.b32 %r5, %p2, 0xffffffff;
TRY:
  atom.shared.cas.b32 %r2, [cells], 0, 1;
  setp.ne.u32 %p3, %r2, 0;
  @%p3 bra TRY;
  ld.volatile.shared.u32 %r3, [cells+4];
  add.u32 %r3, %r3, %r0;
  st.volatile.shared.u32 [cells+4], %r3;
  membar.cta;
  atom.shared.exch.b32 %r2, [cells], 0;
  vote.sync.ballot.b32 %r6, %p2, 0xffffffff;
  bar.sync 0;
  ld.volatile.shared.u32 %r3, [cells+4];
  xor.b32 %r5, %r5, %r6;
  add.u32 %r3, %r3, %r5;
  st.global.u32 [%d0], %r3;
  ret;)",
       [](unsigned) { return 64u * 63 / 2; }},
      // Every warp operation, with masks of a part of the warp.
      {"warp_operations_in_parts", 64, R"(
  and.b32 %r1, %r30, 1;
  setp.eq.u32 %p1, %r1, 0;
  selp.u32 %r2, 0x55555555, 0xaaaaaaaa, %p1;
  shfl.sync.bfly.b32 %r3, %r0, 2, 0x1f, %r2;
  shfl.sync.up.b32 %r4|%p2, %r0, 2, 0x1800, %r2;
  selp.u32 %r5, 1000, 0, %p2;
  add.u32 %r3, %r3, %r4;
  add.u32 %r3, %r3, %r5;
  redux.sync.max.u32 %r6, %r0, %r2;
  redux.sync.add.s32 %r7, %r30, %r2;
  add.u32 %r3, %r3, %r6;
  add.u32 %r3, %r3, %r7;
  setp.lt.u32 %p3, %r30, 20;
  vote.sync.all.pred %p4, %p3, %r2;
  vote.sync.any.pred %p5, %p3, %r2;
  vote.sync.uni.pred %p6, %p5, %r2;
  selp.u32 %r8, 1, 0, %p4;
  selp.u32 %r9, 2, 0, %p5;
  selp.u32 %r10, 4, 0, %p6;
  add.u32 %r8, %r8, %r9;
  add.u32 %r8, %r8, %r10;
  shr.u32 %r11, %r30, 3;
  cvt.u64.u32 %d5, %r11;
  match.any.sync.b64 %r12, %d5, %r2;
  match.all.sync.b32 %r13|%p7, %r1, %r2;
  xor.b32 %r12, %r12, %r13;
  elect.sync %r14|%p7, %r2;
  selp.u32 %r15, 100000, 0, %p7;
  add.u32 %r14, %r14, %r15;
  bar.warp.sync %r2;
  add.u32 %r3, %r3, %r8;
  add.u32 %r3, %r3, %r12;
  add.u32 %r3, %r3, %r14;
  st.global.u32 [%d0], %r3;
  ret;)",
       [](unsigned t) {
         unsigned lane = t % 32, odd = lane & 1, mask = odd ? 0xaaaaaaaa : 0x55555555;
         bool near = lane % 8 >= 2;
         unsigned sum = (t ^ 2) + (near ? t - 2 : t) + (near ? 1000 : 0) + (t / 32 * 32 + 30 + odd) + 240 + 16 * odd + (0 + 2 + 4);
         unsigned octet = mask & 0xffu << lane / 8 * 8;
         return sum + (octet ^ mask) + odd + (lane == odd ? 100000 : 0);
       },
       false},
      // The old forms without a mask, and who is here.
      {"who_is_here", 64, R"(
  setp.ge.u32 %p1, %r30, 24;
  @%p1 bra REST;
  activemask.b32 %r1;
  mov.u32 %r2, 5;
  bra.uni DONE;
REST:
  activemask.b32 %r1;
  mov.u32 %r2, 6;
DONE:
  activemask.b32 %r3;
  bar.warp.sync 0xffffffff;
  popc.b32 %r1, %r1;
  mad.lo.u32 %r1, %r1, 10, %r2;
  st.global.u32 [%d0], %r1;
  ret;)",
       [](unsigned t) { return t % 32 < 24 ? 245u : 86u; },
       false},
  };
  return rows;
}

}  // namespace

std::vector<Row> threadRows() {
  std::vector<Row> rows;
  for (const Threads &threads : all()) {
    auto arguments = [&threads](Case &data) {
      std::vector<unsigned> expected;
      for (unsigned t = 0; t < threads.count; ++t) expected.push_back(threads.expected(t));
      data.output(expected);
    };
    rows.push_back({"threads", threads.name, {1, 1, 1}, {threads.count, 1, 1}, arguments, 0, false,
                    threads.gangs ? CT_NATIVE_FORM_GANG : CT_NATIVE_FORM_BLOCK, "", kernel(threads.name, threads.body)});
  }
  return rows;
}

}  // namespace cutrans::test
