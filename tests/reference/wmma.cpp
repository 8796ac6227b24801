// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// wmma.load, wmma.mma, wmma.store (manual section 9.7.14.4). Which element lies where in a fragment is not specified: here
// element e of the matrix is in lane e / n, place e % n, where a lane has n of them; fragments that are larger than that
// repeat the matrix.
#include "tests/reference/matrix.h"

namespace cutrans::reference {
namespace {

struct Fragment {
  Type type;
  unsigned rows, columns;
  bool accumulator;
  unsigned registers;
  unsigned word() const { return type.bits == 64 ? 64 : 32; }
  unsigned each() const { return accumulator && type.bits == 32 ? 1 : word() / (type.kind == 't' ? 32 : type.bits); }
  unsigned perLane() const { return registers * each(); }
};

Fragment fragmentOf(const Instruction &in, char which, const Type &type, const Operand &registers) {
  unsigned m = 0, n = 0, k = 0;
  for (const std::string &word : in.words)
    if (std::sscanf(word.c_str(), "m%un%uk%u", &m, &n, &k) == 3) break;
  Fragment f{type, which == 'b' ? k : m, which == 'a' ? k : n, which == 'c' || which == 'd', 0};
  f.registers = registers.kind == Operand::Vector ? unsigned(registers.parts.size()) : 1;
  return f;
}

uint64_t valueAt(const Fragment &f, const std::vector<uint64_t> &words, unsigned place) {
  unsigned bits = f.word() / f.each();
  uint64_t word = words[place / f.each()];
  return bits == 64 ? word : word >> (place % f.each() * bits) & ((1ull << bits) - 1);
}

Matrix gathered(Group &group, size_t operand, const Fragment &f) {
  Matrix matrix(f.rows, f.columns);
  group.each([&](unsigned lane, Context &c) {
    auto words = fragment(c, c.operand(operand), f.word());
    for (unsigned place = 0; place < f.perLane(); ++place)
      matrix.values[(lane * f.perLane() + place) % matrix.values.size()] = valueAt(f, words, place);
  });
  return matrix;
}

void scattered(Group &group, size_t operand, const Fragment &f, const Matrix &matrix) {
  unsigned bits = f.word() / f.each();
  group.each([&](unsigned lane, Context &c) {
    std::vector<uint64_t> words(f.registers);
    for (unsigned place = 0; place < f.perLane(); ++place)
      words[place / f.each()] |= matrix.values[(lane * f.perLane() + place) % matrix.values.size()] << (place % f.each() * bits);
    writeFragment(c, c.operand(operand), f.word(), words);
  });
}

// Elements in memory, row after row or column after column, `stride` elements apart.
template <class F>
void eachElement(const Context &c, const Fragment &f, size_t address, bool write, F use) {
  bool row = c.in.has("row");
  size_t strideAt = 2;
  unsigned bits = f.type.kind == 't' ? 32 : f.type.bits;
  uint64_t stride = c.count() > strideAt ? c.u32(strideAt) : row ? f.columns : f.rows, base = c.addressOf(c.operand(address));
  for (unsigned i = 0; i < f.rows; ++i)
    for (unsigned j = 0; j < f.columns; ++j) {
      uint64_t bit = (row ? i * stride + j : j * stride + i) * bits;
      uint8_t *place = c.at(c.space(), base + bit / 8, std::max(bits / 8, 1u), write, 0);
      use(i, j, place, unsigned(bit % 8), bits);
    }
}

void whole(Group &group) {
  if (group.members != ~0u) undefined("wmma by a part of a warp");
}

void load(Group &group) {
  whole(group);
  const Instruction &in = group.in();
  const Context &first = *group.lanes[0];
  Fragment f = fragmentOf(in, in.words[2][0], in.type(), first.operand(0));
  Matrix matrix(f.rows, f.columns);
  eachElement(first, f, 1, false, [&](unsigned i, unsigned j, uint8_t *place, unsigned bit, unsigned bits) {
    auto value = uint64_t(first.load(place, std::max(bits / 8, 1u)));
    matrix.at(i, j) = bits < 8 ? value >> bit & ((1u << bits) - 1) : value;
  });
  scattered(group, 0, f, matrix);
}

void store(Group &group) {
  whole(group);
  const Instruction &in = group.in();
  const Context &first = *group.lanes[0];
  Fragment f = fragmentOf(in, 'd', in.type(), first.operand(1));
  Matrix matrix = gathered(group, 1, f);
  eachElement(first, f, 0, true, [&](unsigned i, unsigned j, uint8_t *place, unsigned, unsigned bits) {
    first.store(place, bits / 8, matrix.at(i, j));
  });
}

// Of f16 the types are D and C alone.
void multiply(Group &group) {
  whole(group);
  const Instruction &in = group.in();
  const Context &first = *group.lanes[0];
  MatrixTypes types;
  if (in.types.size() == 2) types = {in.type(0), typeOf("f16"), typeOf("f16"), in.type(1)};
  else types = {in.type(0), in.type(1), in.type(2), in.type(3)};
  Matrix a = gathered(group, 1, fragmentOf(in, 'a', types.a, first.operand(1)));
  Matrix b = gathered(group, 2, fragmentOf(in, 'b', types.b, first.operand(2)));
  Matrix c = gathered(group, 3, fragmentOf(in, 'c', types.c, first.operand(3)));
  scattered(group, 0, fragmentOf(in, 'd', types.d, first.operand(0)), product(in, types, a, b, c));
}

}  // namespace

void addWmma(Table &table) {
  table.together({"wmma.load"}, -1, load);
  table.together({"wmma.store"}, -1, store);
  table.together({"wmma.mma"}, -1, multiply);
}

}  // namespace cutrans::reference
