// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a pass says no: an llvm::Error that carries the row of diagnostics.def and the reason. Whoever runs the passes
// adds the kernel's name and reports it.
#pragma once

#include <string>

#include <llvm/Support/Error.h>

#include "cutrans/native_kernel.h"
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

// The PTX line of an instruction, 0: unknown.
uint32_t lineOf(const llvm::Instruction &place);
// The code of a refusal at run time, or 0 for a trap, with the line of `place` as ct_native_services.trap wants it.
inline uint32_t withLine(uint32_t code, const llvm::Instruction &place) {
  return code | (lineOf(place) < CT_NATIVE_TRAP_LINES ? lineOf(place) : 0) << CT_NATIVE_TRAP_LINE_SHIFT;
}

}  // namespace cutrans::simt
