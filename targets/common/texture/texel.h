/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Inside of the sampler only: texels as numbers, and the small arithmetic that all its parts share. */
#ifndef CUTRANS_TEXTURE_TEXEL_H
#define CUTRANS_TEXTURE_TEXEL_H

#include <cutrans/texture.h>

static inline uint32_t ct_texel_bytes(const ct_texture *t) { return t->channels * t->bits / 8u; }

static inline float ct_float(uint32_t bits) {
  union { uint32_t bits; float value; } u = {bits};
  return u.value;
}

static inline uint32_t ct_bits(float value) {
  union { float value; uint32_t bits; } u = {value};
  return u.bits;
}

/* Toward minus infinity; |x| below 2^62, no NaN. */
static inline int64_t ct_floor(double x) {
  int64_t whole = (int64_t)x;
  return whole - ((double)whole > x);
}

/* Whether reads give floats. */
static inline int ct_reads_float(const ct_texture *t) {
  return t->format == CT_TEXEL_FLOAT || ((t->flags & CT_TEXTURE_READ_FLOAT) && t->bits <= 16);
}

static inline const unsigned char *ct_texel_at(const ct_texture *t, const ct_texture_level *level, uint32_t x, uint32_t y, uint32_t slice) {
  return (const unsigned char *)(uintptr_t)level->address + slice * level->slice_pitch + y * level->row_pitch +
         (uint64_t)x * ct_texel_bytes(t);
}

/* What a read of this texel returns, as 32-bit words; channels that the format lacks are 0 0 1. */
void ct_texel_read(const ct_texture *t, const unsigned char *at, uint32_t out[4]);

/* Element `i` of the texel for filtering: its value is ct_texel_number / scale[i], exact in both. Only where reads give floats. */
double ct_texel_number(const ct_texture *t, const unsigned char *at, uint32_t i);
void ct_texel_scale(const ct_texture *t, double scale[4]);

/* All elements that the format has. */
static inline void ct_texel_exact(const ct_texture *t, const unsigned char *at, double out[4]) {
  /* The formats of most pictures without a choice for each element. */
  if (t->format == CT_TEXEL_FLOAT && t->bits == 32)
    for (uint32_t i = 0; i < t->channels; ++i) out[i] = ((const float *)at)[i];
  else if (t->format == CT_TEXEL_UNSIGNED && t->bits == 8 && !(t->flags & CT_TEXTURE_SRGB))
    for (uint32_t i = 0; i < t->channels; ++i) out[i] = at[i];
  else
    for (uint32_t i = 0; i < t->channels; ++i) out[i] = ct_texel_number(t, at, i);
}

/* Bits of a half as a float, exact; the float as the nearest half. */
float ct_half_to_float(uint16_t bits);
uint16_t ct_float_to_half(float value);

#endif
