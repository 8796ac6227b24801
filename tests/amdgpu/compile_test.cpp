// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every row of tests/ptx/run becomes a code object, or is refused as refused.list says; for one of
// two chips, which take turns, one with waves of 64 and one of 32. CUTRANS_AMDGPU_ALL=1: for all.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "cutrans/amdgpu_kernel.h"
#include "tests/ptx/run/case.h"
#include "tests/ptx/run/compile_ptx.h"

namespace cutrans::test {
namespace {

bool forAll() { return std::getenv("CUTRANS_AMDGPU_ALL") != nullptr; }

const std::vector<std::string> &chips() {
  static const std::vector<std::string> some{"gpu=gfx90a", "gpu=gfx1100"};
  static const std::vector<std::string> all{"gpu=gfx906", "gpu=gfx908", "gpu=gfx90a", "gpu=gfx942", "gpu=gfx1010;wave=64", "gpu=gfx1030",
                                            "gpu=gfx1030;wave=64", "gpu=gfx1100", "gpu=gfx1100;wave=64", "gpu=gfx1200", "gpu=gfx1201;wave=64"};
  return forAll() ? all : some;
}

struct Refusal {
  std::string kernel, code;
  bool met = false;
  bool names(const std::string &other) const {
    if (!kernel.ends_with('*')) return kernel == other;
    return other.starts_with(kernel.substr(0, kernel.size() - 1));
  }
};

std::vector<Refusal> refusals() {
  std::vector<Refusal> result;
  std::ifstream file(std::string(CUTRANS_AMDGPU_TESTS) + "/refused.list");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Refusal refusal;
    if (words >> refusal.kernel >> refusal.code && refusal.kernel[0] != '#') result.push_back(refusal);
  }
  return result;
}

TEST(AmdgpuCompile, EveryRowOrItsRefusal) {
  std::vector<Refusal> expected = refusals();
  size_t turn = 0;
  for (const Row &row : rows()) {
    ++turn;
    PtxModule module(textOf(row));
    ASSERT_EQ(module.problems(), "");
    auto refused = std::find_if(expected.begin(), expected.end(), [&](const Refusal &refusal) { return refusal.names(row.kernel); });
    for (size_t c = 0; c < chips().size(); ++c) {
      if (!forAll() && c != turn % chips().size()) continue;
      const std::string &chip = chips()[c];
      SCOPED_TRACE(std::string(row.kernel) + row.variant + " for " + chip);
      CompileOptions options;
      options.block = row.block;
      options.cooperative = row.together;
      options.format = CT_AMDGPU_FORMAT;
      options.codegen = chip;
      PtxArtifact artifact = module.compile(row.kernel, options);
      if (!artifact.bytes.empty()) {
        EXPECT_EQ(artifact.diagnostics, "");
      } else if (refused == expected.end()) {
        ADD_FAILURE() << artifact.diagnostics;
      } else {
        refused->met = true;
        EXPECT_EQ(artifact.diagnostics.substr(0, 6), refused->code) << artifact.diagnostics;
      }
    }
  }
  for (const Refusal &refusal : expected) EXPECT_TRUE(refusal.met) << refusal.kernel << " is compiled: take it out of refused.list";
}

}  // namespace
}  // namespace cutrans::test
