// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rows of single instructions: a kernel that runs a list of them on triples of inputs, a thread for each triple, the last
// warp only partly full. A new instruction is one Instruction in a rows_SUBJECT.cpp.
#pragma once

#include "tests/ptx/run/case.h"

namespace cutrans::test {

// The code reads the inputs as %A %B %C (64 bits), %a %b %c (32), %x %y %z (16), %fa %fb %fc (f32), has %t<8> and %p<4> of its
// own, and leaves its result in %r (32 bits) or %R (64).
struct Instruction {
  std::string code;
  unsigned width;  // of the result: 32 or 64
  std::function<uint64_t(uint64_t a, uint64_t b, uint64_t c)> expected;
};

using Inputs = std::vector<std::array<uint64_t, 3>>;

Row instructionRow(const char *name, const Inputs &inputs, const std::vector<Instruction> &instructions);

// Every triple of these, at most `limit` of them, evenly.
Inputs triples(const std::vector<uint64_t> &a, const std::vector<uint64_t> &b, const std::vector<uint64_t> &c, size_t limit = 200);

}  // namespace cutrans::test
