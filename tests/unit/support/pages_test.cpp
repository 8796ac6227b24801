// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The generated pages in docs/ are what the tables say now. To write them anew: ninja docs-pages.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "cutrans/support/config.h"

namespace cutrans {
namespace {

std::string fileText(const std::string &name) {
  std::ifstream in(std::string(CUTRANS_DOCS) + "/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(GeneratedPages, SettingsAreUpToDate) { EXPECT_EQ(fileText("settings.md"), settingsPage()); }
TEST(GeneratedPages, DiagnosticsAreUpToDate) { EXPECT_EQ(fileText("diagnostics.md"), diagnosticsPage()); }

}  // namespace
}  // namespace cutrans
