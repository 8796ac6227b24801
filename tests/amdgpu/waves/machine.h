// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Carries out kernels for AMD's chips on this machine, as the chips do: the lanes of a wave in step, those that take another way waiting
// where the ways meet, lane operations among the lanes that are here, s_barrier counting waves. No such chip is at hand; this is how
// it is known that what the emitter makes of warps is right in waves of 32 and of 64 (docs/amdgpu-emit.md).
#pragma once

#include <functional>

#include "tests/amdgpu/waves/program.h"

namespace cutrans::waves {

struct Launch {
  const void *arguments = nullptr;  // the kernel's, in one piece
  uint32_t launchOffset = 0;        // of the second one
  uint32_t grid[3] = {1, 1, 1}, block[3] = {1, 1, 1};
  uint32_t sharedBytes = 0;         // static and dynamic
  bool together = false;            // all blocks at once (cooperative)
  // LLVM lays out the ways of a branch as it likes: which one goes first must not matter.
  bool lastWayFirst = false;
  uint64_t mostSteps = 30'000'000;  // of all waves; behind them it hangs
  // Whether these bytes are the kernel's to use. Null: all are.
  std::function<bool(uint64_t address, uint64_t bytes)> allowed;
};

// Empty: it ended. Else what was wrong: an address of nobody, a hang, an operation that has no rule here.
std::string run(Program &program, const Launch &launch);

}  // namespace cutrans::waves
