/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * The reductions by operation and element type (PTX manual, cp.reduce.async.bulk). Halves are added in float, which holds
 * sums of two of them closely enough that rounding once more gives the right half; subnormals are kept. min and max of
 * floats take the number where one operand is a NaN, and -0 as less than +0. */
#include "reduce.h"

#include <string.h>

static float floatOf(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t bitsOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float ofHalf(uint64_t bits) {
  _Float16 half;
  const uint16_t narrow = (uint16_t)bits;
  memcpy(&half, &narrow, sizeof half);
  return (float)half;
}

static uint64_t toHalf(float value) {
  const _Float16 half = (_Float16)value;
  uint16_t bits;
  memcpy(&bits, &half, sizeof bits);
  return value != value ? 0x7fff : bits;
}

static float ofBf16(uint64_t bits) { return floatOf((uint32_t)(bits & 0xffff) << 16); }

static uint64_t toBf16(float value) {
  const uint32_t bits = bitsOf(value);
  return value != value ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/* -0 before +0, NaN before nothing. */
static int isLess(double a, double b) { return a < b || (a == b && __builtin_signbit(a) && !__builtin_signbit(b)); }
static int takesFirst(double a, double b, int largest) {
  if (a != a) return 0;
  if (b != b) return 1;
  return largest ? isLess(b, a) : isLess(a, b);
}

#define CT_INTEGER(name, type)                                                                                 \
  static uint64_t add_##name(uint64_t a, uint64_t b) { return (uint64_t)((type)a + (type)b); }                     \
  static uint64_t min_##name(uint64_t a, uint64_t b) { return (uint64_t)((type)a < (type)b ? (type)a : (type)b); } \
  static uint64_t max_##name(uint64_t a, uint64_t b) { return (uint64_t)((type)a > (type)b ? (type)a : (type)b); }
CT_INTEGER(u32, uint32_t)
CT_INTEGER(u64, uint64_t)
#undef CT_INTEGER

/* Signed sums wrap, and the u32 and u64 rows give the same bits. */
static uint64_t min_s32(uint64_t a, uint64_t b) { return (uint32_t)((int32_t)a < (int32_t)b ? a : b); }
static uint64_t max_s32(uint64_t a, uint64_t b) { return (uint32_t)((int32_t)a > (int32_t)b ? a : b); }
static uint64_t min_s64(uint64_t a, uint64_t b) { return (int64_t)a < (int64_t)b ? a : b; }
static uint64_t max_s64(uint64_t a, uint64_t b) { return (int64_t)a > (int64_t)b ? a : b; }
static uint64_t inc_u32(uint64_t a, uint64_t b) { return (uint32_t)a >= (uint32_t)b ? 0 : (uint32_t)a + 1; }
static uint64_t dec_u32(uint64_t a, uint64_t b) { return (uint32_t)a == 0 || (uint32_t)a > (uint32_t)b ? b : a - 1; }
static uint64_t and_bits(uint64_t a, uint64_t b) { return a & b; }
static uint64_t or_bits(uint64_t a, uint64_t b) { return a | b; }
static uint64_t xor_bits(uint64_t a, uint64_t b) { return a ^ b; }

#define CT_HALF(name, of, to)                                                                               \
  static uint64_t add_##name(uint64_t a, uint64_t b) { return to(of(a) + of(b)); }                              \
  static uint64_t extreme_##name(uint64_t a, uint64_t b, int largest) {                                         \
    return of(a) != of(a) && of(b) != of(b) ? 0x7fff : takesFirst(of(a), of(b), largest) ? a : b;               \
  }                                                                                                             \
  static uint64_t min_##name(uint64_t a, uint64_t b) { return extreme_##name(a, b, 0); }                        \
  static uint64_t max_##name(uint64_t a, uint64_t b) { return extreme_##name(a, b, 1); }
CT_HALF(f16, ofHalf, toHalf)
CT_HALF(bf16, ofBf16, toBf16)
#undef CT_HALF

static uint64_t add_f32(uint64_t a, uint64_t b) { return bitsOf(floatOf((uint32_t)a) + floatOf((uint32_t)b)); }
static float flush(float value) { return value > -0x1p-126f && value < 0x1p-126f ? __builtin_copysignf(0, value) : value; }
static uint64_t add_f32_ftz(uint64_t a, uint64_t b) {
  return bitsOf(flush(flush(floatOf((uint32_t)a)) + flush(floatOf((uint32_t)b))));
}
static uint64_t add_f64(uint64_t a, uint64_t b) {
  double x, y;
  memcpy(&x, &a, sizeof x);
  memcpy(&y, &b, sizeof y);
  x += y;
  memcpy(&a, &x, sizeof a);
  return a;
}

#define CT_BITS [CT_REDUCE_AND] = and_bits, [CT_REDUCE_OR] = or_bits, [CT_REDUCE_XOR] = xor_bits
static const struct {
  uint32_t size;
  uint64_t (*combine[8])(uint64_t, uint64_t);
} rows[CT_ELEMENT_COUNT] = {
    [CT_ELEMENT_U32] = {4, {[CT_REDUCE_ADD] = add_u32, [CT_REDUCE_MIN] = min_u32, [CT_REDUCE_MAX] = max_u32,
                            [CT_REDUCE_INC] = inc_u32, [CT_REDUCE_DEC] = dec_u32, CT_BITS}},
    [CT_ELEMENT_S32] = {4, {[CT_REDUCE_ADD] = add_u32, [CT_REDUCE_MIN] = min_s32, [CT_REDUCE_MAX] = max_s32, CT_BITS}},
    [CT_ELEMENT_U64] = {8, {[CT_REDUCE_ADD] = add_u64, [CT_REDUCE_MIN] = min_u64, [CT_REDUCE_MAX] = max_u64, CT_BITS}},
    [CT_ELEMENT_S64] = {8, {[CT_REDUCE_ADD] = add_u64, [CT_REDUCE_MIN] = min_s64, [CT_REDUCE_MAX] = max_s64, CT_BITS}},
    [CT_ELEMENT_F16] = {2, {[CT_REDUCE_ADD] = add_f16, [CT_REDUCE_MIN] = min_f16, [CT_REDUCE_MAX] = max_f16}},
    [CT_ELEMENT_F32] = {4, {[CT_REDUCE_ADD] = add_f32}},
    [CT_ELEMENT_F32_FTZ] = {4, {[CT_REDUCE_ADD] = add_f32_ftz}},
    [CT_ELEMENT_F64] = {8, {[CT_REDUCE_ADD] = add_f64}},
    [CT_ELEMENT_BF16] = {2, {[CT_REDUCE_ADD] = add_bf16, [CT_REDUCE_MIN] = min_bf16, [CT_REDUCE_MAX] = max_bf16}},
};
#undef CT_BITS

int ct_reduction_for(uint32_t operation, ct_reduction *out) {
  const uint32_t element = operation >> 8 & 0xff, op = operation & 0xff;
  if (element >= CT_ELEMENT_COUNT || op >= 8 || !rows[element].combine[op]) return 0;
  out->size = rows[element].size;
  out->combine = rows[element].combine[op];
  return 1;
}

#define CT_UPDATE(bits)                                                                                              \
  do {                                                                                                               \
    uint##bits##_t value, *place = to, old = __atomic_load_n(place, __ATOMIC_RELAXED);                               \
    memcpy(&value, from, sizeof value);                                                                              \
    while (!__atomic_compare_exchange_n(place, &old, (uint##bits##_t)reduction->combine(old, value), 1, __ATOMIC_RELAXED, \
                                        __ATOMIC_RELAXED)) {                                                         \
    }                                                                                                                \
  } while (0)

void ct_reduce_element(const ct_reduction *reduction, void *to, const void *from) {
  switch (reduction->size) {
    case 2: CT_UPDATE(16); break;
    case 4: CT_UPDATE(32); break;
    default: CT_UPDATE(64); break;
  }
}
