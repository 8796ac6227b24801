/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Sampling: coordinates to texels, texels to one value. CUDA guide, "Texture Fetching": point sampling takes texel floor(x); linear
 * filtering weighs the texels around x - 0.5 by weights with 8 bits of fraction. docs/textures.md says what is done where the guide is silent.
 *
 * Coordinates are multiplied by the size in float, as the guide's formulas read; everything behind that is exact in double until
 * the one rounding of the result to float. */
#include "address.h"
#include "log2.h"
#include "sampler.h"

typedef struct request {
  const ct_texture *t;
  uint32_t form;
  float coordinate[3];
  int32_t whole[3];  /* integer coordinates */
  uint32_t layer;
  int32_t offset[3];
  float reference;
} request;

static int axes_of(const ct_texture *t) {
  return t->shape == CT_SHAPE_3D ? 3 : t->shape == CT_SHAPE_2D || t->shape == CT_SHAPE_CUBE ? 2 : 1;
}

static uint32_t size_of(const ct_texture_level *level, int axis) {
  return axis == 0 ? level->width : axis == 1 ? level->height : level->depth;
}

static ct_texel_point point_at(const request *r, const ct_texture_level *level) {
  const ct_texture *t = r->t;
  ct_texel_point point = {{0}, {1, 1, 1}, 0, 0};
  uint32_t layer = r->layer < t->layers ? r->layer : t->layers - 1;
  if (!(t->flags & CT_TEXTURE_LAYERED)) layer = 0;
  if (t->shape == CT_SHAPE_CUBE) {
    double at[2];
    point.face = ct_cube_face(r->coordinate, &at[0], &at[1]);
    point.slice = 6 * layer;
    for (int i = 0; i < 2; ++i) point.position[i] = at[i] >= 0 ? (at[i] <= 1 ? at[i] : 1) * level->width : 0;
    return point;
  }
  point.slice = layer;
  for (int i = 0; i < axes_of(t); ++i) point.position[i] = ct_place(t, i, r->coordinate[i], size_of(level, i), &point.direction[i]);
  return point;
}

/* The texel with these indices, which may lie outside. */
static ct_texel_ref texel(const ct_texture *t, const ct_texture_level *level, const ct_texel_point *point, const int64_t index[3], int normalized) {
  if (t->shape == CT_SHAPE_CUBE) return ct_cube_texel(t, level, point->slice, point->face, index[0], index[1]);
  ct_texel_ref none = {{0}, 0};
  int64_t inside[3] = {0, 0, 0};
  for (int i = 0; i < axes_of(t); ++i) {
    inside[i] = ct_resolve(index[i], size_of(level, i), ct_mode_of(t, i, normalized));
    if (inside[i] < 0) return none;
  }
  uint32_t slice = t->shape == CT_SHAPE_3D ? (uint32_t)inside[2] : point->slice;
  ct_texel_ref found = {{ct_texel_at(t, level, (uint32_t)inside[0], (uint32_t)inside[1], slice)}, 1};
  return found;
}

static double passes(const ct_texture *t, float reference, double value) {
  switch (t->compare) {
    case CT_COMPARE_LESS: return reference < value;
    case CT_COMPARE_LESS_EQUAL: return reference <= value;
    case CT_COMPARE_GREATER: return reference > value;
    default: return reference >= value;
  }
}

/* A texel's value times `scale`, exact but for the mean at a cube's corner; the elements that the format has. */
static void values_of(const request *r, const ct_texel_ref *texel, const double scale[4], double out[4]) {
  const ct_texture *t = r->t;
  int compare = (r->form & CT_TEX_COMPARE) != 0;
  uint32_t channels = t->channels;
  if (texel->count == 1) {
    ct_texel_exact(t, texel->at[0], out);
    if (compare) out[0] = passes(t, r->reference, out[0] / scale[0]) * scale[0];
    return;
  }
  if (texel->count == 0) {
    for (uint32_t i = 0; i < channels; ++i) out[i] = (double)ct_float(t->border[i]) * scale[i];
    if (compare) out[0] = passes(t, r->reference, ct_float(t->border[0])) * scale[0];
    return;
  }
  for (uint32_t i = 0; i < channels; ++i) out[i] = 0;
  for (uint32_t k = 0; k < 3; ++k) {
    double one[4];
    ct_texel_exact(t, texel->at[k], one);
    if (compare) one[0] = passes(t, r->reference, one[0] / scale[0]) * scale[0];
    for (uint32_t i = 0; i < channels; ++i) out[i] += one[i];
  }
  for (uint32_t i = 0; i < channels; ++i) out[i] /= 3;
}

/* The result of values times `scale`; channels that the format lacks are 0 0 1. */
static void write_floats(const ct_texture *t, const double value[4], const double scale[4], uint32_t out[4]) {
  for (uint32_t i = 0; i < 4; ++i)
    out[i] = i >= t->channels ? (i < 3 ? 0 : 0x3f800000u) : ct_bits((float)(scale[i] == 1 ? value[i] : value[i] / scale[i]));
}

