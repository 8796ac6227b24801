// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Warp operations against models of the PTX manual, written per lane: every mode, clamp and segment, whole and partial warps,
// member masks that differ between lanes, lanes that ended, and members that are elsewhere.
#include <bit>
#include <random>

#include <gtest/gtest.h>
#include <llvm/IR/LLVMContext.h>

#include "cutrans/support/diagnostics.h"
#include "tests/passes/simt/jit.h"

using namespace cutrans::test;

namespace {

// One kernel: reads in[0..3][tid], runs `body` (uses %m %v %b %c, gives %r, i32), writes out[tid].
std::string kernelOf(const std::string &body) {
  return R"(
define void @kernel(ptr addrspace(101) %p) #0 {
entry:
  %in = load ptr addrspace(1), ptr addrspace(101) %p, !invariant.load !0
  %q = getelementptr i8, ptr addrspace(101) %p, i64 8
  %out = load ptr addrspace(1), ptr addrspace(101) %q, !invariant.load !0
  %t = call i32 @cutrans.tid.x()
  %t64 = zext i32 %t to i64
  %pm = getelementptr i32, ptr addrspace(1) %in, i64 %t64
  %m = load i32, ptr addrspace(1) %pm
  %pv = getelementptr i8, ptr addrspace(1) %pm, i64 256
  %v = load i32, ptr addrspace(1) %pv
  %pb = getelementptr i8, ptr addrspace(1) %pm, i64 512
  %b = load i32, ptr addrspace(1) %pb
  %pc = getelementptr i8, ptr addrspace(1) %pm, i64 768
  %c = load i32, ptr addrspace(1) %pc
  %po = getelementptr i32, ptr addrspace(1) %out, i64 %t64
  store i32 -559038737, ptr addrspace(1) %po
)" + body + R"(
  store i32 %r, ptr addrspace(1) %po
  br label %done
done:
  ret void
}
)";
}

struct Input {
  uint32_t m[64], v[64], b[64], c[64];
};

struct WarpRun {
  Input in{};
  uint32_t out[64]{};
  Outcome outcome;
  void go(const std::string &body, unsigned threads = 64, bool optimize = false) {
    llvm::LLVMContext context;
    auto module = parse(context, kernelOf(body));
    ASSERT_TRUE(module);
    struct {
      Input *in;
      uint32_t *out;
    } parameters{&in, out};
    Launch launch;
    launch.block = {threads, 1, 1};
    outcome = runGangs(*module, launch, &parameters, 0, optimize);
    ASSERT_EQ(outcome.error, "");
    ASSERT_EQ(outcome.width, 32u);
  }
};

enum class Mode { Idx, Up, Down, Bfly };
const char *const ModeNames[] = {"idx", "up", "down", "bfly"};

// "Data Movement: shfl.sync". `live` are the lanes that execute it.
uint32_t shuffled(Mode mode, const uint32_t *value, unsigned lane, uint32_t b, uint32_t c, uint32_t live) {
  int bval = b & 31, cval = c & 31, segmask = c >> 8 & 31;
  int maxLane = (int(lane) & segmask) | (cval & ~segmask), minLane = int(lane) & segmask;
  int j = 0;
  bool valid = false;
  switch (mode) {
    case Mode::Up: j = int(lane) - bval, valid = j >= maxLane; break;
    case Mode::Down: j = int(lane) + bval, valid = j <= maxLane; break;
    case Mode::Bfly: j = int(lane) ^ bval, valid = j <= maxLane; break;
    case Mode::Idx: j = minLane | (bval & ~segmask), valid = j <= maxLane; break;
  }
  if (!valid) j = int(lane);
  uint32_t result = live >> j & 1 ? value[j] : 0;
  return valid ? result : result ^ 0x55555555;  // the kernel marks the predicate like this
}

std::string shuffleBody(Mode mode, const std::string &operands) {
  return std::string("%s = call {i32, i1} @cutrans.shfl.") + ModeNames[int(mode)] + "(i32 %m, i32 %v, " + operands + R"()
  %d = extractvalue {i32, i1} %s, 0
  %pr = extractvalue {i32, i1} %s, 1
  %x = xor i32 %d, 1431655765
  %r = select i1 %pr, i32 %d, i32 %x)";
}

