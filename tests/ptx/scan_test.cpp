// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/ptx/scan.h"

#include <gtest/gtest.h>

#include <string>

namespace cutrans::ptx {
namespace {

size_t close(const std::string &text) { return findClosingBrace(text, 0, text.size()); }

TEST(Scan, FindsTheBraceAtAnyDistance) {
  for (size_t distance = 0; distance < 100; ++distance) {
    std::string text(distance, 'x');
    EXPECT_EQ(close(text + "}tail"), distance);
    EXPECT_EQ(close(text + "{}}"), distance + 2);
    EXPECT_EQ(close(text), std::string::npos);
  }
}

TEST(Scan, SkipsStringsAndComments) {
  EXPECT_EQ(close("\"}\"}"), 3u);
  EXPECT_EQ(close("\"\\\"}\"}"), 5u);
  EXPECT_EQ(close("// }\n}"), 5u);
  EXPECT_EQ(close("/* } */}"), 7u);
  EXPECT_EQ(close("/ / }"), 4u);
  EXPECT_EQ(close("/* }"), std::string::npos);
  EXPECT_EQ(close("// }"), std::string::npos);
}

TEST(Scan, StopsAtTheEnd) {
  std::string text = "aaaa}";
  EXPECT_EQ(findClosingBrace(text, 0, 4), std::string::npos);
}

TEST(Lines, AreCountedForwardAndBack) {
  LineCounter lines("a\nbc\n\nd");
  EXPECT_EQ(lines.at(0).line, 1u);
  EXPECT_EQ(lines.at(3).line, 2u);
  EXPECT_EQ(lines.at(3).column, 2u);
  EXPECT_EQ(lines.at(6).line, 4u);
  EXPECT_EQ(lines.at(1).line, 1u);
  EXPECT_EQ(lines.at(1).column, 2u);
  LineCounter later("a\nbc\n\nd", 3, 2, 2);
  EXPECT_EQ(later.at(6).line, 4u);
}

}  // namespace
}  // namespace cutrans::ptx
