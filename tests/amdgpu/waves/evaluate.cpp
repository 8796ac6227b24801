// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What each lane computes for itself. The common operations have rules of their own, for speed; the others are LLVM's constant folding.
#include <bit>
#include <cmath>

#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/IR/Constants.h>

#include "tests/amdgpu/waves/wave.h"

namespace cutrans::waves {

using llvm::Instruction;

namespace {

template <class T>
T lowBits(T value, uint32_t bits) {
  return bits >= sizeof(T) * 8 ? value : value & ((T{1} << bits) - 1);
}
template <class T>
auto asSigned(T value, uint32_t bits) {
  using S = std::conditional_t<sizeof(T) == 16, __int128, int64_t>;
  const uint32_t unused = uint32_t(sizeof(T) * 8) - bits;
  return S(value << unused) >> unused;
}
// A shift by too much is poison: some value.
template <class T>
T shifted(T value, T by, uint32_t bits, bool left) {
  if (by >= bits) return 0;
  return left ? value << by : value >> by;
}

template <class T>
bool compareReals(unsigned predicate, T x, T y) {
  const bool apart = std::isnan(x) || std::isnan(y);
  return apart ? predicate & 8 : x > y ? predicate & 2 : x < y ? predicate & 4 : predicate & 1;
}
static_assert(llvm::FCmpInst::FCMP_OEQ == 1 && llvm::FCmpInst::FCMP_OGT == 2 && llvm::FCmpInst::FCMP_OLT == 4 && llvm::FCmpInst::FCMP_UNO == 8);

}  // namespace

// Integers and addresses, piece by piece; T holds one.
template <class T>
bool Wave::integers(const Step &step) {
  const Shape &shape = *step.operands[0].shape;
  auto read = [&](const Operand &operand, const Piece &piece, unsigned lane) -> T {
    T value = get(operand, lane, piece.word);
    if constexpr (sizeof(T) == 16)
      if (piece.words() > 1) value |= T{get(operand, lane, piece.word + 1)} << 64;
    return value;
  };
  auto each = [&](auto f) {
    for (size_t i = 0; i < shape.pieces.size(); ++i) {
      const Piece &from = shape.pieces[i], &to = step.shape->pieces[i];
      eachLane([&](unsigned lane) {
        const T result = lowBits<T>(T(f(read(step.operands[0], from, lane), step.operands.size() > 1 ? read(step.operands[1], from, lane) : T{}, from.bits)), to.bits);
        at(step.to + to.word, lane) = uint64_t(result);
        if constexpr (sizeof(T) == 16)
          if (to.words() > 1) at(step.to + to.word + 1, lane) = uint64_t(result >> 64);
      });
    }
    return true;
  };
  switch (step.opcode) {
    case Instruction::Add: return each([](T x, T y, uint32_t) { return x + y; });
    case Instruction::Sub: return each([](T x, T y, uint32_t) { return x - y; });
    case Instruction::Mul: return each([](T x, T y, uint32_t) { return x * y; });
    case Instruction::And: return each([](T x, T y, uint32_t) { return x & y; });
    case Instruction::Or: return each([](T x, T y, uint32_t) { return x | y; });
    case Instruction::Xor: return each([](T x, T y, uint32_t) { return x ^ y; });
    case Instruction::Shl: return each([](T x, T y, uint32_t bits) { return shifted<T>(x, y, bits, true); });
    case Instruction::LShr: return each([](T x, T y, uint32_t bits) { return shifted<T>(x, y, bits, false); });
    case Instruction::AShr: return each([](T x, T y, uint32_t bits) { return y >= bits ? T{} : T(asSigned(x, bits) >> y); });
    case Instruction::UDiv: return each([](T x, T y, uint32_t) { return y ? x / y : T{}; });
    case Instruction::URem: return each([](T x, T y, uint32_t) { return y ? x % y : T{}; });
    case Instruction::SDiv: return each([](T x, T y, uint32_t bits) {
      const auto by = asSigned(y, bits);
      return by == 0 ? T{} : by == -1 ? T{} - x : T(asSigned(x, bits) / by);
    });
    case Instruction::SRem: return each([](T x, T y, uint32_t bits) {
      const auto by = asSigned(y, bits);
      return by == 0 || by == -1 ? T{} : T(asSigned(x, bits) % by);
    });
    case Instruction::SExt: return each([](T x, T, uint32_t bits) { return T(asSigned(x, bits)); });
    case Instruction::ZExt:
    case Instruction::Trunc:
    case Instruction::PtrToInt:
    case Instruction::PtrToAddr:
    case Instruction::IntToPtr: return each([](T x, T, uint32_t) { return x; });
    case Instruction::ICmp: {
      const auto predicate = llvm::cast<llvm::ICmpInst>(step.ir)->getPredicate();
      return each([predicate](T x, T y, uint32_t bits) -> T {
        switch (predicate) {
          case llvm::CmpInst::ICMP_EQ: return x == y;
          case llvm::CmpInst::ICMP_NE: return x != y;
          case llvm::CmpInst::ICMP_UGT: return x > y;
          case llvm::CmpInst::ICMP_UGE: return x >= y;
          case llvm::CmpInst::ICMP_ULT: return x < y;
          case llvm::CmpInst::ICMP_ULE: return x <= y;
          case llvm::CmpInst::ICMP_SGT: return asSigned(x, bits) > asSigned(y, bits);
          case llvm::CmpInst::ICMP_SGE: return asSigned(x, bits) >= asSigned(y, bits);
          case llvm::CmpInst::ICMP_SLT: return asSigned(x, bits) < asSigned(y, bits);
          default: return asSigned(x, bits) <= asSigned(y, bits);
        }
      });
    }
    default: return false;
  }
}

template <class T>
bool Wave::reals(const Step &step) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  auto each = [&](auto f) {
    for (const Piece &piece : step.operands[0].shape->pieces)
      eachLane([&](unsigned lane) {
        auto read = [&](const Operand &operand) { return std::bit_cast<T>(Bits(get(operand, lane, piece.word))); };
        const auto result = f(read(step.operands[0]), step.operands.size() > 1 ? read(step.operands[1]) : T{});
        if constexpr (std::is_same_v<decltype(result), const bool>) at(step.to + piece.word, lane) = result;
        else at(step.to + piece.word, lane) = std::bit_cast<Bits>(result);
      });
    return true;
  };
  switch (step.opcode) {
    case Instruction::FAdd: return each([](T x, T y) { return x + y; });
    case Instruction::FSub: return each([](T x, T y) { return x - y; });
    case Instruction::FMul: return each([](T x, T y) { return x * y; });
    case Instruction::FDiv: return each([](T x, T y) { return x / y; });
    case Instruction::FCmp: {
      const unsigned predicate = llvm::cast<llvm::FCmpInst>(step.ir)->getPredicate();
      return each([predicate](T x, T y) -> bool { return compareReals(predicate, x, y); });
    }
    default: return false;
  }
}

