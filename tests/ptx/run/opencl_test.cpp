// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rows of rows.cpp on an OpenCL device of this machine: what the format can hold must give the rows' values; what it cannot
// must be refused as opencl_refused.list says, which needs no device. CUTRANS_WRITE_REFUSED=FILE writes that list anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "tests/ptx/run/case.h"
#include "tests/ptx/run/compile_ptx.h"
#include "cutrans/native_kernel.h"
#include "tests/ptx/run/opencl_runner.h"
#include "tests/ptx/run/refusals.h"

namespace cutrans::test {
namespace {

// Text holds less than bitcode.
constexpr const char *OnlyText = "CT1460";

PtxArtifact compile(const PtxModule &module, const Row &row, const char *format) {
  CompileOptions options;
  options.block = row.block;
  options.cooperative = row.together;
  options.format = format;
  options.codegen = openclCodegen();
  return module.compile(row.kernel, options);
}

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
  PtxArtifact artifact = compile(module, row, format);
  if (artifact.bytes.empty()) GTEST_SKIP() << artifact.diagnostics;
  ASSERT_EQ(artifact.diagnostics, "");
  OpenclArtifact loaded(artifact.bytes, format);
  ASSERT_EQ(loaded.error(), "");
  Case data;
  row.arguments(data);
  std::shared_ptr<void> image = module.image();
  Launch launch{row.grid, row.block, row.dynamicShared, data.params, image.get()};
  Outcome outcome = loaded.run(launch);
  EXPECT_TRUE(outcome.ok) << outcome.problem;
  EXPECT_EQ(data.difference(), "");
}

TEST(OpenclRefusals, AreThoseListed) {
  const char *path = std::getenv("CUTRANS_WRITE_REFUSED");
  std::vector<Refusal> listed = readRefusals(CUTRANS_OPENCL_REFUSED);
  std::map<std::string, std::string> lines;  // by code
  for (const Row &row : rows()) {
    PtxModule module(textOf(row));
    std::string said = compile(module, row, CT_OPENCL_FORMAT_SPIR).diagnostics;
    const bool onlyText = said.empty();
    if (onlyText) said = compile(module, row, CT_OPENCL_FORMAT_C).diagnostics;
    const std::string name = nameOf(row), code = said.substr(0, 6);
    Refusal *refusal = findRefusal(listed, name);
    if (refusal) refusal->met = true;
    if (said.empty()) {
      if (!path) EXPECT_FALSE(refusal) << name << " is compiled";
      continue;
    }
    EXPECT_EQ(code == OnlyText, onlyText) << name << ": " << said;
    if (!path) EXPECT_TRUE(refusal && refusal->code == code) << name << ": " << said;
    const std::string reason = said.substr(8, said.find('\n') - 8);
    lines[code] += name + std::string(name.size() < 36 ? 36 - name.size() : 1, ' ') + code + "  " + reason + "\n";
  }
  for (const Refusal &refusal : listed)
    if (!path) EXPECT_TRUE(refusal.met) << refusal.row << " is no row";
  if (!path && HasFailure()) FAIL() << "CUTRANS_WRITE_REFUSED=" CUTRANS_OPENCL_REFUSED " writes the list anew";
  if (!path) return;
  std::ofstream file(path);
  file << "# Rows of tests/ptx/run that the OpenCL formats refuse, " << OnlyText
       << " as text only: NAME CODE REASON. Written by ptx_opencl_test, CUTRANS_WRITE_REFUSED=FILE.\n";
  for (const auto &[code, text] : lines) file << "\n" << text;
}

std::string nameOfTest(const testing::TestParamInfo<std::tuple<const char *, size_t>> &info) { return nameOf(rows()[std::get<1>(info.param)]); }

// Block 1's thread 3 of two blocks of 40 threads does it. `others`: what all others do.
Outcome runOne(const char *format, const std::string &instructions, const std::string &others = "") {
  PtxModule module(".version 9.0\n.target sm_90\n.address_size 64\n"
                   ".extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);\n"
                   ".extern .func __assertfail (.param .b64 a, .param .b64 b, .param .b32 c, .param .b64 d, .param .b64 e);\n"
                   ".global .align 1 .b8 format[10] = {37, 100, 32, 37, 115, 32, 37, 102, 10, 0};\n"  // "%d %s %f\n"
                   ".global .align 1 .b8 text[4] = {97, 98, 99, 0};\n"
                   ".visible .entry k()\n{ .local .align 8 .b8 args[24]; .reg .b32 %r<4>; .reg .b64 %d<4>; .reg .pred %p1;\n"
                   "mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; mad.lo.u32 %r1, %r2, 100, %r1; setp.eq.u32 %p1, %r1, 103;\n@!%p1 bra Others;\n" +
                   instructions + "\nret;\nOthers:\n" + others + "\nret;\n}\n");
  EXPECT_EQ(module.problems(), "");
  CompileOptions options;
  options.block = {40, 1, 1};
  options.format = format;
  options.codegen = openclCodegen();
  PtxArtifact artifact = module.compile("k", options);
  EXPECT_EQ(artifact.diagnostics, "");
  if (artifact.bytes.empty()) return {};
  OpenclArtifact loaded(artifact.bytes, format);
  EXPECT_EQ(loaded.error(), "");
  EXPECT_TRUE(loaded.header().flags & CT_OPENCL_USES_MESSAGES);
  std::shared_ptr<void> image = module.image();
  return loaded.run({.grid = {2, 1, 1}, .block = {40, 1, 1}, .params = {}, .globals = image.get()});
}

class OpenclMessages : public testing::TestWithParam<const char *> {
 protected:
  void SetUp() override {
    if (!openclMissing().empty()) GTEST_SKIP() << openclMissing();
  }
};

TEST_P(OpenclMessages, PrintfComesWithItsArguments) {
  Outcome outcome = runOne(GetParam(),
                           "st.local.u32 [args], %r1; cvta.global.u64 %d1, text; st.local.u64 [args+8], %d1; mov.b64 %d2, 0d3FF8000000000000; st.local.b64 [args+16], %d2;\n"
                           "mov.u64 %d3, args; cvta.local.u64 %d3, %d3; cvta.global.u64 %d1, format;\n"
                           "{ .param .b64 a; .param .b64 b; .param .b32 r; st.param.b64 [a], %d1; st.param.b64 [b], %d3; call (r), vprintf, (a, b); }");
  EXPECT_TRUE(outcome.ok) << outcome.problem;
  EXPECT_EQ(outcome.printed, "103 abc 1.500000\n");
}

TEST_P(OpenclMessages, TrapEndsTheKernel) {
  Outcome outcome = runOne(GetParam(), "trap;");
  EXPECT_FALSE(outcome.ok);
  // With the line of its PTX.
  EXPECT_EQ(outcome.problem, "trap " + std::to_string(12u << CT_NATIVE_TRAP_LINE_SHIFT) + " in thread 3");
}

TEST_P(OpenclMessages, AnAssertionEndsTheKernel) {
  Outcome outcome = runOne(GetParam(),
                           "cvta.global.u64 %d1, text;\n{ .param .b64 a; .param .b64 b; .param .b32 c; .param .b64 d; .param .b64 e; st.param.b64 [a], %d1; st.param.b64 [b], %d1;\n"
                           "st.param.b32 [c], 7; st.param.b64 [d], %d1; st.param.b64 [e], 1; call __assertfail, (a, b, c, d, e); }");
  EXPECT_FALSE(outcome.ok);
  EXPECT_EQ(outcome.problem, "assertion in thread 3: abc");
}

// In gang form: those who wait for what never comes end with the others.
constexpr char kWaits[] = "cvta.global.u64 %d1, text;\nAgain: ld.volatile.u8 %r1, [%d1]; setp.ne.u32 %p1, %r1, 0; @%p1 bra Again;";

TEST_P(OpenclMessages, TrapEndsThoseWhoWait) {
  Outcome outcome = runOne(GetParam(), "trap;", kWaits);
  EXPECT_FALSE(outcome.ok);
  EXPECT_EQ(outcome.problem, "trap " + std::to_string(12u << CT_NATIVE_TRAP_LINE_SHIFT) + " in thread 3");
}

TEST_P(OpenclMessages, ABarrierThatCannotCompleteIsNamed) {
  Outcome outcome = runOne(GetParam(), "bar.sync 1, 64;", "bar.sync 2, 96;");
  EXPECT_FALSE(outcome.ok);
  EXPECT_EQ(outcome.problem, "trap 3105 in thread 0");
}

TEST_P(OpenclMessages, ABarrierIsOneOfSixteen) {
  Outcome outcome = runOne(GetParam(), "mov.u32 %r1, 99; bar.sync %r1, 32;");
  EXPECT_FALSE(outcome.ok);
  EXPECT_EQ(outcome.problem, "trap 3106 in thread 0");
}

INSTANTIATE_TEST_SUITE_P(Ptx, OpenclMessages, testing::Values(CT_OPENCL_FORMAT_SPIR, CT_OPENCL_FORMAT_C),
                         [](const auto &info) { return std::string(info.param) == CT_OPENCL_FORMAT_SPIR ? "SpirBitcode" : "OpenclC"; });
INSTANTIATE_TEST_SUITE_P(SpirBitcode, Opencl, testing::Combine(testing::Values(CT_OPENCL_FORMAT_SPIR), testing::Range<size_t>(0, rows().size())), nameOfTest);
INSTANTIATE_TEST_SUITE_P(OpenclC, Opencl, testing::Combine(testing::Values(CT_OPENCL_FORMAT_C), testing::Range<size_t>(0, rows().size())), nameOfTest);

}  // namespace
}  // namespace cutrans::test
