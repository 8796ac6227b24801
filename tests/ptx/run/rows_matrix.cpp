// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// mma in every shape and type against a plain product of whole matrices. The elements are small numbers, so that every
// order of sums is exact. What the host knows of fragments is the manual's (9.7.14.5, 9.7.14.6, 9.7.14.3), here written
// from the matrix to the lane: which register of which lane holds element (row, column).
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

// A type of elements: how wide, and the code of each value used.
struct Element {
  const char *name;
  unsigned width;
  std::vector<double> values;
  std::function<uint64_t(double)> code;
};

uint64_t integerCode(double value) {
  return uint64_t(int64_t(value));
}

// sign, `exponents` bits of exponent, `mantissa` bits of fraction
std::function<uint64_t(double)> floatCode(unsigned exponents, unsigned mantissa, unsigned dropped = 0) {
  return [=](double value) -> uint64_t {
    if (value == 0) return 0;
    int exponent = std::ilogb(value), bias = (1 << (exponents - 1)) - 1;
    double fraction = std::abs(value) / std::ldexp(1.0, exponent);
    int field = exponent + bias;
    if (field < 1) fraction = std::ldexp(fraction, field - 1), field = 0;
    uint64_t bits =
        uint64_t(field) << mantissa | (uint64_t(std::ldexp(fraction, int(mantissa))) & ((1ull << mantissa) - 1));
    return (bits | uint64_t(value < 0) << (exponents + mantissa)) << dropped;
  };
}

const Element &elementOf(const std::string &name) {
  static const std::vector<double> some{-3, -2, -1, 0, 1, 2, 3, 0, 1};
  static const std::map<std::string, Element> all = {
      {"f16", {"f16", 16, some, floatCode(5, 10)}},
      {"bf16", {"bf16", 16, some, floatCode(8, 7)}},
      {"tf32",
       {"tf32", 32, some, [](double v) { return floatCode(8, 23)(v) | 0x1234 % 0x2000; }}},  // the rest is ignored
      {"f32", {"f32", 32, some, floatCode(8, 23)}},
      {"f64", {"f64", 64, some, floatCode(11, 52)}},
      {"s32", {"s32", 32, {-70, 100, 3, 0}, integerCode}},
      {"s8", {"s8", 8, {-128, -3, 0, 5, 127}, integerCode}},
      {"u8", {"u8", 8, {255, 3, 0, 5, 127}, integerCode}},
      {"s4", {"s4", 4, {-8, -3, 0, 5, 7}, integerCode}},
      {"u4", {"u4", 4, {15, 3, 0, 5, 8}, integerCode}},
      {"b1", {"b1", 1, {0, 1, 1}, integerCode}},
      {"e4m3", {"e4m3", 8, {-3, 0.25, 1, 2, -6, 0}, floatCode(4, 3)}},
      {"e5m2", {"e5m2", 8, {-3, 0.5, 1, 2, -6, 0}, floatCode(5, 2)}},
      {"e2m3", {"e2m3", 6, {-3, 0.5, 1, 2.5, -6, 0}, floatCode(2, 3)}},
      {"e3m2", {"e3m2", 6, {-3, 0.5, 1, 2.5, -6, 0}, floatCode(3, 2)}},
      {"e2m1", {"e2m1", 4, {-3, 0.5, 1, 1.5, -6, 0}, floatCode(2, 1)}},
  };
  return all.at(name);
}

struct Form {
  std::string words, d, a, b, c;  // words: between "mma" and the types
  unsigned m, n, k;
  std::string kind = "";   // "kind::mxf4.block_scale.scale_vec::2X"; stands before the types
  std::string scale = "";  // type of the scales
  unsigned selector = 0;   // of the metadata
  unsigned byteA = 0, laneA = 0, byteB = 0, laneB = 0;
  bool has(const char *word) const {
    return words.find(word) != std::string::npos || kind.find(word) != std::string::npos;
  }
  bool sparse() const { return has(".sp"); }
  bool quads() const { return a == "f16" && k == 4; }
  unsigned blocks() const { return scale.empty() ? 0 : has("4X") ? 4 : has("mxf4") ? 2 : 1; }
  bool inBytes() const { return has("f8f6f4"); }
  unsigned container(const std::string &type) const { return inBytes() ? 8 : elementOf(type).width; }
};

