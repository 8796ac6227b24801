// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Chooses target and settings before anything reads them. Variables that the caller set win.
#include "environment.h"

#include <cstdlib>

namespace {
const bool chosen = [] {
  setenv("CUTRANS_TARGET", CUTRANS_TEST_TARGET, 0);
  setenv("CUTRANS_CACHE", "0", 0);
#ifdef CUTRANS_TEST_HOME
  setenv("CUTRANS_HOME", CUTRANS_TEST_HOME, 0);
#endif
  return true;
}();
}  // namespace
