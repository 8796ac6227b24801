// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// split-phases on widened code of 4 gangs of 8 lanes: what crosses a barrier arrives, and each form is chosen where it should.
// Every kernel writes i32 values to out[32], the one parameter.
#include <cstring>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/passes/emit/widened_kernel.h"

namespace cutrans::test {
namespace {

// %out: the pointer; %thread: <8 x i32> thread ids; %mine: where this gang's lanes write.
const std::string Prologue = R"(
define void @kernel(ptr %block, i32 %gang) #0 {
  %params.at = getelementptr i8, ptr %block, i64 8
  %params = load ptr, ptr %params.at, !invariant.load !0
  %out = load ptr, ptr %params, !invariant.load !0
  %first = mul i32 %gang, 8
  %first.v = insertelement <8 x i32> poison, i32 %first, i32 0
  %splat = shufflevector <8 x i32> %first.v, <8 x i32> poison, <8 x i32> zeroinitializer
  %thread = add <8 x i32> %splat, <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>
  %first64 = zext i32 %first to i64
  %mine = getelementptr i32, ptr %out, i64 %first64
)";
const std::string Epilogue = "\n}\n@shared = internal addrspace(3) global [32 x i32] undef, align 16\n!0 = !{}\n";

std::vector<int32_t> runKernel(const std::string &body, bool phases, uint32_t blocks = 1) {
  std::vector<int32_t> out(32 * blocks, -1);
  Compiled compiled = compileWidened(Prologue + body + Epilogue);
  EXPECT_EQ(compiled.error, "");
  EXPECT_EQ(compiled.phases, phases) << compiled.reason;
  if (compiled.bytes.empty()) return out;
  Artifact artifact(compiled.bytes);
  EXPECT_EQ(artifact.error(), "");
  if (!artifact.kernel()) return out;
  Launch launch;
  launch.grid = {blocks, 1, 1};
  launch.block = {32, 1, 1};
  launch.params.resize(8);
  int32_t *pointer = out.data();
  std::memcpy(launch.params.data(), &pointer, 8);
  Outcome outcome = artifact.run(launch);
  EXPECT_TRUE(outcome.ok) << outcome.problem;
  return out;
}

std::vector<int32_t> expected(int32_t (*value)(int32_t)) {
  std::vector<int32_t> result(32);
  for (int32_t i = 0; i < 32; ++i) result[i] = value(i);
  return result;
}

TEST(SplitPhases, WithoutBarriersIsOneLoopOverTheGangs) {
  auto out = runKernel("store <8 x i32> %thread, ptr %mine, align 4\nret void", true);
  EXPECT_EQ(out, expected([](int32_t i) { return i; }));
}

TEST(SplitPhases, SharedMemoryIsCompleteBehindABarrier) {
  auto out = runKernel(R"(
  %s = getelementptr i32, ptr addrspace(3) @shared, i32 %first
  store <8 x i32> %thread, ptr addrspace(3) %s, align 4
  call void @cutrans.gang.barrier.sync(i32 0, i32 0, i32 8)
  %other = sub i32 24, %first
  %o = getelementptr i32, ptr addrspace(3) @shared, i32 %other
  %v = load <8 x i32>, ptr addrspace(3) %o, align 4
  store <8 x i32> %v, ptr %mine, align 4
  ret void)", true);
  EXPECT_EQ(out, expected([](int32_t i) { return (24 - i / 8 * 8) + i % 8; }));
}

// A sum kept across two barriers in a loop whose counter is the same in all gangs.
TEST(SplitPhases, AccumulatorsCrossBarriersInLoops) {
  auto out = runKernel(R"(
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %next, %loop ]
  %sum = phi <8 x i32> [ zeroinitializer, %0 ], [ %sum2, %loop ]
  %s = getelementptr i32, ptr addrspace(3) @shared, i32 %first
  %i.v = insertelement <8 x i32> poison, i32 %i, i32 0
  %i.s = shufflevector <8 x i32> %i.v, <8 x i32> poison, <8 x i32> zeroinitializer
  %w = add <8 x i32> %thread, %i.s
  store <8 x i32> %w, ptr addrspace(3) %s, align 4
  call void @cutrans.gang.barrier.sync(i32 0, i32 0, i32 8)
  %at = mul i32 %i, 8
  %o = getelementptr i32, ptr addrspace(3) @shared, i32 %at
  %v = load <8 x i32>, ptr addrspace(3) %o, align 4
  %sum2 = add <8 x i32> %sum, %v
  call void @cutrans.gang.barrier.sync(i32 0, i32 0, i32 8)
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, 4
  br i1 %more, label %loop, label %end
end:
  %r = add <8 x i32> %sum2, %thread
  store <8 x i32> %r, ptr %mine, align 4
  ret void)", true);
  // Turn i reads lanes of gang i, each being its thread id plus i.
  EXPECT_EQ(out, expected([](int32_t i) { return i + 4 * (i % 8) + (0 + 9 + 18 + 27); }));
}

