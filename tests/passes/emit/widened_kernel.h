// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hand-written widened IR (compiler/simt/widened.h), taken through the passes behind widen-to-gang.
#pragma once

#include <string>

#include "tests/ptx/run/runner.h"

namespace cutrans::test {

struct Compiled {
  std::string bytes;   // the artifact; empty on failure
  std::string error;
  bool phases = false; // the form that was chosen
  std::string reason;  // why not phases
};

// `body` defines @kernel; the attributes #0 (8 lanes, block shape 32,1,1) and the declarations that widened code uses are added.
// `vectorBits` 256 leaves AVX-512 out.
Compiled compileWidened(const std::string &body, bool avx512 = true);

}  // namespace cutrans::test