bool Wave::convert(const Step &step) {
  llvm::Type *from = step.operands[0].shape->pieces[0].type, *to = step.shape->pieces[0].type;
  const uint32_t bits = step.operands[0].shape->pieces[0].bits;
  auto each = [&](auto f) {
    for (const Piece &piece : step.shape->pieces) eachLane([&](unsigned lane) { at(step.to + piece.word, lane) = f(get(step.operands[0], lane, piece.word)); });
    return true;
  };
  auto floatBits = [](float value) { return uint64_t{std::bit_cast<uint32_t>(value)}; };
  const bool fromInteger = step.opcode == Instruction::SIToFP || step.opcode == Instruction::UIToFP, isSigned = step.opcode == Instruction::SIToFP;
  if (fromInteger && bits <= 64 && to->isFloatTy())
    return each([&](uint64_t x) { return floatBits(isSigned ? float(asSigned(x, bits)) : float(x)); });
  if (fromInteger && bits <= 64 && to->isDoubleTy())
    return each([&](uint64_t x) { return std::bit_cast<uint64_t>(isSigned ? double(asSigned(x, bits)) : double(x)); });
  if (step.opcode == Instruction::FPExt && from->isFloatTy() && to->isDoubleTy())
    return each([](uint64_t x) { return std::bit_cast<uint64_t>(double(std::bit_cast<float>(uint32_t(x)))); });
  if (step.opcode == Instruction::FPTrunc && from->isDoubleTy() && to->isFloatTy())
    return each([&](uint64_t x) { return floatBits(float(std::bit_cast<double>(x))); });
  return false;
}

