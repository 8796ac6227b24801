// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fragments of matrices, and their product: what mma and wmma share (manual 9.7.14).
//
// The fragments of all mma shapes but the m8n8k4 of f16 follow one scheme. With g = lane / 4, t = lane % 4 and E
// elements in a register, register r of A holds A[g + 8 * (r % (M/8))][t*E + e + 4E * (r / (M/8))], register r of B
// holds B[t*E + e + 4E * (r % (K/4E))][g + 8 * (r / (K/4E))], and elements 2r and 2r+1 of C and D are columns 2t and
// 2t+1 of the 8x8 block (r % (M/8), r / (M/8)). wmma leaves its layout to the implementation; here it is the same
// scheme, so that one product serves both.
#pragma once

#include "compiler/ptx/lower/lowering.h"

namespace cutrans::ptx::lowering {

struct Shape {
  unsigned m = 0, n = 0, k = 0;
  bool operator==(const Shape &) const = default;
};

// "m16n8k16" of the instruction; all zero where it has none of that kind.
Shape shapeOf(const Instruction &instruction);

struct Element {
  Type type = Type::None;
  bool in_bytes = false;  // 4- and 6-bit elements in a byte each: kind::f8f6f4, kind::mxf8f6f4
  unsigned width() const { return in_bytes ? 8 : bits(type); }
  unsigned container() const { return width() == 64 ? 64 : 32; }  // bits of a register of the fragment
  unsigned perRegister() const { return container() / width(); }
  unsigned depth() const { return 4 * perRegister(); }  // K of one register of all lanes
};

// How many registers hold an operand of rows x K, and those of C and D.
unsigned inputRegisters(unsigned rows, unsigned k, Element element);
unsigned resultRegisters(const Shape &shape, Type type);

// The registers of a fragment, as integers of the container's size. Refuses and gives none where their count is wrong.
llvm::SmallVector<Value *, 16> readFragment(BodyLowering &lower, const Operand &operand, unsigned count,
                                            unsigned width);
// The registers of an operand: {a, b}, or one without braces.
std::span<const Operand> registersOf(const Operand &operand);

// The accumulator's elements in the order of the scheme, as values of `type` (f16 ones are unpacked), and back.
llvm::SmallVector<Value *, 16> readAccumulator(BodyLowering &lower, const Operand &operand, const Shape &shape,
                                               Type type);
void writeAccumulator(BodyLowering &lower, const Operand &operand, const Shape &shape, Type type,
                      llvm::ArrayRef<Value *> elements);

struct Product {
  Shape shape;
  Type d = Type::None, a = Type::None, b = Type::None, c = Type::None;
  bool in_bytes = false;
};

// D = A * B + C on operands 0 to 3, in ascending k for each element. `spare`: registers that A and B carry beyond those
// needed (wmma's f16), which are not read.
void multiply(BodyLowering &lower, const Instruction &instruction, const Product &product, bool spare = false);

// ---- what products are made of ----
using Values = llvm::SmallVector<Value *, 32>;

// Whether these types go together and the modifiers suit them; refuses otherwise.
bool isProduct(BodyLowering &lower, const Instruction &instruction, const Product &product);
bool isIntegerProduct(const Product &product);
// The type of the sums before they are finished, and C and the sums as operands 3 and 0 have them.
llvm::Type *sumType(BodyLowering &lower, const Instruction &instruction, const Product &product);
Values readSums(BodyLowering &lower, const Instruction &instruction, const Product &product, llvm::Type *sum);
void writeSums(BodyLowering &lower, const Instruction &instruction, const Product &product, Values &sums);
// The elements of a register in the type of the sum. One-bit elements stay together: their product is a count.
Values unpack(BodyLowering &lower, Value *raw, Element element, llvm::Type *sum);
Value *addProduct(BodyLowering &lower, const Instruction &instruction, const Product &product, Value *a, Value *b,
                  Value *sum);

// The lanes that hold this one's rows of A (register block r: rows g + 8r), and its columns 2t + c of B.
struct Neighbours {
  explicit Neighbours(BodyLowering &lower);
  Value *row(unsigned t) const;
  Value *column(unsigned c, unsigned t) const;
  Value *row(Value *t) const;
  Value *column(unsigned c, Value *t) const;

 private:
  BodyLowering &lo;
  Value *group, *first;
};

void multiplySparse(BodyLowering &lower, const Instruction &instruction, const Product &product);  // and scaled
void multiplyQuads(BodyLowering &lower, const Instruction &instruction, const Product &product);   // m8n8k4 of f16

Value *laneId(BodyLowering &lower);
// The value that `lane` holds; all lanes take part.
Value *fromLane(BodyLowering &lower, Value *value, Value *lane);

void addMatrixRules(RuleTable &table);      // lower_matrix.cpp: mma
void addMatrixMoveRules(RuleTable &table);  // lower_matrix_move.cpp: ldmatrix, stmatrix, movmatrix
void addWmmaRules(RuleTable &table);        // lower_wmma.cpp

}  // namespace cutrans::ptx::lowering
