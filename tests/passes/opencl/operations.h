// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels made of single operations, each with a place of its own in the output, so that a difference names one.
#pragma once

#include <string>
#include <vector>

namespace cutrans::test {

struct Place {
  size_t offset, bytes;
  std::string what;
};

struct Kernel {
  std::string text;           // a function `name`(ptr %arguments): output, input
  std::vector<Place> places;  // in the output
  size_t outputBytes = 0;
};

extern const char TestLayout[];

// Operations of all kinds on vectors of so many lanes (1: scalars). The input has InputBytes random bytes, the first half of them floats.
inline constexpr size_t InputBytes = 1 << 14;
Kernel integerOperations(const std::string &name, unsigned lanes);
Kernel floatOperations(const std::string &name, unsigned lanes);
Kernel laneOperations(const std::string &name, unsigned lanes);
// A row of random operations, each on results of earlier ones.
Kernel randomOperations(const std::string &name, unsigned lanes, unsigned seed, unsigned count);

}  // namespace cutrans::test
