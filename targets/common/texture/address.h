/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Inside of the sampler only: one axis, from a coordinate to the index of a texel (CUDA guide, "Texture Memory": addressing modes). */
#ifndef CUTRANS_TEXTURE_ADDRESS_H
#define CUTRANS_TEXTURE_ADDRESS_H

#include "texel.h"

/* Wrap and mirror are defined for normalized coordinates only. */
static inline ct_texture_address ct_mode_of(const ct_texture *t, int axis, int normalized) {
  ct_texture_address mode = (ct_texture_address)t->address[axis];
  return !normalized && (mode == CT_ADDRESS_WRAP || mode == CT_ADDRESS_MIRROR) ? CT_ADDRESS_CLAMP : mode;
}

/* The index of a texel inside [0, n), or -1: the border. */
static inline int64_t ct_resolve(int64_t i, int64_t n, ct_texture_address mode) {
  if (i >= 0 && i < n) return i;
  switch (mode) {
    case CT_ADDRESS_WRAP: return (i % n + n) % n;
    case CT_ADDRESS_MIRROR:
      i = (i % (2 * n) + 2 * n) % (2 * n);
      return i < n ? i : 2 * n - 1 - i;
    case CT_ADDRESS_BORDER: return -1;
    default: return i < 0 ? 0 : n - 1;
  }
}

/* A coordinate in texels. NaN counts as 0. */
static inline double ct_place(const ct_texture *t, int axis, float c, uint32_t n, int *direction) {
  const float huge = 0x1p24f; /* from here on floats are even integers */
  float x = c == c ? c : 0;
  *direction = 1;
  if (t->flags & CT_TEXTURE_NORMALIZED) {
    if (t->address[axis] == CT_ADDRESS_WRAP || t->address[axis] == CT_ADDRESS_MIRROR) {
      int whole = x > -huge && x < huge;
      int64_t turn = whole ? ct_floor(x) : 0;
      x = whole ? x - (float)turn : 0;
      if (t->address[axis] == CT_ADDRESS_MIRROR && (turn & 1)) {
        x = 1 - x;
        *direction = -1;
      }
    }
    x = x * (float)n;
  }
  return x < -0x1p30f ? -0x1p30 : x > 0x1p30f ? 0x1p30 : x;
}

#endif
