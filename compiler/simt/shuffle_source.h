// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rule of "shfl.sync" (PTX manual), one place for all forms: from which lane a shuffle reads.
#pragma once

#include <utility>

#include <llvm/IR/IRBuilder.h>

#include "compiler/ir/intrinsics.h"

namespace cutrans::simt {

// b is the lane or the distance, c holds the clamp value in bits 0-4 and the segment mask in bits 8-12. Gives the lane to read
// from, and whether it is the one that was asked for. Scalars, or vectors of lanes.
inline std::pair<llvm::Value *, llvm::Value *> shuffleSource(llvm::IRBuilderBase &builder, ir::Intrinsic id, llvm::Value *lane,
                                                             llvm::Value *b, llvm::Value *c) {
  using enum ir::Intrinsic;
  auto constant = [&](unsigned value) { return llvm::ConstantInt::get(lane->getType(), value); };
  b = builder.CreateAnd(b, constant(31));
  llvm::Value *segments = builder.CreateAnd(builder.CreateLShr(c, constant(8)), constant(31));
  llvm::Value *inSegment = builder.CreateXor(segments, constant(31));
  llvm::Value *lowest = builder.CreateAnd(lane, segments);
  llvm::Value *bound = builder.CreateOr(lowest, builder.CreateAnd(builder.CreateAnd(c, constant(31)), inSegment));
  llvm::Value *from;
  switch (id) {
    case ShflUp: from = builder.CreateSub(lane, b); break;
    case ShflDown: from = builder.CreateAdd(lane, b); break;
    case ShflBfly: from = builder.CreateXor(lane, b); break;
    default: from = builder.CreateOr(lowest, builder.CreateAnd(b, inSegment)); break;
  }
  llvm::Value *valid = id == ShflUp ? builder.CreateICmpSGE(from, bound) : builder.CreateICmpSLE(from, bound);
  return {builder.CreateSelect(valid, from, lane), valid};
}

}  // namespace cutrans::simt
