/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Surfaces: raw and formatted loads, stores and reductions (PTX, suld, sust, sured). x counts bytes, or texels where the access is
 * formatted. Outside: .trap faults, .zero loads zero and drops stores, .clamp takes the nearest place that the access fits in. */
#include "sampler.h"

/* Moves `*i` into [0, count) as the mode says. 0: outside. */
static int inside(int64_t *i, int64_t count, uint32_t outside) {
  if (*i >= 0 && *i < count) return 1;
  if (outside != CT_SURF_CLAMP || count <= 0) return 0;
  *i = *i < 0 ? 0 : count - 1;
  return 1;
}

/* Sizes as constants: a device has no library that copies bytes. */
static void move(void *to, const void *from, uint32_t bytes) {
  switch (bytes) {
    case 1: __builtin_memcpy(to, from, 1); break;
    case 2: __builtin_memcpy(to, from, 2); break;
    case 4: __builtin_memcpy(to, from, 4); break;
    case 8: __builtin_memcpy(to, from, 8); break;
    default: __builtin_memcpy(to, from, 16); break;
  }
}

static uint32_t saturated(const ct_texture *t, uint32_t value) {
  if (t->bits == 32) return value;
  if (t->format == CT_TEXEL_UNSIGNED) {
    uint32_t most = (1u << t->bits) - 1;
    return value < most ? value : most;
  }
  int32_t most = (int32_t)(1u << (t->bits - 1)) - 1, number = (int32_t)value;
  return (uint32_t)(number > most ? most : number < -most - 1 ? -most - 1 : number);
}

/* sust.p: the words become the texel's elements; elements without a word are 0. */
static void store_formatted(const ct_texture *t, unsigned char *at, const uint32_t data[4], uint32_t count) {
  for (uint32_t i = 0; i < t->channels; ++i) {
    uint32_t word = i < count ? data[i] : 0;
    if (t->format != CT_TEXEL_FLOAT) word = saturated(t, word);
    else if (t->bits == 16) word = ct_float_to_half(ct_float(word));
    move(at + i * (t->bits / 8u), &word, t->bits / 8u);
  }
}

static uint64_t combined(uint32_t reduce, int is_signed, uint64_t old, uint64_t value) {
  switch (reduce) {
    case CT_SURF_ADD: return old + value;
    case CT_SURF_AND: return old & value;
    case CT_SURF_OR: return old | value;
    default: break;
  }
  int less = is_signed ? (int64_t)value < (int64_t)old : value < old;
  return less == (reduce == CT_SURF_MIN) ? value : old;
}

/* Other blocks reduce at the same time. */
static void reduce_at(unsigned char *at, uint32_t bytes, uint32_t reduce, int is_signed, uint64_t value) {
  if (bytes == 8) {
    uint64_t *place = (uint64_t *)at, old = __atomic_load_n(place, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(place, &old, combined(reduce, is_signed, old, value), 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return;
  }
  uint32_t *place = (uint32_t *)at, old = __atomic_load_n(place, __ATOMIC_RELAXED), next;
  uint64_t wide = is_signed ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value;
  do {
    next = (uint32_t)combined(reduce, is_signed, is_signed ? (uint64_t)(int64_t)(int32_t)old : old, wide);
  } while (!__atomic_compare_exchange_n(place, &old, next, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

ct_texture_fault ct_surface_access(const ct_texture *t, uint32_t form, const uint32_t *in, uint32_t stride, uint32_t out[4]) {
  const ct_texture_level *level = &t->level[0];
  uint32_t outside = form >> CT_SURF_OUTSIDE_SHIFT & 3, bytes = form >> CT_SURF_BYTES_SHIFT & 31, texel = ct_texel_bytes(t);
  uint32_t reduce = form >> CT_SURF_REDUCE_SHIFT & 7;
  int formatted = (form & CT_SURF_FORMATTED) != 0, store = form >> CT_TEX_OP_SHIFT == CT_TEX_STORE;
  if (formatted && reduce && (t->format == CT_TEXEL_FLOAT || t->bits != 32)) return CT_TEXTURE_UNSUPPORTED;

  int64_t x = (int32_t)in[0], y = 0, slice = 0, slices = 1;
  uint32_t unit = formatted ? 1 : bytes;
  int64_t units = formatted ? level->width : (int64_t)level->width * texel / bytes;
  switch (form & CT_TEX_GEOMETRY_MASK) {
    case CT_TEX_2D: y = (int32_t)in[stride]; break;
    case CT_TEX_3D:
      y = (int32_t)in[stride];
      slice = (int32_t)in[2 * stride];
      slices = level->depth;
      break;
    case CT_TEX_A2D: y = (int32_t)in[stride]; /* fall through */
    case CT_TEX_A1D:
      slice = in[3 * stride];
      slices = t->shape == CT_SHAPE_CUBE ? 6 * (int64_t)t->layers : t->layers;
      break;
    default: break;
  }
  for (int i = 0; i < 4 && out; ++i) out[i] = 0;
  /* A unit is `unit` wide; one that begins inside and is aligned also ends inside, or the row ends within it. */
  int64_t index = x >= 0 ? x / unit : -1;
  int crooked = x > 0 && x % unit != 0;
  if (!inside(&index, units, outside) || !inside(&y, level->height, outside) || !inside(&slice, slices, outside))
    return outside == CT_SURF_ZERO ? CT_TEXTURE_OK : CT_TEXTURE_OUTSIDE;
  if (crooked && x / unit < units) return CT_TEXTURE_MISALIGNED;
  unsigned char *at = (unsigned char *)(uintptr_t)level->address + (uint64_t)slice * level->slice_pitch + (uint64_t)y * level->row_pitch +
                      (uint64_t)index * (formatted ? texel : unit);
  if (!store) {
    move(out, at, bytes);
    return CT_TEXTURE_OK;
  }
  uint32_t data[4];
  for (uint32_t i = 0; i < 4; ++i) data[i] = in[(4 + i) * stride];
  if (reduce) {
    int is_signed = formatted ? t->format == CT_TEXEL_SIGNED : (form & CT_SURF_SIGNED) != 0;
    reduce_at(at, bytes, reduce, is_signed, data[0] | (uint64_t)data[1] << 32);
  } else if (formatted) {
    store_formatted(t, at, data, bytes / 4);
  } else {
    move(at, data, bytes);
  }
  return CT_TEXTURE_OK;
}
