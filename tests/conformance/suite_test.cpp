// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite about itself: that no promise of the ABI is without a case, that the page is what the lists say, and that it notices targets
// that break a promise (breaker.cpp).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cutrans/conformance.h"
#include "page.h"
#include "promises.h"

namespace cutrans::conformance {
namespace {

using testing::HasSubstr;

TEST(Suite, HasACaseForEachPromise) {
  const std::string header = fileText(CUTRANS_SOURCE "/" + std::string(kHeaderFile));
  EXPECT_GT(promisesOf(header).size(), 200u);
  EXPECT_EQ(promiseProblems(header, readPromises(fileText(CUTRANS_SOURCE "/" + std::string(kPromiseFile)))), "");
}

TEST(Suite, NoticesALostPromise) {
  auto rows = readPromises("queue.in-order | One\nno.such-case | Two\n- explains | Three\n");
  const std::string problems = promiseProblems("/* One. Two. Four. */ typedef struct ct_x_ops { int (*slot)(void); }", rows);
  EXPECT_THAT(problems, HasSubstr("no row: Four\n"));
  EXPECT_THAT(problems, HasSubstr("no row: ct_x_ops.slot\n"));
  EXPECT_THAT(problems, HasSubstr("target.h does not say: Three\n"));
  EXPECT_THAT(problems, HasSubstr("no such case: no.such-case\n"));
  EXPECT_THAT(problems, HasSubstr("asks for no promise: queue.query\n"));
}

TEST(Suite, PageIsWhatTheListsSay) {
  std::string error;
  const std::string now = page(CUTRANS_SOURCE, error);
  EXPECT_EQ(error, "");
  EXPECT_EQ(fileText(CUTRANS_SOURCE "/docs/conformance.md"), now) << "run `ninja docs-pages`";
}

class Lists : public testing::Test {
 protected:
  std::optional<std::vector<Expectation>> read(const std::string &text) {
    std::string file = testing::TempDir() + "/list-XXXXXX";
    const int descriptor = mkstemp(file.data());
    std::ofstream(file) << text;
    auto list = readExpectations(file, error_);
    close(descriptor);
    unlink(file.c_str());
    return list;
  }
  std::string error_;
};

TEST_F(Lists, SayWhatIsWrongWithThem) {
  EXPECT_FALSE(read("unsupported launch.*\n"));
  EXPECT_THAT(error_, HasSubstr(":1: expected `unsupported PATTERN reason`"));
  EXPECT_FALSE(read("# head\nskips launch.ids why\n"));
  EXPECT_THAT(error_, HasSubstr(":2: expected"));
  EXPECT_FALSE(read("unsupported launch.idz why\n"));
  EXPECT_THAT(error_, HasSubstr("no case is called launch.idz"));
  EXPECT_FALSE(readExpectations("/nonexistent/list", error_));
}

TEST_F(Lists, HavePartsForDevices) {
  auto list = read("unsupported fill.* for all\ndevice *Two*\nfails copy.linear here only\ndevice *\nunsupported copy.boxes again for all\n");
  ASSERT_TRUE(list) << error_;
  auto reports = expected("mine", *list);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].title, "mine, *Two*");
  auto outcome = [&](const std::string &name) { return std::ranges::find(reports[0].results, name, &CaseResult::name)->outcome; };
  EXPECT_EQ(outcome("fill.elements"), Outcome::unsupported);
  EXPECT_EQ(outcome("copy.linear"), Outcome::fail);
  EXPECT_EQ(outcome("copy.boxes"), Outcome::unsupported);
  EXPECT_EQ(outcome("copy.interior"), Outcome::pass);
}

// A target with one thing wrong (breaker.cpp), and the case that must say so.
struct Broken {
  const char *how, *name, *says;
};
void PrintTo(const Broken &broken, std::ostream *out) { *out << broken.how; }

class Breaks : public testing::TestWithParam<Broken> {};

TEST_P(Breaks, AreNoticed) {
  setenv("CUTRANS_TEST_BREAK", GetParam().how, 1);
  Options options;
  options.plugin = CUTRANS_BREAKER;
  options.compiler = CUTRANS_COMPILER;
  options.filter = GetParam().name;
  options.timeout_seconds = 1;
  std::string error;
  bool no_device = false;
  auto report = run(options, error, no_device);
  unsetenv("CUTRANS_TEST_BREAK");
  ASSERT_TRUE(report) << error;
  auto found = std::ranges::find(report->results, GetParam().name, &CaseResult::name);
  ASSERT_NE(found, report->results.end());
  EXPECT_EQ(found->outcome, Outcome::fail);
  EXPECT_THAT(found->detail, HasSubstr(GetParam().says));
  EXPECT_FALSE(found->as_expected);
  EXPECT_EQ(exitCode({*report}), 1);
}

