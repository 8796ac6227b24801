// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parsing of settings: what is accepted, what is refused, and that the environment is read once only.
#include "cutrans/support/config.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace cutrans {
namespace {

TEST(Settings, BytesTakeUnitsAndRefuseTheRest) {
  EXPECT_EQ(parseBytes("0"), 0u);
  EXPECT_EQ(parseBytes("64M"), 64u << 20);
  EXPECT_EQ(parseBytes("3g"), uint64_t{3} << 30);
  for (const char *bad : {"", "M", "12X", "1GB", "-1", "99999999999999999999", "18446744073709551615K"})
    EXPECT_FALSE(parseBytes(bad)) << bad;
}

TEST(Settings, CountsTakeAVersionToo) {
  EXPECT_EQ(parseCount("90"), 90u);
  EXPECT_EQ(parseCount("9.0"), 90u);
  EXPECT_EQ(parseCount("12.0"), 120u);
  for (const char *bad : {"", ".9", "9.", "9.10", "x", "4294967296", "-3"}) EXPECT_FALSE(parseCount(bad)) << bad;
}

TEST(Settings, FlagsTakeTheUsualWords) {
  EXPECT_EQ(parseFlag("on"), true);
  EXPECT_EQ(parseFlag("0"), false);
  EXPECT_FALSE(parseFlag("2"));
}

TEST(Settings, EveryDefaultParses) {
  for (const SettingRow &row : settingRows()) {
    std::string type = row.type;
    if (type == "Flag") EXPECT_TRUE(parseFlag(row.initial)) << row.name;
    if (type == "Count") EXPECT_TRUE(parseCount(row.initial)) << row.name;
    if (type == "Bytes") EXPECT_TRUE(parseBytes(row.initial)) << row.name;
  }
}

// Settings are read once per process, so each of these cases needs one of its own: death tests give it.
TEST(SettingsInANewProcessDeathTest, BadValueIsReportedAndTheDefaultHolds) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("CUTRANS_HOST_MEMORY", "12potatoes", 1);
        std::exit(config().host_memory == 0 && !settingIsSet("HOST_MEMORY") ? 0 : 1);
      },
      testing::ExitedWithCode(0), "cutrans: CT4000: CUTRANS_HOST_MEMORY=12potatoes");
}

TEST(SettingsInANewProcessDeathTest, UnknownNameIsReported) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("CUTRANS_TARGETT", "null", 1);
        std::exit(config().target == "host" ? 0 : 1);
      },
      testing::ExitedWithCode(0), "CT4001: CUTRANS_TARGETT");
}

TEST(SettingsInANewProcessDeathTest, LaterChangesOfTheEnvironmentAreNotSeen) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("CUTRANS_TARGET", "null", 1);
        bool first = config().target == "null";
        setenv("CUTRANS_TARGET", "host", 1);
        std::exit(first && config().target == "null" && std::string(settingText("TARGET")) == "null" ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(SettingsInANewProcessDeathTest, CacheFolderFollowsTheRules) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("XDG_CACHE_HOME", "/x", 1);
        std::exit(cacheFolder() == "/x/cutrans" ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        setenv("CUTRANS_CACHE", "0", 1);
        std::exit(cacheFolder().empty() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace cutrans
