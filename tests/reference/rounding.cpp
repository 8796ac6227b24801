// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/reference/floating.h"

namespace cutrans::reference {
namespace {

const mpfr_exp_t WideMin = -100000, WideMax = 100000;

void useWide() { mpfr_set_emin(WideMin), mpfr_set_emax(WideMax); }

mpfr_rnd_t mpfrMode(Round mode) {
  switch (mode) {
    case Round::Zero: return MPFR_RNDZ;
    case Round::Down: return MPFR_RNDD;
    case Round::Up: return MPFR_RNDU;
    default: return MPFR_RNDN;
  }
}

// A value that the format holds exactly.
Bits encoded(const Format &format, mpfr_t value) {
  Bits sign = mpfr_signbit(value) ? format.sign() : 0;
  if (mpfr_nan_p(value)) return format.canonicalNan;
  if (mpfr_inf_p(value)) return sign | format.infinity();
  if (mpfr_zero_p(value)) return sign;
  mpz_t integer;
  mpz_init(integer);
  mpfr_exp_t exponent = mpfr_get_z_2exp(integer, value);  // value = integer * 2^exponent
  mpz_abs(integer, integer);
  auto digits = long(mpz_sizeinbase(integer, 2));
  long top = exponent + digits - 1;  // the unbiased exponent
  if (format.specials == Format::ExponentOnly) {
    mpz_clear(integer);
    return Bits(top + format.bias());
  }
  long least = std::max(top, long(1 - format.bias())) - format.fractionBits;  // weight of the last bit
  if (exponent > least) mpz_mul_2exp(integer, integer, static_cast<unsigned long>(exponent - least));
  else mpz_fdiv_q_2exp(integer, integer, static_cast<unsigned long>(least - exponent));
  Bits fraction = mpz_get_ui(integer);
  mpz_clear(integer);
  Bits hidden = Bits(1) << format.fractionBits;
  if (!(fraction & hidden)) return sign | fraction;
  return sign | Bits(top + format.bias()) << format.fractionBits | (fraction & (hidden - 1));
}

}  // namespace

const Format &formatOf(const Type &type) {
  static const Format F16{5, 10, Format::Ieee, 0x7fff}, Bf16{8, 7, Format::Ieee, 0x7fff}, Tf32{8, 10, Format::Ieee, 0x3ffff},
      F32{8, 23, Format::Ieee, 0x7fffffff}, F64{11, 52, Format::Ieee, Bits(0x7ff8) << 48}, E4m3{4, 3, Format::NanOnly, 0x7f},
      E5m2{5, 2, Format::Ieee, 0x7f}, E2m3{2, 3, Format::None, 0}, E3m2{3, 2, Format::None, 0}, E2m1{2, 1, Format::None, 0},
      Ue8m0{8, 0, Format::ExponentOnly, 0xff};
  if (type.kind == 'h') return Bf16;
  if (type.kind == 't') return Tf32;
  if (type.kind == 'f') return type.bits == 16 ? F16 : type.bits == 32 ? F32 : F64;
  if (type.name == "e4m3") return E4m3;
  if (type.name == "e5m2") return E5m2;
  if (type.name == "e2m3") return E2m3;
  if (type.name == "e3m2") return E3m2;
  if (type.name == "e2m1") return E2m1;
  if (type.name == "ue8m0") return Ue8m0;
  refuse("format " + type.name);
}

Real::Real(const Format &format, Bits bits) {
  useWide();
  mpfr_init2(value, 64);
  if (format.specials == Format::ExponentOnly) {
    if (bits == 0xff) mpfr_set_nan(value);
    else mpfr_set_ui_2exp(value, 1, long(bits) - format.bias(), MPFR_RNDN);
    return;
  }
  int sign = bits & format.sign() ? -1 : 1;
  bits &= ~format.sign();
  if (format.isNan(bits)) mpfr_set_nan(value);
  else if (format.isInfinite(bits)) mpfr_set_inf(value, sign);
  else if (!bits) mpfr_set_zero(value, sign);
  else {
    auto exponent = long(bits >> format.fractionBits);
    auto fraction = static_cast<unsigned long>(bits & ((Bits(1) << format.fractionBits) - 1));
    if (exponent) fraction |= 1ul << format.fractionBits;
    else exponent = 1;
    mpfr_set_ui_2exp(value, fraction, exponent - format.bias() - format.fractionBits, MPFR_RNDN);
    if (sign < 0) mpfr_neg(value, value, MPFR_RNDN);
  }
}

// MPFR's way to IEEE 754 formats: round to the precision with wide exponents, then bring the exponent into range with
// the ternary value, so that nothing is rounded twice.
Bits roundedFrom(const Format &format, Round mode, int (*op)(mpfr_t, mpfr_rnd_t, void *), void *context, bool saturating) {
  useWide();
  if (mode == Round::NearestAway) {  // exact result first: its users have one operand
    Real exact(200);
    if (op(exact.value, MPFR_RNDN, context) != 0) refuse("ties away of an inexact operation");
    Real result(format.fractionBits + 1);
    int ternary = mpfr_round_nearest_away(mpfr_set, result.value, exact.value);
    mpfr_set_emin(2 - format.bias() - format.fractionBits), mpfr_set_emax(format.bias() + 1);
    ternary = mpfr_check_range(result.value, ternary, MPFR_RNDN);
    mpfr_subnormalize(result.value, ternary, MPFR_RNDN);
    useWide();
    Bits bits = encoded(format, result.value);
    return saturating && format.isInfinite(bits) ? (bits & format.sign()) | format.largest() : bits;
  }
  mpfr_rnd_t rnd = mpfrMode(mode);
  Real result(format.fractionBits + 1);
  int ternary = op(result.value, rnd, context);
  if (mpfr_nan_p(result.value)) return format.canonicalNan;
  bool bounded = format.specials == Format::Ieee && !saturating;
  mpfr_set_emin(2 - format.bias() - format.fractionBits);
  mpfr_set_emax(bounded ? format.bias() + 1 : WideMax);
  ternary = mpfr_check_range(result.value, ternary, rnd);
  if (format.specials != Format::ExponentOnly) mpfr_subnormalize(result.value, ternary, rnd);
  useWide();
  if (bounded) return encoded(format, result.value);
  // Saturating: what is beyond the largest number becomes that.
  Bits sign = mpfr_signbit(result.value) ? format.sign() : 0;
  Real largest(format, format.largest());
  if (mpfr_inf_p(result.value) || mpfr_cmpabs(result.value, largest.value) > 0) return sign | format.largest();
  return encoded(format, result.value);
}

Bits converted(const Format &to, const Format &from, Bits value, Round mode, bool saturating) {
  if (from.isNan(value)) return to.canonicalNan;
  Real exact(from, value);
  return rounded(to, mode, [&](mpfr_t r, mpfr_rnd_t m) { return mpfr_set(r, exact.value, m); }, saturating);
}

Round roundingOf(const Instruction &in) {
  for (const std::string &word : in.words) {
    if (word == "rz" || word == "rzi") return Round::Zero;
    if (word == "rm" || word == "rmi") return Round::Down;
    if (word == "rp" || word == "rpi") return Round::Up;
    if (word == "rna") return Round::NearestAway;
  }
  return Round::Nearest;
}

}  // namespace cutrans::reference
