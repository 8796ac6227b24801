/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Texels of every format as floats, integers and exact numbers. CUDA guide, "Texture Memory": integers of 8 and 16 bits may be read
 * as floats, the full range as [0, 1] or [-1, 1]. */
#include "texel.h"

#include "srgb.inc"

float ct_half_to_float(uint16_t bits) {
  uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, mantissa = bits & 0x3ffu;
  if (exponent == 31) return ct_float(sign | 0x7f800000u | mantissa << 13);
  if (exponent) return ct_float(sign | (exponent + 112) << 23 | mantissa << 13);
  float value = (float)mantissa * 0x1p-24f;
  return sign ? -value : value;
}

uint16_t ct_float_to_half(float value) {
  uint32_t bits = ct_bits(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7fffu);
  if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and above */
  if (magnitude < 0x38800000u) {                                  /* below 2^-14: units of 2^-24, ties to even */
    double units = (double)ct_float(magnitude) * 0x1p24;
    uint32_t whole = (uint32_t)units;
    double rest = units - whole;
    whole += rest > 0.5 || (rest == 0.5 && (whole & 1));
    return (uint16_t)(sign | whole);
  }
  uint32_t rounded = magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u);
  return (uint16_t)(sign | rounded >> 13);
}

/* Element `i`, extended to 32 bits; half and float as their bits. */
static uint32_t element(const ct_texture *t, const unsigned char *at, unsigned i) {
  int negative = t->format == CT_TEXEL_SIGNED;
  switch (t->bits) {
    case 8: return negative ? (uint32_t)(int32_t)((const int8_t *)at)[i] : at[i];
    case 16: return negative ? (uint32_t)(int32_t)((const int16_t *)at)[i] : ((const uint16_t *)at)[i];
    default: return ((const uint32_t *)at)[i];
  }
}

/* Of an integer format read as floats: what stands for 1. */
static double unit(const ct_texture *t) {
  uint32_t magnitude = t->bits - (t->format == CT_TEXEL_SIGNED);
  return (double)((1u << magnitude) - 1);
}

static int is_srgb(const ct_texture *t, unsigned channel) {
  return (t->flags & CT_TEXTURE_SRGB) && t->bits == 8 && t->format == CT_TEXEL_UNSIGNED && channel < 3;
}

double ct_texel_number(const ct_texture *t, const unsigned char *at, uint32_t i) {
  uint32_t raw = element(t, at, i);
  if (t->format == CT_TEXEL_FLOAT) return t->bits == 16 ? ct_half_to_float((uint16_t)raw) : ct_float(raw);
  if (is_srgb(t, i)) return ct_srgb_to_linear[raw];
  if (t->format == CT_TEXEL_UNSIGNED) return raw;
  double value = (int32_t)raw, least = -unit(t);
  return value < least ? least : value;
}

void ct_texel_scale(const ct_texture *t, double scale[4]) {
  for (unsigned i = 0; i < 4; ++i)
    scale[i] = t->format == CT_TEXEL_FLOAT || i >= t->channels || is_srgb(t, i) ? 1 : unit(t);
}

void ct_texel_read(const ct_texture *t, const unsigned char *at, uint32_t out[4]) {
  int floats = ct_reads_float(t);
  for (unsigned i = 0; i < 4; ++i) {
    if (i >= t->channels) out[i] = i < 3 ? 0 : floats ? 0x3f800000u : 1;
    else if (!floats || (t->format == CT_TEXEL_FLOAT && t->bits == 32)) out[i] = element(t, at, i);
    else if (t->format == CT_TEXEL_FLOAT || is_srgb(t, i)) out[i] = ct_bits((float)ct_texel_number(t, at, i));
    else out[i] = ct_bits((float)(ct_texel_number(t, at, i) / unit(t)));
  }
}
