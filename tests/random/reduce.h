// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "tests/random/judge.h"

namespace cutrans::random {

// The smallest program found that still fails in the same way, as a file with the memory that is right; "" where the program does
// not fail on one of these ways. Stops after so many seconds with what it has.
std::string reduce(const Program &program, const std::vector<Way> &ways, double seconds);

}  // namespace cutrans::random
