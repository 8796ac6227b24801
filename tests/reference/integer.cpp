// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integer and extended-precision arithmetic (manual sections 9.7.1, 9.7.2). add, sub, mul, mad, div, abs, neg, min and max
// of floating types go on to floating.cpp.
#include "tests/reference/floating.h"
#include "tests/reference/machine.h"

namespace cutrans::reference {
namespace {

using Wide = __int128;

// The operand as a number.
Wide number(const Context &c, size_t i, const Type &type) {
  Bits bits = c.read(i, type);
  return type.isSigned() ? signExtend(bits, type.bits) : Wide(bits);
}
Wide number(const Context &c, size_t i) { return number(c, i, c.in.type()); }

Wide saturated(Wide value, unsigned bits) {
  Wide high = (Wide(1) << (bits - 1)) - 1, low = -high - 1;
  return value > high ? high : value < low ? low : value;
}

// f on every element of packed types, or on the one value.
template <class F>
void elements(Context &c, F f) {
  const Type &type = c.in.type();
  Type one = type;
  one.count = 1;
  std::array<Bits, 4> in{};
  for (size_t i = 1; i < c.count() && i < 4; ++i) in[i] = c.read(i, type);
  Bits result = 0;
  for (unsigned e = 0; e < type.count; ++e) {
    std::array<Wide, 4> value{};
    for (size_t i = 1; i < 4; ++i) {
      Bits bits = in[i] >> (e * type.bits) & maskOf(type.bits);
      value[i] = type.isSigned() ? signExtend(bits, type.bits) : Wide(bits);
    }
    result |= (Bits(f(value[1], value[2])) & maskOf(type.bits)) << (e * type.bits);
  }
  c.write(result);
}

void add(Context &c) {
  if (c.in.type().isFloat()) return floatingArithmetic(c);
  if (c.in.has("cc")) {
    const Type &type = c.in.type();
    Bits a = c.read(1), b = c.read(2);
    Bits sum = a + b;
    c.thread.carry = bool(sum >> type.bits & 1);
    return c.write(sum);
  }
  bool sat = c.in.has("sat");
  elements(c, [&](Wide a, Wide b) { return sat ? saturated(a + b, c.in.type().bits) : a + b; });
}

void addc(Context &c) {
  const Type &type = c.in.type();
  Bits sum = c.read(1) + c.read(2) + c.thread.carry;
  if (c.in.has("cc")) c.thread.carry = bool(sum >> type.bits & 1);
  c.write(sum);
}

// a + ~b + 1: the flag says that nothing was borrowed. The manual calls it the borrow; but programs read the flag of
// sub.cc with addc (the 128-bit division that nvcc writes), which only this makes right.
void subtract(Context &c, bool carry) {
  const Type &type = c.in.type();
  Bits sum = c.read(1) + (~c.read(2) & maskOf(type.bits)) + carry;
  if (c.in.has("cc")) c.thread.carry = bool(sum >> type.bits & 1);
  c.write(sum);
}

void sub(Context &c) {
  if (c.in.type().isFloat()) return floatingArithmetic(c);
  if (c.in.has("cc")) return subtract(c, true);
  bool sat = c.in.has("sat");
  elements(c, [&](Wide a, Wide b) { return sat ? saturated(a - b, c.in.type().bits) : a - b; });
}

void subc(Context &c) { subtract(c, c.thread.carry); }

// 128 bits of the product; for 64-bit operands exact as two's complement.
Bits product(const Context &c) { return Bits(number(c, 1)) * Bits(number(c, 2)); }

Type doubled(const Type &type) { return typeOf(type.kind + std::to_string(type.bits * 2)); }

Bits half(const Context &c, Bits value) { return c.in.has("hi") ? value >> c.in.type().bits : value; }

void mul(Context &c) {
  const Type &type = c.in.type();
  if (type.isFloat()) return floatingArithmetic(c);
  if (c.in.has("wide")) return c.write(0, doubled(type), product(c));
  c.write(half(c, product(c)));
}

void multiplyAdd(Context &c, bool carryIn) {
  const Type &type = c.in.type();
  if (c.in.has("wide")) {
    Type wide = doubled(type);
    return c.write(0, wide, product(c) + Bits(number(c, 3, wide)));
  }
  Bits low = half(c, product(c)) & maskOf(type.bits), addend = c.read(3);
  if (c.in.has("sat"))
    return c.write(Bits(saturated(signExtend(low, type.bits) + signExtend(addend, type.bits), type.bits)));
  Bits sum = low + addend + carryIn;
  if (c.in.has("cc")) c.thread.carry = bool(sum >> type.bits & 1);
  c.write(sum);
}

void mad(Context &c) {
  if (c.in.type().isFloat()) return floatingArithmetic(c);
  multiplyAdd(c, false);
}
void madc(Context &c) { multiplyAdd(c, c.thread.carry); }

// Low 24 bits of the operands; 48 bits of product, of which .hi takes 47..16.
Bits product24(const Context &c) {
  auto low = [&](size_t i) {
    Bits bits = c.read(i) & 0xffffff;
    return c.in.type().isSigned() ? signExtend(bits, 24) : Wide(bits);
  };
  Wide product = low(1) * low(2);
  return (c.in.has("hi") ? Bits(product >> 16) : Bits(product)) & 0xffffffff;
}
void mul24(Context &c) { c.write(product24(c)); }
void mad24(Context &c) {
  Bits product = product24(c);
  if (c.in.has("sat")) return c.write(Bits(saturated(signExtend(product, 32) + signExtend(c.read(3), 32), 32)));
  c.write(product + c.read(3));
}

void sad(Context &c) {
  Wide a = number(c, 1), b = number(c, 2);
  c.write(Bits(a < b ? b - a : a - b) + c.read(3));
}

// A zero divisor gives a value of the machine's; all ones is what chips give.
void div(Context &c) {
  if (c.in.type().isFloat()) return floatingArithmetic(c);
  Wide a = number(c, 1), b = number(c, 2);
  c.write(b ? Bits(a / b) : ~Bits(0));
}
void rem(Context &c) {
  Wide a = number(c, 1), b = number(c, 2);
  c.write(b ? Bits(a % b) : ~Bits(0));
}

void abs(Context &c) {
  if (c.in.type().isFloat()) return floatingSign(c);
  elements(c, [](Wide a, Wide) { return a < 0 ? -a : a; });
}
void neg(Context &c) {
  if (c.in.type().isFloat()) return floatingSign(c);
  elements(c, [](Wide a, Wide) { return -a; });
}
template <bool Larger>
void extreme(Context &c) {
  if (c.in.type().isFloat()) return floatingExtreme(c);
  bool relu = c.in.has("relu");
  elements(c, [&](Wide a, Wide b) {
    Wide result = Larger ? (a > b ? a : b) : (a < b ? a : b);
    return relu && result < 0 ? Wide(0) : result;
  });
}

// Four bytes, or two halfwords by two of four bytes, each operand signed or not as its type says.
template <unsigned Count>
void dot(Context &c) {
  Bits a = c.read(1, typeOf("u32")), b = c.read(2, typeOf("u32"));
  bool signedA = c.in.type(0).isSigned(), signedB = c.in.type(1).isSigned();
  unsigned bits = 32 / Count, first = Count == 2 && c.in.has("hi") ? 2 : 0;
  Wide sum = 0;
  for (unsigned i = 0; i < Count; ++i) {
    Bits x = a >> (i * bits) & maskOf(bits), y = b >> ((first + i) * 8) & 0xff;
    sum += (signedA ? signExtend(x, bits) : Wide(x)) * (signedB ? signExtend(y, 8) : Wide(y));
  }
  c.write(0, typeOf("u32"), Bits(sum) + c.read(3, typeOf("u32")));
}

}  // namespace

void addInteger(Table &table) {
  table.alone({"add"}, add);
  table.alone({"addc"}, addc);
  table.alone({"sub"}, sub);
  table.alone({"subc"}, subc);
  table.alone({"mul"}, mul);
  table.alone({"mad"}, mad);
  table.alone({"madc"}, madc);
  table.alone({"mul24"}, mul24);
  table.alone({"mad24"}, mad24);
  table.alone({"sad"}, sad);
  table.alone({"div"}, div);
  table.alone({"rem"}, rem);
  table.alone({"abs"}, abs);
  table.alone({"neg"}, neg);
  table.alone({"min"}, extreme<false>);
  table.alone({"max"}, extreme<true>);
  table.alone({"dp4a"}, dot<4>);
  table.alone({"dp2a"}, dot<2>);
}

}  // namespace cutrans::reference
