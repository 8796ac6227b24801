// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Status and Result carry what they were given.
#include "cutrans/support/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace cutrans {
namespace {

TEST(StatusCodes, FaultsAreARange) {
  EXPECT_TRUE(isDeviceFault(Code::illegal_address));
  EXPECT_TRUE(isDeviceFault(Code::device_assert));
  EXPECT_TRUE(isDeviceFault(Code::device_lost));
  EXPECT_FALSE(isDeviceFault(Code::io_error));
  EXPECT_FALSE(isDeviceFault(Code::internal));
  EXPECT_EQ(codeName(Code::illegal_address), "illegal_address");
}

TEST(StatusCodes, AResultMovesItsValueOut) {
  Result<std::unique_ptr<int>> good = std::make_unique<int>(7);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good.code(), Code::ok);
  std::unique_ptr<int> moved = *std::move(good);
  EXPECT_EQ(*moved, 7);
  Result<int> bad = Code::out_of_memory;
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().code(), Code::out_of_memory);
}

}  // namespace
}  // namespace cutrans
