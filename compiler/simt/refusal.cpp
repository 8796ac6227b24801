// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Refusals of the passes; see refusal.h.
#include "compiler/simt/refusal.h"

#include "compiler/ir/spmd.h"

namespace cutrans::simt {

char Refusal::ID = 0;

void Refusal::log(llvm::raw_ostream &out) const { out << diagnosticCode(diag) << ": " << text; }

llvm::Error refuse(Diag diag, std::string text) { return llvm::make_error<Refusal>(diag, std::move(text)); }

llvm::Error refuse(Diag diag, const llvm::Instruction &place, std::string text) {
  if (uint32_t line = lineOf(place)) text = "line " + std::to_string(line) + ": " + text;
  return refuse(diag, std::move(text));
}

uint32_t lineOf(const llvm::Instruction &place) {
  if (llvm::MDNode *node = place.getMetadata(ir::LineMetadata); node && node->getNumOperands() >= 1)
    if (auto *line = llvm::mdconst::dyn_extract<llvm::ConstantInt>(node->getOperand(0))) return uint32_t(line->getZExtValue());
  return 0;
}

}  // namespace cutrans::simt
