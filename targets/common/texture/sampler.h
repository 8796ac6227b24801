/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Inside of the sampler only: its parts. */
#ifndef CUTRANS_TEXTURE_SAMPLER_H
#define CUTRANS_TEXTURE_SAMPLER_H

#include "cutrans/targets/textures.h"
#include "texel.h"

/* One texel of a footprint: where it lies; the corner of a seamless cube is the mean of three; count 0 is the border. */
typedef struct ct_texel_ref {
  const unsigned char *at[3];
  uint32_t count;
} ct_texel_ref;

/* A point in one level, in texels, and how a step of +1 in the program's coordinate moves it (mirrored: -1). */
typedef struct ct_texel_point {
  double position[3];
  int direction[3];
  uint32_t slice;  /* layer, or first face of the cube plus face */
  uint32_t face;
} ct_texel_point;

/* cube.c: the face that a direction meets, and where on it, both in [0, 1]. */
uint32_t ct_cube_face(const float direction[3], double *s, double *t);
/* Derivatives of s and t on that face for a derivative of the direction. */
void ct_cube_derivative(const float direction[3], uint32_t face, const float derivative[3], double *ds, double *dt);
/* Texel (x, y) of a face with n x n texels, where x or y or both may be one outside. */
ct_texel_ref ct_cube_texel(const ct_texture *t, const ct_texture_level *level, uint32_t first_slice, uint32_t face, int64_t x, int64_t y);

/* filter.c: one sampling instruction for one lane; the handle was checked. `in` is lane l's first word, words are `stride` apart. */
void ct_texture_sample(const ct_texture *t, uint32_t form, const uint32_t *in, uint32_t stride, uint32_t out[4]);

/* plain.c: a sampling instruction for all lanes, which hold one texture; 0: it is none of those that are done there. */
int ct_texture_plain(const ct_texture *t, uint32_t form, uint32_t lanes, uint32_t mask, const uint32_t *in, uint32_t *out);

/* surface.c: loads, stores and reductions for one lane. */
ct_texture_fault ct_surface_access(const ct_texture *t, uint32_t form, const uint32_t *in, uint32_t stride, uint32_t out[4]);

#endif