void fill(Input &in, unsigned seed) {
  std::mt19937 random(seed);
  for (unsigned i = 0; i < 64; ++i) {
    in.m[i] = 0xffffffff;
    in.v[i] = random();
    in.b[i] = random() % 40;
    in.c[i] = (random() % 32) | (random() % 32) << 8;
  }
}

uint32_t warpMask(unsigned threads, unsigned warp) { return threads >= 32 * (warp + 1) ? ~0u : (1u << (threads - 32 * warp)) - 1; }

}  // namespace

class Shuffles : public testing::TestWithParam<Mode> {};

TEST_P(Shuffles, VariableOperands) {
  for (unsigned threads : {64u, 45u}) {
    WarpRun run;
    fill(run.in, 5 + threads);
    run.go(shuffleBody(GetParam(), "i32 %b, i32 %c"), threads, threads == 45);
    for (unsigned t = 0; t < threads; ++t)
      EXPECT_EQ(run.out[t], shuffled(GetParam(), run.in.v + t / 32 * 32, t % 32, run.in.b[t], run.in.c[t], warpMask(threads, t / 32))) << t;
    EXPECT_TRUE(run.outcome.traps.empty());
  }
}

TEST_P(Shuffles, ConstantOperands) {
  const uint32_t clamps[] = {0x1f, 0, 0x1f | 24 << 8, 24 << 8, 7 | 16 << 8};  // whole warp, up, width 8, up of width 8, mixed
  for (unsigned b : {1u, 4u, 16u, 31u})
    for (uint32_t c : clamps) {
      WarpRun run;
      fill(run.in, 9);
      run.go(shuffleBody(GetParam(), "i32 " + std::to_string(b) + ", i32 " + std::to_string(c)));
      for (unsigned t = 0; t < 64; ++t)
        ASSERT_EQ(run.out[t], shuffled(GetParam(), run.in.v + t / 32 * 32, t % 32, b, c, ~0u)) << t << " b " << b << " c " << c;
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, Shuffles, testing::Values(Mode::Idx, Mode::Up, Mode::Down, Mode::Bfly),
                         [](const auto &info) { return ModeNames[int(info.param)]; });

TEST(WarpOperations, Votes) {
  WarpRun run;
  for (unsigned t = 0; t < 64; ++t) run.in.m[t] = t % 32 < 8 ? 0xff : 0xffffff00, run.in.v[t] = t < 32 ? t % 3 == 0 : t % 32 >= 8;
  run.go(R"(
  %k = icmp ne i32 %v, 0
  %bal = call i32 @cutrans.vote.ballot(i32 %m, i1 %k)
  %any = call i1 @cutrans.vote.any(i32 %m, i1 %k)
  %all = call i1 @cutrans.vote.all(i32 %m, i1 %k)
  %uni = call i1 @cutrans.vote.uni(i32 %m, i1 %k)
  %a0 = zext i1 %any to i32
  %a1 = select i1 %all, i32 2, i32 0
  %a2 = select i1 %uni, i32 4, i32 0
  %s0 = shl i32 %bal, 3
  %s1 = or i32 %s0, %a0
  %s2 = or i32 %s1, %a1
  %r = or i32 %s2, %a2)");
  for (unsigned t = 0; t < 64; ++t) {
    uint32_t ballot = 0, members = run.in.m[t];
    for (unsigned i = 0; i < 32; ++i) ballot |= uint32_t(run.in.v[t / 32 * 32 + i] != 0 && (members >> i & 1)) << i;
    uint32_t expected = ballot << 3 | (ballot != 0) | (ballot == members) * 2u | (ballot == members || ballot == 0) * 4u;
    EXPECT_EQ(run.out[t], expected) << t;
  }
}

TEST(WarpOperations, UniformVotesUnderBranches) {
  WarpRun run;
  for (unsigned t = 0; t < 64; ++t) run.in.v[t] = t % 5 == 0, run.in.b[t] = t % 32 < 20;
  run.go(R"(
  %take = icmp ne i32 %b, 0
  br i1 %take, label %inside, label %done
inside:
  %k = icmp ne i32 %v, 0
  %act = call i32 @cutrans.activemask()
  %bal = call i32 @cutrans.vote.ballot(i32 %act, i1 %k)
  %any = call i1 @cutrans.vote.any(i32 1048575, i1 %k)
  %x = xor i32 %bal, %act
  %y = zext i1 %any to i32
  %r = add i32 %x, %y)");
  for (unsigned t = 0; t < 64; ++t) {
    uint32_t ballot = 0;
    for (unsigned i = 0; i < 20; ++i) ballot |= uint32_t(run.in.v[t / 32 * 32 + i] != 0) << i;
    EXPECT_EQ(run.out[t], t % 32 < 20 ? (ballot ^ 0xfffff) + 1 : 0xdeadbeef) << t;
  }
  EXPECT_TRUE(run.outcome.traps.empty());
}

TEST(WarpOperations, EndedLanesAreNoMembersToWaitFor) {
  WarpRun run;
  for (unsigned t = 0; t < 64; ++t) run.in.v[t] = 100 + t, run.in.b[t] = t % 32 < 20;
  run.go(R"(
  %take = icmp ne i32 %b, 0
  br i1 %take, label %inside, label %done
inside:
  %s = call {i32, i1} @cutrans.shfl.down(i32 -1, i32 %v, i32 4, i32 31)
  %r = extractvalue {i32, i1} %s, 0)");
  for (unsigned t = 0; t < 64; ++t) {
    uint32_t lane = t % 32;
    uint32_t expected = lane >= 20 ? 0xdeadbeef : lane + 4 < 20 ? 100 + t + 4 : 0;
    EXPECT_EQ(run.out[t], expected) << t;
  }
  EXPECT_TRUE(run.outcome.traps.empty());
}

TEST(WarpOperations, MembersElsewhereAreRefused) {
  WarpRun run;
  for (unsigned t = 0; t < 64; ++t) run.in.v[t] = t, run.in.b[t] = t % 32 < 20;
  run.go(R"(
  %take = icmp ne i32 %b, 0
  br i1 %take, label %inside, label %other
other:
  br label %after
inside:
  %s = call {i32, i1} @cutrans.shfl.down(i32 -1, i32 %v, i32 4, i32 31)
  %d = extractvalue {i32, i1} %s, 0
  br label %after
after:
  %r = phi i32 [ %d, %inside ], [ %v, %other ])");
  EXPECT_EQ(run.outcome.traps, std::vector<unsigned>(2, unsigned(cutrans::Diag::simt_warp_members)));
}

TEST(WarpOperations, LanesThatReturnInALoop) {
  WarpRun run;
  for (unsigned t = 0; t < 64; ++t) run.in.v[t] = t % 32;
  run.go(R"(
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i1, %next ]
  %sum = phi i32 [ 0, %entry ], [ %sum1, %next ]
  %leave = icmp eq i32 %i, %v
  br i1 %leave, label %leaving, label %next
leaving:
  ret void
next:
  %bal = call i32 @cutrans.vote.ballot(i32 -1, i1 true)
  %cnt = call i32 @llvm.ctpop.i32(i32 %bal)
  %sum1 = add i32 %sum, %cnt
  store i32 %sum1, ptr addrspace(1) %po
  %i1 = add i32 %i, 1
  %more = icmp slt i32 %i1, 10
  br i1 %more, label %loop, label %fin
fin:
  %r = phi i32 [ %sum1, %next ])");
  uint32_t sum = 0;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (lane && lane <= 10) sum += 32 - lane;
    EXPECT_EQ(run.out[lane], lane == 0 ? 0xdeadbeef : sum) << lane;
  }
  EXPECT_TRUE(run.outcome.traps.empty());
}

