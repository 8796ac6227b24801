/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * The reductions by operation and element type (PTX manual, cp.reduce.async.bulk). Halves are added in float, which holds
 * sums of two of them closely enough that rounding once more gives the right half; subnormals are kept. min and max of
 * floats take the number where one operand is a NaN, and -0 as less than +0. */
#include "reduce.h"

static float floatOf(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t bitsOf(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float ofHalf(uint64_t bits) {
  _Float16 half;
  const uint16_t narrow = (uint16_t)bits;
  __builtin_memcpy(&half, &narrow, sizeof half);
  return (float)half;
}

static uint64_t toHalf(float value) {
  const _Float16 half = (_Float16)value;
  uint16_t bits;
  __builtin_memcpy(&bits, &half, sizeof bits);
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
  __builtin_memcpy(&x, &a, sizeof x);
  __builtin_memcpy(&y, &b, sizeof y);
  x += y;
  __builtin_memcpy(&a, &x, sizeof a);
  return a;
}

/* Bytes of an element, and a bit for each operation that the type has. */
static uint32_t typeOf(uint32_t element, uint32_t *operations) {
  const uint32_t add = 1u << CT_REDUCE_ADD, extremes = 1u << CT_REDUCE_MIN | 1u << CT_REDUCE_MAX, steps = 1u << CT_REDUCE_INC | 1u << CT_REDUCE_DEC,
                 bits = 1u << CT_REDUCE_AND | 1u << CT_REDUCE_OR | 1u << CT_REDUCE_XOR;
  switch (element) {
    case CT_ELEMENT_U32: *operations = add | extremes | steps | bits; return 4;
    case CT_ELEMENT_S32: *operations = add | extremes | bits; return 4;
    case CT_ELEMENT_U64: case CT_ELEMENT_S64: *operations = add | extremes | bits; return 8;
    case CT_ELEMENT_F16: case CT_ELEMENT_BF16: *operations = add | extremes; return 2;
    case CT_ELEMENT_F32: case CT_ELEMENT_F32_FTZ: *operations = add; return 4;
    case CT_ELEMENT_F64: *operations = add; return 8;
    default: *operations = 0; return 0;
  }
}

static uint64_t combine(uint32_t operation, uint64_t a, uint64_t b) {
  const uint32_t op = operation & 0xff;
  switch (op) {
    case CT_REDUCE_AND: return a & b;
    case CT_REDUCE_OR: return a | b;
    case CT_REDUCE_XOR: return a ^ b;
    case CT_REDUCE_INC: return inc_u32(a, b);
    case CT_REDUCE_DEC: return dec_u32(a, b);
    default: break;
  }
#define CT_PICK(add, name) return op == CT_REDUCE_ADD ? add(a, b) : op == CT_REDUCE_MIN ? min_##name(a, b) : max_##name(a, b)
  switch (operation >> 8 & 0xff) {
    case CT_ELEMENT_U32: CT_PICK(add_u32, u32);
    case CT_ELEMENT_S32: CT_PICK(add_u32, s32);
    case CT_ELEMENT_U64: CT_PICK(add_u64, u64);
    case CT_ELEMENT_S64: CT_PICK(add_u64, s64);
    case CT_ELEMENT_F16: CT_PICK(add_f16, f16);
    case CT_ELEMENT_BF16: CT_PICK(add_bf16, bf16);
    case CT_ELEMENT_F32: return add_f32(a, b);
    case CT_ELEMENT_F32_FTZ: return add_f32_ftz(a, b);
    default: return add_f64(a, b);
  }
#undef CT_PICK
}

uint32_t ct_reduction_size(uint32_t operation) {
  const uint32_t op = operation & 0xff;
  uint32_t operations = 0, size = typeOf(operation >> 8 & 0xff, &operations);
  return op < 8 && operations >> op & 1 ? size : 0;
}

#define CT_UPDATE(bits)                                                                                                        \
  do {                                                                                                                         \
    uint##bits##_t value, *place = to, old = __atomic_load_n(place, __ATOMIC_RELAXED);                                         \
    __builtin_memcpy(&value, from, sizeof value);                                                                              \
    while (!__atomic_compare_exchange_n(place, &old, (uint##bits##_t)combine(operation, old, value), 1, __ATOMIC_RELAXED,      \
                                        __ATOMIC_RELAXED)) {                                                                   \
    }                                                                                                                          \
  } while (0)

void ct_reduce_element(uint32_t operation, uint32_t size, void *to, const void *from) {
  switch (size) {
    case 2: CT_UPDATE(16); break;
    case 4: CT_UPDATE(32); break;
    default: CT_UPDATE(64); break;
  }
}
