// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The verifier of the SPMD IR: what LLVM's own verifier cannot know (docs/spmd-ir.md).
#pragma once

#include <string>
#include <vector>

namespace llvm {
class Module;
}

namespace cutrans::ir {

enum class Stage {
  Front,   // as a front end leaves it: no internal intrinsics
  Passes,  // between passes of compiler/simt: internal intrinsics are allowed
};

// Every violation as one line: function, instruction, rule. Empty: the module is valid. Runs LLVM's verifier first.
std::vector<std::string> verify(const llvm::Module &module, Stage stage);

}  // namespace cutrans::ir
