// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integers of 128 bits, which OpenCL C lacks, as two of 64: products of 64-bit numbers and what LLVM makes of their parts. What is not
// handled here (division, memory order) keeps its type and is refused by the writer.
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/ADT/PostOrderIterator.h>

#include "compiler/emit/opencl/text/prepare.h"

namespace cutrans::emit::text {
namespace {

using llvm::Value;

struct Pair {
  Value *low = nullptr, *high = nullptr;
};

bool isWide(const llvm::Type *type) { return type->getScalarType()->isIntegerTy(128); }

class Expansion {
 public:
  explicit Expansion(llvm::Function &function) : function_(function), b_(function.getContext()) {}

  void run() {
    if (!allHandled()) return;
    llvm::ReversePostOrderTraversal<llvm::Function *> order(&function_);
    llvm::SmallVector<llvm::Instruction *, 16> done;
    for (llvm::BasicBlock *block : order)
      for (llvm::Instruction &instruction : llvm::make_early_inc_range(*block))
        if (touches(instruction)) expand(instruction), done.push_back(&instruction);
    for (auto [phi, pair] : phis_)
      for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
        b_.SetInsertPoint(phi->getIncomingBlock(i)->getTerminator());
        Pair value = pairOf(phi->getIncomingValue(i));
        llvm::cast<llvm::PHINode>(pair.low)->addIncoming(value.low, phi->getIncomingBlock(i));
        llvm::cast<llvm::PHINode>(pair.high)->addIncoming(value.high, phi->getIncomingBlock(i));
      }
    for (llvm::Instruction *instruction : done) instruction->replaceAllUsesWith(llvm::PoisonValue::get(instruction->getType())), instruction->eraseFromParent();
  }

 private:
  static bool touches(const llvm::Instruction &instruction) {
    return isWide(instruction.getType()) || llvm::any_of(instruction.operands(), [](const llvm::Use &use) { return isWide(use->getType()); });
  }

  bool allHandled() {
    bool found = false;
    for (llvm::BasicBlock &block : function_)
      for (llvm::Instruction &instruction : block) {
        if (!touches(instruction)) continue;
        found = true;
        switch (instruction.getOpcode()) {
          case llvm::Instruction::Add: case llvm::Instruction::Sub: case llvm::Instruction::Mul: case llvm::Instruction::And:
          case llvm::Instruction::Or: case llvm::Instruction::Xor: case llvm::Instruction::ZExt: case llvm::Instruction::SExt:
          case llvm::Instruction::Trunc: case llvm::Instruction::ICmp: case llvm::Instruction::Select: case llvm::Instruction::PHI:
          case llvm::Instruction::Freeze: case llvm::Instruction::Shl: case llvm::Instruction::LShr: case llvm::Instruction::AShr:
            break;
          case llvm::Instruction::Load:
            if (instruction.getType()->isVectorTy() || !llvm::cast<llvm::LoadInst>(instruction).isSimple()) return false;
            break;
          case llvm::Instruction::Store:
            if (instruction.getOperand(0)->getType()->isVectorTy() || !llvm::cast<llvm::StoreInst>(instruction).isSimple()) return false;
            break;
          default: return false;
        }
        for (const llvm::Use &use : instruction.operands())
          if (isWide(use->getType()) && llvm::isa<llvm::Constant>(use) && !constantPair(llvm::cast<llvm::Constant>(use)).low) return false;
      }
    return found;
  }

  llvm::Type *half(llvm::Type *wide) { return wide->getWithNewBitWidth(64); }
  Value *number(llvm::Type *type, uint64_t value) { return llvm::ConstantInt::get(type, value); }

