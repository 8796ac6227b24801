// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Floats of 4 to 32 bits as exact arithmetic on doubles, for tests: every code to its value, and back with each rounding.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace cutrans::test {

struct SmallFormat {
  unsigned bits, mantissa;
  int least;        // exponent of the least normal number
  unsigned most;    // code of the largest finite number
  unsigned nan;     // canonical; 0: the format has none
  bool infinities;  // exponent field of ones is infinity and NaN
};

inline constexpr SmallFormat F32{32, 23, -126, 0x7f7fffff, 0x7fffffff, true}, F16{16, 10, -14, 0x7bff, 0x7fff, true},
    BF16{16, 7, -126, 0x7f7f, 0x7fff, true}, E5M2{8, 2, -14, 0x7b, 0x7f, true}, E4M3{8, 3, -6, 0x7e, 0x7f, false},
    E2M3{6, 3, 0, 0x1f, 0, false}, E3M2{6, 2, -2, 0x1f, 0, false}, E2M1{4, 1, 0, 7, 0, false};

enum class Round { Nearest, Zero, Down, Up, Away };  // Away: nearest, ties away from zero

inline double roundedInteger(double x, Round round) {
  double down = std::floor(x), rest = x - down;
  switch (round) {
    case Round::Zero: return std::trunc(x);
    case Round::Down: return down;
    case Round::Up: return std::ceil(x);
    case Round::Away: return std::round(x);
    case Round::Nearest: break;
  }
  if (rest != 0.5) return rest < 0.5 ? down : down + 1;
  return std::fmod(down, 2) == 0 ? down : down + 1;
}

inline double decode(const SmallFormat &f, uint32_t code) {
  uint32_t sign = code >> (f.bits - 1) & 1, magnitude = code & ((1u << (f.bits - 1)) - 1);
  uint32_t exponent = magnitude >> f.mantissa, significand = magnitude & ((1u << f.mantissa) - 1);
  double value;
  if (f.infinities && magnitude > f.most) value = significand ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  else if (magnitude > f.most) value = std::numeric_limits<double>::quiet_NaN();
  else if (exponent == 0) value = std::ldexp(double(significand), f.least - int(f.mantissa));
  else value = std::ldexp(double(significand | 1u << f.mantissa), int(exponent) - 1 + f.least - int(f.mantissa));
  return sign ? -value : value;
}

// Beyond the largest number: infinity where the format has it and the rounding goes there, else the largest number.
inline uint32_t encode(const SmallFormat &f, double x, Round round, bool saturate = false) {
  if (std::isnan(x)) return f.nan ? f.nan : f.most;
  uint32_t sign = std::signbit(x) ? 1u << (f.bits - 1) : 0;
  uint32_t beyond = f.infinities && !saturate ? ((f.most >> f.mantissa) + 1) << f.mantissa : f.most;
  if (x == 0) return sign;
  if (std::isinf(x)) return sign | beyond;
  int exponent = std::max(std::ilogb(x), f.least);
  double units = std::fabs(roundedInteger(std::ldexp(x, int(f.mantissa) - exponent), round));
  uint64_t code = (uint64_t(exponent - f.least) << f.mantissa) + uint64_t(units);
  if (code <= f.most) return sign | uint32_t(code);
  bool inward = round == Round::Zero || (round == Round::Down && !sign) || (round == Round::Up && sign);
  return sign | (inward ? f.most : beyond);
}

}  // namespace cutrans::test