// What only moves words.
bool Wave::shuffleWords(const Step &step) {
  auto copy = [&](uint32_t to, const Operand &from, uint32_t word, uint32_t words) {
    eachLane([&](unsigned lane) {
      for (uint32_t i = 0; i < words; ++i) at(step.to + to + i, lane) = get(from, lane, word + i);
    });
  };
  switch (step.opcode) {
    case Instruction::Freeze: return copy(0, step.operands[0], 0, step.shape->words), true;
    case Instruction::ExtractValue: return copy(0, step.operands[0], uint32_t(step.number), step.shape->words), true;
    case Instruction::InsertValue:
      copy(0, step.operands[0], 0, step.shape->words);
      return copy(uint32_t(step.number), step.operands[1], 0, step.operands[1].shape->words), true;
    case Instruction::Select: {
      const bool each = step.operands[0].shape->pieces.size() > 1;
      for (const Piece &piece : step.shape->pieces)
        for (uint32_t i = 0; i < piece.words(); ++i)
          eachLane([&](unsigned lane) {
            const bool first = get(step.operands[0], lane, each ? uint32_t(&piece - step.shape->pieces.data()) : 0) & 1;
            at(step.to + piece.word + i, lane) = get(step.operands[first ? 1 : 2], lane, piece.word + i);
          });
      return true;
    }
    case Instruction::BitCast: {
      if (step.shape->pieces.size() == step.operands[0].shape->pieces.size()) return copy(0, step.operands[0], 0, step.shape->words), true;
      eachLane([&](unsigned lane) {
        uint8_t bytes[512] = {};
        for (const Piece &piece : step.operands[0].shape->pieces)
          for (uint32_t i = 0; i < piece.words(); ++i) {
            const uint64_t word = get(step.operands[0], lane, piece.word + i);
            std::memcpy(bytes + piece.offset + 8 * i, &word, std::min(8u, piece.bytes() - 8 * i));
          }
        for (const Piece &piece : step.shape->pieces)
          for (uint32_t i = 0; i < piece.words(); ++i) {
            uint64_t word = 0;
            std::memcpy(&word, bytes + piece.offset + 8 * i, std::min(8u, piece.bytes() - 8 * i));
            at(step.to + piece.word + i, lane) = word;
          }
      });
      if (step.shape->words > 32 || step.shape->pieces[0].bits % 8 || step.operands[0].shape->pieces[0].bits % 8) throw Stop{"a cast of bits in vectors"};
      return true;
    }
    default: return false;
  }
}

bool Wave::arithmetic(const Step &step) {
  if (shuffleWords(step)) return true;
  if (step.operands.empty() || step.operands[0].shape == nullptr || step.operands[0].shape->pieces.empty() || step.opcode == Instruction::Call) return false;
  const Piece &first = step.operands[0].shape->pieces[0];
  if (step.shape->pieces.size() != step.operands[0].shape->pieces.size()) return false;
  if (first.type->isFloatTy() && reals<float>(step)) return true;
  if (first.type->isDoubleTy() && reals<double>(step)) return true;
  if (step.opcode == Instruction::FNeg) {
    for (const Piece &piece : step.shape->pieces)
      eachLane([&](unsigned lane) { at(step.to + piece.word, lane) = get(step.operands[0], lane, piece.word) ^ uint64_t{1} << (piece.bits - 1); });
    return true;
  }
  if (convert(step)) return true;
  if (!first.type->isIntegerTy() && !first.type->isPointerTy()) return false;
  return std::max(first.bits, step.shape->pieces[0].bits) > 64 ? integers<Wide>(step) : integers<uint64_t>(step);
}

void Wave::byConstants(const Step &step) {
  auto *call = llvm::dyn_cast<llvm::CallInst>(step.ir);
  std::vector<uint64_t> words;
  eachLane([&](unsigned lane) {
    llvm::SmallVector<llvm::Constant *, 4> operands;
    for (size_t i = 0; i < step.operands.size(); ++i) {
      if (!step.operands[i].shape) throw Stop{"metadata as an argument"};
      words.resize(step.operands[i].shape->words);
      gather(step.operands[i], lane, words.data());
      operands.push_back(program_.constantOf(step.ir->getOperand(unsigned(i))->getType(), words.data()));
    }
    if (call) operands.push_back(call->getCalledFunction());
    llvm::Constant *result = llvm::ConstantFoldInstOperands(const_cast<Instruction *>(step.ir), operands, program_.layout());
    words.clear();
    if (!result || !program_.flatten(*result, words)) {
      std::string text;
      llvm::raw_string_ostream(text) << *step.ir;
      throw Stop{"no rule for" + text};
    }
    for (uint32_t i = 0; i < step.shape->words; ++i) at(step.to + i, lane) = words[i];
  });
}

}  // namespace cutrans::waves
