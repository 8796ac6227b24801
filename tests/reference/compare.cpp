// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// set, setp, slct (manual sections 9.7.6, 9.7.7).
#include "tests/reference/floating.h"

namespace cutrans::reference {
namespace {

constexpr const char *Operators[] = {"eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};

bool compared(std::string_view op, const Type &type, Bits a, Bits b, bool ftz) {
  int order = 0;
  bool unordered = false;
  if (type.isFloat()) {
    const Format &format = formatOf(type);
    if (ftz) a = format.flushed(a), b = format.flushed(b);
    unordered = format.isNan(a) || format.isNan(b);
    Real x(format, a), y(format, b);
    if (!unordered) order = mpfr_cmp(x.value, y.value);
  } else if (type.isSigned()) {
    __int128 x = signExtend(a, type.bits), y = signExtend(b, type.bits);
    order = x < y ? -1 : x > y;
  } else {
    order = a < b ? -1 : a > b;
  }
  if (op == "num") return !unordered;
  if (op == "nan") return unordered;
  // The unordered forms are true for a NaN, the others false.
  if (op.size() == 3 && op.back() == 'u') {
    if (unordered) return true;
    op.remove_suffix(1);
  }
  if (unordered) return false;
  if (op == "eq") return order == 0;
  if (op == "ne") return order != 0;
  if (op == "lt" || op == "lo") return order < 0;
  if (op == "le" || op == "ls") return order <= 0;
  if (op == "gt" || op == "hi") return order > 0;
  return order >= 0;
}

struct Test {
  std::string_view op, combine;
};

Test testOf(const Context &c) {
  Test test;
  for (size_t i = 1; i < c.in.words.size(); ++i) {
    std::string_view word = c.in.words[i];
    for (const char *op : Operators)
      if (test.op.empty() && word == op) test.op = word;
    if (word == "and" || word == "or" || word == "xor") test.combine = word;
  }
  return test;
}

bool combined(const Test &test, bool value, bool other) {
  if (test.combine == "and") return value && other;
  if (test.combine == "or") return value || other;
  if (test.combine == "xor") return value != other;
  return value;
}

void setp(Context &c) {
  const Type &type = c.in.type();
  Type one = type;
  one.count = 1;
  Test test = testOf(c);
  bool other = !test.combine.empty() && c.predicate(c.operand(3)), ftz = c.in.has("ftz");
  Bits a = c.read(1), b = c.read(2);
  auto half = [&](unsigned e) {
    return compared(test.op, one, a >> (e * type.bits) & maskOf(type.bits), b >> (e * type.bits) & maskOf(type.bits), ftz);
  };
  // Of a packed type p and q are the halves' results, else q is the complement's.
  bool p = half(0), q = type.count == 2 ? half(1) : !p;
  Type predicate = typeOf("pred");
  const Operand &d = c.operand(0);
  if (d.kind == Operand::Vector) {
    c.write(d.parts[0], predicate, combined(test, p, other));
    c.write(d.parts[1], predicate, combined(test, q, other));
  } else {
    c.write(d, predicate, combined(test, p, other));
  }
}

void set(Context &c) {
  const Type &to = c.in.type(0), &from = c.in.type(1);
  Type one = from;
  one.count = 1;
  Test test = testOf(c);
  bool other = !test.combine.empty() && c.predicate(c.operand(3)), ftz = c.in.has("ftz");
  Bits a = c.read(1, from), b = c.read(2, from), result = 0;
  // Packed sources give packed results, all ones of half the width where the destination is an integer.
  unsigned width = from.count == 2 ? 16 : to.bits;
  Bits yes = maskOf(width);
  if (to.isFloat()) yes = Bits(formatOf(to).bias()) << formatOf(to).fractionBits;
  for (unsigned e = 0; e < from.count; ++e)
    if (combined(test, compared(test.op, one, a >> (e * from.bits) & maskOf(from.bits), b >> (e * from.bits) & maskOf(from.bits), ftz), other))
      result |= yes << (e * width);
  c.write(0, to, result);
}

// c >= 0 takes a; a NaN and -0.0: section 9.7.6.4, -0.0 equals 0, NaN takes b.
void slct(Context &c) {
  const Type &type = c.in.type(0), &test = c.in.type(1);
  Bits value = c.read(3, test);
  bool first;
  if (test.isFloat()) first = compared("ge", test, value, 0, c.in.has("ftz"));
  else first = signExtend(value, test.bits) >= 0;
  c.write(0, type, first ? c.read(1, type) : c.read(2, type));
}

}  // namespace

void addCompare(Table &table) {
  table.alone({"setp"}, setp);
  table.alone({"set"}, set);
  table.alone({"slct"}, slct);
}

}  // namespace cutrans::reference
