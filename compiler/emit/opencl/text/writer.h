// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes one function. Each value of LLVM's is a list of expressions, one per part (parts.h): mostly names of variables that are assigned once,
// where they are declared; a value with a single use in its own block may be an expression that the use takes over.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compiler/emit/opencl/text/opencl_c.h"
#include "compiler/emit/opencl/text/prelude.h"

namespace cutrans::emit::text {

using Texts = llvm::SmallVector<std::string, 4>;

// A reason, and the instruction it is about if there is one.
struct Objection {
  std::string text;
  const llvm::Instruction *place = nullptr;
};

class Writer {
 public:
  Writer(llvm::Function &function, Prelude &prelude, const OpenclCDevice &device,
         const llvm::DenseMap<const llvm::Value *, std::string> &names);
  // The text, or what it cannot say.
  std::string write();
  std::string prototype();
  const std::optional<Objection> &objection() const { return objection_; }

 private:
  // ---- values (writer.cpp) ----
  Parts parts(llvm::Type *type);
  Parts parts(const llvm::Value *value) { return parts(value->getType()); }
  // For a use that takes each part once at most. hold() in front of anything else.
  std::string use(llvm::Value *value, unsigned part = 0);
  Texts useAll(llvm::Value *value);
  void hold(llvm::Value *value);
  std::string held(llvm::Value *value, unsigned part = 0) { return hold(value), use(value, part); }
  // The result of a pure instruction; where `effects`, it is computed here and now.
  void give(llvm::Instruction &instruction, Texts texts, bool effects = false);
  void alias(llvm::Instruction &instruction, llvm::Value *source);
  std::string variable(const std::string &type, const std::string &value);
  std::string variable(const Part &part, const std::string &value) { return variable(part.name(), value); }
  void line(const std::string &text) { body_ += text + "\n"; }
  void refuse(const std::string &what);
  std::string constant(llvm::Constant *constant, unsigned part);
  std::string scalarConstant(llvm::Constant *constant, const Part &part);
  std::string namedConstant(const std::string &type, const std::string &text);

  // ---- forms of expressions (expressions.cpp) ----
  std::string convert(const Part &to, const std::string &text);                                  // between numbers, lane by lane
  std::string convertTo(const std::string &type, unsigned lanes, const std::string &text);
  std::string bitsAs(const std::string &type, const std::string &text) { return "as_" + type + "(" + text + ")"; }
  std::string asSigned(const Part &part, const std::string &text);
  std::string fromSigned(const Part &part, const std::string &text);
  std::string number(const Part &part, uint64_t value);                                          // of a scalar, in all lanes
  std::string wrap(const Part &part, const std::string &text);                                   // back to the part's bits
  std::string splat(const Part &part, const std::string &scalar);
  std::string condition(const Part &mask, const Part &of, const std::string &text);              // of `?:` between values of `of`
  std::string choose(const Part &mask, const Part &of, const std::string &m, const std::string &a, const std::string &b);
  std::string fromComparison(const Part &of, const std::string &text);                           // mask or bool
  std::string compareIntegers(llvm::CmpInst::Predicate predicate, const Part &part, const std::string &a, const std::string &b);
  std::string compareFloats(llvm::CmpInst::Predicate predicate, const Part &part, const std::string &a, const std::string &b);
  std::string binary(unsigned opcode, const Part &part, const std::string &a, const std::string &b);
  std::string swizzled(const Part &part, const std::string &name, llvm::ArrayRef<int> lanes);
  std::string anyOf(const Parts &parts, const Texts &masks, bool all = false);
  std::string ballot(const Parts &parts, const Texts &masks, unsigned bits);
  std::string reduce(const Parts &parts, Texts texts, llvm::function_ref<std::string(const Part &, const std::string &, const std::string &)> join);

