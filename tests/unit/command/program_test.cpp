// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Programs of each kind are told apart, and files that are damaged or no programs at all are refused.
#include "program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "way_in.h"

namespace cutrans::command {
namespace {

const std::string kPrograms = CUTRANS_TEST_PROGRAMS;

Program look(const std::string &path) {
  std::string error;
  auto program = inspect(path, error);
  EXPECT_TRUE(program) << error;
  return program.value_or(Program{});
}

WayIn wayOf(const std::string &name) { return decide(look(kPrograms + "/" + name)); }

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string &bytes) {
    path_ = testing::TempDir() + "cutrans_program_test_" + std::to_string(getpid());
    std::ofstream(path_, std::ios::binary) << bytes;
    chmod(path_.c_str(), 0755);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  const std::string &path() const { return path_; }

 private:
  std::string path_;
};

std::string bytesOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Programs, EachKindHasItsWayIn) {
  EXPECT_EQ(wayOf("plain").way, Way::unknown);
  EXPECT_TRUE(wayOf("plain").preload);
  EXPECT_EQ(wayOf("shared").way, Way::shared);
  EXPECT_TRUE(wayOf("shared").preload) << "a library of it may have a static runtime of its own";
  EXPECT_EQ(wayOf("shared").preload_runtime, "");
  EXPECT_EQ(wayOf("static").way, Way::redirect);
  EXPECT_TRUE(wayOf("static").preload);
  EXPECT_EQ(wayOf("relinked").way, Way::relinked);
}

TEST(Programs, AnRpathOfTheirOwnIsOvercome) {
  EXPECT_EQ(wayOf("shared_rpath").way, Way::shared);
  EXPECT_EQ(wayOf("shared_rpath").preload_runtime, "libcudart.so.13");
}

TEST(Programs, WhatCannotComeInIsRefusedByName) {
  EXPECT_EQ(wayOf("stripped").way, Way::none);
  EXPECT_EQ(wayOf("stripped").refusal, Diag::run_stripped);
  EXPECT_EQ(wayOf("no_loader").way, Way::none);
  EXPECT_EQ(wayOf("no_loader").refusal, Diag::run_no_loader);
  EXPECT_EQ(wayOf("lib/libcudart.so.13").refusal, Diag::run_no_program);
}

TEST(Programs, ScriptsAndOtherFiles) {
  EXPECT_EQ(decide(look(TemporaryFile("#!/bin/sh\nexit 0\n").path())).way, Way::unknown);
  EXPECT_EQ(decide(look(TemporaryFile("neither").path())).refusal, Diag::run_no_program);
  EXPECT_EQ(decide(look(TemporaryFile("").path())).refusal, Diag::run_no_program);
  std::string error;
  EXPECT_FALSE(inspect("/nonexistent/file", error));
  EXPECT_NE(error.find("No such file"), std::string::npos);
  EXPECT_FALSE(inspect("/tmp", error));
}

TEST(Programs, OtherProcessorsAreNoticed) {
  std::string bytes = bytesOf(kPrograms + "/static");
  bytes[18] = 8;  // e_machine: MIPS
  EXPECT_EQ(decide(look(TemporaryFile(bytes).path())).refusal, Diag::run_other_machine);
}

TEST(Programs, DamagedFilesDoNotCrashTheReader) {
  const std::string whole = bytesOf(kPrograms + "/static");
  for (size_t keep = 4; keep < whole.size(); keep = keep * 3 / 2 + 1) {
    std::string error;
    (void)inspect(TemporaryFile(whole.substr(0, keep)).path(), error);
  }
  // Every byte of the ELF header, and a spread over the section headers, set to the extremes.
  for (size_t at = 4; at < 64; ++at)
    for (char value : {'\x00', '\x7f', '\xff'}) {
      std::string bytes = whole, error;
      bytes[at] = value;
      auto program = inspect(TemporaryFile(bytes).path(), error);
      if (program) (void)decide(*program);
    }
  for (size_t back = 1; back < 64 * 40 && back < whole.size(); back += 7) {
    std::string bytes = whole, error;
    bytes[whole.size() - back] = '\xff';
    (void)inspect(TemporaryFile(bytes).path(), error);
  }
}

TEST(Programs, AreFoundAsAShellFindsThem) {
  EXPECT_EQ(findProgram("./here"), "./here");
  EXPECT_NE(findProgram("sh"), "");
  EXPECT_EQ(findProgram("no such program anywhere"), "");
}

}  // namespace
}  // namespace cutrans::command
