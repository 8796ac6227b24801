// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inside of the scalar passes only.
#pragma once

namespace llvm {
class Function;
}

namespace cutrans::simt {

// LLVM's usual clean-up of registers, redundancy and control flow, for a function whose calls stay.
void simplifyFunction(llvm::Function &function);

// One `ret void`, alone in a block that is not the entry; `unreachable` leads there too.
void unifyReturns(llvm::Function &kernel);

// Every cycle has one way in. Wants no switch. Whether anything changed.
bool fixIrreducible(llvm::Function &kernel);

// sext and zext move to the leaves of arithmetic that provably does not wrap, for values that depend on the lane: the
// shape analysis then sees 64-bit affine addresses. Last of the scalar passes, because instcombine moves them back.
void widenIndexArithmetic(llvm::Function &kernel);

}  // namespace cutrans::simt
