// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Single features of widening, executed and compared with one thread at a time, for every width: block shapes of two and three
// dimensions, addresses that wrap, vectors and small strides, local memory, atomics, calls for each live lane.
#include <cstring>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <llvm/IR/LLVMContext.h>

#include "cutrans/support/diagnostics.h"
#include "tests/passes/simt/jit.h"

using namespace cutrans::test;

namespace {

constexpr unsigned Words = 16384;

std::string kernelOf(const std::string &body) {
  return R"(
declare i32 @llvm.ctpop.i32(i32)
declare {i32, i1} @llvm.uadd.with.overflow.i32(i32, i32)
define void @kernel(ptr addrspace(101) %p) #0 {
entry:
  %in64 = load i64, ptr addrspace(101) %p, !invariant.load !0
  %q = getelementptr i8, ptr addrspace(101) %p, i64 8
  %out64 = load i64, ptr addrspace(101) %q, !invariant.load !0
  %qn = getelementptr i8, ptr addrspace(101) %p, i64 16
  %n = load i32, ptr addrspace(101) %qn, !invariant.load !0
  %x = call i32 @cutrans.tid.x()
  %y = call i32 @cutrans.tid.y()
  %z = call i32 @cutrans.tid.z()
  %nx = call i32 @cutrans.ntid.x()
  %ny = call i32 @cutrans.ntid.y()
  %l0 = mul i32 %z, %ny
  %l1 = add i32 %l0, %y
  %l2 = mul i32 %l1, %nx
  %l = add i32 %l2, %x
  %in = inttoptr i64 %in64 to ptr addrspace(1)
  %out = inttoptr i64 %out64 to ptr addrspace(1)
  %lw = zext i32 %l to i64
  %mine = getelementptr i32, ptr addrspace(1) %out, i64 %lw
)" + body + R"(
  br label %done
done:
  ret void
}
)";
}

struct Case {
  const char *name;
  std::string body;
};