  Pair constantPair(llvm::Constant *constant) {
    llvm::Type *type = half(constant->getType());
    if (llvm::isa<llvm::PoisonValue>(constant)) return {llvm::PoisonValue::get(type), llvm::PoisonValue::get(type)};
    if (llvm::isa<llvm::UndefValue>(constant)) return {llvm::UndefValue::get(type), llvm::UndefValue::get(type)};
    if (auto *integer = llvm::dyn_cast<llvm::ConstantInt>(constant); integer && !type->isVectorTy())
      return {number(type, integer->getValue().extractBitsAsZExtValue(64, 0)), number(type, integer->getValue().extractBitsAsZExtValue(64, 64))};
    auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
    if (!vector) return {};
    llvm::SmallVector<llvm::Constant *, 32> low, high;
    for (unsigned i = 0; i < vector->getNumElements(); ++i) {
      llvm::Constant *element = constant->getAggregateElement(i);
      Pair one = element ? constantPair(element) : Pair{};
      if (!one.low) return {};
      low.push_back(llvm::cast<llvm::Constant>(one.low)), high.push_back(llvm::cast<llvm::Constant>(one.high));
    }
    return {llvm::ConstantVector::get(low), llvm::ConstantVector::get(high)};
  }

  Pair pairOf(Value *value) {
    if (auto *constant = llvm::dyn_cast<llvm::Constant>(value)) return constantPair(constant);
    return pairs_.lookup(value);
  }

  // The upper half of a product of two 64-bit numbers, by its four partial products.
  Value *productHigh(Value *x, Value *y) {
    llvm::Type *type = x->getType();
    Value *mask = number(type, 0xffffffffu), *shift = number(type, 32);
    Value *xl = b_.CreateAnd(x, mask), *xh = b_.CreateLShr(x, shift), *yl = b_.CreateAnd(y, mask), *yh = b_.CreateLShr(y, shift);
    Value *first = b_.CreateAdd(b_.CreateMul(xh, yl), b_.CreateLShr(b_.CreateMul(xl, yl), shift));
    Value *second = b_.CreateAdd(b_.CreateMul(xl, yh), b_.CreateAnd(first, mask));
    return b_.CreateAdd(b_.CreateMul(xh, yh), b_.CreateAdd(b_.CreateLShr(first, shift), b_.CreateLShr(second, shift)));
  }

  Value *signs(Value *value) { return b_.CreateAShr(value, number(value->getType(), 63)); }

  // By any amount below 128: by 64 or not, then by the rest in two steps for what crosses.
  Pair shifted(unsigned opcode, Pair x, Value *by) {
    llvm::Type *type = x.low->getType();
    Value *zero = number(type, 0), *most = number(type, 63), *one = number(type, 1);
    Value *large = b_.CreateICmpUGE(by, number(type, 64)), *rest = b_.CreateAnd(by, most), *other = b_.CreateXor(rest, most);
    if (opcode == llvm::Instruction::Shl) {
      Value *crossed = b_.CreateLShr(b_.CreateLShr(x.low, one), other), *low = b_.CreateShl(x.low, rest);
      return {b_.CreateSelect(large, zero, low), b_.CreateSelect(large, low, b_.CreateOr(b_.CreateShl(x.high, rest), crossed))};
    }
    bool sign = opcode == llvm::Instruction::AShr;
    Value *crossed = b_.CreateShl(b_.CreateShl(x.high, one), other), *high = sign ? b_.CreateAShr(x.high, rest) : b_.CreateLShr(x.high, rest);
    return {b_.CreateSelect(large, high, b_.CreateOr(b_.CreateLShr(x.low, rest), crossed)), b_.CreateSelect(large, sign ? signs(x.high) : zero, high)};
  }

