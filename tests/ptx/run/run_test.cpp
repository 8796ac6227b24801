// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every row of rows.cpp, for each gang width and for an unknown block shape: PTX in, results out. All must agree with the
// row's values, computed on the host.
#include <gtest/gtest.h>

#include "tests/ptx/run/case.h"
#include "tests/ptx/run/compile_ptx.h"
#include "tests/reference/reference.h"

namespace cutrans::test {

namespace {

enum Mode : int { Chosen = 0, Width1 = 1, Width8 = 8, Width16 = 16, Width32 = 32, AnyShape = -1 };

class Run : public testing::TestWithParam<std::tuple<size_t, Mode>> {};

TEST_P(Run, GivesTheHostsResults) {
  auto [index, mode] = GetParam();
  const Row &row = rows()[index];
  PtxModule module(textOf(row));
  ASSERT_EQ(module.problems(), "");
  CompileOptions options;
  if (mode != AnyShape) options.block = row.block;
  options.anyGrid = mode == AnyShape;
  options.cooperative = row.together;
  if (mode > 0) options.gangWidth = uint32_t(mode);
  PtxArtifact artifact = module.compile(row.kernel, options);
  ASSERT_EQ(artifact.diagnostics, "");
  ASSERT_FALSE(artifact.bytes.empty());
  Artifact loaded(artifact.bytes);
  ASSERT_EQ(loaded.error(), "");
  ASSERT_NE(loaded.kernel(), nullptr);
  if (mode == Chosen) { EXPECT_EQ(loaded.kernel()->form, uint32_t(row.form)); }
  Case data;
  row.arguments(data);
  std::shared_ptr<void> image = module.image();
  Launch launch{row.grid, row.block, row.dynamicShared, data.params, image.get()};
  Outcome outcome = loaded.run(launch, row.together);
  EXPECT_TRUE(outcome.ok) << outcome.problem;
  EXPECT_EQ(data.difference(), "");
}

class ByReference : public testing::TestWithParam<size_t> {};

TEST_P(ByReference, GivesTheHostsResults) {
  const Row &row = rows()[GetParam()];
  std::string problem;
  auto module = reference::parse(textOf(row), problem);
  ASSERT_TRUE(module) << problem;
  reference::Memory memory(*module);
  Case data;
  row.arguments(data);
  data.eachBuffer([&](void *address, size_t bytes) { memory.add(address, bytes); });
  reference::Launch launch{.grid = row.grid, .block = row.block, .dynamicShared = row.dynamicShared, .params = data.params,
                           .together = row.together};
  reference::Result result = reference::run(*module, row.kernel, launch, memory);
  if (result.end == reference::End::Refused) GTEST_SKIP() << result.what;
  EXPECT_TRUE(result.ok()) << name(result.end) << ": " << result.what;
  EXPECT_EQ(data.difference(), "");
}

std::string nameOf(const testing::TestParamInfo<std::tuple<size_t, Mode>> &info) {
  auto [index, mode] = info.param;
  const Row &row = rows()[index];
  std::string suffix = mode == Chosen ? "chosen" : mode == AnyShape ? "any_shape" : "width" + std::to_string(mode);
  return std::string(row.kernel) + row.variant + "_" + suffix;
}

INSTANTIATE_TEST_SUITE_P(Ptx, ByReference, testing::Range<size_t>(0, rows().size()),
                         [](const auto &info) { return std::string(rows()[info.param].kernel) + rows()[info.param].variant; });
INSTANTIATE_TEST_SUITE_P(Ptx, Run,
                         testing::Combine(testing::Range<size_t>(0, rows().size()),
                                          testing::Values(Chosen, Width1, Width8, Width16, Width32, AnyShape)),
                         nameOf);

}  // namespace
}  // namespace cutrans::test
