// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every row of tests/ptx/run becomes a code object and gives its values in waves, or is refused as refused.list says; for one of
// two chips, which take turns, one with waves of 64 and one of 32; for both where threads work together. CUTRANS_AMDGPU_ALL=1: for all.
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/amdgpu/wave_runner.h"
#include "tests/ptx/run/case.h"
#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/refusals.h"

namespace cutrans::test {
namespace {

bool forAll() { return std::getenv("CUTRANS_AMDGPU_ALL") != nullptr; }

const std::vector<std::string> &chips() {
  static const std::vector<std::string> some{"gpu=gfx90a", "gpu=gfx1100"};
  static const std::vector<std::string> all{"gpu=gfx906", "gpu=gfx908", "gpu=gfx90a", "gpu=gfx942", "gpu=gfx1010;wave=64", "gpu=gfx1030",
                                            "gpu=gfx1030;wave=64", "gpu=gfx1100", "gpu=gfx1100;wave=64", "gpu=gfx1200", "gpu=gfx1201;wave=64"};
  return forAll() ? all : some;
}

// Whether the size of waves could matter.
bool worksTogether(const std::string &text) {
  // Of the fragments of matrices, which are many, each other one shows it.
  if (text.find("mma") != std::string::npos) return false;
  for (const char *word : {"shfl.", "vote.", "match.", "redux.", "activemask", "elect.", "%lane", "%warpid", "bar.", "barrier", "vprintf", "alloca"})
    if (text.find(word) != std::string::npos) return true;
  return false;
}

// In waves as the chip's: the same values as on the host.
void runRow(const Row &row, const PtxModule &module, const PtxArtifact &artifact, bool lastWayFirst) {
  if (std::string(row.kernel) == "structs") return;  // it copies padding of a local variable, which is zero in a fresh arena only
  CodeObject object(artifact.bytes);
  ASSERT_EQ(object.error, "");
  Case data;
  row.arguments(data);
  std::shared_ptr<void> image = module.image();
  WaveLaunch launch;
  static_cast<Launch &>(launch) = {row.grid, row.block, row.dynamicShared, data.params, image.get()};
  launch.globalsBytes = module.imageBytes();
  launch.together = row.together;
  launch.lastWayFirst = lastWayFirst;
  data.eachBuffer([&](void *address, size_t bytes) { launch.buffers.emplace_back(address, bytes); });
  Outcome outcome = runInWaves(object, launch);
  EXPECT_TRUE(outcome.ok) << outcome.problem;
  EXPECT_EQ(data.difference(), "");
}

TEST(AmdgpuRows, RunInWavesOrAreRefused) {
  std::vector<Refusal> expected = readRefusals(CUTRANS_AMDGPU_TESTS "/refused.list");
  size_t turn = 0;
  std::vector<Row> all = rows();
  all.push_back(warpsLeaving());
  for (const Row &row : all) {
    ++turn;
    const bool both = worksTogether(textOf(row));
    PtxModule module(textOf(row));
    ASSERT_EQ(module.problems(), "");
    Refusal *refused = findRefusal(expected, nameOf(row));
    for (size_t c = 0; c < chips().size(); ++c) {
      if (!forAll() && !both && c != turn % chips().size()) continue;
      const std::string &chip = chips()[c];
      SCOPED_TRACE(nameOf(row) + " for " + chip);
      CompileOptions options;
      options.block = row.block;
      options.cooperative = row.together;
      options.format = CT_AMDGPU_FORMAT;
      options.codegen = chip + ";embed-ir=2";
      PtxArtifact artifact = module.compile(row.kernel, options);
      if (!artifact.bytes.empty()) {
        EXPECT_EQ(artifact.diagnostics, "");
        runRow(row, module, artifact, (turn + c) % 2);
      } else if (!refused) {
        ADD_FAILURE() << artifact.diagnostics;
      } else {
        refused->met = true;
        EXPECT_EQ(artifact.diagnostics.substr(0, 6), refused->code) << artifact.diagnostics;
      }
    }
  }
  for (const Refusal &refusal : expected) EXPECT_TRUE(refusal.met) << refusal.row << " is compiled: take it out of refused.list";
}

}  // namespace
}  // namespace cutrans::test
