// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Floating-point formats and rounding, on top of MPFR and without this machine's floating point.
#pragma once

#include <mpfr.h>

#include "tests/reference/machine.h"

namespace cutrans::reference {

enum class Round { Nearest, Zero, Down, Up, NearestAway };

struct Format {
  int exponentBits, fractionBits;
  enum Specials { Ieee, NanOnly, None, ExponentOnly } specials;  // NanOnly: e4m3; None: fp6, fp4; ExponentOnly: ue8m0
  Bits canonicalNan;
  int bias() const { return (1 << (exponentBits - 1)) - 1; }
  int bits() const { return specials == ExponentOnly ? 8 : 1 + exponentBits + fractionBits; }
  Bits sign() const { return specials == ExponentOnly ? 0 : Bits(1) << (exponentBits + fractionBits); }
  Bits infinity() const { return ((Bits(1) << exponentBits) - 1) << fractionBits; }
  Bits largest() const {
    switch (specials) {
      case Ieee: return infinity() - 1;
      case NanOnly: return sign() - 2;
      case None: return sign() - 1;
      case ExponentOnly: return 0xfe;
    }
    return 0;
  }
  bool isNan(Bits v) const {
    switch (specials) {
      case Ieee: return (v & ~sign()) > infinity();
      case NanOnly: return (v & ~sign()) == sign() - 1;
      case None: return false;
      case ExponentOnly: return v == 0xff;
    }
    return false;
  }
  bool isInfinite(Bits v) const { return specials == Ieee && (v & ~sign()) == infinity(); }
  bool isZero(Bits v) const { return specials != ExponentOnly && !(v & ~sign()); }
  bool isSubnormal(Bits v) const {
    return specials != ExponentOnly && !isZero(v) && (v & ~sign()) < Bits(1) << fractionBits;
  }
  Bits flushed(Bits v) const { return isSubnormal(v) ? v & sign() : v; }
};

const Format &formatOf(const Type &type);

// A number without bounds on its exponent.
class Real {
 public:
  explicit Real(long precision = 64) { mpfr_init2(value, precision); }
  Real(const Format &format, Bits bits);
  Real(const Real &) = delete;
  ~Real() { mpfr_clear(value); }
  mpfr_t value;
};

// op(mpfr_t result, mpfr_rnd_t) -> MPFR's ternary value, rounded once into the format. `saturating`: no infinities, the
// largest number instead; without specials that is always so.
Bits roundedFrom(const Format &format, Round mode, int (*op)(mpfr_t, mpfr_rnd_t, void *), void *context, bool saturating);
template <class Op>
Bits rounded(const Format &format, Round mode, Op op, bool saturating = false) {
  return roundedFrom(
      format, mode, [](mpfr_t r, mpfr_rnd_t m, void *self) { return (*static_cast<Op *>(self))(r, m); }, &op, saturating);
}
// From one format to another; NaN gives the canonical one.
Bits converted(const Format &to, const Format &from, Bits value, Round mode, bool saturating = false);

Round roundingOf(const Instruction &in);  // .rn where the opcode says nothing

// Opcodes that serve integers too (integer.cpp).
void floatingArithmetic(Context &c);
void floatingSign(Context &c);
void floatingExtreme(Context &c);
// Of one element: order of section 9.7.3's min and max. `nan`: a NaN wins.
Bits extremeOf(const Format &format, Bits a, Bits b, bool larger, bool nan);
Bits sumOf(const Format &format, Bits a, Bits b);
Bits fmaOf(const Format &format, Bits a, Bits b, Bits c);
Bits saturate(const Format &format, Bits value);  // to [+0, 1], NaN to +0
Bits rectify(const Format &format, Bits value);   // negative to +0, NaN to the canonical one

}  // namespace cutrans::reference
