// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Video instructions (manual section 9.7.19), scalar and in lanes of a word.
#include <cctype>

#include "tests/reference/machine.h"

namespace cutrans::reference {
namespace {

using Wide = __int128;


Wide clamp(Wide value, unsigned bits, bool isSigned) {
  Wide high = isSigned ? (Wide(1) << (bits - 1)) - 1 : (Wide(1) << bits) - 1, low = isSigned ? -high - 1 : 0;
  return value > high ? high : value < low ? low : value;
}

// A byte, a half or the word, extended as its type says.
Wide part(const Context &c, size_t i, const Type &type) {
  Operand operand = c.operand(i);
  operand.negated = false;
  auto word = uint32_t(c.read(operand, typeOf("u32")));
  unsigned bits = 32, shift = 0;
  if (const std::string &select = operand.selector; !select.empty()) {
    bits = select[0] == 'b' ? 8 : 16;
    shift = bits * unsigned(select[1] - '0');
  }
  Bits value = Bits(word >> shift) & maskOf(bits);
  return type.isSigned() ? signExtend(value, bits) : Wide(value);
}

bool compared(const Instruction &in, Wide a, Wide b) {
  if (in.has("eq")) return a == b;
  if (in.has("ne")) return a != b;
  if (in.has("lt")) return a < b;
  if (in.has("le")) return a <= b;
  if (in.has("gt")) return a > b;
  return a >= b;
}

Wide operation(const Instruction &in, Wide a, Wide b) {
  std::string name = in.words[0];
  if (std::isdigit(static_cast<unsigned char>(name.back()))) name.pop_back();
  if (name == "vadd") return a + b;
  if (name == "vsub") return a - b;
  if (name == "vabsdiff") return a > b ? a - b : b - a;
  if (name == "vmin") return a < b ? a : b;
  if (name == "vmax") return a > b ? a : b;
  if (name == "vavrg") return a + b >= 0 ? (a + b + 1) >> 1 : (a + b) >> 1;
  if (name == "vset") return compared(in, a, b);
  // Shifts by an unsigned amount, clamped to 32 or modulo 32.
  unsigned amount = in.has("wrap") ? unsigned(b & 31) : unsigned(b > 32 ? 32 : b);
  return name == "vshl" ? Wide(Bits(a) << amount) : a >> amount;
}

// d, a, b[, c]: then a second operation with c, or c with a part of it replaced.
void scalar(Context &c) {
  bool set = c.in.words[0] == "vset";
  Type result = set ? typeOf("u32") : c.in.type(0);
  const Type &typeA = c.in.type(set ? 0 : 1), &typeB = c.in.type(set ? 1 : 2);
  Wide value = operation(c.in, part(c, 1, typeA), part(c, 2, typeB));
  Operand d = c.operand(0);
  std::string select = d.selector;
  unsigned bits = select.empty() ? 32 : select[0] == 'b' ? 8 : 16;
  if (c.in.has("sat")) value = clamp(value, bits, result.isSigned());
  Bits word = Bits(value) & 0xffffffff;
  if (c.count() > 3) {
    Bits other = c.read(3, typeOf("u32"));
    if (!select.empty()) {
      Bits mask = maskOf(bits) << (bits * unsigned(select[1] - '0'));
      word = (other & ~mask) | (word << (bits * unsigned(select[1] - '0')) & mask);
    } else {
      Wide x = result.isSigned() ? signExtend(word, 32) : Wide(word), y = result.isSigned() ? signExtend(other, 32) : Wide(other);
      if (c.in.has("add")) word = Bits(x + y);
      else if (c.in.has("min")) word = Bits(x < y ? x : y);
      else if (c.in.has("max")) word = Bits(x > y ? x : y);
    }
  }
  c.write(0, typeOf("u32"), word);
}

void vmad(Context &c) {
  const Type &typeA = c.in.type(1), &typeB = c.in.type(2);
  bool minus = c.operand(1).negated != c.operand(2).negated, minusC = c.operand(3).negated;
  bool isSigned = typeA.isSigned() || typeB.isSigned() || minus || minusC;
  Wide product = part(c, 1, typeA) * part(c, 2, typeB), one = 0;
  Operand third = c.operand(3);
  third.negated = false;
  auto addend = uint32_t(c.read(third, typeOf("u32")));
  if (c.in.has("po")) one = 1;
  else if (minus) product = ~product, one = 1;
  else if (minusC) addend = ~addend, one = 1;
  Wide sum = product + (isSigned ? Wide(int32_t(addend)) : Wide(addend)) + one;
  unsigned shift = c.in.has("shr7") ? 7 : c.in.has("shr15") ? 15 : 0;
  Wide value = isSigned ? Wide(int64_t(sum >> shift)) : Wide(uint64_t(Bits(sum) >> shift));
  if (c.in.has("sat")) value = clamp(value, 32, isSigned);
  c.write(0, typeOf("u32"), Bits(value));
}

// Lanes of 16 or 8 bits, chosen from those of a (low numbers) and b (high numbers).
template <unsigned Count>
void lanes(Context &c) {
  constexpr unsigned bits = 32 / Count;
  bool set = c.in.words[0].starts_with("vset");
  Type result = set ? typeOf("u32") : c.in.type(0);
  Operand a = c.operand(1), b = c.operand(2);
  uint64_t both = uint64_t(c.read(b, typeOf("u32"))) << 32 | uint64_t(c.read(a, typeOf("u32")));
  auto other = uint32_t(c.read(3, typeOf("u32")));
  auto chosen = [&](const Operand &operand, unsigned lane, unsigned first, const Type &type) {
    // The selector's digits begin with the highest lane.
    unsigned index = operand.selector.empty() ? first + lane : unsigned(operand.selector.at(Count - lane) - '0');
    Bits value = both >> (index * bits) & maskOf(bits);
    return type.isSigned() ? signExtend(value, bits) : Wide(value);
  };
  const std::string &mask = c.operand(0).selector;
  uint32_t sum = other, merged = 0;
  for (unsigned lane = 0; lane < Count; ++lane) {
    Wide value = operation(c.in, chosen(a, lane, 0, c.in.type(set ? 0 : 1)), chosen(b, lane, Count, c.in.type(set ? 1 : 2)));
    if (c.in.has("sat")) value = clamp(value, bits, result.isSigned());
    bool taken = mask.empty() || mask.find(char('0' + lane)) != mask.npos;
    if (taken) sum += uint32_t(Bits(value));
    uint32_t field = uint32_t(maskOf(bits)) << (lane * bits);
    merged |= (taken ? uint32_t(Bits(value)) << (lane * bits) : other) & field;
  }
  c.write(0, typeOf("u32"), c.in.has("add") ? sum : merged);
}

}  // namespace

void addVideo(Table &table) {
  table.alone({"vadd", "vsub", "vabsdiff", "vmin", "vmax", "vshl", "vshr", "vset"}, scalar);
  table.alone({"vmad"}, vmad);
  table.alone({"vadd2", "vsub2", "vavrg2", "vabsdiff2", "vmin2", "vmax2", "vset2"}, lanes<2>);
  table.alone({"vadd4", "vsub4", "vavrg4", "vabsdiff4", "vmin4", "vmax4", "vset4"}, lanes<4>);
}

}  // namespace cutrans::reference
