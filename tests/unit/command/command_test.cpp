// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command as people use it: output, exit statuses, what a program inherits.
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>

namespace cutrans::command {
namespace {

struct Said {
  int status = -1;
  std::string text;  // both streams
};

Said shell(const std::string &line) {
  Said said;
  FILE *pipe = popen((line + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer;
  while (size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) said.text.append(buffer.data(), got);
  int status = pclose(pipe);
  said.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return said;
}

Said cutrans(const std::string &arguments) { return shell(std::string(CUTRANS_COMMAND) + " " + arguments); }
std::string program(const char *name) { return std::string(CUTRANS_TEST_PROGRAMS) + "/" + name; }

// The shims are built by others; without them `run` refuses, which is its own case.
bool complete() {
  for (const char *file : {"libcudart.so.13", "libcudart.so.12", "libcuda.so.1", "libcutrans_preload.so"})
    if (access((std::string(CUTRANS_LIBRARIES "/") + file).c_str(), R_OK) != 0) return false;
  return true;
}

class Run : public testing::Test {
 protected:
  void SetUp() override {
    if (!complete()) GTEST_SKIP() << "the shims are not built";
  }
};

TEST_F(Run, PassesArgumentsAndTheExitStatusOn) {
  Said said = cutrans("run --target null " + program("plain") + " -v --target x 'two words'");
  EXPECT_EQ(said.status, 42);
  EXPECT_NE(said.text.find("target=null [-v] [--target] [x] [two words]\n"), std::string::npos) << said.text;
}

// Whatever the program is: a library of it may need the redirection.
TEST_F(Run, PreloadsInEveryCase) {
  EXPECT_NE(cutrans("run " + program("relinked")).text.find("ran preload=libcutrans_preload.so"), std::string::npos);
  EXPECT_NE(cutrans("run " + program("plain")).text.find("ran preload=libcutrans_preload.so"), std::string::npos);
  Said kept = shell("LD_PRELOAD=libc.so.6 " CUTRANS_COMMAND " run " + program("plain"));
  EXPECT_NE(kept.text.find("preload=libcutrans_preload.so:libc.so.6"), std::string::npos) << kept.text;
}

TEST_F(Run, SaysTheWayInWhenAsked) {
  Said said = cutrans("run -v " + program("shared"));
  EXPECT_NE(said.text.find("(route A)"), std::string::npos) << said.text;
  EXPECT_EQ(cutrans("run " + program("plain")).text.find("cutrans:"), std::string::npos) << "silent otherwise";
}

TEST_F(Run, RefusesWithACodeAndAWayRound) {
  Said said = cutrans("run " + program("stripped"));
  EXPECT_EQ(said.status, 125);
  EXPECT_NE(said.text.find("CT4015"), std::string::npos);
  EXPECT_NE(said.text.find("-cudart shared"), std::string::npos);
  EXPECT_EQ(cutrans("run " + program("no_loader")).status, 125);
  Said off = shell("CUTRANS_REDIRECT=0 " CUTRANS_COMMAND " run " + program("static"));
  EXPECT_EQ(off.status, 125);
  EXPECT_NE(off.text.find("CT4016"), std::string::npos) << off.text;
}

TEST_F(Run, StartsScripts) {
  Said said = cutrans("run /bin/sh -c 'exit 7'");
  EXPECT_EQ(said.status, 7) << said.text;
}

TEST(Command, UnknownProgramsAre127) {
  Said here = shell("cd " CUTRANS_TEST_PROGRAMS " && " CUTRANS_COMMAND " run plain");
  EXPECT_EQ(here.status, 127);
  EXPECT_NE(here.text.find("./plain is here"), std::string::npos) << here.text;
  Said said = cutrans("run no-such-program-anywhere");
  EXPECT_EQ(said.status, 127);
  EXPECT_NE(said.text.find("CT4010"), std::string::npos);
  EXPECT_EQ(cutrans("run").status, 2);
  EXPECT_EQ(cutrans("run --nonsense sh").status, 2);
  EXPECT_NE(cutrans("sh").text.find("cutrans run sh"), std::string::npos);
}

TEST(Command, HelpTeachesWithExamples) {
  for (const char *command : {"", "run", "devices", "doctor", "conformance", "config"}) {
    Said said = cutrans(std::string(command) + " --help");
    EXPECT_EQ(said.status, 0) << command;
    EXPECT_NE(said.text.find("Examples:\n  "), std::string::npos) << command;
  }
  EXPECT_EQ(cutrans("nonsense").status, 2);
  EXPECT_EQ(cutrans("").status, 2);
}

TEST(Command, ConfigShowsWhatIsInForce) {
  Said said = shell("CUTRANS_TARGET=null " CUTRANS_COMMAND " config --json");
  auto all = nlohmann::json::parse(said.text);
  for (const auto &setting : all)
    if (setting["name"] == "CUTRANS_TARGET") {
      EXPECT_EQ(setting["value"], "null");
      EXPECT_EQ(setting["set"], true);
      EXPECT_EQ(setting["default"], "host");
    }
  EXPECT_EQ(cutrans("config CUTRANS_CACHE").status, 0);
  EXPECT_EQ(cutrans("config NOTHING").status, 2);
}

TEST(Command, DevicesAsTextAndAsJson) {
  const std::string with = "CUTRANS_COMPUTE_CAPABILITY=9.0 " CUTRANS_COMMAND " ";
  Said said = shell(with + "devices --target null --json");
  ASSERT_EQ(said.status, 0) << said.text;
  auto all = nlohmann::json::parse(said.text);
  EXPECT_EQ(all["target"], "null");
  EXPECT_EQ(all["devices"][0]["runs_kernels"], false);
  EXPECT_EQ(all["devices"][0]["compute_capability"], "9.0");
  EXPECT_NE(shell(with + "devices --target null").text.find("runs no kernels"), std::string::npos);
  Said wrong = shell(with + "devices --target nosuch");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_NE(wrong.text.find("CT3000"), std::string::npos);
}

TEST(Command, DoctorFindsWhatWouldStopAProgram) {
  const std::string with = "CUTRANS_COMPUTE_CAPABILITY=90 CUTRANS_CACHE=0 " CUTRANS_COMMAND " doctor ";
  Said stripped = shell(with + program("stripped"));
  EXPECT_EQ(stripped.status, 1);
  EXPECT_NE(stripped.text.find("CT4015"), std::string::npos) << stripped.text;
  EXPECT_NE(stripped.text.find("way round:"), std::string::npos);
  Said shared = shell(with + program("shared"));
  EXPECT_NE(shared.text.find("(route A)"), std::string::npos) << shared.text;
  EXPECT_EQ(shell(with + "/nonexistent/file").status, 2);
  // A file is named, not a command: no "./" is needed.
  Said here = shell("cd " CUTRANS_TEST_PROGRAMS " && " + with + "stripped");
  EXPECT_EQ(here.status, 1);
  EXPECT_NE(here.text.find("CT4015"), std::string::npos) << here.text;
}

TEST(Command, ConformanceTakesNamesFilesAndLists) {
  Said said = cutrans("conformance null --report json --filter memory.");
  ASSERT_EQ(said.status, 0) << said.text;
  auto all = nlohmann::json::parse(said.text)["targets"][0];
  EXPECT_EQ(all["target"], "null");
  EXPECT_EQ(all["fail"], 0);
  EXPECT_EQ(all["unsupported"], 2);
  EXPECT_EQ(cutrans("conformance /nonexistent/plugin.so").status, 2);
  EXPECT_EQ(cutrans("conformance null --filter nothing-has-this-name").status, 2);
  EXPECT_EQ(cutrans("conformance").status, 2);
  EXPECT_NE(cutrans("conformance --cases").text.find("queue.in-order: "), std::string::npos);
  // Where nobody looks, only surprises and the summary.
  Said quiet = cutrans("conformance null --filter fill.");
  EXPECT_EQ(quiet.status, 0);
  EXPECT_EQ(quiet.text, "null (null): 1 pass, 0 unsupported, 0 untested, 0 fail; 0 unexpected\n");
  EXPECT_NE(cutrans("conformance null --filter fill. --verbose").text.find("  pass        fill.elements\n"), std::string::npos);
  // The matrix of several, and what the lists promise without a run.
  Said matrix = cutrans("conformance null null --filter memory.managed --report markdown");
  EXPECT_NE(matrix.text.find("| memory.managed | no 1 | no 1 | Managed"), std::string::npos) << matrix.text;
  EXPECT_NE(cutrans("conformance null --expected").text.find("| memory.managed | no "), std::string::npos);
  // A list that expects a failure which does not happen is wrong too.
  Said list = shell("f=$(mktemp) && echo 'fails copy.linear to see' > $f && " CUTRANS_COMMAND " conformance null --filter copy.linear --list $f; s=$?; rm $f; exit $s");
  EXPECT_EQ(list.status, 1);
  EXPECT_NE(list.text.find("the list expects otherwise: to see"), std::string::npos) << list.text;
  Said bad = shell("f=$(mktemp) && echo 'fails copy.linear' > $f && " CUTRANS_COMMAND " conformance null --list $f; s=$?; rm $f; exit $s");
  EXPECT_EQ(bad.status, 2);
}

}  // namespace
}  // namespace cutrans::command
