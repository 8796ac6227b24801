// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the front end found wrong: a code and one line with place, excerpt and reason.
#pragma once

#include <string>
#include <vector>

#include "compiler/ptx/ast.h"
#include "compiler/ptx/lexer.h"

namespace cutrans::ptx {

struct Problem {
  Diag code;
  std::string text;
};
using Problems = std::vector<Problem>;

// "unit a.cu line 12:5: `add.f33 %f1`: reason"; the line at the place is quoted.
Problem makeProblem(const Unit &unit, const ParseError &error);
// "unit a.cu line 12: reason"
Problem makeProblem(const Unit &unit, Diag code, const Location &place, const std::string &reason);

}  // namespace cutrans::ptx