// The phi's value of the turn before is wanted behind the loop, so its slot must not be overwritten at the loop's end.
TEST(SplitPhases, OldValueOfAPhiSurvivesTheLastTurn) {
  auto out = runKernel(R"(
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %next, %loop ]
  %v = phi <8 x i32> [ %thread, %0 ], [ %v2, %loop ]
  call void @cutrans.gang.barrier.sync(i32 0, i32 0, i32 8)
  %v2 = add <8 x i32> %v, splat (i32 100)
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, 3
  br i1 %more, label %loop, label %end
end:
  store <8 x i32> %v, ptr %mine, align 4
  ret void)", true);
  EXPECT_EQ(out, expected([](int32_t i) { return i + 200; }));
}

TEST(SplitPhases, PhisThatSwapKeepTheirValues) {
  auto out = runKernel(R"(
  %other = mul <8 x i32> %thread, splat (i32 1000)
  %p = load i32, ptr %mine
  %bias = add i32 %p, 1
  %b.v = insertelement <8 x i32> poison, i32 %bias, i32 0
  %b.s = shufflevector <8 x i32> %b.v, <8 x i32> poison, <8 x i32> zeroinitializer
  %a0 = add <8 x i32> %thread, %b.s
  %c0 = add <8 x i32> %other, %b.s
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %next, %loop ]
  %a = phi <8 x i32> [ %a0, %0 ], [ %c, %loop ]
  %c = phi <8 x i32> [ %c0, %0 ], [ %a, %loop ]
  call void @cutrans.gang.barrier.sync(i32 0, i32 0, i32 8)
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, 4
  br i1 %more, label %loop, label %end
end:
  %r = sub <8 x i32> %a, %c
  store <8 x i32> %r, ptr %mine, align 4
  ret void)", true);
  EXPECT_EQ(out, expected([](int32_t i) { return 1000 * i - i; }));
}

// The block id decides, so all gangs go the same way.
TEST(SplitPhases, BarrierUnderABlockUniformBranch) {
  auto out = runKernel(R"(
  %id = call i32 @cutrans.ctaid.x()
  %id64 = zext i32 %id to i64
  %here = getelementptr [32 x i32], ptr %mine, i64 %id64
  %s = getelementptr i32, ptr addrspace(3) @shared, i32 %first
  store <8 x i32> %thread, ptr addrspace(3) %s, align 4
  %odd = icmp eq i32 %id, 1
  br i1 %odd, label %wait, label %join
wait:
  call void @cutrans.gang.barrier.sync(i32 0, i32 0, i32 8)
  %other = sub i32 24, %first
  %o = getelementptr i32, ptr addrspace(3) @shared, i32 %other
  %v = load <8 x i32>, ptr addrspace(3) %o, align 4
  br label %join
join:
  %r = phi <8 x i32> [ %thread, %0 ], [ %v, %wait ]
  store <8 x i32> %r, ptr %here, align 4
  ret void)", true, 2);
  for (int32_t i = 0; i < 32; ++i) {
    EXPECT_EQ(out[i], i);
    EXPECT_EQ(out[32 + i], 24 - i / 8 * 8 + i % 8);
  }
}

