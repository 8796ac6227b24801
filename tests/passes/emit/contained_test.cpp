// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A fatal error inside LLVM becomes words; the process, and the next compile, go on.
#include "compiler/emit/contained.h"

#include <gtest/gtest.h>
#include <llvm/Support/ErrorHandling.h>

#include <thread>

TEST(Contained, FatalErrorBecomesWords) {
  EXPECT_EQ(cutrans::emit::contained([] { llvm::report_fatal_error("Cannot select: x\nmore"); }), "Cannot select: x");
  bool ran = false;
  EXPECT_EQ(cutrans::emit::contained([&] { ran = true; }), "");
  EXPECT_TRUE(ran);
}

TEST(Contained, EachThreadHasItsOwnWay) {
  std::string first, second;
  std::thread a([&] { first = cutrans::emit::contained([] { llvm::report_fatal_error("first"); }); });
  std::thread b([&] { second = cutrans::emit::contained([] { llvm::report_fatal_error("second"); }); });
  a.join();
  b.join();
  EXPECT_EQ(first, "first");
  EXPECT_EQ(second, "second");
}
