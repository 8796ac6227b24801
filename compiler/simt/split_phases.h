// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inside of split-phases only: what its three parts (regions, values, loops) hand on. docs/simt.md, section 5.
#pragma once

#include <string>

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/SetVector.h>
#include <llvm/ADT/SmallVector.h>

namespace llvm {
class Argument;
class BasicBlock;
class CallInst;
class Function;
class Instruction;
class Value;
}  // namespace llvm

namespace cutrans::simt::phases {

// Code between barriers, run once by each gang: blocks reached from `entry` without passing a block-level block.
struct Region {
  llvm::BasicBlock *entry = nullptr;
  llvm::BasicBlock *target = nullptr;  // where all gangs go next: a block-level block or another entry; null: nowhere
  llvm::BasicBlock *before = nullptr;  // block level, once per visit: holds the phis that are the same in all gangs
  llvm::BasicBlock *latch = nullptr;
  llvm::BasicBlock *after = nullptr;  // block level, once per visit
  llvm::SmallVector<llvm::BasicBlock *, 8> blocks;
};

struct Plan {
  llvm::Function *kernel = nullptr;
  llvm::SmallVector<llvm::CallInst *, 8> barriers;      // each alone in its block but for the branch
  llvm::SetVector<llvm::BasicBlock *> blockLevel;       // executed once for the block, not once for each gang
  llvm::MapVector<llvm::BasicBlock *, Region> regions;  // by entry
  llvm::DenseMap<llvm::BasicBlock *, llvm::BasicBlock *> entryOf;  // of the region that a gang-level block belongs to

  Region *regionOf(llvm::BasicBlock *block) {
    auto found = entryOf.find(block);
    return found == entryOf.end() ? nullptr : &regions[found->second];
  }
};

// Cuts the control flow into regions. On failure says why this form is not legal; the function then still means the same.
bool findRegions(llvm::Function &kernel, Plan &plan, std::string &reason);

// Where the gang loops' shells (before, latch, after) exist: gives every value that crosses a region a home.
// Returns the bytes of scratch that one gang needs.
unsigned rehomeValues(Plan &plan);

}  // namespace cutrans::simt::phases