TEST(SplitPhases, ReductionsAddUpAllGangs) {
  auto out = runKernel(R"(
  %votes = add i32 %gang, 1
  %r = call {i32, i32} @cutrans.gang.barrier.reduce(i32 0, i32 0, i32 8, i32 %votes)
  %t = extractvalue {i32, i32} %r, 0
  %n = extractvalue {i32, i32} %r, 1
  %n100 = mul i32 %n, 100
  %sum = add i32 %t, %n100
  %s.v = insertelement <8 x i32> poison, i32 %sum, i32 0
  %s = shufflevector <8 x i32> %s.v, <8 x i32> poison, <8 x i32> zeroinitializer
  %all = add <8 x i32> %s, %thread
  store <8 x i32> %all, ptr %mine, align 4
  ret void)", true);
  EXPECT_EQ(out, expected([](int32_t i) { return 3200 + 10 + i; }));
}

TEST(SplitPhases, AllocasBelongToTheGang) {
  auto out = runKernel(R"(
  %own = alloca [8 x i32], align 32
  store <8 x i32> %thread, ptr %own, align 32
  call void @cutrans.gang.barrier.sync(i32 0, i32 0, i32 8)
  %v = load <8 x i32>, ptr %own, align 32
  store <8 x i32> %v, ptr %mine, align 4
  ret void)", true);
  EXPECT_EQ(out, expected([](int32_t i) { return i; }));
}

// Gangs 0 and 1 meet at barrier 1, the others not at all.
TEST(GangForm, PartialBarrierUnderGangControl) {
  auto out = runKernel(R"(
  %s = getelementptr i32, ptr addrspace(3) @shared, i32 %first
  store <8 x i32> %thread, ptr addrspace(3) %s, align 4
  %low = icmp ult i32 %gang, 2
  br i1 %low, label %wait, label %join
wait:
  call void @cutrans.gang.barrier.sync(i32 1, i32 16, i32 8)
  %other = sub i32 8, %first
  %o = getelementptr i32, ptr addrspace(3) @shared, i32 %other
  %v = load <8 x i32>, ptr addrspace(3) %o, align 4
  br label %join
join:
  %r = phi <8 x i32> [ %thread, %0 ], [ %v, %wait ]
  store <8 x i32> %r, ptr %mine, align 4
  ret void)", false);
  EXPECT_EQ(out, expected([](int32_t i) { return i < 16 ? 8 - i / 8 * 8 + i % 8 : i; }));
}

TEST(GangForm, BarrierThatGangsReachAfterDifferentLoops) {
  auto out = runKernel(R"(
  %s = getelementptr i32, ptr addrspace(3) @shared, i32 %first
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %next, %loop ]
  call void @cutrans.gang.barrier.arrive(i32 2, i32 80, i32 8)
  %next = add i32 %i, 1
  %more = icmp ule i32 %next, %gang
  br i1 %more, label %loop, label %end
end:
  store <8 x i32> %thread, ptr addrspace(3) %s, align 4
  call void @cutrans.gang.barrier.sync(i32 0, i32 0, i32 8)
  %other = sub i32 24, %first
  %o = getelementptr i32, ptr addrspace(3) @shared, i32 %other
  %v = load <8 x i32>, ptr addrspace(3) %o, align 4
  store <8 x i32> %v, ptr %mine, align 4
  ret void)", false);
  EXPECT_EQ(out, expected([](int32_t i) { return (24 - i / 8 * 8) + i % 8; }));
}

}  // namespace
}  // namespace cutrans::test
