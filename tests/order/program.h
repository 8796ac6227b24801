// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A random program over streams and events: made from a seed, run through the runtime API, its history returned.
#pragma once
#include <cstdint>

#include "model.h"

namespace order {

// threads: 1 to 4. One thread: accesses of memory cross streams, where the model says that they are ordered. Several: each
// stream has a cell of its own.
History runProgram(uint64_t seed, int threads);

}  // namespace order
