// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 8x8 matrices of 16-bit elements between shared memory and lanes (manual 9.7.14.5.15 - 17): ldmatrix, stmatrix,
// movmatrix.
//
// Lane 8j + i gives the address of row i of matrix j. Lane 4r + t holds elements 2t and 2t+1 of row r, of column r
// where the matrix is transposed. Lanes pass addresses on and access memory themselves.
#include "compiler/ptx/lower/matrix.h"

namespace cutrans::ptx::lowering {

namespace {

unsigned countOf(const Instruction &in) {
  return in.has(Mod::X1) ? 1 : in.has(Mod::X2) ? 2 : in.has(Mod::X4) ? 4 : 0;
}

bool supported(BodyLowering &lo, const Instruction &in) {
  if (in.space != Space::None && in.space != Space::Shared) {
    lo.refuseForm("this state space");
    return false;
  }
  if (in.types.size() == 1 && in.type() == Type::B16 && in.has(Mod::M8n8) && countOf(in)) return true;
  lo.refuse(Diag::ptx_matrix, "only 8x8 matrices of .b16 are supported");
  return false;
}

// The operand's address in the window of shared memory.
Value *sharedAddress(BodyLowering &lo, const Operand &operand, Space space) {
  auto &b = lo.b;
  Value *pointer = lo.address(operand, space);
  if (pointer->getType()->getPointerAddressSpace() != ir::space::Shared)
    pointer = b.CreateAddrSpaceCast(pointer, llvm::PointerType::get(lo.context, ir::space::Shared));
  return b.CreatePtrToInt(pointer, b.getInt32Ty());
}

struct Place {
  Value *pointer;
  unsigned width;  // bits
};

// Where this lane's elements of matrix `index` are: one word, or two half words of two rows.
llvm::SmallVector<Place, 2> places(BodyLowering &lo, Value *address, unsigned index, bool transposed) {
  auto &b = lo.b;
  llvm::Type *pointer = llvm::PointerType::get(lo.context, ir::space::Shared);
  Value *lane = laneId(lo);
  Value *row = b.CreateLShr(lane, 2), *place = b.CreateAnd(lane, b.getInt32(3));
  auto at = [&](Value *from, Value *offset) {
    Value *start = fromLane(lo, address, b.CreateAdd(from, b.getInt32(8 * index)));
    return b.CreateIntToPtr(b.CreateAdd(start, offset), pointer);
  };
  if (!transposed) return {{at(row, b.CreateShl(place, uint64_t(2))), 32}};
  Value *twice = b.CreateShl(place, uint64_t(1)), *offset = b.CreateShl(row, uint64_t(1));
  return {{at(twice, offset), 16}, {at(b.CreateOr(twice, uint64_t(1)), offset), 16}};
}

// 9.7.14.5.15
void ldmatrix(BodyLowering &lo, const Instruction &in) {
  if (!supported(lo, in)) return;
  auto &b = lo.b;
  auto registers = registersOf(lo.operand(0));
  if (registers.size() != countOf(in))
    return lo.refuse(Diag::ptx_operand, "the count of registers is not that of the matrices");
  Value *address = sharedAddress(lo, lo.operand(1), in.space);
  llvm::SmallVector<Value *, 4> words;
  for (unsigned i = 0; i < registers.size(); ++i) {
    Value *word = nullptr;
    for (const Place &place : places(lo, address, i, in.has(Mod::Trans))) {
      Value *part = b.CreateAlignedLoad(lo.intType(place.width), place.pointer, llvm::Align(place.width / 8));
      part = b.CreateZExt(part, b.getInt32Ty());
      word = word ? b.CreateOr(word, b.CreateShl(part, place.width)) : part;
    }
    words.push_back(word);
  }
  for (unsigned i = 0; i < registers.size(); ++i) lo.writeInteger(registers[i], words[i]);
}

// 9.7.14.5.16
void stmatrix(BodyLowering &lo, const Instruction &in) {
  if (!supported(lo, in)) return;
  auto &b = lo.b;
  auto words = readFragment(lo, lo.operand(1), countOf(in), 32);
  Value *address = sharedAddress(lo, lo.operand(0), in.space);
  for (unsigned i = 0; i < words.size(); ++i) {
    unsigned at = 0;
    for (const Place &place : places(lo, address, i, in.has(Mod::Trans))) {
      Value *part = b.CreateTrunc(b.CreateLShr(words[i], at), lo.intType(place.width));
      b.CreateAlignedStore(part, place.pointer, llvm::Align(place.width / 8));
      at += place.width;
    }
  }
}

// 9.7.14.5.17: element (r, c) comes from the lane of (c, r)
void movmatrix(BodyLowering &lo, const Instruction &in) {
  if (!in.has(Mod::M8n8) || !in.has(Mod::Trans) || in.type() != Type::B16) return lo.refuseForm();
  auto &b = lo.b;
  Value *word = lo.readBits(lo.operand(1), 32), *lane = laneId(lo), *result = nullptr;
  Value *row = b.CreateLShr(lane, 2);
  Value *first = b.CreateAdd(b.CreateShl(b.CreateAnd(lane, b.getInt32(3)), uint64_t(3)), b.CreateLShr(row, 1));
  Value *odd = b.CreateICmpNE(b.CreateAnd(row, 1), b.getInt32(0));
  for (unsigned i = 0; i < 2; ++i) {
    Value *there = fromLane(lo, word, b.CreateAdd(first, b.getInt32(4 * i)));
    Value *part = b.CreateSelect(odd, b.CreateLShr(there, 16), b.CreateAnd(there, 0xffff));
    result = i ? b.CreateOr(result, b.CreateShl(part, 16)) : part;
  }
  lo.writeInteger(lo.operand(0), result);
}

}  // namespace

void addMatrixMoveRules(RuleTable &table) {
  set(table, Opcode::Ldmatrix, ldmatrix);
  set(table, Opcode::Stmatrix, stmatrix);
  set(table, Opcode::Movmatrix, movmatrix);
}

}  // namespace cutrans::ptx::lowering