  void expand(llvm::Instruction &instruction) {
    using I = llvm::Instruction;
    b_.SetInsertPoint(&instruction);
    llvm::Value *first = instruction.getNumOperands() ? instruction.getOperand(0) : nullptr;
    llvm::Type *type = isWide(instruction.getType()) ? half(instruction.getType()) : nullptr;
    auto operand = [&](unsigned i) { return pairOf(instruction.getOperand(i)); };
    Pair result;
    switch (instruction.getOpcode()) {
      case I::Add: {
        Pair x = operand(0), y = operand(1);
        result.low = b_.CreateAdd(x.low, y.low);
        result.high = b_.CreateAdd(b_.CreateAdd(x.high, y.high), b_.CreateZExt(b_.CreateICmpULT(result.low, x.low), type));
        break;
      }
      case I::Sub: {
        Pair x = operand(0), y = operand(1);
        result.low = b_.CreateSub(x.low, y.low);
        result.high = b_.CreateSub(b_.CreateSub(x.high, y.high), b_.CreateZExt(b_.CreateICmpULT(x.low, y.low), type));
        break;
      }
      case I::Mul: {
        Pair x = operand(0), y = operand(1);
        result.low = b_.CreateMul(x.low, y.low);
        result.high = b_.CreateAdd(productHigh(x.low, y.low), b_.CreateAdd(b_.CreateMul(x.high, y.low), b_.CreateMul(x.low, y.high)));
        break;
      }
      case I::And: case I::Or: case I::Xor: {
        Pair x = operand(0), y = operand(1);
        auto opcode = I::BinaryOps(instruction.getOpcode());
        result = {b_.CreateBinOp(opcode, x.low, y.low), b_.CreateBinOp(opcode, x.high, y.high)};
        break;
      }
      case I::Shl: case I::LShr: case I::AShr: result = shifted(instruction.getOpcode(), operand(0), operand(1).low); break;
      case I::ZExt: result = {b_.CreateZExt(first, type), number(type, 0)}; break;
      case I::SExt:
        result.low = b_.CreateSExt(first, type);
        result.high = signs(result.low);
        break;
      case I::Trunc: pending(instruction, b_.CreateTrunc(operand(0).low, instruction.getType())); return;
      case I::ICmp: {
        Pair x = operand(0), y = operand(1);
        auto predicate = llvm::cast<llvm::ICmpInst>(instruction).getPredicate();
        Value *same = b_.CreateICmpEQ(x.high, y.high);
        Value *text;
        if (predicate == llvm::CmpInst::ICMP_EQ || predicate == llvm::CmpInst::ICMP_NE) {
          Value *differs = b_.CreateOr(b_.CreateXor(x.low, y.low), b_.CreateXor(x.high, y.high));
          text = b_.CreateICmp(predicate, differs, number(differs->getType(), 0));
        } else {
          text = b_.CreateSelect(same, b_.CreateICmp(llvm::ICmpInst::getUnsignedPredicate(predicate), x.low, y.low), b_.CreateICmp(predicate, x.high, y.high));
        }
        pending(instruction, text);
        return;
      }
      case I::Select: {
        Pair x = operand(1), y = operand(2);
        result = {b_.CreateSelect(first, x.low, y.low), b_.CreateSelect(first, x.high, y.high)};
        break;
      }
      case I::Freeze: result = {b_.CreateFreeze(operand(0).low), b_.CreateFreeze(operand(0).high)}; break;
      case I::PHI: {
        auto &phi = llvm::cast<llvm::PHINode>(instruction);
        result = {b_.CreatePHI(type, phi.getNumIncomingValues()), b_.CreatePHI(type, phi.getNumIncomingValues())};
        phis_.push_back({&phi, result});
        break;
      }
      case I::Load: {
        llvm::Align align = llvm::cast<llvm::LoadInst>(instruction).getAlign();
        result.low = b_.CreateAlignedLoad(type, first, align);
        result.high = b_.CreateAlignedLoad(type, b_.CreateConstGEP1_64(b_.getInt8Ty(), first, 8), llvm::commonAlignment(align, 8));
        break;
      }
      case I::Store: {
        Pair x = operand(0);
        Value *place = instruction.getOperand(1);
        llvm::Align align = llvm::cast<llvm::StoreInst>(instruction).getAlign();
        b_.CreateAlignedStore(x.low, place, align);
        b_.CreateAlignedStore(x.high, b_.CreateConstGEP1_64(b_.getInt8Ty(), place, 8), llvm::commonAlignment(align, 8));
        return;
      }
      default: return;
    }
    pairs_[&instruction] = result;
  }

  // A result of ordinary width.
  void pending(llvm::Instruction &instruction, Value *value) { instruction.replaceAllUsesWith(value); }

  llvm::Function &function_;
  llvm::IRBuilder<> b_;
  llvm::DenseMap<Value *, Pair> pairs_;
  llvm::SmallVector<std::pair<llvm::PHINode *, Pair>, 4> phis_;
};

}  // namespace

void expandWideIntegers(llvm::Function &function) { Expansion(function).run(); }

}  // namespace cutrans::emit::text