/* One texel's value as the instruction returns it. */
static void read_one(const request *r, const ct_texel_ref *texel, uint32_t out[4]) {
  const ct_texture *t = r->t;
  if (texel->count == 1 && !(r->form & CT_TEX_COMPARE)) {
    ct_texel_read(t, texel->at[0], out);
    return;
  }
  if (!ct_reads_float(t)) {
    for (uint32_t i = 0; i < 4; ++i) out[i] = i < t->channels ? t->border[i] : i == 3;
    return;
  }
  double scale[4], value[4];
  ct_texel_scale(t, scale);
  values_of(r, texel, scale, value);
  write_floats(t, value, scale, out);
}

static ct_texel_ref nearest(const request *r, const ct_texture_level *level) {
  ct_texel_point point = point_at(r, level);
  int64_t index[3] = {0, 0, 0};
  for (int i = 0; i < axes_of(r->t); ++i) index[i] = ct_floor(point.position[i]) + point.direction[i] * (int64_t)r->offset[i];
  if (r->t->shape == CT_SHAPE_CUBE)
    for (int i = 0; i < 2; ++i)
      if (index[i] == level->width) --index[i];  /* the far edge belongs to the face */
  return texel(r->t, level, &point, index, (r->t->flags & CT_TEXTURE_NORMALIZED) != 0);
}

/* x - 0.5 with 8 bits of fraction, to nearest: the lower texel and the weight of the upper one, of 256. */
static void footprint(const request *r, const ct_texture_level *level, ct_texel_point *point, int64_t first[3], uint32_t weight[3]) {
  *point = point_at(r, level);
  for (int i = 0; i < axes_of(r->t); ++i) {
    int64_t fixed = ct_floor(point->position[i] * 256 - 127.5);
    first[i] = (fixed >> 8) + point->direction[i] * (int64_t)r->offset[i];
    weight[i] = (uint32_t)(fixed & 255);
  }
}

static void filter_linear(const request *r, const ct_texture_level *level, const double scale[4], double out[4]) {
  const ct_texture *t = r->t;
  ct_texel_point point;
  int64_t first[3] = {0, 0, 0}, place_of[3][2] = {{0}};
  uint32_t weight[3] = {0, 0, 0};
  int axes = axes_of(t), normalized = (t->flags & CT_TEXTURE_NORMALIZED) != 0, cube = t->shape == CT_SHAPE_CUBE;
  footprint(r, level, &point, first, weight);
  double unit = 1;
  for (int i = 0; i < axes; ++i) {
    unit /= 256;
    for (int upper = 0; upper < 2 && !cube; ++upper)
      place_of[i][upper] = ct_resolve(first[i] + upper, size_of(level, i), ct_mode_of(t, i, normalized));
  }
  for (int i = 0; i < 4; ++i) out[i] = 0;
  for (int corner = 0; corner < 1 << axes; ++corner) {
    uint32_t share = 1;
    int border = 0;
    for (int i = 0; i < axes; ++i) {
      int upper = corner >> i & 1;
      share *= upper ? weight[i] : 256 - weight[i];
      border |= place_of[i][upper] < 0;
    }
    if (share == 0) continue;  /* such a texel has no part, infinite or not */
    int64_t x = place_of[0][corner & 1], y = place_of[1][corner >> 1 & 1], z = place_of[2][corner >> 2];
    double value[4], part = share * unit;
    ct_texel_ref found = {{0}, 0};
    if (cube) {
      found = ct_cube_texel(t, level, point.slice, point.face, first[0] + (corner & 1), first[1] + (corner >> 1));
    } else if (!border) {
      found.count = 1;
      found.at[0] = ct_texel_at(t, level, (uint32_t)x, (uint32_t)y, axes == 3 ? (uint32_t)z : point.slice);
    }
    values_of(r, &found, scale, value);
    for (uint32_t i = 0; i < t->channels; ++i) out[i] += part * value[i];
  }
}

/* A level's value times `scale`, of textures that are read as floats. */
static void filter_level(const request *r, uint32_t level, const double scale[4], double out[4]) {
  if (r->t->filter == CT_FILTER_LINEAR) {
    filter_linear(r, &r->t->level[level], scale, out);
  } else {
    ct_texel_ref found = nearest(r, &r->t->level[level]);
    values_of(r, &found, scale, out);
  }
}

/* The square of the texels per step of the derivatives, of the longer of the two. */
static double footprint_square(const request *r, const float dx[3], const float dy[3]) {
  const ct_texture *t = r->t;
  double longest = 0;
  for (int k = 0; k < 2; ++k) {
    const float *d = k ? dy : dx;
    double step[3] = {d[0], d[1], d[2]}, square = 0;
    if (t->shape == CT_SHAPE_CUBE) {
      double s, q;
      uint32_t face = ct_cube_face(r->coordinate, &s, &q);
      ct_cube_derivative(r->coordinate, face, d, &step[0], &step[1]);
    }
    for (int i = 0; i < axes_of(t); ++i) {
      int scaled = (t->flags & CT_TEXTURE_NORMALIZED) || t->shape == CT_SHAPE_CUBE;
      double texels = step[i] * (scaled ? size_of(&t->level[0], i) : 1);
      square += texels * texels;
    }
    if (square > longest) longest = square;
  }
  return longest;
}

