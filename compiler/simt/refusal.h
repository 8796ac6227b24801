// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a pass says no: an llvm::Error that carries the row of diagnostics.def and the reason. Whoever runs the passes
// adds the kernel's name and reports it.
#pragma once

#include <string>

#include <llvm/Support/Error.h>

#include "cutrans/support/diagnostics.h"

namespace llvm {
class Instruction;
}

namespace cutrans::simt {

class Refusal : public llvm::ErrorInfo<Refusal> {
 public:
  static char ID;
  Refusal(Diag diag, std::string text) : diag(diag), text(std::move(text)) {}
  void log(llvm::raw_ostream &out) const override;
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

  Diag diag;
  std::string text;
};

llvm::Error refuse(Diag diag, std::string text);
// The same with the line of the PTX text in front, where the instruction has one.
llvm::Error refuse(Diag diag, const llvm::Instruction &place, std::string text);

}  // namespace cutrans::simt
