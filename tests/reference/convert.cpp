// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cvt and cvt.pack (manual section 9.7.9), with the narrow formats.
#include "tests/reference/floating.h"

namespace cutrans::reference {
namespace {

Type one(Type type) {
  type.count = 1;
  return type;
}

// Distance of packed elements: six-bit formats lie in bytes.
unsigned stride(const Type &type) { return type.bits == 6 ? 8 : type.bits; }

__int128 clamped(__int128 value, const Type &to) {
  __int128 high = to.isSigned() ? (__int128(1) << (to.bits - 1)) - 1 : __int128(maskOf(to.bits));
  __int128 low = to.isSigned() ? -high - 1 : 0;
  return value > high ? high : value < low ? low : value;
}

Bits integerToInteger(const Context &c, const Type &to, const Type &from, Bits value) {
  __int128 number = from.isSigned() ? signExtend(value, from.bits) : __int128(value);
  return Bits(c.in.has("sat") ? clamped(number, to) : number);
}

Bits integerToFloat(const Context &c, const Type &to, const Type &from, Bits value) {
  Bits result = rounded(formatOf(to), roundingOf(c.in), [&](mpfr_t r, mpfr_rnd_t m) {
    return from.isSigned() ? mpfr_set_si(r, long(signExtend(value, from.bits)), m)
                           : mpfr_set_ui(r, static_cast<unsigned long>(value), m);
  });
  return c.in.has("sat") ? saturate(formatOf(to), result) : result;
}

void toIntegral(mpfr_t result, const mpfr_t value, Round mode) {
  mpfr_rint(result, value, mode == Round::Zero ? MPFR_RNDZ : mode == Round::Down ? MPFR_RNDD : mode == Round::Up ? MPFR_RNDU : MPFR_RNDN);
}

// Beyond the range: its end. NaN: zero, or the top bit where the source is f64 or the result has 64 bits.
Bits floatToInteger(const Context &c, const Type &to, const Type &from, Bits value) {
  const Format &format = formatOf(from);
  if (c.in.has("ftz")) value = format.flushed(value);
  if (format.isNan(value)) return from.bits == 64 || to.bits == 64 ? Bits(1) << (to.bits - 1) : 0;
  Real exact(format, value), integral(64);
  if (mpfr_inf_p(exact.value)) return Bits(clamped(mpfr_signbit(exact.value) ? -(__int128(1) << 100) : __int128(1) << 100, to));
  toIntegral(integral.value, exact.value, roundingOf(c.in));
  if (mpfr_get_exp(integral.value) > 100 && mpfr_regular_p(integral.value))
    return Bits(clamped(mpfr_signbit(integral.value) ? -(__int128(1) << 100) : __int128(1) << 100, to));
  mpz_t integer;
  mpz_init(integer);
  mpfr_get_z(integer, integral.value, MPFR_RNDZ);
  __int128 number = 0;
  for (size_t limb = mpz_size(integer); limb--;) number = (number << 64) | __int128(mpz_getlimbn(integer, mp_size_t(limb)));
  if (mpz_sgn(integer) < 0) number = -number;
  mpz_clear(integer);
  return Bits(clamped(number, to));
}

Bits floatToFloat(const Context &c, const Type &to, const Type &from, Bits value) {
  const Format &format = formatOf(from), &result = formatOf(to);
  bool ftz = c.in.has("ftz"), satfinite = c.in.has("satfinite"), none = result.specials == Format::None;
  if (ftz && from.bits == 32) value = format.flushed(value);
  Round mode = roundingOf(c.in);
  Bits bits;
  if (format.isNan(value)) {
    bits = none ? result.largest() : result.canonicalNan;  // the smallest formats have no NaN
  } else if (result.specials == Format::ExponentOnly) {
    Real exact(format, value & ~format.sign());
    if (mpfr_zero_p(exact.value)) bits = 0;
    else if (mpfr_inf_p(exact.value)) bits = satfinite ? 0xfe : 0xff;
    else {
      // 2^e <= value < 2^(e+1)
      long e = mpfr_get_exp(exact.value) - 1;
      bool power = mpfr_cmp_ui_2exp(exact.value, 1, e) == 0;
      e += result.bias() + (mode == Round::Up && !power);
      bits = Bits(e < 0 ? 0 : e > 0xfe ? (satfinite ? 0xfe : 0xff) : e);
    }
  } else if (c.in.oneOf({"rni", "rzi", "rmi", "rpi"}) != "") {
    Real exact(format, value), integral(64);
    toIntegral(integral.value, exact.value, mode);
    bits = rounded(result, Round::Nearest, [&](mpfr_t r, mpfr_rnd_t m) { return mpfr_set(r, integral.value, m); });
  } else {
    bits = converted(result, format, value, mode, satfinite || none);
  }
  if (c.in.has("relu") && !(none && format.isNan(value))) bits = rectify(result, bits);
  if (ftz && to.bits == 32 && to.kind == 'f') bits = result.flushed(bits);
  if (c.in.has("sat")) bits = saturate(result, bits);
  // tf32 is a f32 without its last bits.
  return to.kind == 't' ? (bits == result.canonicalNan ? 0x7fffffff : bits << 13) : bits;
}

Bits element(const Context &c, const Type &to, const Type &from, Bits value) {
  if (!to.isFloat()) return from.isFloat() ? floatToInteger(c, to, from, value) : integerToInteger(c, to, from, value);
  return from.isFloat() ? floatToFloat(c, to, from, value) : integerToFloat(c, to, from, value);
}

Type raw(unsigned bits) {
  Type type;
  type.kind = 'b', type.bits = bits;
  return type;
}

void cvt(Context &c) {
  if (c.in.has("rs")) refuse("stochastic rounding");
  for (const std::string &word : c.in.words)
    if (word.starts_with("scaled")) refuse("scaled conversions");
  const Type &to = c.in.type(0), &from = c.in.type(1);
  unsigned width = stride(to);
  if (to.count == 1) {
    Bits value = element(c, to, from, c.read(1, from));
    return c.write(0, to.kind == 't' ? typeOf("b32") : to, value);
  }
  Bits result = 0;
  if (from.count == to.count) {  // packed to packed
    unsigned step = stride(from);
    Bits in = c.read(1, raw(step * from.count));
    for (unsigned e = 0; e < to.count; ++e)
      result |= element(c, one(to), one(from), in >> (e * step) & maskOf(from.bits)) << (e * width);
  } else {  // the first operand is the highest element
    std::vector<Operand> parts;
    if (c.operand(1).kind == Operand::Vector) parts = c.operand(1).parts;
    else parts = {c.operand(1), c.operand(2)};
    for (unsigned e = 0; e < to.count; ++e)
      result |= element(c, one(to), from, c.read(parts[to.count - 1 - e], from)) << (e * width);
  }
  c.write(0, raw(width * to.count), result);
}

// Two clamped integers below c, which moves up.
void cvtPack(Context &c) {
  const Type &to = c.in.type(0), &from = c.in.type(1);
  auto part = [&](size_t i) {
    Bits bits = c.read(i, from);
    return Bits(clamped(from.isSigned() ? signExtend(bits, from.bits) : __int128(bits), to)) & maskOf(to.bits);
  };
  Bits result = part(1) << to.bits | part(2);
  if (c.count() > 3) result |= c.read(3, typeOf("b32")) << (2 * to.bits);
  c.write(0, typeOf("b32"), result);
}

}  // namespace

void addConvert(Table &table) {
  table.alone({"cvt"}, cvt);
  table.alone({"cvt.pack"}, cvtPack);
}

}  // namespace cutrans::reference
