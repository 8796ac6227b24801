// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic, comparisons, choices and conversions: instructions that work lane by lane.
#include <llvm/ADT/APInt.h>
#include <llvm/IR/PatternMatch.h>

#include "compiler/emit/opencl/text/writer.h"

namespace cutrans::emit::text {

void Writer::lanewise(llvm::Instruction &instruction, llvm::function_ref<std::string(unsigned, const Part &)> one) {
  Parts list = parts(&instruction);
  Texts texts;
  for (unsigned i = 0; i < list.size(); ++i) texts.push_back(one(i, list[i]));
  give(instruction, std::move(texts));
}

void Writer::write(llvm::Instruction &instruction) {
  if (auto *binary = llvm::dyn_cast<llvm::BinaryOperator>(&instruction)) return writeBinary(*binary);
  if (auto *compare = llvm::dyn_cast<llvm::CmpInst>(&instruction)) return writeCompare(*compare);
  if (auto *select = llvm::dyn_cast<llvm::SelectInst>(&instruction)) return writeSelect(*select);
  if (auto *cast = llvm::dyn_cast<llvm::CastInst>(&instruction)) return writeCast(*cast);
  if (auto *shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(&instruction)) return writeShuffle(*shuffle);
  if (auto *extract = llvm::dyn_cast<llvm::ExtractElementInst>(&instruction)) return writeExtract(*extract);
  if (auto *insert = llvm::dyn_cast<llvm::InsertElementInst>(&instruction)) return writeInsert(*insert);
  if (auto *extract = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) return writeExtractValue(*extract);
  if (auto *insert = llvm::dyn_cast<llvm::InsertValueInst>(&instruction)) return writeInsertValue(*insert);
  if (auto *place = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) return writeAlloca(*place);
  if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) return writeLoad(*load);
  if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) return writeStore(*store);
  if (auto *address = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction)) return writeAddress(*address);
  if (auto *atomic = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) return writeAtomic(*atomic);
  if (auto *exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) return writeExchange(*exchange);
  if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction)) return writeCall(*call);
  if (auto *fence = llvm::dyn_cast<llvm::FenceInst>(&instruction)) {
    return writeFence(*fence);
  }
  if (llvm::isa<llvm::FreezeInst>(instruction)) return alias(instruction, instruction.getOperand(0));
  if (instruction.getOpcode() == llvm::Instruction::FNeg) {
    if (instruction.getType()->getScalarType()->is16bitFPTy())
      return lanewise(instruction, [&](unsigned i, const Part &part) {
        return binary(llvm::Instruction::Xor, part, use(instruction.getOperand(0), i), number(part.scalar(), 0x8000));
      });
    return lanewise(instruction, [&](unsigned i, const Part &) { return "(-" + use(instruction.getOperand(0), i) + ")"; });
  }
  refuse(std::string("the instruction ") + instruction.getOpcodeName());
}

void Writer::writeBinary(llvm::BinaryOperator &instruction) {
  llvm::Value *a = instruction.getOperand(0), *b = instruction.getOperand(1);
  if (a == b) hold(a);
  if (llvm::Type *element = instruction.getType()->getScalarType(); element->is16bitFPTy()) {
    if (instruction.getOpcode() == llvm::Instruction::FRem) return refuse("the remainder of 16-bit floats");
    // A float has enough bits that rounding its result again gives what one rounding would have given.
    return lanewise(instruction, [&](unsigned i, const Part &part) {
      return narrowed(element, part, binary(instruction.getOpcode(), part.with(Base::F32), widened(element, part, use(a, i)), widened(element, part, use(b, i))));
    });
  }
  bool inverted = instruction.getOpcode() == llvm::Instruction::Xor && llvm::isa<llvm::Constant>(b) && llvm::cast<llvm::Constant>(b)->isAllOnesValue();
  lanewise(instruction, [&](unsigned i, const Part &part) -> std::string {
    if (inverted && part.base == Base::Bool) return "(!" + use(a, i) + ")";
    if (inverted && !part.isOdd() && (part.isVector() || part.containerBits() >= 32)) return "(~" + use(a, i) + ")";
    return binary(instruction.getOpcode(), part, use(a, i), use(b, i));
  });
}

// The votes of a gang: the bits of a mask against none or all.
bool Writer::writeMaskTest(llvm::ICmpInst &instruction) {
  auto *cast = llvm::dyn_cast<llvm::BitCastInst>(instruction.getOperand(0));
  auto *constant = llvm::dyn_cast<llvm::ConstantInt>(instruction.getOperand(1));
  if (!cast || !constant || !instruction.isEquality() || !cast->getSrcTy()->isVectorTy() || !cast->getSrcTy()->getScalarType()->isIntegerTy(1)) return false;
  bool all = constant->isMinusOne();
  if (!all && !constant->isZero()) return false;
  hold(cast->getOperand(0));
  std::string test = anyOf(parts(cast->getOperand(0)), useAll(cast->getOperand(0)), all);
  bool negative = (instruction.getPredicate() == llvm::CmpInst::ICMP_EQ) != all;
  give(instruction, {negative ? "(!" + test + ")" : test});
  return true;
}

