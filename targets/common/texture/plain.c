/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * What most programs do, for all lanes with one texture: base level of one- and two-dimensional textures and linear memory, without
 * offsets, reference values and borders. Same results as filter.c, which does the rest; a third of its time. */
#include "address.h"
#include "sampler.h"

typedef struct edge { /* one axis of a linear filter */
  int64_t low, high;
  uint32_t weight; /* of the higher texel, of 256 */
} edge;

static edge edge_at(const ct_texture *t, int axis, uint32_t n, uint32_t word) {
  int direction;
  ct_texture_address mode = ct_mode_of(t, axis, (t->flags & CT_TEXTURE_NORMALIZED) != 0);
  int64_t fixed = ct_floor(ct_place(t, axis, ct_float(word), n, &direction) * 256 - 127.5);
  edge at = {ct_resolve(fixed >> 8, n, mode), ct_resolve((fixed >> 8) + 1, n, mode), (uint32_t)(fixed & 255)};
  return at;
}

static int64_t nearest_at(const ct_texture *t, int axis, uint32_t n, uint32_t word) {
  int direction;
  return ct_resolve(ct_floor(ct_place(t, axis, ct_float(word), n, &direction)), n, ct_mode_of(t, axis, (t->flags & CT_TEXTURE_NORMALIZED) != 0));
}

/* A texel without weight has no part, infinite or not. */
static double part(uint32_t weight, double value) { return weight ? weight * 0x1p-16 * value : 0; }

/* The four texels' elements; the order of the sum is filter.c's. */
static void blend(const ct_texture *t, const unsigned char *const at[4], const uint32_t weight[4], uint32_t *out, uint32_t lanes) {
  for (uint32_t i = 0; i < t->channels; ++i) {
    double sum;
    if (t->format == CT_TEXEL_FLOAT) {
      sum = 0;
      for (int k = 0; k < 4; ++k) sum += part(weight[k], ((const float *)at[k])[i]);
    } else {
      uint32_t whole = 0;
      for (int k = 0; k < 4; ++k) whole += weight[k] * at[k][i];
      sum = whole * 0x1p-16 / 255;
    }
    out[i * lanes] = ct_bits((float)sum);
  }
  for (uint32_t i = t->channels; i < 4; ++i) out[i * lanes] = i < 3 ? 0 : 0x3f800000u;
}

static int sample_linear(const ct_texture *t, const uint32_t *in, uint32_t lanes, uint32_t slice, uint32_t *out) {
  const ct_texture_level *level = &t->level[0];
  edge x = edge_at(t, 0, level->width, in[0]), y = {0, 0, 0};
  if (t->shape == CT_SHAPE_2D) y = edge_at(t, 1, level->height, in[lanes]);
  if (x.low < 0 || x.high < 0 || y.low < 0 || y.high < 0) return 0;
  const unsigned char *at[4] = {
      ct_texel_at(t, level, (uint32_t)x.low, (uint32_t)y.low, slice), ct_texel_at(t, level, (uint32_t)x.high, (uint32_t)y.low, slice),
      ct_texel_at(t, level, (uint32_t)x.low, (uint32_t)y.high, slice), ct_texel_at(t, level, (uint32_t)x.high, (uint32_t)y.high, slice)};
  uint32_t weight[4] = {(256 - x.weight) * (256 - y.weight), x.weight * (256 - y.weight), (256 - x.weight) * y.weight, x.weight * y.weight};
  blend(t, at, weight, out, lanes);
  return 1;
}

static int sample_point(const ct_texture *t, const uint32_t *in, uint32_t lanes, uint32_t slice, uint32_t *out) {
  const ct_texture_level *level = &t->level[0];
  int64_t x, y = 0;
  if (t->shape == CT_SHAPE_LINEAR) {
    x = (int32_t)in[0] >= 0 && in[0] < level->width ? (int64_t)in[0] : -1;
  } else {
    x = nearest_at(t, 0, level->width, in[0]);
    if (t->shape == CT_SHAPE_2D) y = nearest_at(t, 1, level->height, in[lanes]);
  }
  if (x < 0 || y < 0) return 0;
  uint32_t value[4];
  ct_texel_read(t, ct_texel_at(t, level, (uint32_t)x, (uint32_t)y, slice), value);
  for (uint32_t i = 0; i < 4; ++i) out[i * lanes] = value[i];
  return 1;
}

int ct_texture_plain(const ct_texture *t, uint32_t form, uint32_t lanes, uint32_t mask, const uint32_t *in, uint32_t *out) {
  uint32_t how = form & ~(uint32_t)CT_TEX_GEOMETRY_MASK;
  int linear = t->filter == CT_FILTER_LINEAR && ct_reads_float(t);
  int element = t->format == CT_TEXEL_FLOAT ? t->bits == 32 : t->format == CT_TEXEL_UNSIGNED && t->bits == 8 && !(t->flags & CT_TEXTURE_SRGB);
  if (t->shape == CT_SHAPE_LINEAR ? how != CT_TEX_INTEGER : how != 0 || (t->shape != CT_SHAPE_1D && t->shape != CT_SHAPE_2D)) return 0;
  if (linear && !element) return 0;
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    if (!(mask >> lane & 1)) continue;
    const uint32_t *words = in + lane;
    uint32_t slice = words[3 * lanes] < t->layers ? words[3 * lanes] : t->layers - 1;
    if (!(t->flags & CT_TEXTURE_LAYERED)) slice = 0;
    if (linear && t->shape != CT_SHAPE_LINEAR ? sample_linear(t, words, lanes, slice, out + lane) : sample_point(t, words, lanes, slice, out + lane)) continue;
    uint32_t value[4];
    ct_texture_sample(t, form, words, lanes, value);
    for (uint32_t i = 0; i < 4; ++i) out[i * lanes + lane] = value[i];
  }
  return 1;
}
