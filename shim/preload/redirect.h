// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Redirects functions of a program or library: the first five bytes become a jump to an island near by, and the island jumps
// anywhere. x86-64.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "shim/preload/program.h"

namespace cutrans::preload {

struct Jump {
  uintptr_t from;
  void *to;
};

inline constexpr size_t kJumpBytes = 5;

// All or none: on failure the program's code is as it was, and `why` says what went wrong.
// The caller makes sure that no thread runs in these functions yet.
bool redirect(const Program &program, const Jump *jumps, size_t count, const char **why);

// Whether there is nothing but a return at that place, and room for a jump before the next function.
bool isEmpty(const Program &program, uintptr_t function);

}  // namespace cutrans::preload
