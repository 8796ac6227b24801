// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Logic, shifts, bit fields, permutation, mov and selp (manual sections 9.7.1, 9.7.7, 9.7.8, 9.7.9).
#include <bit>

#include "tests/reference/machine.h"

namespace cutrans::reference {
namespace {

Type u32Type() { return typeOf("u32"); }

template <class F>
void logic(Context &c, F f) {
  if (c.in.type().kind == 'p') return c.write(Bits(f(Bits(c.predicate(c.operand(1))), Bits(c.predicate(c.operand(2)))) & 1));
  c.write(f(c.read(1), c.read(2)));
}
void bitAnd(Context &c) { logic(c, [](Bits a, Bits b) { return a & b; }); }
void bitOr(Context &c) { logic(c, [](Bits a, Bits b) { return a | b; }); }
void bitXor(Context &c) { logic(c, [](Bits a, Bits b) { return a ^ b; }); }
void bitNot(Context &c) {
  if (c.in.type().kind == 'p') return c.write(!c.predicate(c.operand(1)));
  c.write(~c.read(1));
}
void cnot(Context &c) { c.write(c.read(1) == 0); }

void lop3(Context &c) {
  size_t first = 1;
  uint32_t a = c.u32(first), b = c.u32(first + 1), x = c.u32(first + 2), table = c.u32(first + 3) & 0xff, result = 0;
  for (unsigned i = 0; i < 32; ++i) {
    unsigned row = (a >> i & 1) << 2 | (b >> i & 1) << 1 | (x >> i & 1);
    result |= (table >> row & 1) << i;
  }
  const Operand &destination = c.operand(0);
  if (destination.kind != Operand::Vector) return c.write(destination, u32Type(), result);
  // lop3.BoolOp d|p, a, b, c, immLut, q
  bool q = c.predicate(c.operand(5)), p = c.in.has("and") ? result != 0 && q : result != 0 || q;
  c.write(destination.parts[0], u32Type(), result);
  c.write(destination.parts[1], typeOf("pred"), p);
}

void shf(Context &c) {
  uint32_t a = c.u32(1), b = c.u32(2), amount = c.u32(3);
  unsigned n = c.in.has("clamp") ? std::min(amount, 32u) : amount & 31;
  uint64_t both = uint64_t(b) << 32 | a;
  c.write(0, u32Type(), c.in.words[1] == "l" ? uint32_t((n == 32 ? uint64_t(a) << 32 : both << n) >> 32) : uint32_t(both >> n));
}

// Amounts are unsigned 32-bit values; above the width they count as the width.
void shl(Context &c) {
  uint32_t n = c.u32(2);
  c.write(n >= c.in.type().bits ? 0 : c.read(1) << n);
}
void shr(Context &c) {
  const Type &type = c.in.type();
  unsigned n = std::min(c.u32(2), type.bits);
  Bits a = c.read(1);
  c.write(type.isSigned() ? Bits(signExtend(a, type.bits) >> n) : a >> n);
}

void popc(Context &c) {
  Bits a = c.read(1);
  c.write(0, u32Type(), Bits(std::popcount(uint64_t(a))));
}
void clz(Context &c) {
  unsigned bits = c.in.type().bits;
  c.write(0, u32Type(), Bits(unsigned(std::countl_zero(uint64_t(c.read(1)))) - (64 - bits)));
}
void brev(Context &c) {
  Bits a = c.read(1), result = 0;
  unsigned bits = c.in.type().bits;
  for (unsigned i = 0; i < bits; ++i) result |= (a >> i & 1) << (bits - 1 - i);
  c.write(result);
}

void bfind(Context &c) {
  const Type &type = c.in.type();
  Bits a = c.read(1);
  if (type.isSigned() && a >> (type.bits - 1) & 1) a = ~a & maskOf(type.bits);
  uint32_t result = ~0u;
  for (unsigned i = 0; i < type.bits; ++i)
    if (a >> i & 1) result = i;
  if (c.in.has("shiftamt") && result != ~0u) result = type.bits - 1 - result;
  c.write(0, u32Type(), result);
}

void fns(Context &c) {
  uint32_t mask = c.u32(1), base = c.u32(2), result = ~0u;
  auto offset = int32_t(c.u32(3));
  if (base > 31) undefined("fns from bit " + std::to_string(base));
  if (offset == 0) {
    if (mask >> base & 1) result = base;
  } else {
    int64_t left = std::abs(int64_t(offset)) - 1;
    for (int at = int(base); at >= 0 && at < 32; at += offset > 0 ? 1 : -1)
      if (mask >> at & 1 && left-- == 0) {
        result = uint32_t(at);
        break;
      }
  }
  c.write(0, u32Type(), result);
}

void bfe(Context &c) {
  const Type &type = c.in.type();
  Bits a = c.read(1), result = 0;
  unsigned at = c.u32(2) & 0xff, length = c.u32(3) & 0xff, top = type.bits - 1;
  Bits sign = type.isSigned() && length ? a >> std::min(at + length - 1, top) & 1 : 0;
  for (unsigned i = 0; i <= top; ++i) result |= (i < length && at + i <= top ? a >> (at + i) & 1 : sign) << i;
  c.write(result);
}
void bfi(Context &c) {
  Bits a = c.read(1), result = c.read(2);
  unsigned at = c.u32(3) & 0xff, length = c.u32(4) & 0xff, top = c.in.type().bits - 1;
  for (unsigned i = 0; i < length && at + i <= top; ++i)
    result = (result & ~(Bits(1) << (at + i))) | (a >> i & 1) << (at + i);
  c.write(result);
}

void bmsk(Context &c) {
  uint32_t a = c.u32(1), b = c.u32(2), start = a & 31, width = b & 31, sum = start + width;
  uint32_t from = ~0u << start, behind = sum >= 32 ? 0 : ~0u << sum;
  bool clamp = c.in.has("clamp"), over = sum >= 32 || (clamp && (a >= 32 || b >= 32));
  if (clamp && a >= 32) from = 0;
  if (over) behind = 0;
  else if (!width) behind = ~0u;
  c.write(from & ~behind);
}
void szext(Context &c) {
  uint32_t a = c.u32(1), b = c.u32(2), n = b & 31;
  bool tooLarge = b >= 32 && c.in.has("clamp");
  uint32_t mask = tooLarge ? 0 : ~0u << n;
  bool sign = n && !tooLarge && c.in.type().isSigned() && (a >> ((n - 1) & 31) & 1);
  c.write((a & ~mask) | (sign ? mask : 0));
}

void prmt(Context &c) {
  uint32_t a = c.u32(1), b = c.u32(2), control = c.u32(3), result = 0;
  uint64_t bytes = uint64_t(b) << 32 | a;
  static const struct {
    const char *mode;
    uint8_t select[4][4];  // by control & 3: bytes 0 to 3
  } Modes[] = {{"f4e", {{0, 1, 2, 3}, {1, 2, 3, 4}, {2, 3, 4, 5}, {3, 4, 5, 6}}},
               {"b4e", {{0, 7, 6, 5}, {1, 0, 7, 6}, {2, 1, 0, 7}, {3, 2, 1, 0}}},
               {"rc8", {{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 2, 2, 2}, {3, 3, 3, 3}}},
               {"ecl", {{0, 1, 2, 3}, {1, 1, 2, 3}, {2, 2, 2, 3}, {3, 3, 3, 3}}},
               {"ecr", {{0, 0, 0, 0}, {0, 1, 1, 1}, {0, 1, 2, 2}, {0, 1, 2, 3}}},
               {"rc16", {{0, 1, 0, 1}, {2, 3, 2, 3}, {0, 1, 0, 1}, {2, 3, 2, 3}}}};
  const uint8_t *fixed = nullptr;
  for (const auto &mode : Modes)
    if (c.in.has(mode.mode)) fixed = mode.select[control & 3];
  for (unsigned i = 0; i < 4; ++i) {
    unsigned select = fixed ? fixed[i] : control >> (4 * i) & 15;
    auto byte = uint8_t(bytes >> (8 * (select & 7)));
    if (select & 8) byte = byte & 0x80 ? 0xff : 0;
    result |= uint32_t(byte) << (8 * i);
  }
  c.write(result);
}

void mov(Context &c) {
  const Type &type = c.in.type();
  if (type.kind == 'p') return c.write(c.predicate(c.operand(1)));
  if (c.in.has("v2") || c.in.has("v4")) {  // element by element
    const Operand &to = c.operand(0), &from = c.operand(1);
    if (to.parts.size() != from.parts.size()) refuse("vectors of different sizes");
    for (size_t i = 0; i < to.parts.size(); ++i) c.write(to.parts[i], type, c.read(from.parts[i], type));
    return;
  }
  c.write(c.read(1));
}

void selp(Context &c) { c.write(c.predicate(c.operand(3)) ? c.read(1) : c.read(2)); }

}  // namespace

void addBits(Table &table) {
  table.alone({"and"}, bitAnd);
  table.alone({"or"}, bitOr);
  table.alone({"xor"}, bitXor);
  table.alone({"not"}, bitNot);
  table.alone({"cnot"}, cnot);
  table.alone({"lop3"}, lop3);
  table.alone({"shf"}, shf);
  table.alone({"shl"}, shl);
  table.alone({"shr"}, shr);
  table.alone({"popc"}, popc);
  table.alone({"clz"}, clz);
  table.alone({"brev"}, brev);
  table.alone({"bfind"}, bfind);
  table.alone({"fns"}, fns);
  table.alone({"bfe"}, bfe);
  table.alone({"bfi"}, bfi);
  table.alone({"bmsk"}, bmsk);
  table.alone({"szext"}, szext);
  table.alone({"prmt"}, prmt);
  table.alone({"mov"}, mov);
  table.alone({"selp"}, selp);
}

}  // namespace cutrans::reference
