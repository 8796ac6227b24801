// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A list of rows that a format refuses, so that a change which refuses more, or less, is seen. Lines are NAME CODE REASON; a name is a kernel's,
// with its variant, and may end with *. # begins a comment.
#pragma once

#include <string>
#include <vector>

#include "tests/ptx/run/case.h"

namespace cutrans::test {

struct Refusal {
  std::string row, code;
  bool met = false;
  bool names(const std::string &other) const;
};

// A kernel's name and its variant.
std::string nameOf(const Row &row);
std::vector<Refusal> readRefusals(const std::string &path);
// The first that names it; null: none.
Refusal *findRefusal(std::vector<Refusal> &list, const std::string &row);

}  // namespace cutrans::test