std::string nameOf(const Form &form) {
  std::string name = "mma" + form.words + form.kind + "_" + form.d + form.a + form.b + form.c + form.scale + "_" +
                     std::to_string(form.selector);
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

using Matrix = std::vector<std::vector<double>>;

Matrix matrix(unsigned rows, unsigned columns, const std::string &type, unsigned seed) {
  const std::vector<double> &values = elementOf(type).values;
  Matrix result(rows, std::vector<double>(columns));
  for (auto &row : result)
    for (double &one : row) {
      seed = seed * 1664525u + 1013904223u;
      one = values[(seed >> 16) % values.size()];
    }
  return result;
}

// Registers of 32 lanes as bits, `width` bits each.
struct Fragment {
  Fragment(unsigned registers, unsigned bits) : count(registers), width(bits), words(32u * registers) {}
  void put(unsigned lane, unsigned index, unsigned at, unsigned bits, uint64_t code) {
    uint64_t mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
    words[lane * count + index] |= (code & mask) << at;
  }
  unsigned count, width;
  std::vector<uint64_t> words;
};

// A (or B as its transpose) by rows of `extent`, in registers of 32 bits (64 of f64).
Fragment inputFragment(const Form &form, const Matrix &rows, const std::string &type, bool byColumns) {
  const Element &element = elementOf(type);
  unsigned width = form.container(type), whole = width == 64 ? 64 : 32, each = whole / width, depth = 4 * each;
  unsigned extent = unsigned(rows.size()), k = unsigned(rows[0].size()), blocks = extent / 8;
  Fragment fragment(blocks * (k / depth), whole);
  unsigned padding = form.inBytes() && type == "e2m1" ? 2 : 0;
  for (unsigned r = 0; r < extent; ++r)
    for (unsigned j = 0; j < k; ++j) {
      unsigned chunk = j / depth, block = r / 8;
      unsigned index = byColumns ? chunk + block * (k / depth) : block + blocks * chunk;
      fragment.put(4 * (r % 8) + j % depth / each, index, width * (j % each) + padding, element.width,
                   element.code(rows[r][j]));
    }
  return fragment;
}

// The four 8x8x4 products of f16 (9.7.14.5.1): lines of four k, by lane where they lie along k.
Fragment quadFragment(const std::vector<Matrix> &lines, bool along) {
  Fragment fragment(2, 32);
  for (unsigned q = 0; q < 4; ++q)
    for (unsigned line = 0; line < 8; ++line)
      for (unsigned k = 0; k < 4; ++k) {
        unsigned lane = 4 * q + 16 * (line / 4) + (along ? line % 4 : k), e = along ? k : line % 4;
        fragment.put(lane, e / 2, 16 * (e % 2), 16, elementOf("f16").code(lines[q][line][k]));
      }
  return fragment;
}

Fragment quadSums(const std::vector<Matrix> &sums, const std::string &type) {
  bool wide = type == "f32";
  Fragment fragment(wide ? 8 : 4, 32);
  for (unsigned q = 0; q < 4; ++q)
    for (unsigned row = 0; row < 8; ++row)
      for (unsigned column = 0; column < 8; ++column) {
        double value = sums[q][row][column];
        unsigned upper = 16 * (row / 4);
        if (wide)
          fragment.put(4 * q + upper + (row & 1) + (column & 2), (row & 2) + (column & 4) + (column & 1), 0, 32,
                       elementOf(type).code(value));
        else
          fragment.put(4 * q + upper + row % 4, column / 2, 16 * (column % 2), 16, elementOf(type).code(value));
      }
  return fragment;
}

Fragment sumFragment(const Matrix &sums, const std::string &type) {
  const Element &element = elementOf(type);
  unsigned m = unsigned(sums.size()), n = unsigned(sums[0].size()), each = type == "f16" ? 2 : 1;
  Fragment fragment(m * n / 32 / each, element.width == 64 ? 64 : 32);
  for (unsigned r = 0; r < m; ++r)
    for (unsigned c = 0; c < n; ++c) {
      unsigned e = 2 * (r / 8 + m / 8 * (c / 8)) + c % 2;
      fragment.put(4 * (r % 8) + c % 8 / 2, e / each, element.width * (e % each), element.width,
                   element.code(sums[r][c]));
    }
  return fragment;
}

// What a sparse A keeps: per row and group the places of its units, ascending.
struct Sparsity {
  unsigned kept, of, unit;
  std::vector<std::vector<std::vector<unsigned>>> places;
};

Sparsity sparsityOf(const Form &form) {
  Sparsity s{2, 4, 1, {}};
  if (form.a == "tf32") s.kept = 1, s.of = 2;
  if (form.container(form.a) == 4) s.unit = 2;
  unsigned groups = form.k / (s.of * s.unit);
  static const std::vector<std::vector<unsigned>> pairs{{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}};
  for (unsigned r = 0; r < form.m; ++r) {
    s.places.emplace_back();
    for (unsigned g = 0; g < groups; ++g)
      s.places[r].push_back(s.of == 2 ? std::vector<unsigned>{(r * 3 + g * 5 + r / 4) % 2}
                                      : pairs[(r * 7 + g * 11 + g * g) % 6]);
  }
  return s;
}

// The metadata operand of 32 lanes; lanes that the selector leaves out hold rubbish.
std::vector<uint32_t> metadataOf(const Form &form, const Sparsity &s) {
  bool halves = form.container(form.a) >= 16;
  unsigned groups = unsigned(s.places[0].size()), lanes = groups * form.m * 4 / 32 / 8;
  std::vector<uint32_t> words(32);
  for (unsigned lane = 0; lane < 32; ++lane) words[lane] = lane % 4 / lanes == form.selector ? 0 : 0xdeadbeef;
  for (unsigned r = 0; r < form.m; ++r)
    for (unsigned g = 0; g < groups; ++g) {
      const auto &places = s.places[r][g];
      uint32_t nibble = s.of == 2 ? (places[0] ? 0b1110u : 0b0100u) : places[1] << 2 | places[0];
      unsigned lane = 4 * (r % 8) + lanes * form.selector + (halves ? g / 4 : r / 8 + 2 * (g / 8));
      words[lane] |= nibble << (halves ? 16 * (r / 8) + 4 * (g % 4) : 4 * (g % 8));
    }
  return words;
}

void add(Case &c, const Fragment &fragment, const Fragment *expected = nullptr) {
  auto as = [&]<class T>(const Fragment &f, T) {
    std::vector<T> values;
    for (uint64_t word : f.words) values.push_back(T(word));
    return values;
  };
  if (fragment.width == 64) {
    expected ? c.output(as(*expected, uint64_t())) : c.input(as(fragment, uint64_t()));
    return;
  }
  expected ? c.output(as(*expected, uint32_t())) : c.input(as(fragment, uint32_t()));
}

double clampTo32(double value) {
  return std::clamp(value, -2147483648.0, 2147483647.0);
}

// D of one product, whose A is dense.
Matrix product(const Form &form, const Matrix &a, const Matrix &b, const Matrix &c, const Matrix &scaleA,
               const Matrix &scaleB) {
  Matrix d = c;
  for (unsigned r = 0; r < a.size(); ++r)
    for (unsigned n = 0; n < b.size(); ++n) {
      double sum = c[r][n];
      for (unsigned k = 0; k < a[0].size(); ++k) {
        double term = form.has(".xor") ? double(a[r][k] != b[n][k]) : a[r][k] * b[n][k];
        if (form.blocks()) term *= scaleA[r][k * form.blocks() / form.k] * scaleB[n][k * form.blocks() / form.k];
        sum += term;
      }
      d[r][n] = form.has(".satfinite") ? clampTo32(sum)
                : form.d == "s32"      ? double(int32_t(uint32_t(int64_t(sum))))
                                       : sum;
    }
  return d;
}

void quadCase(const Form &form, Case &c) {
  bool rowA = form.has(".row.row") || form.has(".row.col"), colB = form.has(".row.col") || form.has(".col.col");
  std::vector<Matrix> as, bs, cs, ds;
  for (unsigned q = 0; q < 4; ++q) {
    as.push_back(matrix(8, 4, "f16", 5 + q)), bs.push_back(matrix(8, 4, "f16", 50 + q)),
        cs.push_back(matrix(8, 8, "f16", 99 + q));
    ds.push_back(product(form, as[q], bs[q], cs[q], {}, {}));
  }
  Fragment d = quadSums(ds, form.d);
  add(c, quadFragment(as, rowA)), add(c, quadFragment(bs, colB)), add(c, quadSums(cs, form.c)), add(c, d, &d);
}

void matrixCase(const Form &form, Case &c) {
  if (form.quads()) return quadCase(form, c);
  Matrix dense = matrix(form.m, form.k, form.a, 7), b = matrix(form.n, form.k, form.b, 77),
         sums = matrix(form.m, form.n, form.c, 3);
  if (form.has(".satfinite")) sums[0][0] = 2147483647, sums[1][1] = -2147483648.0, sums[9 % form.m][2] = 2147480000;
  Matrix stored = dense;
  Sparsity sparsity;
  if (form.sparse()) {
    sparsity = sparsityOf(form);
    stored = Matrix(form.m);
    unsigned span = sparsity.of * sparsity.unit;
    for (unsigned r = 0; r < form.m; ++r) {
      std::vector<double> kept(form.k);
      for (unsigned g = 0; g < sparsity.places[r].size(); ++g)
        for (unsigned place : sparsity.places[r][g])
          for (unsigned u = 0; u < sparsity.unit; ++u) {
            unsigned k = g * span + place * sparsity.unit + u;
            stored[r].push_back(dense[r][k]);
            kept[k] = dense[r][k];
          }
      dense[r] = kept;
    }
  }
  Matrix scaleA(form.m, std::vector<double>(4)), scaleB(form.n, std::vector<double>(4));
  std::vector<uint32_t> wordsA(32, 0xffffffff), wordsB(32, 0xffffffff);
  if (form.blocks()) {
    bool e8 = form.scale == "ue8m0";
    auto put = [&](uint32_t &word, unsigned byte, int exponent) {
      word &= ~(0xffu << 8 * byte);
      word |= uint32_t(e8 ? 127 + exponent : (7 + exponent) << 3) << 8 * byte;
    };
    for (unsigned block = 0; block < form.blocks(); ++block) {
      for (unsigned r = 0; r < form.m; ++r) {
        int exponent = int((r * 3 + block) % 5) - 2;
        scaleA[r][block] = std::ldexp(1.0, exponent);
        put(wordsA[4 * (r % 8) + 2 * form.laneA + r / 8], form.byteA + block, exponent);
      }
      for (unsigned n = 0; n < form.n; ++n) {
        int exponent = int((n * 5 + block * 2) % 4) - 1;
        scaleB[n][block] = std::ldexp(1.0, exponent);
        put(wordsB[4 * n + form.laneB], form.byteB + block, exponent);
      }
    }
  }
  Fragment d = sumFragment(product(form, dense, b, sums, scaleA, scaleB), form.d);
  add(c, inputFragment(form, stored, form.a, false)), add(c, inputFragment(form, b, form.b, true));
  add(c, sumFragment(sums, form.c)), add(c, d, &d);
  if (form.sparse()) c.input(metadataOf(form, sparsity));
  if (form.blocks()) c.input(wordsA), c.input(wordsB);
}

// One warp: each lane loads its registers, multiplies and stores.
std::string textOf(const Form &form) {
  auto registers = [&](const std::string &type, unsigned rows, unsigned columns, bool sums) -> unsigned {
    if (form.quads()) return !sums ? 2 : type == "f32" ? 8 : 4;
    unsigned width = sums ? (type == "f64" ? 64 : type == "f16" ? 16 : 32) : form.container(type);
    return rows * columns * width / 32 / (width == 64 ? 64 : 32);
  };
  unsigned kA = form.sparse() ? form.k / 2 : form.k;
  struct Operand {
    const char *prefix;
    std::string type;
    unsigned count;
  };
  Operand a{"a", form.a, registers(form.a, form.m, kA, false)},
      b{"b", form.b, registers(form.b, form.n, form.k, false)};
  Operand c{"c", form.c, registers(form.c, form.m, form.n, true)},
      d{"d", form.d, registers(form.d, form.m, form.n, true)};
  std::string declared, loads, stores, params;
  unsigned number = 0;
  auto memory = [&](const Operand &operand, bool store) {
    bool isSum = operand.prefix[0] > 'b';
    std::string type = operand.type == "f64" ? "f64" : isSum && operand.type == "f32" ? "f32" : "b32";
    unsigned bytes = type == "f64" ? 8 : 4;
    std::string p = "%p" + std::to_string(number), list;
    params += std::string(number ? ", " : "") + ".param .u64 p" + std::to_string(number);
    loads += "ld.param.u64 " + p + ", [p" + std::to_string(number) + "]; mad.wide.u32 " + p + ", %lane, " +
             std::to_string(operand.count * bytes) + ", " + p + ";\n";
    declared += ".reg ." + type + " %" + operand.prefix + "<" + std::to_string(operand.count) + ">;\n";
    for (unsigned i = 0; i < operand.count; ++i) {
      std::string name = std::string("%") + operand.prefix + std::to_string(i),
                  at = "[" + p + "+" + std::to_string(i * bytes) + "]";
      list += (i ? "," : "") + name;
      if (store)
        stores += "st.global." + type + " " + at + ", " + name + ";\n";
      else
        loads += "ld.global." + type + " " + name + ", " + at + ";\n";
    }
    ++number;
    return "{" + list + "}";
  };
  std::string la = memory(a, false), lb = memory(b, false), lc = memory(c, false), ld = memory(d, true);
  std::string tail;
  if (form.sparse()) tail += ", " + memory({"e", "b32", 1}, false).substr(1, 3) + ", " + std::to_string(form.selector);
  if (form.blocks()) {
    auto ids = [](unsigned byte, unsigned lane) {
      return ", {" + std::to_string(byte) + ", " + std::to_string(lane) + "}";
    };
    tail += ", " + memory({"s", "b32", 1}, false).substr(1, 3) + ids(form.byteA, form.laneA);
    tail += ", " + memory({"t", "b32", 1}, false).substr(1, 3) + ids(form.byteB, form.laneB);
  }
  std::string code = "mma" + form.words + form.kind + "." + form.d + "." + form.a + "." + form.b + "." + form.c;
  if (form.blocks()) code += "." + form.scale;
  return ".version 9.0\n.target sm_120a\n.address_size 64\n.visible .entry " + nameOf(form) + "(" + params +
         ")\n{\n.reg .u32 %lane;\n.reg .u64 %p<8>;\n" + declared + "mov.u32 %lane, %laneid;\n" + loads + code + " " +
         ld + ", " + la + ", " + lb + ", " + lc + tail + ";\n" + stores + "ret;\n}\n";
}

std::vector<Form> forms() {
  std::vector<Form> all;
  auto dense = [&](unsigned m, unsigned n, unsigned k, const std::string &d, const std::string &a, const std::string &b,
                   const std::string &c, const std::string &more = "") {
    all.push_back(
        {".sync.aligned.m" + std::to_string(m) + "n" + std::to_string(n) + "k" + std::to_string(k) + ".row.col" + more,
         d, a, b, c, m, n, k});
  };
  auto sparse = [&](unsigned k, const std::string &d, const std::string &a, const std::string &b, unsigned selector,
                    const std::string &more = "", const std::string &kind = "") {
    all.push_back({std::string(".sp") + (selector % 2 && kind.empty() ? "" : "::ordered_metadata") +
                       ".sync.aligned.m16n8k" + std::to_string(k) + ".row.col" + more,
                   d, a, b, d, 16, 8, k, kind, "", selector});
  };
  for (const char *layout : {"row.row", "row.col", "col.row", "col.col"})
    for (auto [d, c] : {std::pair("f16", "f16"), std::pair("f32", "f32"), std::pair("f32", "f16")})
      all.push_back({std::string(".sync.aligned.m8n8k4.") + layout, d, "f16", "f16", c, 8, 8, 4});
  dense(16, 8, 8, "f16", "f16", "f16", "f16"), dense(16, 8, 16, "f32", "f16", "f16", "f32");
  dense(16, 8, 8, "f32", "bf16", "bf16", "f32"), dense(16, 8, 16, "f32", "bf16", "bf16", "f32");
  dense(16, 8, 4, "f32", "tf32", "tf32", "f32"), dense(16, 8, 8, "f32", "tf32", "tf32", "f32");
  dense(8, 8, 4, "f64", "f64", "f64", "f64"), dense(16, 8, 4, "f64", "f64", "f64", "f64");
  dense(16, 8, 8, "f64", "f64", "f64", "f64"), dense(16, 8, 16, "f64", "f64", "f64", "f64"), dense(16, 8, 4, "f64", "f64", "f64", "f64", ".rz");
  dense(8, 8, 16, "s32", "s8", "u8", "s32"), dense(16, 8, 16, "s32", "u8", "s8", "s32", ".satfinite"),
      dense(16, 8, 32, "s32", "s8", "s8", "s32", ".satfinite");
  dense(8, 8, 32, "s32", "s4", "u4", "s32", ".satfinite"), dense(16, 8, 32, "s32", "u4", "s4", "s32"),
      dense(16, 8, 64, "s32", "s4", "s4", "s32");
  for (const char *op : {".and", ".xor"})
    dense(8, 8, 128, "s32", "b1", "b1", "s32", std::string(op) + ".popc"),
        dense(16, 8, 256, "s32", "b1", "b1", "s32", std::string(op) + ".popc");
  dense(16, 8, 128, "s32", "b1", "b1", "s32", ".xor.popc");
  dense(16, 8, 16, "f16", "e4m3", "e5m2", "f16"), dense(16, 8, 32, "f32", "e5m2", "e4m3", "f32");
  for (auto [a, b] :
       {std::pair("e4m3", "e2m1"), std::pair("e2m3", "e5m2"), std::pair("e3m2", "e3m2"), std::pair("e2m1", "e2m3")}) {
    all.push_back({".sync.aligned.m16n8k32.row.col", "f32", a, b, "f32", 16, 8, 32, ".kind::f8f6f4"});
    sparse(64, "f16", a, b, 0, "", ".kind::f8f6f4");
    Form scaled{".sync.aligned.m16n8k32.row.col",
                "f32",
                a,
                b,
                "f32",
                16,
                8,
                32,
                ".kind::mxf8f6f4.block_scale.scale_vec::1X",
                "ue8m0",
                0,
                3,
                1,
                2,
                3};
    all.push_back(scaled);
    scaled.words = ".sp::ordered_metadata.sync.aligned.m16n8k64.row.col", scaled.k = 64,
    scaled.kind = ".kind::mxf8f6f4.block_scale";
    all.push_back(scaled);
  }
  for (auto [kind, scale, byte] : {std::tuple(".kind::mxf4.block_scale", "ue8m0", 2u),
                                   std::tuple(".kind::mxf4nvf4.block_scale.scale_vec::2X", "ue8m0", 0u),
                                   std::tuple(".kind::mxf4nvf4.block_scale.scale_vec::4X", "ue4m3", 0u)}) {
    all.push_back(
        {".sync.aligned.m16n8k64.row.col", "f32", "e2m1", "e2m1", "f32", 16, 8, 64, kind, scale, 0, byte, 1, byte, 2});
    all.push_back({".sp::ordered_metadata.sync.aligned.m16n8k128.row.col", "f32", "e2m1", "e2m1", "f32", 16, 8, 128,
                   kind, scale, 0, byte, 0, byte, 3});
  }
  for (unsigned selector = 0; selector < 4; ++selector)
    sparse(16, selector % 2 ? "f32" : "f16", "f16", "f16", selector), sparse(8, "f32", "tf32", "tf32", selector);
  for (unsigned selector = 0; selector < 2; ++selector) {
    sparse(32, "f32", "f16", "f16", selector), sparse(32, "f32", "bf16", "bf16", selector),
        sparse(16, "f32", "tf32", "tf32", selector);
    sparse(32, "s32", "s8", "u8", selector, ".satfinite"), sparse(64, "s32", "u4", "s4", selector);
  }
  sparse(16, "f32", "bf16", "bf16", 2);
  sparse(64, "s32", "u8", "s8", 0), sparse(128, "s32", "s4", "u4", 0, ".satfinite"),
      sparse(64, "f32", "e4m3", "e5m2", 0);
  return all;
}

}  // namespace

std::vector<Row> matrixRows() {
  std::vector<Row> rows;
  static std::deque<std::string> names;
  for (const Form &form : forms()) {
    names.push_back(nameOf(form));
    Row row{"matrix", names.back().c_str(), {1, 1, 1}, {32, 1, 1}, [form](Case &c) { matrixCase(form, c); }};
    row.text = textOf(form);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace cutrans::test
