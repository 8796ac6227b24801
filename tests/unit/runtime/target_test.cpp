// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which target is loaded, and how a bad choice ends: an error, one line, no crash. A process loads one target, so each
// case runs in a process of its own.
#include <cstdlib>

#include "cutrans/runtime/memory.h"
#include "environment.h"

namespace cutrans::runtime {
namespace {

class TargetsDeathTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

int start(const char *target) {
  setenv("CUTRANS_TARGET", target, 1);
  return static_cast<int>(Platform::get().code());
}

TEST_F(TargetsDeathTest, AnUnknownNameIsReportedAndRemembered) {
  EXPECT_EXIT(
      {
        int first = start("nosuch");
        int second = static_cast<int>(ensureContext().code());
        std::exit(first == second ? first : 99);
      },
      testing::ExitedWithCode(static_cast<int>(Code::not_initialized)), "CT3000: no target plug-in nosuch");
}

TEST_F(TargetsDeathTest, ANameCannotLeaveTheFolder) {
  EXPECT_EXIT(std::exit(start("..")), testing::ExitedWithCode(static_cast<int>(Code::not_initialized)), "CT3000");
}

TEST_F(TargetsDeathTest, AFileThatIsNoLibraryIsReported) {
  EXPECT_EXIT(std::exit(start("/etc/passwd")), testing::ExitedWithCode(static_cast<int>(Code::not_initialized)), "CT3001");
}

TEST_F(TargetsDeathTest, ALibraryThatIsNoTargetIsReported) {
  EXPECT_EXIT(std::exit(start(CUTRANS_RUNTIME_FILE)),
              testing::ExitedWithCode(static_cast<int>(Code::not_initialized)), "CT3002");
}

TEST_F(TargetsDeathTest, OneOfTheFirstMinorVersionHasNoWords) {
  EXPECT_EXIT(
      {
        int state = start(CUTRANS_OLDER_TARGET);
        Context &context = **ensureContext();
        Address at = *allocateMemory(context, MemoryKind::pinned, 4);
        WordOperation word;
        word.address = at;
        bool refused = !context.device().words() && context.legacyQueue().onWords({&word, 1}).code() == Code::unsupported;
        std::exit(state == 0 && refused && context.legacyQueue().synchronize().ok() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "CT3008");
}

TEST(Targets, NamesAndPathsAreTold) {
  Result<Platform *> platform = Platform::get();
  ASSERT_OK(platform);
  EXPECT_STREQ((*platform)->targetName(), "null");
  EXPECT_NE((*platform)->targetPath().find("/cutrans_target_null.so"), std::string::npos);
}

}  // namespace
}  // namespace cutrans::runtime
