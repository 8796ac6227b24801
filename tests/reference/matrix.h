// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whole matrices, as mma and wmma see them.
#pragma once

#include "tests/reference/floating.h"

namespace cutrans::reference {

struct Matrix {
  Matrix(unsigned rows, unsigned columns) : rows(rows), columns(columns), values(rows * columns) {}
  uint64_t &at(unsigned row, unsigned column) { return values.at(row * columns + column); }
  uint64_t at(unsigned row, unsigned column) const { return values.at(row * columns + column); }
  unsigned rows, columns;
  std::vector<uint64_t> values;  // bits of the element's type
};

struct MatrixTypes {
  Type d, a, b, c;
};

// a * b + c, with .satfinite, .xor and .and from the opcode.
Matrix product(const Instruction &in, const MatrixTypes &types, const Matrix &a, const Matrix &b, const Matrix &c);

// A lane's registers, of `bits` each.
std::vector<uint64_t> fragment(const Context &c, const Operand &operand, unsigned bits);
void writeFragment(const Context &c, const Operand &operand, unsigned bits, const std::vector<uint64_t> &values);

void addWmma(Table &table);

}  // namespace cutrans::reference
