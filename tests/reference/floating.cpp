// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic of f16, bf16, f32 and f64, also packed (manual sections 9.7.3 to 9.7.5). Approximate instructions give the
// correctly rounded value, except where the manual names another (special values, flushing).
#include "tests/reference/floating.h"

namespace cutrans::reference {
namespace {

Bits quietNan(const Format &format, std::initializer_list<Bits> operands) {
  // Payloads live on in double precision (9.7.3); the others have one NaN.
  if (format.exponentBits == 11)
    for (Bits operand : operands)
      if (format.isNan(operand)) return operand | Bits(1) << 51;
  return format.canonicalNan;
}

Bits finished(const Context &c, const Format &format, Bits value) {
  if (c.in.has("relu")) value = rectify(format, value);
  if (c.in.has("ftz")) value = format.flushed(value);
  if (c.in.has("sat")) value = saturate(format, value);
  return value;
}

Type element(Type type) {
  type.count = 1;
  return type;
}

// f(format, a, b, c) for each element; operands of another format first come into the destination's, exactly.
template <class F>
void elements(Context &c, F f) {
  const Type &type = c.in.type();
  Type one = element(type);
  const Format &format = formatOf(one);
  bool mixed = c.in.types.size() > 1;
  std::array<Bits, 4> in{};
  for (size_t i = 1; i < c.count() && i < 4; ++i) {
    bool narrow = mixed && i + 1 < c.count();
    in[i] = c.read(i, narrow ? c.in.type(1) : type);
    if (narrow) in[i] = converted(format, formatOf(c.in.type(1)), in[i], Round::Nearest);
  }
  Bits result = 0;
  for (unsigned e = 0; e < type.count; ++e) {
    auto part = [&](size_t i) {
      Bits value = in[i] >> (e * type.bits) & maskOf(type.bits);
      return c.in.has("ftz") ? format.flushed(value) : value;
    };
    Bits value = f(format, part(1), part(2), part(3));
    result |= (value & maskOf(type.bits)) << (e * type.bits);
  }
  c.write(result);
}

// A result that is NaN takes its payload from the operands.
template <class Op>
Bits computed(const Context &c, const Format &format, std::initializer_list<Bits> operands, Op op) {
  for (Bits operand : operands)
    if (format.isNan(operand)) return finished(c, format, quietNan(format, operands));
  return finished(c, format, rounded(format, roundingOf(c.in), op));
}

void unary(Context &c, int (*op)(mpfr_t, const mpfr_t, mpfr_rnd_t)) {
  elements(c, [&](const Format &format, Bits a, Bits, Bits) {
    Real x(format, a);
    return computed(c, format, {a}, [&](mpfr_t r, mpfr_rnd_t m) { return op(r, x.value, m); });
  });
}

int reciprocal(mpfr_t r, const mpfr_t x, mpfr_rnd_t m) { return mpfr_ui_div(r, 1, x, m); }
// MPFR's 1/sqrt(-0) is +inf here, the manual's -inf.
int reciprocalRoot(mpfr_t r, const mpfr_t x, mpfr_rnd_t m) {
  int ternary = mpfr_rec_sqrt(r, x, m);
  if (mpfr_zero_p(x)) mpfr_set_inf(r, mpfr_signbit(x) ? -1 : 1);
  return ternary;
}
int squareRoot(mpfr_t r, const mpfr_t x, mpfr_rnd_t m) { return mpfr_sqrt(r, x, m); }

// The approximations of f32 on sm_20 and later read and write subnormals only without .ftz.
void rcp(Context &c) { unary(c, reciprocal); }
void sqrt(Context &c) { unary(c, squareRoot); }
void rsqrt(Context &c) { unary(c, reciprocalRoot); }
void sin(Context &c) { unary(c, mpfr_sin); }
void cos(Context &c) { unary(c, mpfr_cos); }
void lg2(Context &c) { unary(c, mpfr_log2); }
void ex2(Context &c) { unary(c, mpfr_exp2); }
void tanh(Context &c) { unary(c, mpfr_tanh); }

void testp(Context &c) {
  const Format &format = formatOf(c.in.type());
  Bits a = c.read(1, c.in.type());
  bool nan = format.isNan(a), infinite = format.isInfinite(a), result = false;
  if (c.in.has("finite")) result = !nan && !infinite;
  else if (c.in.has("infinite")) result = infinite;
  else if (c.in.has("number")) result = !nan;
  else if (c.in.has("notanumber")) result = nan;
  else if (c.in.has("normal")) result = !nan && !infinite && !format.isSubnormal(a);  // zeros count as normal
  else if (c.in.has("subnormal")) result = format.isSubnormal(a);
  c.write(0, typeOf("pred"), result);
}

// The sign of a on the value of b.
void copysign(Context &c) {
  Bits sign = formatOf(c.in.type()).sign();
  c.write((c.read(1) & sign) | (c.read(2) & ~sign));
}

}  // namespace

Bits saturate(const Format &format, Bits value) {
  if (format.isNan(value) || value & format.sign()) return 0;
  Bits one = Bits(format.bias()) << format.fractionBits;
  return value > one ? one : value;
}

Bits rectify(const Format &format, Bits value) {
  if (format.isNan(value)) return format.canonicalNan;
  return value & format.sign() ? 0 : value;
}

Bits sumOf(const Format &format, Bits a, Bits b) {
  Real x(format, a), y(format, b);
  return rounded(format, Round::Nearest, [&](mpfr_t r, mpfr_rnd_t m) { return mpfr_add(r, x.value, y.value, m); });
}
Bits fmaOf(const Format &format, Bits a, Bits b, Bits c) {
  Real x(format, a), y(format, b), z(format, c);
  return rounded(format, Round::Nearest, [&](mpfr_t r, mpfr_rnd_t m) { return mpfr_fma(r, x.value, y.value, z.value, m); });
}

void floatingArithmetic(Context &c) {
  char op = c.in.words[0][0] == 'm' ? (c.in.words[0] == "mul" ? '*' : 'f') : c.in.words[0][0];
  elements(c, [&](const Format &format, Bits a, Bits b, Bits d) {
    Real x(format, a), y(format, b), z(format, d);
    switch (op) {
      case 'a': return computed(c, format, {a, b}, [&](mpfr_t r, mpfr_rnd_t m) { return mpfr_add(r, x.value, y.value, m); });
      case 's': return computed(c, format, {a, b}, [&](mpfr_t r, mpfr_rnd_t m) { return mpfr_sub(r, x.value, y.value, m); });
      case '*': return computed(c, format, {a, b}, [&](mpfr_t r, mpfr_rnd_t m) { return mpfr_mul(r, x.value, y.value, m); });
      case 'd': return computed(c, format, {a, b}, [&](mpfr_t r, mpfr_rnd_t m) { return mpfr_div(r, x.value, y.value, m); });
      default:
        return computed(c, format, {a, b, d},
                        [&](mpfr_t r, mpfr_rnd_t m) { return mpfr_fma(r, x.value, y.value, z.value, m); });
    }
  });
}

// abs and neg touch the sign alone.
void floatingSign(Context &c) {
  bool absolute = c.in.words[0] == "abs";
  elements(c, [&](const Format &format, Bits a, Bits, Bits) { return absolute ? a & ~format.sign() : a ^ format.sign(); });
}

Bits extremeOf(const Format &format, Bits a, Bits b, bool larger, bool nan) {
  bool nanA = format.isNan(a), nanB = format.isNan(b);
  if ((nanA && nanB) || (nan && (nanA || nanB))) return format.canonicalNan;
  if (nanA) return b;
  if (nanB) return a;
  // -0 is less than +0: as sign and magnitude, ordered.
  auto key = [&](Bits v) { return v & format.sign() ? -__int128(v & ~format.sign()) - 1 : __int128(v); };
  return (key(a) < key(b)) != larger ? a : b;
}

void floatingExtreme(Context &c) {
  bool larger = c.in.words[0] == "max", nan = c.in.has("NaN"), xorSign = c.in.has("xorsign"), absolute = c.in.has("abs");
  bool three = c.count() == 4;
  elements(c, [&](const Format &format, Bits a, Bits b, Bits d) {
    Bits sign = (a ^ b) & format.sign();
    if (three && xorSign) sign ^= d & format.sign();
    if (absolute || xorSign) a &= ~format.sign(), b &= ~format.sign(), d &= ~format.sign();
    Bits result = extremeOf(format, a, b, larger, nan);
    if (three) result = extremeOf(format, result, d, larger, nan);
    if (xorSign && !format.isNan(result)) result |= sign;
    return finished(c, format, result);
  });
}

void addFloating(Table &table) {
  table.alone({"fma"}, floatingArithmetic);
  table.alone({"rcp"}, rcp);
  table.alone({"sqrt"}, sqrt);
  table.alone({"rsqrt"}, rsqrt);
  table.alone({"sin"}, sin);
  table.alone({"cos"}, cos);
  table.alone({"lg2"}, lg2);
  table.alone({"ex2"}, ex2);
  table.alone({"tanh"}, tanh);
  table.alone({"testp"}, testp);
  table.alone({"copysign"}, copysign);
}

}  // namespace cutrans::reference
