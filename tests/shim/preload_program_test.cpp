// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the preload library sees in a program: here, in this test.
#include <gtest/gtest.h>
#include <link.h>

#include "shim/preload/program.h"

extern "C" __attribute__((noinline, used)) int cutrans_test_landmark() {
  return 7;
}

namespace {

using cutrans::preload::Program;

// The first object that the loader lists is the program.
uintptr_t baseOfProgram() {
  uintptr_t base = 0;
  dl_iterate_phdr([](dl_phdr_info *info, size_t, void *out) { *static_cast<uintptr_t *>(out) = info->dlpi_addr; return 1; }, &base);
  return base;
}

TEST(PreloadProgram, FindsFunctionsWhereTheyAre) {
  Program program;
  ASSERT_TRUE(program.open("/proc/self/exe", baseOfProgram()));
  uintptr_t found = 0;
  size_t bytes = 0;
  program.functions([&](const char *name, uintptr_t address, size_t size) {
    if (std::string_view(name) == "cutrans_test_landmark") found = address, bytes = size;
  });
  EXPECT_EQ(found, reinterpret_cast<uintptr_t>(&cutrans_test_landmark));
  EXPECT_GT(bytes, 0u);
  EXPECT_GE(found, program.begin());
  EXPECT_LT(found, program.end());
  EXPECT_EQ(program.protection(found) & 4, 4) << "executable";
}

TEST(PreloadProgram, IsNoCudaProgram) {
  Program program;
  ASSERT_TRUE(program.open("/proc/self/exe", baseOfProgram()));
  EXPECT_FALSE(program.hasDeviceCode());
  EXPECT_FALSE(program.needsSharedRuntime());
  EXPECT_TRUE(program.hasSection(".text"));
}

}  // namespace