TEST(WarpOperations, Match) {
  WarpRun run;
  for (unsigned t = 0; t < 64; ++t) run.in.m[t] = t % 32 < 8 ? 0xff : 0xffffff00, run.in.v[t] = t < 32 ? t * 7 % 5 : t % 32 < 8 ? 3 : t % 2;
  run.go(R"(
  %r = call i32 @cutrans.match.any.b32(i32 %m, i32 %v))");
  for (unsigned t = 0; t < 64; ++t) {
    uint32_t expected = 0;
    for (unsigned i = 0; i < 32; ++i) expected |= uint32_t((run.in.m[t] >> i & 1) && run.in.v[t / 32 * 32 + i] == run.in.v[t]) << i;
    EXPECT_EQ(run.out[t], expected) << t;
  }
  for (const char *members : {"%m", "-256", "-1"}) {
    WarpRun all;
    all.in = run.in;
    all.go(std::string("%w = zext i32 %v to i64\n%s = call {i32, i1} @cutrans.match.all.b64(i32 ") + members + R"(, i64 %w)
  %d = extractvalue {i32, i1} %s, 0
  %pr = extractvalue {i32, i1} %s, 1
  %x = xor i32 %d, 1
  %r = select i1 %pr, i32 %d, i32 %x)");
    for (unsigned t = 0; t < 64; ++t) {
      uint32_t named = members[0] == '%' ? run.in.m[t] : members[1] == '1' ? ~0u : 0xffffff00u;
      bool same = true;
      uint32_t first = run.in.v[t / 32 * 32 + std::countr_zero(named)];
      for (unsigned i = 0; i < 32; ++i) same &= !(named >> i & 1) || run.in.v[t / 32 * 32 + i] == first;
      EXPECT_EQ(all.out[t], same ? named : 1u) << t << " " << members;
    }
  }
}

