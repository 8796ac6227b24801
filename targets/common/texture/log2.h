/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Inside of the sampler only: the logarithm behind levels of detail. Not a library's, so that every machine gets the same level. */
#ifndef CUTRANS_TEXTURE_LOG2_H
#define CUTRANS_TEXTURE_LOG2_H

#include <stdint.h>

/* log2(x) for x >= 0, to 1e-15; exact for powers of two. 0 gives -infinity. */
static inline double ct_log2(double x) {
  union { double value; uint64_t bits; } u = {x};
  if (x == 0) return -__builtin_inf();
  if (u.bits >= 0x7ff0000000000000u) return x;
  int64_t exponent = 0;
  if (u.bits < 0x0010000000000000u) u.value = x * 0x1p54, exponent = -54;
  exponent += (int64_t)(u.bits >> 52) - 1023;
  u.bits = (u.bits & 0x000fffffffffffffu) | 0x3ff0000000000000u;
  if (u.value > 1.5) u.value /= 2, ++exponent;
  /* x = 2^exponent * m, m in [0.75, 1.5]: ln m = 2 artanh s = 2 (s + s^3 / 3 + ...), |s| <= 0.2 */
  double s = (u.value - 1) / (u.value + 1), square = s * s, fourth = square * square;
  double even = 1.0 / 21, odd = 1.0 / 19; /* two sums side by side, of every other term */
  for (int k = 17; k >= 1; k -= 4) even = even * fourth + 1.0 / k;
  for (int k = 15; k >= 3; k -= 4) odd = odd * fourth + 1.0 / k;
  double sum = even + odd * square;
  return (double)exponent + sum * s * 0x1.71547652b82fep+1; /* 2 / ln 2 */
}

#endif