/* The level of detail with 8 bits of fraction. */
static uint32_t level_of_detail(const ct_texture *t, double lod) {
  lod = lod == lod ? lod + t->mip_bias : 0;
  if (lod < t->min_level) lod = t->min_level;
  if (lod > t->max_level) lod = t->max_level;
  double last = t->levels - 1;
  return lod > 0 ? (uint32_t)ct_floor((lod < last ? lod : last) * 256 + 0.5) : 0;
}

static void gather(const request *r, uint32_t out[4]) {
  uint32_t component = r->form >> CT_TEX_COMPONENT_SHIFT & 3;
  ct_texel_point point;
  int64_t first[3] = {0, 0, 0};
  uint32_t weight[3];
  footprint(r, &r->t->level[0], &point, first, weight);
  for (int i = 0; i < 4; ++i) {
    /* Counter-clockwise from the lower left. */
    int64_t index[3] = {first[0] + (i == 1 || i == 2), first[1] + (i < 2), 0};
    ct_texel_ref found = texel(r->t, &r->t->level[0], &point, index, (r->t->flags & CT_TEXTURE_NORMALIZED) != 0);
    uint32_t value[4];
    read_one(r, &found, value);
    out[i] = value[component];
  }
}

static void fetch(const request *r, const ct_texture_level *level, uint32_t out[4]) {
  const ct_texture *t = r->t;
  ct_texel_point point = {{0}, {1, 1, 1}, 0, 0};
  int64_t index[3];
  if (t->flags & CT_TEXTURE_LAYERED) point.slice = r->layer < t->layers ? r->layer : t->layers - 1;
  for (int i = 0; i < 3; ++i) index[i] = (int64_t)r->whole[i] + r->offset[i];
  if (t->shape == CT_SHAPE_LINEAR) {
    for (int i = 0; i < 4; ++i) out[i] = 0;
    if (index[0] >= 0 && index[0] < (int64_t)level->width) ct_texel_read(t, ct_texel_at(t, level, (uint32_t)index[0], 0, 0), out);
    return;
  }
  ct_texel_ref found = texel(t, level, &point, index, 0);
  read_one(r, &found, out);
}

void ct_texture_sample(const ct_texture *t, uint32_t form, const uint32_t *in, uint32_t stride, uint32_t out[4]) {
  request r = {t, form, {0}, {0}, in[3 * stride], {0, 0, 0}, 0};
  for (uint32_t i = 0; i < 3; ++i) {
    r.coordinate[i] = ct_float(in[i * stride]);
    r.whole[i] = (int32_t)in[i * stride];
    if (form & CT_TEX_OFFSET) r.offset[i] = (int8_t)(in[4 * stride] >> 8 * i);
  }
  if (form & CT_TEX_COMPARE) r.reference = ct_float(in[5 * stride]);
  if (form & CT_TEX_INTEGER) {
    int32_t level = form & CT_TEX_LEVEL ? (int32_t)in[6 * stride] : 0, last = (int32_t)t->levels - 1;
    return fetch(&r, &t->level[level < 0 ? 0 : level > last ? last : level], out);
  }
  if (form & CT_TEX_GATHER) return gather(&r, out);

  uint32_t lod = 0;  /* without a modifier or with .base: the base level */
  if (t->levels > 1 && (form & CT_TEX_LEVEL)) lod = level_of_detail(t, ct_float(in[6 * stride]));
  if (t->levels > 1 && (form & CT_TEX_GRAD)) {
    float d[6];
    for (uint32_t i = 0; i < 6; ++i) d[i] = ct_float(in[(6 + i) * stride]);
    lod = level_of_detail(t, ct_log2(footprint_square(&r, d, d + 3)) / 2);
  }
  int floats = ct_reads_float(t), between = floats && t->mip_filter == CT_FILTER_LINEAR && (lod & 255);
  uint32_t level = between ? lod >> 8 : (lod + 128) >> 8;
  if (!between && (t->filter == CT_FILTER_POINT || !floats)) {
    ct_texel_ref found = nearest(&r, &t->level[level]);
    return read_one(&r, &found, out);
  }
  double scale[4], value[4];
  ct_texel_scale(t, scale);
  filter_level(&r, level, scale, value);
  if (between) {
    double upper[4];
    filter_level(&r, level + 1, scale, upper);
    for (uint32_t i = 0; i < t->channels; ++i) value[i] = ((256 - (lod & 255)) * value[i] + (lod & 255) * upper[i]) / 256;
  }
  write_floats(t, value, scale, out);
}
