// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A kernel for AMD's chips as LLVM's back end gets it (CT_AMDGPU_LOWERED_SECTION), made ready to be carried out wave by wave: values are
// numbered, constants are words, blocks know where ways that parted meet again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

namespace cutrans::waves {

using Wide = unsigned __int128;

constexpr uint32_t kNowhere = ~0u;

// One scalar of a value. Values are rows of words, one for each scalar in order, two for integers of more than 64 bits.
struct Piece {
  uint32_t word, offset, bits;  // offset: in memory
  llvm::Type *type;
  uint32_t bytes() const { return (bits + 7) / 8; }
  uint32_t words() const { return bits > 64 ? 2 : 1; }
};
struct Shape {
  std::vector<Piece> pieces;
  uint32_t words = 0;
  uint64_t bytes = 0;  // in memory
};

struct Operand {
  bool constant = false;
  uint32_t at = 0;  // first word: in the program's constants, else in the wave's registers
  const Shape *shape = nullptr;
};

struct Edge {
  uint32_t block = 0;
  struct Copy {
    uint32_t to;
    Operand from;
  };
  std::vector<Copy> copies;  // of phis, all at once
};

struct Step {
  const llvm::Instruction *ir = nullptr;
  unsigned opcode = 0, intrinsic = 0;
  uint32_t to = 0;  // first word of the result
  const Shape *shape = nullptr;
  std::vector<Operand> operands;
  // getelementptr: the constant part, then for each operand behind the first what it counts. insert- and extractvalue: the first word.
  // alloca: the place in private memory.
  uint64_t number = 0;
  std::vector<uint64_t> scales;
  std::vector<Edge> edges;  // of a terminator, by successor
};

struct Block {
  std::vector<Step> steps;
  uint32_t meets = kNowhere;  // the immediate post-dominator
};

class Program {
 public:
  // What cannot be carried out is said in `problem`.
  Program(std::string_view bitcode, unsigned waveSize);

  std::string problem;
  unsigned wave;
  std::vector<Block> blocks;
  std::vector<uint64_t> constants;
  uint32_t registers = 0;     // words of a lane
  uint32_t privateBytes = 0;  // of a lane
  std::vector<uint32_t> arguments;  // first words of the kernel's
  std::vector<std::pair<void *, size_t>> variables() const;  // tables that the optimiser has made

  const llvm::DataLayout &layout() const { return module_->getDataLayout(); }
  const Shape &shapeOf(llvm::Type *type);
  llvm::Constant *constantOf(llvm::Type *type, const uint64_t *words);
  bool flatten(const llvm::Constant &constant, std::vector<uint64_t> &out);

 private:
  void prepare(llvm::Function &kernel);
  Operand operandOf(const llvm::Value &value);
  void decode(const llvm::Instruction &instruction, Block &into);
  Edge edgeTo(const llvm::BasicBlock &from, const llvm::BasicBlock &to);
  void addPieces(llvm::Type *type, uint64_t offset, Shape &shape);
  uint64_t placeOf(const llvm::GlobalVariable &variable);

  llvm::LLVMContext context_;
  std::unique_ptr<llvm::Module> module_;
  llvm::DenseMap<llvm::Type *, std::unique_ptr<Shape>> shapes_;
  llvm::DenseMap<const llvm::Value *, Operand> values_;
  llvm::DenseMap<const llvm::BasicBlock *, uint32_t> numbers_;
  llvm::DenseMap<const llvm::GlobalVariable *, std::unique_ptr<std::vector<uint8_t>>> tables_;
};

}  // namespace cutrans::waves
