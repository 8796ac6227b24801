// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Driver API tests run on the null target, whatever the environment says: nothing here launches a kernel.
#include <gtest/gtest.h>

#include <cstdlib>

int main(int argc, char **argv) {
  setenv("CUTRANS_TARGET", "null", 1);
  setenv("CUTRANS_COMPUTE_CAPABILITY", "90", 1);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