const Case Cases[] = {
    {"ids", R"(
  %a = shl i32 %z, 20
  %b = shl i32 %y, 10
  %c = or i32 %a, %b
  %d = or i32 %c, %x
  store i32 %d, ptr addrspace(1) %mine)"},
    {"tile", R"(
  %t0 = mul i32 %y, 64
  %t1 = add i32 %t0, %x
  %t2 = and i32 %t1, 8191
  %t3 = sext i32 %t2 to i64
  %t4 = getelementptr i32, ptr addrspace(1) %in, i64 %t3
  %a = load i32, ptr addrspace(1) %t4
  %u0 = mul i32 %y, %n
  %u1 = sext i32 %u0 to i64
  %u2 = getelementptr i32, ptr addrspace(1) %in, i64 %u1
  %b = load i32, ptr addrspace(1) %u2
  %v1 = sext i32 %y to i64
  %v2 = getelementptr i32, ptr addrspace(1) %in, i64 %v1
  %c = load i32, ptr addrspace(1) %v2
  %d = add i32 %a, %b
  %e = add i32 %d, %c
  store i32 %e, ptr addrspace(1) %mine)"},
    {"wrapping_index", R"(
  %w0 = add i32 %x, 2147483640
  %w1 = sext i32 %w0 to i64
  %w2 = icmp slt i64 %w1, 0
  %w3 = add i64 %w1, 2147483648
  %w4 = sub i64 %w1, 2147483640
  %w5 = select i1 %w2, i64 %w3, i64 %w4
  %w6 = getelementptr i32, ptr addrspace(1) %in, i64 %w5
  %a = load i32, ptr addrspace(1) %w6
  %big = add i64 %in64, 8589934592
  %v0 = mul nsw i64 %w1, 4
  %v1 = sub i64 %in64, 8589934560
  %v2 = add i64 %v1, %v0
  %c = icmp slt i32 %x, 8
  br i1 %c, label %near, label %far
near:
  %v3 = inttoptr i64 %v2 to ptr addrspace(1)
  %b0 = load i32, ptr addrspace(1) %v3
  br label %both
far:
  %v4 = add i64 %v2, 17179869184
  %v5 = inttoptr i64 %v4 to ptr addrspace(1)
  %b1 = load i32, ptr addrspace(1) %v5
  br label %both
both:
  %b = phi i32 [ %b0, %near ], [ %b1, %far ]
  %d = mul i32 %b, 3
  %e = add i32 %a, %d
  store i32 %e, ptr addrspace(1) %mine)"},
    {"vectors", R"(
  %g0 = getelementptr <4 x float>, ptr addrspace(1) %in, i64 %lw
  %v = load <4 x float>, ptr addrspace(1) %g0, align 16
  %w = fadd <4 x float> %v, %v
  %e0 = extractelement <4 x float> %w, i32 0
  %e3 = extractelement <4 x float> %w, i32 3
  %s = fsub float %e0, %e3
  %i0 = insertelement <4 x float> %w, float %s, i32 1
  %g1 = getelementptr <4 x float>, ptr addrspace(1) %out, i64 %lw
  store <4 x float> %i0, ptr addrspace(1) %g1, align 16)"},
    {"strides", R"(
  %s0 = mul i32 %l, 3
  %s1 = zext i32 %s0 to i64
  %s2 = getelementptr i32, ptr addrspace(1) %in, i64 %s1
  %a = load i32, ptr addrspace(1) %s2
  %r0 = sub i32 1000, %l
  %r1 = sext i32 %r0 to i64
  %r2 = getelementptr i32, ptr addrspace(1) %in, i64 %r1
  %b = load i32, ptr addrspace(1) %r2
  %h0 = getelementptr i8, ptr addrspace(1) %in, i64 %lw
  %h = load i8, ptr addrspace(1) %h0
  %hw = zext i8 %h to i32
  %c = add i32 %a, %b
  %d = add i32 %c, %hw
  %o0 = getelementptr i64, ptr addrspace(1) %out, i64 %lw
  store i32 %d, ptr addrspace(1) %o0)"},
    {"local_array", R"(
  %f = icmp ult i32 %x, %n
  br i1 %f, label %go, label %done
go:
  %k = and i32 %l, 7
  %k0 = getelementptr i32, ptr addrspace(5) %arr, i32 %k
  store i32 %l, ptr addrspace(5) %k0
  %j = xor i32 %k, 1
  %j0 = getelementptr i32, ptr addrspace(5) %arr, i32 %j
  %gen = addrspacecast ptr addrspace(5) %j0 to ptr
  store i32 %n, ptr %gen
  %c = add i32 %k, 1
  %cc = and i32 %c, 7
  br label %loop
loop:
  %i = phi i32 [ 0, %go ], [ %i1, %loop ]
  %sum = phi i32 [ 0, %go ], [ %sum1, %loop ]
  %a0 = getelementptr i32, ptr addrspace(5) %arr, i32 %k
  %v = load i32, ptr addrspace(5) %a0
  %b0 = getelementptr i32, ptr addrspace(5) %arr, i32 %j
  %w = load i32, ptr addrspace(5) %b0
  %s = add i32 %v, %w
  %sum1 = add i32 %sum, %s
  %i1 = add i32 %i, 1
  %more = icmp ult i32 %i1, %cc
  br i1 %more, label %loop, label %fin
fin:
  store i32 %sum1, ptr addrspace(1) %mine)"},
    {"atomics", R"(
  %f = icmp ult i32 %x, %n
  br i1 %f, label %go, label %done
go:
  %slot = and i32 %l, 15
  %sw = zext i32 %slot to i64
  %p0 = getelementptr i32, ptr addrspace(1) %out, i64 %sw
  %p1 = getelementptr i8, ptr addrspace(1) %p0, i64 4096
  %o = atomicrmw add ptr addrspace(1) %p1, i32 %l syncscope("device") monotonic
  %p2 = getelementptr i8, ptr addrspace(1) %out, i64 8192
  %u = atomicrmw umax ptr addrspace(1) %p2, i32 %l monotonic
  %p3 = getelementptr i8, ptr addrspace(1) %out, i64 8196
  %u3 = atomicrmw add ptr addrspace(1) %p3, i32 %x syncscope("block") monotonic
  %p4 = getelementptr i8, ptr addrspace(1) %out, i64 8200
  %ix = atomicrmw uinc_wrap ptr addrspace(1) %p4, i32 1000000 monotonic
  %ixw = zext i32 %ix to i64
  %p5 = getelementptr i32, ptr addrspace(1) %out, i64 %ixw
  store i32 7, ptr addrspace(1) %p5
  %p6 = getelementptr i8, ptr addrspace(1) %p1, i64 8192
  %cx = cmpxchg ptr addrspace(1) %p6, i32 0, i32 %slot syncscope("device") monotonic monotonic
  %won = extractvalue {i32, i1} %cx, 1
  %old = extractvalue {i32, i1} %cx, 0
  %p7 = getelementptr i8, ptr addrspace(1) %out, i64 8204
  %sel = select i1 %won, i32 1, i32 %old
  %add = atomicrmw add ptr addrspace(1) %p7, i32 %sel monotonic)"},
    {"overflow_and_division", R"(
  %o = call {i32, i1} @llvm.uadd.with.overflow.i32(i32 %l, i32 -20)
  %s = extractvalue {i32, i1} %o, 0
  %c = extractvalue {i32, i1} %o, 1
  %ce = zext i1 %c to i32
  %i0 = getelementptr i32, ptr addrspace(1) %in, i64 %lw
  %v = load i32, ptr addrspace(1) %i0
  %f = icmp ugt i32 %l, 2
  br i1 %f, label %go, label %done
go:
  %m = mul i32 %v, %l
  %q0 = sdiv i32 %m, %l
  %q1 = urem i32 %v, %l
  %q2 = srem i32 %v, %l
  %q3 = udiv i32 %v, %l
  %vw = zext i32 %v to i64
  %q4 = udiv i64 %vw, %lw
  %q5 = trunc i64 %q4 to i32
  %q6 = call i32 @llvm.ctpop.i32(i32 %v)
  %r0 = add i32 %q0, %q1
  %r1 = xor i32 %q2, %q3
  %r2 = mul i32 %q5, 5
  %r3 = add i32 %r0, %r1
  %r4 = add i32 %r2, %ce
  %r5 = add i32 %r3, %q6
  %r6 = add i32 %r4, %s
  %r = add i32 %r5, %r6
  store i32 %r, ptr addrspace(1) %mine)"},
    {"uniform_store_highest_lane", R"(
  %f = icmp ult i32 %x, %n
  br i1 %f, label %go, label %done
go:
  store i32 %l, ptr addrspace(1) %out)"},
    {"warp_of_thread", R"(
  %w = lshr i32 %x, 5
  %c = icmp eq i32 %w, 1
  br i1 %c, label %one, label %two
one:
  store i32 77, ptr addrspace(1) %mine
  br label %done
two:
  %a = and i32 %x, 31
  %b = icmp ugt i32 %x, 31
  %d = select i1 %b, i32 %a, i32 %w
  store i32 %d, ptr addrspace(1) %mine)"},
};

