// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The two halves of expand-math.
#pragma once

#include "compiler/emit/native/native.h"
#include "compiler/ir/intrinsics.h"

namespace llvm {
class CallInst;
class Value;
}  // namespace llvm

namespace cutrans::emit {

// Approximate functions, ftz and sat at the place of `call`, as plain IR for any machine whose arithmetic is exact; scalars or vectors.
// Null: not one of these.
llvm::Value *expandApproximate(llvm::CallInst &call, ir::Intrinsic id);

// Directed rounding, at the place of `call`: embedded rounding with AVX-512, else one inline assembly that sets and resets
// MXCSR. Null: not one of these.
llvm::Value *expandRounding(llvm::CallInst &call, ir::Intrinsic id, const Machine &machine);

}  // namespace cutrans::emit
