// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rows of rows.cpp on an OpenCL device of this machine: what the format can hold must give the rows' values; what it cannot
// must be refused by name.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/ptx/run/case.h"
#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/opencl_runner.h"

namespace cutrans::test {
namespace {

class Opencl : public testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    if (!openclMissing().empty()) GTEST_SKIP() << openclMissing();
  }
};

TEST_P(Opencl, GivesTheHostsResults) {
  const Row &row = rows()[GetParam()];
  // Of the generated rows a quarter: most of their time is the device's compiler.
  if (!row.text.empty() && GetParam() % 4 && !std::getenv("CUTRANS_LONG")) GTEST_SKIP() << "only with CUTRANS_LONG=1";
  if (std::string(row.kernel) == "structs") GTEST_SKIP() << "it copies padding of a local variable, which is zero in a fresh arena only";
  PtxModule module(textOf(row));
  ASSERT_EQ(module.problems(), "");
  CompileOptions options;
  options.block = row.block;
  options.cooperative = row.together;
  options.format = CT_OPENCL_FORMAT_SPIR;
  options.codegen = openclCodegen();
  PtxArtifact artifact = module.compile(row.kernel, options);
  if (artifact.bytes.empty()) {
    const bool named = artifact.diagnostics.starts_with("CT1456") || artifact.diagnostics.starts_with("CT1457");
    EXPECT_TRUE(named) << artifact.diagnostics;
    GTEST_SKIP() << artifact.diagnostics;
  }
  ASSERT_EQ(artifact.diagnostics, "");
  OpenclArtifact loaded(artifact.bytes, true);
  ASSERT_EQ(loaded.error(), "");
  Case data;
  row.arguments(data);
  std::shared_ptr<void> image = module.image();
  Launch launch{row.grid, row.block, row.dynamicShared, data.params, image.get()};
  Outcome outcome = loaded.run(launch);
  EXPECT_TRUE(outcome.ok) << outcome.problem;
  EXPECT_EQ(data.difference(), "");
}

INSTANTIATE_TEST_SUITE_P(Ptx, Opencl, testing::Range<size_t>(0, rows().size()),
                         [](const auto &info) { return std::string(rows()[info.param].kernel) + rows()[info.param].variant; });

}  // namespace
}  // namespace cutrans::test