const std::array<unsigned, 3> Blocks[] = {{64, 1, 1}, {16, 16, 1}, {32, 4, 1}, {8, 4, 2}, {40, 1, 1}, {5, 3, 2}, {4, 2, 8}, {1, 1, 1}, {24, 3, 1}};

std::vector<uint32_t> input() {
  std::vector<uint32_t> in(Words);
  std::mt19937 random(11);
  for (uint32_t &value : in) value = random();
  for (unsigned i = 0; i < 4096; ++i) {  // floats that stay exact
    float f = float(int(i % 1000) - 500);
    if (i % 7 == 0) std::memcpy(&in[i], &f, 4);
  }
  return in;
}

}  // namespace

class Kernels : public testing::TestWithParam<Case> {};

TEST_P(Kernels, AgreeAtEveryWidth) {
  llvm::LLVMContext context;
  std::string text = kernelOf(GetParam().body);
  if (text.find("%arr,") != std::string::npos) text.insert(text.find("  %in64 ="), "  %arr = alloca [8 x i32], align 4, addrspace(5)\n  call void @llvm.memset.p5.i64(ptr addrspace(5) %arr, i8 0, i64 0, i1 false)\n"), text += "declare void @llvm.memset.p5.i64(ptr addrspace(5), i8, i64, i1)\n";
  auto module = parse(context, text);
  ASSERT_TRUE(module);
  const std::vector<uint32_t> in = input();
  struct Parameters {
    const uint32_t *in;
    uint32_t *out;
    uint32_t n;
  };
  for (auto block : Blocks)
    for (bool anyShape : {false, true}) {
      Launch launch;
      launch.block = block;
      launch.anyShape = anyShape;
      std::vector<uint32_t> expected(Words, 0), actual;
      Parameters parameters{in.data(), expected.data(), 13};
      runThreads(*module, launch, &parameters);
      for (unsigned width : {1u, 8u, 16u, 32u}) {
        actual.assign(Words, 0);
        parameters.out = actual.data();
        Outcome outcome = runGangs(*module, launch, &parameters, width);
        ASSERT_EQ(outcome.error, "");
        for (unsigned i = 0; i < Words; ++i)
          ASSERT_EQ(actual[i], expected[i]) << "word " << i << " width " << width << " block " << block[0] << "x" << block[1] << "x" << block[2]
                                            << (anyShape ? " any shape" : "");
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, Kernels, testing::ValuesIn(Cases), [](const auto &info) { return info.param.name; });

TEST(Calls, OncePerLiveLaneInOrder) {
  llvm::LLVMContext context;
  auto module = parse(context, kernelOf(R"(
  %a = and i32 %x, 3
  %c = icmp eq i32 %a, 1
  br i1 %c, label %go, label %done
go:
  call void @cutrans.nanosleep(i32 %x))"));
  ASSERT_TRUE(module);
  uint32_t memory[64];
  struct {
    uint32_t *in, *out;
    uint32_t n;
  } parameters{memory, memory, 0};
  Launch launch;
  launch.block = {20, 1, 1};
  for (unsigned width : {1u, 8u, 16u, 32u}) {
    Outcome outcome = runGangs(*module, launch, &parameters, width);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.calls, (std::vector<unsigned>{1, 5, 9, 13, 17})) << width;
  }
}

TEST(Refusals, AreNamed) {
  llvm::LLVMContext context;
  Launch launch;
  auto error = [&](const char *text, unsigned width = 0) {
    auto module = parse(context, text);
    return module ? runGangs(*module, launch, nullptr, width).error : std::string("not parsed");
  };
  EXPECT_THAT(error(R"(
define void @kernel(ptr addrspace(101) %p) #0 { %f = load ptr, ptr addrspace(101) %p call void %f() ret void })"), testing::StartsWith("CT1401"));
  EXPECT_THAT(error(R"(
declare void @g()
define void @kernel(ptr addrspace(101) %p) #0 { call void @g() ret void })"), testing::StartsWith("CT1402"));
  EXPECT_THAT(error(R"(
define void @kernel(ptr addrspace(101) %p) #0 { %a = call i32 @cutrans.activemask() ret void })", 7), testing::StartsWith("CT1403"));
}
