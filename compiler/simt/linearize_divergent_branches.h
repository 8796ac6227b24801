// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What linearised code says to widen-to-gang beyond the intrinsics block.mask, gang.any, gang.entry and lanes.exited.
#pragma once

namespace llvm {
class Instruction;
}

namespace cutrans::simt {

// On a call of block.mask: at least one lane of the mask is set wherever the block runs.
inline constexpr char LiveMetadata[] = "cutrans.live";

// Warp operations with a member mask: lanes.exited stands in front of them.
bool needsExited(const llvm::Instruction &instruction);

// barrier.* of the block.
bool isBarrier(const llvm::Instruction &instruction);

// Whether the code has the forms that linearisation rests on.
bool canLinearize(llvm::Function &kernel);

}  // namespace cutrans::simt
