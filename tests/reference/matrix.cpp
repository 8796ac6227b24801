// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mma, ldmatrix, stmatrix, movmatrix (manual section 9.7.14.5). Integers are exact; sums of floats, whose order and precision
// the manual leaves open, are fused multiply-adds in ascending k, of f32 (f64 for f64) and rounded to f16 at the end.
#include "tests/reference/matrix.h"

namespace cutrans::reference {

std::vector<uint64_t> fragment(const Context &c, const Operand &operand, unsigned bits) {
  Type word;
  word.kind = 'b', word.bits = bits;
  std::vector<uint64_t> result;
  if (operand.kind != Operand::Vector) return {uint64_t(c.read(operand, word))};
  for (const Operand &part : operand.parts) result.push_back(uint64_t(c.read(part, word)));
  return result;
}

void writeFragment(const Context &c, const Operand &operand, unsigned bits, const std::vector<uint64_t> &values) {
  Type word;
  word.kind = 'b', word.bits = bits;
  if (operand.kind != Operand::Vector) return c.write(operand, word, values.at(0));
  if (operand.parts.size() != values.size()) refuse("a fragment of another size");
  for (size_t i = 0; i < values.size(); ++i) c.write(operand.parts[i], word, values[i]);
}

Matrix product(const Instruction &in, const MatrixTypes &types, const Matrix &a, const Matrix &b, const Matrix &c) {
  Matrix d(a.rows, b.columns);
  bool real = types.d.isFloat();
  const Format *sum = real ? &formatOf(typeOf(types.d.bits == 64 ? "f64" : "f32")) : nullptr;
  auto widened = [&](const Type &type, uint64_t value) {
    if (type.kind == 't') return Bits(value & ~0x1fffull);  // the lower bits of a tf32 do not count
    return converted(*sum, formatOf(type), value, Round::Nearest);
  };
  auto integer = [](const Type &type, uint64_t value) {
    return type.isSigned() ? signExtend(value, type.bits) : __int128(value);
  };
  for (unsigned i = 0; i < a.rows; ++i)
    for (unsigned j = 0; j < b.columns; ++j) {
      if (real) {
        Bits total = widened(types.c, c.at(i, j));
        for (unsigned k = 0; k < a.columns; ++k)
          total = fmaOf(*sum, widened(types.a, a.at(i, k)), widened(types.b, b.at(k, j)), total);
        d.at(i, j) = uint64_t(types.d.bits == 16 ? converted(formatOf(types.d), *sum, total, Round::Nearest) : total);
        continue;
      }
      __int128 total = int32_t(c.at(i, j));
      for (unsigned k = 0; k < a.columns; ++k) {
        __int128 x = integer(types.a, a.at(i, k)), y = integer(types.b, b.at(k, j));
        total += types.a.bits > 1 ? x * y : in.has("xor") ? x ^ y : x & y;
      }
      if (in.has("satfinite")) total = std::min<__int128>(std::max<__int128>(total, INT32_MIN), INT32_MAX);
      d.at(i, j) = uint32_t(total);
    }
  return d;
}

namespace {

struct Shape {
  unsigned m, n, k;
};

Shape shapeOf(const Instruction &in) {
  Shape shape{};
  for (const std::string &word : in.words)
    if (std::sscanf(word.c_str(), "m%un%uk%u", &shape.m, &shape.n, &shape.k) == 3) return shape;
  refuse("no shape");
}

// Bits that an element takes in a register, and its place in them: narrow floats of kind::f8f6f4 have a byte each.
unsigned container(const Type &type) { return type.kind == 'e' ? 8 : type.kind == 't' ? 32 : type.bits; }
uint64_t elementOf(const Type &type, uint64_t word, unsigned index) {
  unsigned bits = container(type);
  uint64_t value = bits == 64 ? word : word >> (index * bits) & ((1ull << bits) - 1);
  if (type.name == "e2m1") return value >> 2 & 15;
  return type.kind == 'e' ? value & uint64_t(maskOf(type.bits)) : value;
}

// Of A and of B transposed: register r of a lane holds `each` elements of row group (+ 8 for odd r of 16 rows), from
// column (r / rows) * 4 * each + 4th-of-lane * each on.
Matrix gathered(Group &group, size_t operand, const Type &type, unsigned rows, unsigned columns) {
  Matrix matrix(rows, columns);
  unsigned word = type.bits == 64 ? 64 : 32, each = word / container(type), halves = rows / 8;
  group.each([&](unsigned lane, Context &c) {
    auto registers = fragment(c, c.operand(operand), word);
    if (registers.size() != rows * columns / 32 / each) refuse("a fragment of another size");
    for (unsigned r = 0; r < registers.size(); ++r)
      for (unsigned e = 0; e < each; ++e)
        matrix.at(lane / 4 + 8 * (r % halves), (r / halves) * 4 * each + lane % 4 * each + e) = elementOf(type, registers[r], e);
  });
  return matrix;
}

struct Place {
  unsigned row, column;
};
// Element i of a lane's accumulators.
Place accumulator(unsigned lane, unsigned i) { return {lane / 4 + 8 * (i / 2), lane % 4 * 2 + i % 2}; }

// m8n8k4 of f16: four products at once, one for each pair of quads; see the figures of section 9.7.14.5.1.
Place quadAccumulator(const Type &type, unsigned lane, unsigned i) {
  unsigned high = lane >= 16 ? 4 : 0;
  if (type.bits == 16) return {lane % 4 + high, i};
  return {(lane & 1) + (i & 2) + high, (i & 4) + (lane & 2) + (i & 1)};
}

std::vector<uint64_t> accumulatorsOf(const Context &c, const Operand &operand, const Type &type) {
  auto words = fragment(c, operand, type.bits == 64 ? 64 : 32);
  if (type.bits != 16) return words;
  std::vector<uint64_t> values;
  for (uint64_t word : words) values.push_back(word & 0xffff), values.push_back(word >> 16);
  return values;
}
void writeAccumulators(const Context &c, const Operand &operand, const Type &type, const std::vector<uint64_t> &values) {
  if (type.bits != 16) return writeFragment(c, operand, type.bits == 64 ? 64 : 32, values);
  std::vector<uint64_t> words;
  for (size_t i = 0; i < values.size(); i += 2) words.push_back(values[i] | values[i + 1] << 16);
  writeFragment(c, operand, 32, words);
}

void quads(Group &group, const MatrixTypes &types) {
  const Instruction &in = group.in();
  bool layouts[2] = {};
  size_t found = 0;
  for (const std::string &word : in.words)
    if ((word == "row" || word == "col") && found < 2) layouts[found++] = word == "row";
  for (unsigned quad = 0; quad < 4; ++quad) {
    Matrix a(8, 4), b(4, 8), sum(8, 8);
    auto each = [&](auto f) {
      group.each([&](unsigned lane, Context &c) {
        if (lane % 16 / 4 == quad) f(lane, lane >= 16 ? 4u : 0u, c);
      });
    };
    each([&](unsigned lane, unsigned high, Context &c) {
      auto x = fragment(c, c.operand(1), 32), y = fragment(c, c.operand(2), 32);
      for (unsigned i = 0; i < 4; ++i) {
        uint64_t valueA = x.at(i / 2) >> (i % 2 * 16) & 0xffff, valueB = y.at(i / 2) >> (i % 2 * 16) & 0xffff;
        if (layouts[0]) a.at(lane % 4 + high, i) = valueA;
        else a.at(i + high, lane % 4) = valueA;
        if (layouts[1]) b.at(lane % 4, i + high) = valueB;
        else b.at(i, lane % 4 + high) = valueB;
      }
      auto values = accumulatorsOf(c, c.operand(3), types.c);
      for (unsigned i = 0; i < 8; ++i) {
        Place place = quadAccumulator(types.c, lane, i);
        sum.at(place.row, place.column) = values.at(i);
      }
    });
    Matrix d = product(in, types, a, b, sum);
    each([&](unsigned lane, unsigned, Context &c) {
      std::vector<uint64_t> values;
      for (unsigned i = 0; i < 8; ++i) {
        Place place = quadAccumulator(types.d, lane, i);
        values.push_back(d.at(place.row, place.column));
      }
      writeAccumulators(c, c.operand(0), types.d, values);
    });
  }
}

void mma(Group &group) {
  const Instruction &in = group.in();
  if (group.members != ~0u) undefined("mma by a part of a warp");
  for (const std::string &word : in.words)
    if (word.starts_with("sp") || word == "block_scale") refuse("sparse and scaled matrices");
  Shape shape = shapeOf(in);
  MatrixTypes types{in.type(0), in.type(1), in.type(2), in.type(3)};
  if (shape.m == 8 && shape.k == 4 && types.a.bits == 16) return quads(group, types);
  Matrix a = gathered(group, 1, types.a, shape.m, shape.k), transposed = gathered(group, 2, types.b, shape.n, shape.k);
  Matrix b(shape.k, shape.n), c(shape.m, shape.n);
  for (unsigned k = 0; k < shape.k; ++k)
    for (unsigned n = 0; n < shape.n; ++n) b.at(k, n) = transposed.at(n, k);
  group.each([&](unsigned lane, Context &context) {
    auto values = accumulatorsOf(context, context.operand(3), types.c);
    for (unsigned i = 0; i < shape.m / 4; ++i) c.at(accumulator(lane, i).row, accumulator(lane, i).column) = values.at(i);
  });
  Matrix d = product(in, types, a, b, c);
  group.each([&](unsigned lane, Context &context) {
    std::vector<uint64_t> values;
    for (unsigned i = 0; i < shape.m / 4; ++i) values.push_back(d.at(accumulator(lane, i).row, accumulator(lane, i).column));
    writeAccumulators(context, context.operand(0), types.d, values);
  });
}

unsigned countOf(const Instruction &in) {
  std::string_view count = in.oneOf({"x1", "x2", "x4"});
  return count.empty() ? refuse("a count"), 0u : unsigned(count[1] - '0');
}

void onlyHalves(const Instruction &in) {
  if (!in.has("m8n8") || !in.has("b16")) refuse("shapes other than m8n8 of b16");
}

// Lane 8 i + r names row r of matrix i; register i of a lane has two elements of row lane / 4, or of a column.
template <bool Load>
void moveMatrix(Group &group) {
  const Instruction &in = group.in();
  onlyHalves(in);
  if (group.members != ~0u) undefined("a matrix moved by a part of a warp");
  unsigned count = countOf(in);
  bool trans = in.has("trans");
  std::vector<std::array<uint8_t *, 8>> rows(count);
  group.each([&](unsigned lane, Context &c) {
    if (lane < 8 * count)
      rows[lane / 8][lane % 8] = c.at(c.space(), c.addressOf(c.operand(Load ? 1 : 0)), 16, !Load, 16);
  });
  std::vector<std::vector<uint64_t>> values(32, std::vector<uint64_t>(count));
  if (!Load) group.each([&](unsigned lane, Context &c) { values[lane] = fragment(c, c.operand(1), 32); });
  group.each([&](unsigned lane, Context &c) {
    for (unsigned i = 0; i < count; ++i)
      for (unsigned e = 0; e < 2; ++e) {
        unsigned row = lane / 4, column = lane % 4 * 2 + e;
        if (trans) std::swap(row, column);
        uint8_t *place = rows[i][row] + 2 * column;
        if (Load) values[lane][i] |= uint64_t(c.load(place, 2)) << (16 * e);
        else c.store(place, 2, values[lane].at(i) >> (16 * e) & 0xffff);
      }
    if (Load) writeFragment(c, c.operand(0), 32, values[lane]);
  });
}

void movmatrix(Group &group) {
  if (group.members != ~0u) undefined("movmatrix by a part of a warp");
  Matrix matrix(8, 8);
  group.each([&](unsigned lane, Context &c) {
    auto word = uint64_t(c.read(1, typeOf("b32")));
    for (unsigned e = 0; e < 2; ++e) matrix.at(lane / 4, lane % 4 * 2 + e) = word >> (16 * e) & 0xffff;
  });
  group.each([&](unsigned lane, Context &c) {
    Bits word = 0;
    for (unsigned e = 0; e < 2; ++e) word |= Bits(matrix.at(lane % 4 * 2 + e, lane / 4)) << (16 * e);
    c.write(0, typeOf("b32"), word);
  });
}

}  // namespace

void addMatrix(Table &table) {
  table.together({"mma.sync"}, -1, mma);
  table.together({"ldmatrix.sync"}, -1, moveMatrix<true>);
  table.together({"stmatrix.sync"}, -1, moveMatrix<false>);
  table.together({"movmatrix.sync"}, -1, movmatrix);
  addWmma(table);
}

}  // namespace cutrans::reference
