// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// split-phases: block->scratch as an array per slot, one element per gang. Its accesses carry an alias scope of their
// own, so that LLVM keeps accumulators in registers across stores to the program's memory.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/Metadata.h>

namespace cutrans::simt::phases {

class Frame {
 public:
  explicit Frame(llvm::Function &kernel);
  // A slot for one value of `type` per gang; the result names it.
  unsigned allocate(llvm::Type *type);
  unsigned allocate(uint64_t bytes, uint64_t align);
  // Its uses may alias anything: for memory of the program's own (an alloca).
  llvm::Value *address(unsigned slot, llvm::Instruction *before);
  llvm::Value *load(unsigned slot, llvm::Type *type, llvm::Instruction *before, const llvm::Twine &name);
  void store(unsigned slot, llvm::Value *value, llvm::Instruction *before);
  // Marks every other access of the kernel as no alias of these. Returns the bytes of scratch for the block.
  unsigned finish();

 private:
  struct Slot {
    uint64_t offset, bytes, align;
  };
  llvm::Function &kernel_;
  uint64_t gangs_;
  uint64_t size_ = 0;
  llvm::SmallVector<Slot, 16> slots_;
  llvm::Value *base_ = nullptr;
  llvm::MDNode *scope_;  // a list of one
  llvm::SmallPtrSet<llvm::Instruction *, 16> own_;
};

// The number of gangs in a block: exact where the shape is known, else the most that there can be.
unsigned maxGangs(const llvm::Function &kernel);
// 0 where the shape is not known.
unsigned exactGangs(const llvm::Function &kernel);

}  // namespace cutrans::simt::phases
