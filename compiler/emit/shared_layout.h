// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where the shared variables of a kernel lie in its block's window: static symbols by falling alignment, which leaves no gaps
// but at the end; the dynamic array (all extern symbols are one, spmd-ir.md) behind them.
#pragma once

#include <cstdint>

#include <llvm/ADT/DenseMap.h>

namespace llvm {
class GlobalVariable;
class Module;
}  // namespace llvm

namespace cutrans::emit {

struct SharedLayout {
  llvm::DenseMap<const llvm::GlobalVariable *, uint32_t> offsets;  // of all that are used
  uint32_t bytes = 0;                                              // static ones; the dynamic array begins there
};
SharedLayout layOutShared(llvm::Module &module);

}  // namespace cutrans::emit
