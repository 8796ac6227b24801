// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions that end a launch (manual section 9.7.19): for the threads that reach them, at every gang width. Without a
// debugger brkpt ends it like trap.
#include <csignal>

#include <gtest/gtest.h>

#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/runner.h"

namespace cutrans::test {
namespace {

Outcome run(const std::string &instruction, uint32_t limit, uint32_t width) {
  PtxModule module(".version 9.0\n.target sm_90\n.address_size 64\n.visible .entry k()\n{ .reg .b32 %r1; .reg .pred %p1;\nmov.u32 %r1, %tid.x;\n"
                   "setp.lt.u32 %p1, %r1, " + std::to_string(limit) + ";\n@!%p1 bra Done;\n" + instruction + ";\nDone: ret;\n}\n");
  EXPECT_EQ(module.problems(), "");
  PtxArtifact artifact = module.compile("k", {.block = {64, 1, 1}, .gangWidth = width});
  EXPECT_EQ(artifact.diagnostics, "");
  Artifact loaded(artifact.bytes);
  EXPECT_EQ(loaded.error(), "");
  return loaded.run({.block = {64, 1, 1}});
}

TEST(Traps, EndTheLaunchWhereAThreadReachesThem) {
  for (const char *instruction : {"trap", "brkpt"})
    for (uint32_t width : {1u, 8u, 16u, 32u}) {
      SCOPED_TRACE(std::string(instruction) + " in gangs of " + std::to_string(width));
      EXPECT_TRUE(run(instruction, 0, width).ok);
      Outcome outcome = run(instruction, 3, width);
      EXPECT_FALSE(outcome.ok);
      EXPECT_NE(outcome.problem.find("in thread 0"), std::string::npos) << outcome.problem;
    }
}

// The runner's clusters have one block. What lies beyond must not be memory that another block could have.
TEST(Traps, BlocksBeyondTheClusterHaveNoMemory) {
  auto store = [](const char *rank) {
    return std::string("{ .shared .align 4 .b32 cell; .reg .b32 %a; mov.u32 %a, cell; mapa.shared::cluster.u32 %a, %a, ") + rank + "; st.shared::cluster.u32 [%a], 1; }";
  };
  for (uint32_t width : {1u, 8u, 32u}) {
    EXPECT_TRUE(run(store("0"), 3, width).ok);
    EXPECT_TRUE(run(store("1"), 0, width).ok);
    EXPECT_EXIT(run(store("1"), 3, width), testing::KilledBySignal(SIGSEGV), "");
    EXPECT_EXIT(run(store("0xffffffff"), 3, width), testing::KilledBySignal(SIGSEGV), "");
  }
}

}  // namespace
}  // namespace cutrans::test
