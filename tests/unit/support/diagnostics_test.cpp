// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of diagnostics is well formed, and a report is one line, once.
#include "cutrans/support/diagnostics.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

namespace cutrans {
namespace {

TEST(Diagnostics, RowsAreSortedUniqueAndComplete) {
  unsigned last = 0;
  std::set<std::string> names;
  for (const DiagnosticRow &row : diagnosticRows()) {
    EXPECT_GT(static_cast<unsigned>(row.diag), last) << row.name;
    last = static_cast<unsigned>(row.diag);
    EXPECT_TRUE(last >= 1000 && last <= 9999) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_STRNE(row.meaning, "") << row.name;
  }
}

TEST(Diagnostics, CodesAreFoundByTheirText) {
  ASSERT_NE(findDiagnostic("CT4000"), nullptr);
  EXPECT_EQ(findDiagnostic("CT4000")->diag, Diag::bad_setting);
  for (const char *bad : {"CT9999", "CT", "CT40x0", "4000", ""}) EXPECT_EQ(findDiagnostic(bad), nullptr) << bad;
}

TEST(Diagnostics, AReportIsOneLineWithItsWayRoundAndIsPrintedOnce) {
  testing::internal::CaptureStderr();
  report(Diag::bad_setting, "first\nsecond");
  report(Diag::bad_setting, "first\nsecond");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            std::string("cutrans: CT4000: first second; ") + findDiagnostic(Diag::bad_setting)->way_round + "\n");
}

TEST(Diagnostics, ACaptureSeesWhatWasPrintedBefore) {
  testing::internal::CaptureStderr();
  report(Diag::bad_setting, "captured line");
  ReportCapture capture;
  report(Diag::bad_setting, "captured line");
  {
    ReportCapture inner;
    reportCode("CT7777", "not for the outer one");
    EXPECT_EQ(inner.text(), "cutrans: CT7777: not for the outer one\n");
  }
  EXPECT_NE(capture.text().find("captured line"), std::string::npos);
  EXPECT_EQ(capture.text().find("CT7777"), std::string::npos);
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace cutrans