  // ---- instructions ----
  void write(llvm::Instruction &instruction);
  void writeBinary(llvm::BinaryOperator &instruction);
  void writeCompare(llvm::CmpInst &instruction);
  void writeSelect(llvm::SelectInst &instruction);
  std::string widened(llvm::Type *element, const Part &part, const std::string &text);
  std::string narrowed(llvm::Type *element, const Part &part, const std::string &text);
  void writeCast(llvm::CastInst &instruction);
  bool writeMaskTest(llvm::ICmpInst &instruction);
  // ---- vectors.cpp ----
  void writeBitcast(llvm::Instruction &instruction, llvm::Value *source);
  void writeShuffle(llvm::ShuffleVectorInst &instruction);
  void writeExtract(llvm::ExtractElementInst &instruction);
  void writeInsert(llvm::InsertElementInst &instruction);
  void writeExtractValue(llvm::ExtractValueInst &instruction);
  void writeInsertValue(llvm::InsertValueInst &instruction);
  std::string spill(llvm::Value *vector, unsigned lanes);
  // ---- memory.cpp ----
  void writeAlloca(llvm::AllocaInst &instruction);
  void writeLoad(llvm::LoadInst &instruction);
  void writeStore(llvm::StoreInst &instruction);
  void writeAddress(llvm::GetElementPtrInst &instruction);
  void writeAtomic(llvm::AtomicRMWInst &instruction);
  void writeExchange(llvm::AtomicCmpXchgInst &instruction);
  void writeFence(llvm::FenceInst &instruction);
  void writeMasked(llvm::IntrinsicInst &call);
  void writeCopy(llvm::IntrinsicInst &call);
  std::string place(const Part &part, llvm::Align align, const std::string &address, bool isVolatile);
  struct Leaf {
    uint64_t offset;
    unsigned bytes;  // 0: a mask, bits in memory
  };
  bool leaves(llvm::Type *type, uint64_t offset, llvm::SmallVectorImpl<Leaf> &out);
  void orderBefore(llvm::AtomicOrdering ordering), orderAfter(llvm::AtomicOrdering ordering);
  std::string integerAt(const std::string &address, unsigned bytes);
  // ---- calls.cpp ----
  void writeCall(llvm::CallInst &call);
  void writeIntrinsic(llvm::IntrinsicInst &call);
  bool writeArithmeticIntrinsic(llvm::IntrinsicInst &call);
  bool writeFloatIntrinsic(llvm::IntrinsicInst &call);
  bool writeReduction(llvm::IntrinsicInst &call);
  bool writeOverflow(llvm::IntrinsicInst &call);
  void lanewise(llvm::Instruction &instruction, llvm::function_ref<std::string(unsigned, const Part &)> one);
  std::string resultType(llvm::Type *type);
  // ---- control.cpp ----
  void writeBlocks();
  void writeTerminator(llvm::Instruction &instruction, const llvm::BasicBlock *next);
  std::string edge(const llvm::BasicBlock *from, llvm::BasicBlock *to);
  std::string goTo(const llvm::BasicBlock *from, llvm::BasicBlock *to, const llvm::BasicBlock *next);
  static bool fallsThrough(const llvm::BasicBlock &from, const llvm::BasicBlock &to);
  void declare(const Part &part, const std::string &name);
  std::string label(const llvm::BasicBlock *block);

  llvm::Function &function_;
  const llvm::DataLayout &layout_;
  Prelude &prelude_;
  const OpenclCDevice &device_;
  const llvm::DenseMap<const llvm::Value *, std::string> &names_;
  llvm::DenseMap<const llvm::Value *, Texts> known_;
  llvm::DenseMap<const llvm::BasicBlock *, unsigned> labels_;
  std::map<std::string, std::string> constants_, declared_;  // by text; by type
  std::string top_, body_;
  unsigned next_ = 0;
  llvm::Instruction *current_ = nullptr;
  std::optional<Objection> objection_;
};

}  // namespace cutrans::emit::text
