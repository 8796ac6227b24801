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

class Opencl : public testing::TestWithParam<std::tuple<const char *, size_t>> {
 protected:
  void SetUp() override {
    if (!openclMissing().empty()) GTEST_SKIP() << openclMissing();
  }
};

TEST_P(Opencl, GivesTheHostsResults) {
  const auto &[format, index] = GetParam();
  const Row &row = rows()[index];
  // Of the generated rows a quarter, and of all a third as text: most of their time is the device's compiler.
  const bool bitcode = std::string(format) == CT_OPENCL_FORMAT_SPIR;
  if (((!row.text.empty() && index % 4) || (!bitcode && index % 3)) && !std::getenv("CUTRANS_LONG")) GTEST_SKIP() << "only with CUTRANS_LONG=1";
  if (std::string(row.kernel) == "structs") GTEST_SKIP() << "it copies padding of a local variable, which is zero in a fresh arena only";
  PtxModule module(textOf(row));
  ASSERT_EQ(module.problems(), "");
  CompileOptions options;
  options.block = row.block;
  options.cooperative = row.together;
  options.format = format;
  options.codegen = openclCodegen();
  PtxArtifact artifact = module.compile(row.kernel, options);
  if (artifact.bytes.empty()) {
    const bool named = artifact.diagnostics.starts_with("CT1456") || artifact.diagnostics.starts_with("CT1457") || artifact.diagnostics.starts_with("CT1460");
    EXPECT_TRUE(named) << artifact.diagnostics;
    GTEST_SKIP() << artifact.diagnostics;
  }
  ASSERT_EQ(artifact.diagnostics, "");
  OpenclArtifact loaded(artifact.bytes, bitcode);
  ASSERT_EQ(loaded.error(), "");
  Case data;
  row.arguments(data);
  std::shared_ptr<void> image = module.image();
  Launch launch{row.grid, row.block, row.dynamicShared, data.params, image.get()};
  Outcome outcome = loaded.run(launch);
  EXPECT_TRUE(outcome.ok) << outcome.problem;
  EXPECT_EQ(data.difference(), "");
}

std::string nameOf(const testing::TestParamInfo<std::tuple<const char *, size_t>> &info) {
  const auto &[format, index] = info.param;
  return std::string(rows()[index].kernel) + rows()[index].variant;
}
INSTANTIATE_TEST_SUITE_P(SpirBitcode, Opencl, testing::Combine(testing::Values(CT_OPENCL_FORMAT_SPIR), testing::Range<size_t>(0, rows().size())), nameOf);
INSTANTIATE_TEST_SUITE_P(OpenclC, Opencl, testing::Combine(testing::Values(CT_OPENCL_FORMAT_C), testing::Range<size_t>(0, rows().size())), nameOf);

}  // namespace
}  // namespace cutrans::test
