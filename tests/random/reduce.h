// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "tests/random/judge.h"

namespace cutrans::random {

// Prints the smallest program found that still fails in the same way, with the memory that is right. False: it does not fail.
bool reduce(const Program &program, unsigned jobs);

}  // namespace cutrans::random
