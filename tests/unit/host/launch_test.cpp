// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels written by hand, in both forms, through the target's table.
#include <cfenv>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "host_fixture.h"

namespace cutrans::host::test {
namespace {

TEST(HostLaunch, RunsEachBlockOnceAndStartsThemInOrder) {
  for (const char *threads : {"1", "4"}) {
    Host host({{"HOST_THREADS", threads}});
    ct_queue *queue = host.queue();
    ct_kernel *kernel = host.kernel("block_order");
    constexpr uint32_t kBlocks = 7 * 5 * 3;
    std::vector<uint32_t> out(kBlocks), order(kBlocks);
    for (int round = 1; round <= 50; ++round) {
      uint32_t next = 0;
      struct { uint32_t *out, *next, *order; } params = {out.data(), &next, order.data()};
      ct_launch request = Host::shape(kernel, params, 7, 32);
      request.grid[1] = 5;
      request.grid[2] = 3;
      ASSERT_EQ(host.target->queue->launch(queue, &request), CT_OK);
      ASSERT_EQ(host.synchronize(queue), CT_OK);
      ASSERT_EQ(next, kBlocks);
      ASSERT_TRUE(std::all_of(out.begin(), out.end(), [&](uint32_t n) { return n == static_cast<uint32_t>(round); }));
      if (*threads == '1') {
        ASSERT_TRUE(std::is_sorted(order.begin(), order.end()));
      }
    }
  }
}

TEST(HostLaunch, GivesBlocksTheirMemory) {
  Host host;
  ct_queue *queue = host.queue();
  ct_kernel *kernel = host.kernel("memory_use");
  struct Params { uint64_t *out; uint8_t big[400]; };
  std::vector<uint64_t> out(64 * 8);
  Params params{out.data(), {}};
  params.big[399] = 77;
  ct_launch request = Host::shape(kernel, params, 64, 48, 5000);
  request.globals = 0x1234'5678'9abc;
  ASSERT_EQ(host.target->queue->launch(queue, &request), CT_OK);
  params.big[399] = 0;  // the parameters were copied
  ASSERT_EQ(host.synchronize(queue), CT_OK);
  for (int i = 0; i < 64; ++i) {
    const uint64_t *row = &out[i * 8];
    EXPECT_EQ(row[0], 0u);
    EXPECT_EQ(row[1] % 4096, 0u);
    EXPECT_NE(row[1], 0u);
    EXPECT_EQ(row[2], 6000u);
    EXPECT_EQ(row[3], 5000u);
    EXPECT_EQ(row[4], 0u);
    EXPECT_EQ(row[5], 77u);
    EXPECT_EQ(row[6], 0x1234'5678'9abcu);
    EXPECT_EQ(row[7], 1u);
  }
}

TEST(HostLaunch, TheThreadsFloatingPointModeDoesNotMatter) {
  fenv_t before;
  fegetenv(&before);
  fesetround(FE_UPWARD);
#if defined(__x86_64__)
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);  // what -ffast-math does: denormals are zero
#endif
  const unsigned mode = static_cast<unsigned>(fegetround());
  {
    Host host;
    ct_queue *queue = host.queue();
    ct_kernel *kernel = host.kernel("rounding");
    for (int round = 0; round < 20; ++round) {
      float out[2 * 2 * 4] = {};
      struct { float *out; } params = {out};
      ASSERT_EQ(host.launch(queue, kernel, params, 1, 64), CT_OK);
      ASSERT_EQ(host.synchronize(queue), CT_OK);
      uint32_t bits[8];
      std::memcpy(bits, out, sizeof bits);
      for (int i = 0; i < 8; i += 2) {
        ASSERT_EQ(bits[i], 1u << 9);  // 2^-140
        ASSERT_EQ(bits[i + 1], 0x3eaaaaabu);
      }
    }
    EXPECT_EQ(static_cast<unsigned>(fegetround()), mode);
  }
  fesetenv(&before);
}

TEST(HostLaunch, RefusesShapesThatTheCodeWasNotMadeFor) {
  Host host;
  ct_queue *queue = host.queue();
  struct { uint32_t *cells, *errors; uint32_t rounds; } params = {};
  ct_launch request = Host::shape(host.kernel("grid_sync"), params, 1'000'000, 64, 0, CT_LAUNCH_COOPERATIVE);
  EXPECT_EQ(host.target->queue->launch(queue, &request), CT_ERR_TOO_LARGE);
  request = Host::shape(host.kernel("empty"), params, 1, 32, 300u << 10);
  EXPECT_EQ(host.target->queue->launch(queue, &request), CT_ERR_INVALID);
}

TEST(HostGangs, ReduceWithBarriersAtEveryBlockSize) {
  Host host;
  ct_queue *queue = host.queue();
  ct_kernel *kernel = host.kernel("gang_reduce");
  for (uint32_t threads : {1u, 31u, 32u, 33u, 100u, 512u, 1000u, 1024u}) {
    std::vector<uint32_t> out(40);
    struct { uint32_t *out; } params = {out.data()};
    ASSERT_EQ(host.launch(queue, kernel, params, 40, threads), CT_OK);
    ASSERT_EQ(host.synchronize(queue), CT_OK);
    const uint32_t gangs = (threads + 31) / 32;
    for (uint32_t sum : out) ASSERT_EQ(sum, gangs * (gangs + 1) / 2) << threads;
  }
}

TEST(HostGangs, PartialBarriersVotesAndExits) {
  Host host;
  ct_queue *queue = host.queue();
  std::vector<uint32_t> out(96);
  struct { uint32_t *out; } params = {out.data()};
  // 9 gangs: four pairs, and one that leaves at once.
  ASSERT_EQ(host.launch(queue, host.kernel("gang_pairs"), params, 1, 9 * 32), CT_OK);
  ASSERT_EQ(host.synchronize(queue), CT_OK);
  for (uint32_t gang = 0; gang < 8; ++gang) {
    if (gang % 2) {
      EXPECT_EQ(out[gang], 100 + gang - 1);
    }
    EXPECT_EQ(out[gang + 32], 28u);
    EXPECT_EQ(out[gang + 64], 8u * 32);
  }
}

TEST(HostGangs, BarriersThatCannotCompleteAreErrors) {
  const char *expected[] = {"CT3105", "CT3106", "CT3106", "CT3105"};
  for (uint32_t how : {0u, 1u, 2u, 3u}) {
    Host host;
    ct_queue *queue = host.queue();
    struct { uint32_t how; } params = {how};
    ASSERT_EQ(host.launch(queue, host.kernel("gang_stuck"), params, 3, 64, 64), CT_OK);
    EXPECT_EQ(host.synchronize(queue), CT_ERR_LAUNCH);
    ASSERT_EQ(host.reports().size(), 1u);
    EXPECT_EQ(host.reports()[0].substr(0, 6), expected[how]) << host.reports()[0];
  }
}

TEST(HostGangs, SharedMemoryMayChangeLate) {
  Host host;
  ct_queue *queue = host.queue();
  struct { uint32_t how; } params = {4};
  ASSERT_EQ(host.launch(queue, host.kernel("gang_stuck"), params, 3, 128, 64), CT_OK);
  EXPECT_EQ(host.synchronize(queue), CT_OK);
}

TEST(HostGangs, AllBlocksOfACooperativeLaunchRunTogether) {
  for (const char *threads : {"1", "2", "5"}) {
    Host host({{"HOST_THREADS", threads}});
    ct_queue *queue = host.queue();
    ct_kernel *kernel = host.kernel("grid_sync");
    for (uint32_t blocks : {1u, 2u, 16u}) {
      std::vector<uint32_t> cells(blocks);
      uint32_t errors = 0;
      struct { uint32_t *cells, *errors; uint32_t rounds; } params = {cells.data(), &errors, 20};
      ASSERT_EQ(host.launch(queue, kernel, params, blocks, 64, 0, CT_LAUNCH_COOPERATIVE), CT_OK);
      ASSERT_EQ(host.synchronize(queue), CT_OK);
      EXPECT_EQ(errors, 0u);
      EXPECT_EQ(cells[blocks - 1], 20u);
    }
  }
}

TEST(HostGangs, BlocksMayWaitForEarlierOnes) {
  for (const char *threads : {"1", "3"}) {
    Host host({{"HOST_THREADS", threads}});
    ct_queue *queue = host.queue();
    std::vector<uint32_t> out(3000);
    struct { uint32_t *out; } params = {out.data()};
    ASSERT_EQ(host.launch(queue, host.kernel("chain"), params, 3000, 32), CT_OK);
    ASSERT_EQ(host.synchronize(queue), CT_OK);
    EXPECT_EQ(out[2999], 3000u);
  }
}

TEST(HostRuntime, PrintsInTheOrderOfEachThread) {
  Host host({{"HOST_THREADS", "1"}});
  ct_queue *queue = host.queue();
  ASSERT_EQ(host.launch(queue, host.kernel("print"), 0, 2, 1), CT_OK);
  ASSERT_EQ(host.synchronize(queue), CT_OK);
  EXPECT_EQ(host.output(),
            "block 0 line 0 0.0 end\nblock 0 line 1 0.5 end\nblock 0 line 2 1.0 end\n"
            "block 1 line 0 0.0 end\nblock 1 line 1 0.5 end\nblock 1 line 2 1.0 end\n");
}

TEST(HostRuntime, HeapOfKernels) {
  Host host;
  ct_queue *queue = host.queue();
  ct_kernel *kernel = host.kernel("heap");
  std::vector<uint32_t> out(200);
  struct { uint32_t *out; uint64_t twice; } params = {out.data(), 0};
  ASSERT_EQ(host.launch(queue, kernel, params, 200, 1), CT_OK);
  ASSERT_EQ(host.synchronize(queue), CT_OK);
  EXPECT_EQ(std::accumulate(out.begin(), out.end(), 0u), 200u);
  params.twice = 1;
  ASSERT_EQ(host.launch(queue, kernel, params, 1, 1), CT_OK);
  EXPECT_EQ(host.synchronize(queue), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(host.reports().at(0).substr(0, 6), "CT3107");
}

}  // namespace
}  // namespace cutrans::host::test