void Writer::writeCompare(llvm::CmpInst &instruction) {
  llvm::Value *a = instruction.getOperand(0), *b = instruction.getOperand(1);
  if (auto *integers = llvm::dyn_cast<llvm::ICmpInst>(&instruction); integers && writeMaskTest(*integers)) return;
  if (llvm::isa<llvm::FCmpInst>(instruction)) hold(a), hold(b);
  else if (a == b) hold(a);
  Parts of = parts(a);
  if (llvm::Type *element = a->getType()->getScalarType(); element->is16bitFPTy())
    return lanewise(instruction, [&](unsigned i, const Part &) {
      Part wide = of[i].with(Base::F32);
      std::string x = variable(wide, widened(element, of[i], use(a, i))), y = variable(wide, widened(element, of[i], use(b, i)));
      return compareFloats(instruction.getPredicate(), wide, x, y);
    });
  lanewise(instruction, [&](unsigned i, const Part &) {
    return llvm::isa<llvm::ICmpInst>(instruction) ? compareIntegers(instruction.getPredicate(), of[i], use(a, i), use(b, i))
                                                  : compareFloats(instruction.getPredicate(), of[i], use(a, i), use(b, i));
  });
}

void Writer::writeSelect(llvm::SelectInst &instruction) {
  llvm::Value *m = instruction.getCondition(), *a = instruction.getTrueValue(), *b = instruction.getFalseValue();
  Parts masks = parts(m);
  bool scalar = !m->getType()->isVectorTy();
  if (scalar || instruction.getType()->getScalarType()->isIntegerTy(1)) hold(m);
  lanewise(instruction, [&](unsigned i, const Part &part) -> std::string {
    std::string c = use(m, scalar ? 0 : i);
    if (part.base == Base::Mask && !scalar) {
      auto isZero = [](llvm::Value *v) { return llvm::isa<llvm::Constant>(v) && llvm::cast<llvm::Constant>(v)->isNullValue(); };
      auto isOnes = [](llvm::Value *v) { return llvm::isa<llvm::Constant>(v) && llvm::cast<llvm::Constant>(v)->isAllOnesValue(); };
      if (isZero(b)) return "(" + c + "&" + use(a, i) + ")";
      if (isOnes(a)) return "(" + c + "|" + use(b, i) + ")";
      return "((" + c + "&" + use(a, i) + ")|(~" + c + "&" + use(b, i) + "))";
    }
    return choose(masks[scalar ? 0 : i], part, c, use(a, i), use(b, i));
  });
}

// Half and bfloat, which are their bits, as floats and back.
std::string Writer::widened(llvm::Type *element, const Part &part, const std::string &text) {
  if (element->isHalfTy()) return prelude_.halfToFloat(part.lanes) + "(" + text + ")";
  return bitsAs(part.with(Base::F32).name(), "(" + convert(part.with(Base::U32), text) + "<<16)");
}

std::string Writer::narrowed(llvm::Type *element, const Part &part, const std::string &text) {
  return (element->isHalfTy() ? prelude_.floatToHalf(part.lanes) : prelude_.floatToBfloat(part.lanes)) + "(" + text + ")";
}

void Writer::writeCast(llvm::CastInst &instruction) {
  llvm::Value *source = instruction.getOperand(0);
  llvm::Type *from = source->getType()->getScalarType(), *to = instruction.getType()->getScalarType();
  Parts of = parts(source);
  using I = llvm::Instruction;
  unsigned opcode = instruction.getOpcode();
  if (opcode == I::BitCast) return writeBitcast(instruction, source);
  if (opcode == I::AddrSpaceCast) return alias(instruction, source);
  if (opcode == I::PtrToInt || opcode == I::IntToPtr) {
    if (from->getPrimitiveSizeInBits() == to->getPrimitiveSizeInBits() || of[0].bits == parts(&instruction)[0].bits) return alias(instruction, source);
    opcode = of[0].bits > parts(&instruction)[0].bits ? I::Trunc : I::ZExt;
  }
  if (opcode == I::FPExt || opcode == I::FPTrunc) {
    bool small = from->is16bitFPTy() || to->is16bitFPTy();
    if (small && !(from->isFloatTy() || to->isFloatTy())) {
      if (opcode == I::FPTrunc) return refuse("rounding of a double to 16 bits");
    }
  }
  lanewise(instruction, [&](unsigned i, const Part &part) -> std::string {
    std::string x = use(source, i);
    const Part &src = of[i];
    bool boolean = src.base == Base::Bool || src.base == Base::Mask;
    std::string one = src.base == Base::Mask ? "(" + x + "&(char)1)" : x;
    switch (opcode) {
      case I::Trunc:
        if (part.base == Base::Bool) return "((" + x + "&1)!=0)";
        if (part.base == Base::Mask) return fromComparison(src, "(" + x + "&" + number(src.scalar(), 1) + ")!=" + splat(src, number(src.scalar(), 0)));
        if (part.base == src.base) return wrap(part, x);
        return part.isOdd() ? wrap(part, convert(part, x)) : convert(part, x);
      case I::ZExt: return part.base == src.base ? x : convert(part, one);
      case I::SExt:
        if (src.base == Base::Bool) return fromSigned(part, "-(" + part.signedName() + ")" + x);
        if (part.base == src.base) return fromSigned(part, asSigned(src, x));
        return fromSigned(part, convertTo(part.signedName(), part.lanes, asSigned(src, x)));
      case I::UIToFP: return boolean && !part.isVector() ? "(" + part.name() + ")(uint)" + x : convert(part, one);
      case I::SIToFP: return convert(part, asSigned(src, x));
      case I::FPToUI: return part.isOdd() ? wrap(part, convert(part, x)) : convert(part, x);
      case I::FPToSI: return fromSigned(part, convertTo(part.signedName(), part.lanes, x));
      case I::FPTrunc:
        return to->is16bitFPTy() ? narrowed(to, part, x) : convert(part, x);
      case I::FPExt: {
        std::string wide = from->is16bitFPTy() ? widened(from, src, x) : x;
        return part.base == Base::F64 ? convert(part, wide) : wide;
      }
      default: return refuse(std::string("the instruction ") + instruction.getOpcodeName()), x;
    }
  });
}

}  // namespace cutrans::emit::text
