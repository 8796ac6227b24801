// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The forms of all.txt through the whole compiler: each kernel of the generated file must become an artifact. A few
// kernels, all of them with CUTRANS_LONG=1. What they compute is the business of tests/ptx/run and tests/ptx/sweep.
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/ptx/run/compile_ptx.h"

namespace cutrans::test {
namespace {

TEST(Forms, AreCompiled) {
  PtxModule module(PtxModule::readFile(CUTRANS_FORMS));
  ASSERT_EQ(module.problems(), "");
  bool all = std::getenv("CUTRANS_LONG");
  CompileOptions options;
  options.block = {64, 1, 1};
  std::vector<std::string> kernels = module.kernels();
  ASSERT_GT(kernels.size(), 50u);
  for (size_t i = 0; i < kernels.size(); i += all ? 1 : 29) {
    PtxArtifact artifact = module.compile(kernels[i], options);
    EXPECT_EQ(artifact.diagnostics, "") << kernels[i];
    EXPECT_FALSE(artifact.bytes.empty()) << kernels[i];
  }
}

}  // namespace
}  // namespace cutrans::test
