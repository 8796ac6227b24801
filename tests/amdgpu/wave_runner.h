// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs code objects that carry their lowered IR on the machine of waves/: the least that a target must do, so that tests of the
// emitter need neither a target nor the runtime.
#pragma once

#include <span>
#include <utility>

#include "tests/amdgpu/code_object.h"
#include "tests/ptx/run/runner.h"

namespace cutrans::test {

struct WaveLaunch : Launch {
  size_t globalsBytes = 0;
  std::vector<std::pair<const void *, size_t>> buffers = {};  // what the kernel may use besides
  bool together = false, lastWayFirst = false;
};

Outcome runInWaves(const CodeObject &object, const WaveLaunch &launch);

}  // namespace cutrans::test
