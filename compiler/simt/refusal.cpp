// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Refusals of the passes; see refusal.h.
#include "compiler/simt/refusal.h"

#include "compiler/ir/spmd.h"

namespace cutrans::simt {

char Refusal::ID = 0;

void Refusal::log(llvm::raw_ostream &out) const { out << diagnosticCode(diag) << ": " << text; }

llvm::Error refuse(Diag diag, std::string text) { return llvm::make_error<Refusal>(diag, std::move(text)); }

llvm::Error refuse(Diag diag, const llvm::Instruction &place, std::string text) {
  if (llvm::MDNode *node = place.getMetadata(ir::LineMetadata); node && node->getNumOperands() >= 1)
    if (auto *line = llvm::mdconst::dyn_extract<llvm::ConstantInt>(node->getOperand(0)))
      text = "line " + std::to_string(line->getZExtValue()) + ": " + text;
  return refuse(diag, std::move(text));
}

}  // namespace cutrans::simt
