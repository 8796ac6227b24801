/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Directed rounding of doubles for devices whose rounding mode cannot be set: a fused multiply-add in integers, from which the others
 * follow. Compiled to bitcode and linked into kernels that need it; plain C, no variables.
 *
 * Directions: 0 to zero, 1 down, 2 up.
 */
#include <stdint.h>

typedef struct Wide {
  uint64_t high, low;
} Wide;

static uint64_t bitsOf(double value) {
  uint64_t bits;
  __builtin_memcpy(&bits, &value, 8);
  return bits;
}

static double fromBits(uint64_t bits) {
  double value;
  __builtin_memcpy(&value, &bits, 8);
  return value;
}

#define SIGN 0x8000000000000000ull
#define INFINITE 0x7ff0000000000000ull
#define IMPLICIT 0x0010000000000000ull

static int leadingZeros(Wide w) { return w.high ? __builtin_clzll(w.high) : w.low ? 64 + __builtin_clzll(w.low) : 128; }

static Wide shiftLeft(Wide w, int by) {
  if (by == 0) return w;
  if (by >= 64) return (Wide){w.low << (by - 64), 0};
  return (Wide){w.high << by | w.low >> (64 - by), w.low << by};
}

/* What is shifted out stays as a one at the end. */
static Wide shiftRightSticky(Wide w, int by) {
  if (by == 0) return w;
  if (by >= 128) return (Wide){0, (w.high | w.low) != 0};
  uint64_t lost;
  Wide r;
  if (by >= 64) {
    lost = w.low | (by > 64 ? w.high << (128 - by) : 0);
    r = (Wide){0, by > 64 ? w.high >> (by - 64) : w.high};
  } else {
    lost = w.low << (64 - by);
    r = (Wide){w.high >> by, w.low >> by | w.high << (64 - by)};
  }
  r.low |= lost != 0;
  return r;
}

static Wide product(uint64_t a, uint64_t b) {
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)middle;
  return (Wide){a1 * b1 + (middle >> 32) + (other >> 32), other << 32 | (uint32_t)low};
}

/* Magnitude w * 2^exponent, w not 0, its lowest bit perhaps sticky. */
static double rounded(uint64_t sign, Wide w, int exponent, int direction) {
  int zeros = leadingZeros(w);
  w = shiftLeft(w, zeros); /* the top bit is set: weight 2^(exponent - zeros + 127) */
  int top = exponent - zeros + 127;
  int drop = 75; /* 128 - 53 */
  if (top < -1022) drop += -1022 - top;
  uint64_t kept = drop >= 128 ? 0 : w.high >> (drop - 64);
  uint64_t rest = drop >= 128 ? 1 : w.low | w.high << (128 - drop);
  int away = rest && (direction == 2 ? !sign : direction == 1 ? sign != 0 : 0);
  kept += (uint64_t)away;
  if (top < -1022) return fromBits(sign | kept); /* a carry makes the smallest normal number, as it must */
  if (kept == IMPLICIT << 1) kept >>= 1, ++top;
  if (top > 1023) return fromBits(sign | ((direction == 0 || (direction == 1) == !sign) ? INFINITE - 1 : INFINITE));
  return fromBits(sign | (uint64_t)(top + 1023) << 52 | (kept & (IMPLICIT - 1)));
}

typedef struct Parts {
  uint64_t mantissa;
  int exponent; /* of the mantissa's lowest bit */
} Parts;

static Parts split(uint64_t bits) {
  int biased = (int)(bits >> 52 & 0x7ff);
  uint64_t fraction = bits & (IMPLICIT - 1);
  if (biased == 0) return (Parts){fraction, -1074};
  return (Parts){fraction | IMPLICIT, biased - 1075};
}

double cutrans_device_fma_f64(double a, double b, double c, int direction) {
  uint64_t x = bitsOf(a), y = bitsOf(b), z = bitsOf(c);
  int special = (x & INFINITE) == INFINITE || (y & INFINITE) == INFINITE || (z & INFINITE) == INFINITE;
  if (special) return __builtin_fma(a, b, c); /* exact, or not a number */
  uint64_t sign = (x ^ y) & SIGN, other = z & SIGN;
  Parts p = split(x), q = split(y), r = split(z);
  Wide m = product(p.mantissa, q.mantissa), n = {0, r.mantissa};
  int e = p.exponent + q.exponent, f = r.exponent;
  if (!m.high && !m.low) {
    if (r.mantissa) return c;
    return fromBits(sign == other ? sign : direction == 1 ? SIGN : 0);
  }
  if (!r.mantissa) return rounded(sign, m, e, direction);
  /* Both with their top at bit 126, which leaves a carry its place. */
  int up = leadingZeros(m) - 1;
  m = shiftLeft(m, up), e -= up;
  up = leadingZeros(n) - 1;
  n = shiftLeft(n, up), f -= up;
  if (e < f || (e == f && (m.high < n.high || (m.high == n.high && m.low < n.low)))) {
    Wide w = m;
    m = n, n = w;
    int t = e;
    e = f, f = t;
    uint64_t s = sign;
    sign = other, other = s;
  }
  n = shiftRightSticky(n, e - f);
  Wide sum;
  if (sign == other) {
    sum.low = m.low + n.low;
    sum.high = m.high + n.high + (sum.low < m.low);
  } else {
    sum.low = m.low - n.low;
    sum.high = m.high - n.high - (m.low < n.low);
  }
  if (!sum.high && !sum.low) return fromBits(direction == 1 ? SIGN : 0);
  return rounded(sign, sum, e, direction);
}

double cutrans_device_add_f64(double a, double b, int direction) { return cutrans_device_fma_f64(a, 1.0, b, direction); }

double cutrans_device_mul_f64(double a, double b, int direction) {
  return cutrans_device_fma_f64(a, b, fromBits((bitsOf(a) ^ bitsOf(b)) & SIGN), direction);
}

/* `nearest`, corrected where what is exact lies beyond it: error is the sign of exact - nearest. */
static double directed(double nearest, int error, int direction) {
  uint64_t bits = bitsOf(nearest), sign = bits & SIGN;
  int wanted = direction == 2 ? 1 : direction == 1 ? -1 : sign ? 1 : -1; /* to zero */
  if (error != wanted) return nearest;
  if (!(bits & ~SIGN)) return direction == 0 ? nearest : fromBits((direction == 1 ? SIGN : 0) | 1);
  return fromBits((error < 0) == !sign ? bits - 1 : bits + 1);
}

static int signOf(double a, double b, double c) { /* of a * b + c, exactly */
  if (cutrans_device_fma_f64(a, b, c, 2) > 0) return 1;
  return cutrans_device_fma_f64(a, b, c, 1) < 0 ? -1 : 0;
}

double cutrans_device_div_f64(double a, double b, int direction) {
  double quotient = a / b;
  int error = signOf(-quotient, b, a);
  if (bitsOf(b) & SIGN) error = -error;
  return directed(quotient, error, direction);
}

double cutrans_device_sqrt_f64(double a, int direction) {
  double root = __builtin_sqrt(a);
  return directed(root, signOf(-root, root, a), direction);
}
