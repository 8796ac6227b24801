// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Works round a mistake of LLVM 22's instruction selection for AVX-512 (ternary_watch.h): a choice of bits by a constant,
// (x & c) | (y & ~c), becomes a vpternlog, a vector select of it the same with a mask, and where the constant comes from memory
// and a lane keeps x or y, the table may be wrong (a guarded bfi is such code). An empty inline assembly between the operations
// and the select keeps the two apart, at the cost of a blend. What LLVM puts together later is seen by ternary_watch.cpp.
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>

#include "compiler/emit/native/native.h"

namespace cutrans::emit {
namespace {

constexpr unsigned kRegisterBits = 512;

bool isBitwise(const llvm::Value *value) {
  auto *operation = llvm::dyn_cast<llvm::BinaryOperator>(value);
  return operation && operation->isBitwiseLogicOp();
}
bool mayBecomeTernary(const llvm::Value *value) {
  if (!isBitwise(value)) return false;
  auto *operation = llvm::cast<llvm::BinaryOperator>(value);
  return isBitwise(operation->getOperand(0)) || isBitwise(operation->getOperand(1));
}

// The same value, whose making selection cannot see. Halves where it does not fit a register.
llvm::Value *opaque(llvm::IRBuilder<> &b, llvm::Value *value) {
  auto *type = llvm::cast<llvm::FixedVectorType>(value->getType());
  const unsigned lanes = type->getNumElements();
  if (type->getPrimitiveSizeInBits() <= kRegisterBits) {
    auto *pass = llvm::InlineAsm::get(llvm::FunctionType::get(type, {type}, false), "", "=v,0", false);
    return b.CreateCall(pass, {value});
  }
  llvm::SmallVector<int, 32> low, high, all;
  for (unsigned i = 0; i < lanes; ++i) (i < lanes / 2 ? low : high).push_back(int(i)), all.push_back(int(i));
  return b.CreateShuffleVector(opaque(b, b.CreateShuffleVector(value, low)), opaque(b, b.CreateShuffleVector(value, high)), all);
}

}  // namespace

void shieldSelects(llvm::Module &module, const Machine &machine) {
  if (!machine.avx512) return;
  for (llvm::Function &function : module)
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
      auto *select = llvm::dyn_cast<llvm::SelectInst>(&instruction);
      auto *type = select ? llvm::dyn_cast<llvm::FixedVectorType>(select->getType()) : nullptr;
      if (!type || !select->getCondition()->getType()->isVectorTy()) continue;
      const unsigned bits = type->getScalarSizeInBits(), lanes = type->getNumElements();
      // Masked forms have elements of 32 and 64 bits.
      if (!type->getElementType()->isIntegerTy() || (bits != 32 && bits != 64) || bits * lanes < 128 || (lanes & (lanes - 1))) continue;
      llvm::IRBuilder<> b(select);
      for (unsigned i : {1u, 2u})
        if (mayBecomeTernary(select->getOperand(i))) select->setOperand(i, opaque(b, select->getOperand(i)));
    }
}

}  // namespace cutrans::emit
