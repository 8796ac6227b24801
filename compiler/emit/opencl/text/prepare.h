// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is simpler to expand in LLVM's own form than to write.
#pragma once

namespace llvm {
class Function;
class Module;
}

namespace cutrans::emit::text {

// After it: no constant expressions, no atomic operations but those that OpenCL has.
void prepareForText(llvm::Module &module);

// Integers of 128 bits as two of 64, where all of the function's operations on them can be expanded.
void expandWideIntegers(llvm::Function &function);

}  // namespace cutrans::emit::text
