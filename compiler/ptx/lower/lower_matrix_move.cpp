// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small matrices between shared memory and lanes (manual 9.7.14.5.15 - 17): ldmatrix, stmatrix, movmatrix. 8x8 of
// 16-bit elements, 8x16, 16x16 and 16x8 of bytes or of 6- and 4-bit elements that become bytes.
//
// Of 8x8 matrices, lane 8j + i gives the address of row i of matrix j. Lane 4r + t holds elements 2t and 2t+1 of row r,
// of column r where the matrix is transposed. Lanes pass addresses on and access memory themselves.
#include "compiler/ptx/lower/matrix.h"

namespace cutrans::ptx::lowering {

namespace {

unsigned countOf(const Instruction &in) {
  return in.has(Mod::X1) ? 1 : in.has(Mod::X2) ? 2 : in.has(Mod::X4) ? 4 : 0;
}

// One of the matrices that ldmatrix and stmatrix know.
struct Form {
  unsigned registers = 0;  // of each matrix; 0: there is no such form
  unsigned rows = 8;       // lanes that give addresses for each matrix
  unsigned width = 16;     // bits of an element in memory
  bool transposed = false;
};

bool isShared(BodyLowering &lo, const Instruction &in) {
  if (in.space == Space::None || in.space == Space::Shared) return true;
  lo.refuseForm("this state space");
  return false;
}

Form formOf(BodyLowering &lo, const Instruction &in) {
  if (!isShared(lo, in)) return {};
  bool trans = in.has(Mod::Trans), load = in.opcode == Opcode::Ldmatrix;
  Type to = in.type(0), from = in.types.size() > 1 ? in.type(1) : to;
  unsigned width = from == Type::B16        ? 16
                   : from == Type::B8       ? 8
                   : from == Type::B6X16P32 ? 6
                   : from == Type::B4X16P64 ? 4
                                            : 0;
  bool packed = to == Type::B8X16 && (width == 6 || width == 4);
  Form form;
  if (in.has(Mod::M8n8) && width == 16 && in.types.size() == 1)
    form = {1, 8, width, trans};
  else if (load && in.has(Mod::M8n16) && packed && !trans)
    form = {1, 8, width, false};
  else if (load && in.has(Mod::M16n16) && (packed || (width == 8 && in.types.size() == 1)) && trans && countOf(in) < 4)
    form = {2, 16, width, true};
  else if (!load && in.has(Mod::M16n8) && width == 8 && trans && in.types.size() == 1)
    form = {1, 8, width, true};
  if (!form.registers || !countOf(in)) {
    lo.refuse(Diag::ptx_matrix, "this shape, count, type and order do not go together");
    return {};
  }
  return form;
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

// Element `index` of the row that starts at `row`, as an i32. Rows of 6- and 4-bit elements are padded to 16 bytes, so
// that the byte behind an element may be read.
Value *elementOf(BodyLowering &lo, Value *row, Value *index, unsigned width) {
  auto &b = lo.b;
  llvm::Type *pointer = llvm::PointerType::get(lo.context, ir::space::Shared);
  auto byte = [&](Value *at) {
    Value *place = b.CreateIntToPtr(b.CreateAdd(row, at), pointer);
    return b.CreateZExt(b.CreateAlignedLoad(b.getInt8Ty(), place, llvm::Align(1)), b.getInt32Ty());
  };
  if (width == 8) return byte(index);
  Value *bit = b.CreateMul(index, b.getInt32(width)), *first = b.CreateLShr(bit, uint64_t(3));
  Value *raw = byte(first);
  if (width == 6) raw = b.CreateOr(raw, b.CreateShl(byte(b.CreateAdd(first, b.getInt32(1))), uint64_t(8)));
  return b.CreateAnd(b.CreateLShr(raw, b.CreateAnd(bit, 7)), (1u << width) - 1);
}

// Four elements of a byte each: along row g, or in transposed matrices element g + 8 * part of the rows 4t to 4t+3.
Value *loadBytes(BodyLowering &lo, Value *address, const Form &form, unsigned matrix, unsigned part) {
  auto &b = lo.b;
  Value *lane = laneId(lo);
  Value *group = b.CreateLShr(lane, 2), *four = b.CreateShl(b.CreateAnd(lane, b.getInt32(3)), uint64_t(2));
  Value *along = form.transposed ? nullptr : fromLane(lo, address, b.CreateAdd(group, b.getInt32(form.rows * matrix)));
  Value *word = nullptr;
  for (unsigned i = 0; i < 4; ++i) {
    Value *own = b.CreateOr(four, i);
    Value *row = along ? along : fromLane(lo, address, b.CreateAdd(own, b.getInt32(form.rows * matrix)));
    Value *index = along ? own : b.CreateAdd(group, b.getInt32(8 * part));
    Value *element = elementOf(lo, row, index, form.width);
    word = word ? b.CreateOr(word, b.CreateShl(element, uint64_t(8 * i))) : element;
  }
  return word;
}

Value *loadHalves(BodyLowering &lo, Value *address, const Form &form, unsigned matrix) {
  auto &b = lo.b;
  Value *word = nullptr;
  for (const Place &place : places(lo, address, matrix, form.transposed)) {
    Value *part = b.CreateAlignedLoad(lo.intType(place.width), place.pointer, llvm::Align(place.width / 8));
    part = b.CreateZExt(part, b.getInt32Ty());
    word = word ? b.CreateOr(word, b.CreateShl(part, place.width)) : part;
  }
  return word;
}

// 9.7.14.5.15
void ldmatrix(BodyLowering &lo, const Instruction &in) {
  Form form = formOf(lo, in);
  if (!form.registers) return;
  auto registers = registersOf(lo.operand(0));
  if (registers.size() != countOf(in) * form.registers)
    return lo.refuse(Diag::ptx_operand, "the count of registers is not that of the matrices");
  Value *address = sharedAddress(lo, lo.operand(1), in.space);
  llvm::SmallVector<Value *, 4> words;
  for (unsigned i = 0; i < registers.size(); ++i)
    words.push_back(form.width == 16 ? loadHalves(lo, address, form, i)
                                     : loadBytes(lo, address, form, i / form.registers, i % form.registers));
  for (unsigned i = 0; i < registers.size(); ++i) lo.writeInteger(registers[i], words[i]);
}

// 9.7.14.5.16
void stmatrix(BodyLowering &lo, const Instruction &in) {
  Form form = formOf(lo, in);
  if (!form.registers) return;
  auto &b = lo.b;
  auto words = readFragment(lo, lo.operand(1), countOf(in), 32);
  Value *address = sharedAddress(lo, lo.operand(0), in.space);
  llvm::Type *pointer = llvm::PointerType::get(lo.context, ir::space::Shared);
  for (unsigned i = 0; i < words.size(); ++i) {
    if (form.width == 8) {  // rows g and g + 8, columns 2t and 2t + 1 of a 16x8 matrix, stored by columns
      Value *lane = laneId(lo);
      Value *group = b.CreateLShr(lane, 2), *twice = b.CreateShl(b.CreateAnd(lane, b.getInt32(3)), uint64_t(1));
      for (unsigned e = 0; e < 4; ++e) {
        Value *column = fromLane(lo, address, b.CreateAdd(b.CreateOr(twice, e & 1), b.getInt32(8 * i)));
        Value *at = b.CreateAdd(column, b.CreateAdd(group, b.getInt32(e & 2 ? 8 : 0)));
        Value *part = b.CreateTrunc(b.CreateLShr(words[i], 8 * e), b.getInt8Ty());
        b.CreateAlignedStore(part, b.CreateIntToPtr(at, pointer), llvm::Align(1));
      }
      continue;
    }
    unsigned at = 0;
    for (const Place &place : places(lo, address, i, form.transposed)) {
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