TEST(WarpOperations, Reductions) {
  for (const char *members : {"%m", "-1"}) {
    WarpRun run;
    std::mt19937 random(3);
    for (unsigned t = 0; t < 64; ++t) run.in.m[t] = t % 2 ? 0xaaaaaaaa : 0x55555555, run.in.v[t] = random();
    std::string m = std::string("(i32 ") + members + ", i32 %v)";
    run.go("%a = call i32 @cutrans.redux.add" + m + "\n%b1 = call i32 @cutrans.redux.min.s32" + m + "\n%c1 = call i32 @cutrans.redux.max.u32" + m +
           "\n%d1 = call i32 @cutrans.redux.xor" + m + R"(
  %e1 = mul i32 %a, 3
  %e2 = mul i32 %b1, 5
  %e3 = mul i32 %c1, 7
  %e4 = add i32 %e1, %e2
  %e5 = add i32 %e3, %d1
  %r = add i32 %e4, %e5)");
    for (unsigned t = 0; t < 64; ++t) {
      uint32_t named = members[0] == '%' ? run.in.m[t] : ~0u, sum = 0, most = 0, mixed = 0;
      int32_t least = INT32_MAX;
      for (unsigned i = 0; i < 32; ++i)
        if (named >> i & 1) {
          uint32_t v = run.in.v[t / 32 * 32 + i];
          sum += v, most = std::max(most, v), mixed ^= v, least = std::min(least, int32_t(v));
        }
      EXPECT_EQ(run.out[t], sum * 3 + uint32_t(least) * 5 + most * 7 + mixed) << t << members;
    }
  }
}

TEST(WarpOperations, Elect) {
  WarpRun run;
  for (unsigned t = 0; t < 64; ++t) run.in.m[t] = t % 32 < 8 ? 0xfc : 0xffffff00;
  run.go(R"(
  %s = call {i32, i1} @cutrans.elect(i32 %m)
  %d = extractvalue {i32, i1} %s, 0
  %pr = extractvalue {i32, i1} %s, 1
  %h = select i1 %pr, i32 256, i32 0
  %r = or i32 %h, %d)");
  for (unsigned t = 0; t < 64; ++t) {
    unsigned lane = t % 32, leader = lane < 8 ? 2 : 8;
    EXPECT_EQ(run.out[t], leader | (lane == leader ? 256 : 0)) << t;
  }
}
