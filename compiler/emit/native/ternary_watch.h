// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sees whether LLVM selected an instruction that it may have selected wrongly.
//
// LLVM 22's rules for a vpternlog with a merge mask and an operand in memory swap two of the five ways to reorder the table
// (VPTERNLOG231_imm8, VPTERNLOG312_imm8; llvm/llvm-project issue 157929). Which rule made an instruction cannot be told from it.
#pragma once

#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
}

namespace cutrans::emit {

// While one lives, code generated on this thread is looked at. Not nested.
class TernaryWatch {
 public:
  TernaryWatch();
  ~TernaryWatch();
  TernaryWatch(const TernaryWatch &) = delete;
  // Functions that have such an instruction.
  const std::vector<std::string> &found() const { return found_; }

 private:
  friend class TernaryWatchPass;
  std::vector<std::string> found_;
};

}  // namespace cutrans::emit
