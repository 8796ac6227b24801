// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rows of rows.cpp as SPIR-V, in thread form: each is compiled, or refused as spirv_refused.list says, which needs no device; and gives the rows' values on
// a device that has sub-groups of 32: a part of them, with CUTRANS_LONG=1 all, each in a process of its own, because Intel's runtime has ended the process
// that ran many (docs/spirv-emit.md). CUTRANS_WRITE_REFUSED=FILE writes the list anew, CUTRANS_TEST_ROW=NAME
// takes one row only, CUTRANS_TEST_DUMP=FOLDER keeps the modules.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "tests/ptx/run/case.h"
#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/opencl_runner.h"
#include "tests/ptx/run/refusals.h"

namespace cutrans::test {
namespace {

PtxArtifact compile(const PtxModule &module, const Row &row) {
  CompileOptions options;
  options.block = row.block;
  options.cooperative = row.together;
  options.format = CT_OPENCL_FORMAT_SPIRV;
  options.codegen = "kind=other;fp64=1;fp16=1;int64_atomics=1";
  return module.compile(row.kernel, options);
}

void run(const PtxModule &module, const Row &row, const PtxArtifact &artifact) {
  OpenclArtifact loaded(artifact.bytes, CT_OPENCL_FORMAT_SPIRV);
  ASSERT_EQ(loaded.error(), "");
  EXPECT_TRUE(loaded.header().flags & CT_OPENCL_THREADS);
  EXPECT_EQ(loaded.header().sub_group_size, 32u);
  Case data;
  row.arguments(data);
  std::shared_ptr<void> image = module.image();
  Outcome outcome = loaded.run({row.grid, row.block, row.dynamicShared, data.params, image.get()});
  EXPECT_TRUE(outcome.ok) << outcome.problem;
  EXPECT_EQ(data.difference(), "");
}

// In a process of its own, which alone opens OpenCL. False: there is no device.
bool runApart(const PtxModule &module, const Row &row, const PtxArtifact &artifact) {
  constexpr int NoDevice = 77;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (!openclThreadsMissing().empty()) std::printf("%s\n", openclThreadsMissing().c_str());
    else run(module, row, artifact);
    std::fflush(nullptr);
    _exit(!openclThreadsMissing().empty() ? NoDevice : testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == NoDevice) return false;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  return true;
}

TEST(Spirv, RowsGiveTheirValuesOrAreRefusedAsListed) {
  const char *path = std::getenv("CUTRANS_WRITE_REFUSED"), *only = std::getenv("CUTRANS_TEST_ROW"), *dump = std::getenv("CUTRANS_TEST_DUMP");
  const bool all = only || std::getenv("CUTRANS_LONG");
  bool device = true;
  std::vector<Refusal> listed = readRefusals(CUTRANS_SPIRV_REFUSED);
  std::map<std::string, std::string> lines;  // by code
  size_t index = 0, ran = 0;
  for (const Row &row : rows()) {
    const std::string name = nameOf(row);
    ++index;
    if (only && name != only) continue;
    if (name == "structs") continue;  // it copies padding of a local variable, which is zero in a fresh arena only
    SCOPED_TRACE(name);
    PtxModule module(textOf(row));
    ASSERT_EQ(module.problems(), "");
    PtxArtifact artifact = compile(module, row);
    const std::string &said = artifact.diagnostics, code = said.substr(0, 6);
    Refusal *refusal = findRefusal(listed, name);
    if (refusal) refusal->met = true;
    if (said.empty()) {
      if (!path) EXPECT_FALSE(refusal) << "it is compiled";
      if (dump) std::ofstream(std::string(dump) + "/" + name + ".spv").write(artifact.bytes.data() + sizeof(ct_opencl_header), artifact.bytes.size() - sizeof(ct_opencl_header));
      if (device && !path && !dump && (all || index % (row.text.empty() ? 4 : 32) == 0)) device = runApart(module, row, artifact), ++ran;
      continue;
    }
    if (!path) EXPECT_TRUE(refusal && refusal->code == code) << said;
    const std::string reason = said.substr(8, said.find('\n') - 8);
    lines[code] += name + std::string(name.size() < 36 ? 36 - name.size() : 1, ' ') + code + "  " + reason + "\n";
  }
  if (path) {
    std::ofstream file(path);
    file << "# Rows of tests/ptx/run that the format spirv refuses: NAME CODE REASON. Written by ptx_spirv_test, CUTRANS_WRITE_REFUSED=FILE.\n";
    for (const auto &[code, text] : lines) file << "\n" << text;
    return;
  }
  if (only) return;
  for (const Refusal &refusal : listed) EXPECT_TRUE(refusal.met) << refusal.row << " is no row";
  if (HasFailure()) FAIL() << "CUTRANS_WRITE_REFUSED=" CUTRANS_SPIRV_REFUSED " writes the list anew";
  if (!device) GTEST_SKIP() << "compiled only: no device with SPIR-V and sub-groups of 32";
  RecordProperty("ran", static_cast<int>(ran));
}

}  // namespace
}  // namespace cutrans::test