constexpr Broken kBroken[] = {
    {"fill crashes", "fill.elements", "dies of signal"},
    {"fill hangs", "fill.elements", "it hangs: no end within 1 seconds"},
    {"fill exits", "fill.elements", "the process ended itself"},
    {"fill refuses silently", "fill.elements", "refused as unsupported without a report"},
    {"fill is one short", "fill.elements", "fill of elements"},
    {"copy ignores the pitch", "copy.boxes", "device to"},
    {"copy runs at once", "queue.copies-in-turn", "in its turn"},
    {"query is always done", "queue.query", "query while it works"},
    {"synchronize does not wait", "queue.in-order", ""},
    {"destroy does not wait", "queue.destroy-waits", "destroy waits"},
    {"wait is nothing", "order.random", "random program"},
    {"record is nothing", "event.follows-its-queue", "query before"},
    {"unrecorded is not done", "event.never-recorded", "NOT_READY instead of OK"},
    {"times are microseconds", "event.nanoseconds", "nanoseconds"},
    {"alloc gives the same twice", "memory.allocations-are-apart", "do not overlap"},
    {"alloc ignores align", "memory.alloc-is-aligned", "aligned"},
    {"info is larger", "device.info-keeps-to-its-size", "no further than struct_size"},
    {"no wait_word", "table.slots", "both or none"},
    {"any format", "module.unknown-format", "instead of BAD_ARTIFACT"},
    {"write_word is half", "word.compares", ""},
    {"runs nothing and says so not", "device.launches-as-it-says", ""},
};
INSTANTIATE_TEST_SUITE_P(Suite, Breaks, testing::ValuesIn(kBroken));

TEST(Suite, APassThatIsListedIsASurprise) {
  for (Outcome wanted : {Outcome::unsupported, Outcome::fail}) {
    Options options;
    options.plugin = CUTRANS_BREAKER;
    options.filter = "fill.elements";
    options.expectations = {{"", "fill.*", "to see", wanted}};
    std::string error;
    bool no_device = false;
    auto report = run(options, error, no_device);
    ASSERT_TRUE(report) << error;
    EXPECT_EQ(report->results[0].outcome, Outcome::pass);
    EXPECT_FALSE(report->results[0].as_expected);
    EXPECT_EQ(exitCode({*report}), 1);
  }
}

TEST(Suite, TakesKernelsFromAFolderFirst) {
  std::string folder = testing::TempDir() + "/kernels-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  Options options;
  options.plugin = CUTRANS_BREAKER;
  options.filter = "device.launches-as-it-says";
  options.kernels = folder;
  std::string error;
  bool no_device = false;
  auto report = run(options, error, no_device);
  ASSERT_TRUE(report) << error;
  EXPECT_EQ(report->results[0].outcome, Outcome::untested);
  EXPECT_EQ(report->results[0].detail, "no compiler, and no increment in the folder of kernels");
  std::ofstream(folder + "/increment.native-so") << "the null target takes anything";
  report = run(options, error, no_device);
  ASSERT_TRUE(report) << error;
  EXPECT_EQ(report->results[0].outcome, Outcome::pass) << report->results[0].detail;
  std::filesystem::remove_all(folder);
}

TEST(Suite, AnUntestedCaseMayPass) {
  Options options;
  options.plugin = CUTRANS_BREAKER;
  options.filter = "fill.elements";
  options.expectations = {{"", "fill.*", "one device", Outcome::untested}};
  std::string error;
  bool no_device = false;
  auto report = run(options, error, no_device);
  ASSERT_TRUE(report) << error;
  EXPECT_TRUE(report->results[0].as_expected);
}

TEST(Suite, TellsThatThereIsNoDevice) {
  setenv("CUTRANS_TEST_BREAK", "no device", 1);
  Options options;
  options.plugin = CUTRANS_BREAKER;
  std::string error;
  bool no_device = false;
  EXPECT_FALSE(run(options, error, no_device));
  EXPECT_TRUE(no_device);
  unsetenv("CUTRANS_TEST_BREAK");
  options.device = 7;
  EXPECT_FALSE(run(options, error, no_device));
  EXPECT_FALSE(no_device);
  EXPECT_THAT(error, HasSubstr("there is no device 7, only 1"));
}

}  // namespace
}  // namespace cutrans::conformance
