// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the dynamic loader has mapped, and being told of more before its constructors run.
#pragma once
#include <link.h>

namespace cutrans::preload {

// Calls visit(object) for each object that the loader has mapped, the program first, and from then on for each that it
// maps later: when it is in memory, before it is relocated and before any of its code runs. `visit` then runs with the
// loader's lock held and must not open libraries. False with the reason in `why` where later ones cannot be watched.
bool watchObjects(void (*visit)(const link_map &object), const char **why);

}  // namespace cutrans::preload
