/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * Cube maps (CUDA guide, "Cubemap Textures"; PTX, tex.cube): the largest coordinate selects the face, the other two are divided by it.
 * Where magnitudes are equal z goes before y before x. Seamless filtering takes the texels beyond an edge from the face that
 * shares it; beyond a corner there is no texel, and the mean of the three that meet there stands for it. */
#include "sampler.h"

/* Each face's minor axes: which coordinate, and its sign. */
static const struct {
  uint8_t major, s, t;
  int8_t major_sign, s_sign, t_sign;
} faces[6] = {
    {0, 2, 1, +1, -1, -1}, {0, 2, 1, -1, +1, -1}, {1, 0, 2, +1, +1, +1},
    {1, 0, 2, -1, +1, -1}, {2, 0, 1, +1, +1, -1}, {2, 0, 1, -1, -1, -1},
};

static float magnitude(float x) { return ct_float(ct_bits(x) & 0x7fffffffu); }

static uint32_t face_of(int major, int negative) { return 2u * (uint32_t)major + (uint32_t)negative; }

uint32_t ct_cube_face(const float direction[3], double *s, double *t) {
  float x = magnitude(direction[0]), y = magnitude(direction[1]), z = magnitude(direction[2]);
  int major = z >= x && z >= y ? 2 : y >= x ? 1 : 0;
  uint32_t face = face_of(major, direction[major] < 0);
  double length = magnitude(direction[major]);
  *s = (faces[face].s_sign * (double)direction[faces[face].s] / length + 1) / 2;
  *t = (faces[face].t_sign * (double)direction[faces[face].t] / length + 1) / 2;
  return face;
}

void ct_cube_derivative(const float direction[3], uint32_t face, const float derivative[3], double *ds, double *dt) {
  double major = direction[faces[face].major] * (double)faces[face].major_sign;
  double change = derivative[faces[face].major] * (double)faces[face].major_sign;
  double s = direction[faces[face].s] * (double)faces[face].s_sign, t = direction[faces[face].t] * (double)faces[face].t_sign;
  *ds = (derivative[faces[face].s] * (double)faces[face].s_sign * major - s * change) / (major * major) / 2;
  *dt = (derivative[faces[face].t] * (double)faces[face].t_sign * major - t * change) / (major * major) / 2;
}

static int64_t clamped(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

/* The texel of another face that lies beyond the edge of this one: `beyond` is the coordinate that is outside, s (0) or t (1).
 * In units of half a texel a face spans [-n, n], a texel's centre is at 2 i + 1 - n. A step over the edge goes down along the major axis. */
static const unsigned char *beyond_edge(const ct_texture *t, const ct_texture_level *level, uint32_t first_slice, uint32_t face,
                                        int64_t x, int64_t y, int beyond) {
  int64_t n = level->width, place[3];
  int64_t u = 2 * x + 1 - n, v = 2 * y + 1 - n;
  place[faces[face].s] = u * faces[face].s_sign;
  place[faces[face].t] = v * faces[face].t_sign;
  place[faces[face].major] = (n - 1) * faces[face].major_sign;
  int axis = beyond == 0 ? faces[face].s : faces[face].t;
  uint32_t other = face_of(axis, place[axis] < 0);
  int64_t s = place[faces[other].s] * faces[other].s_sign, q = place[faces[other].t] * faces[other].t_sign;
  return ct_texel_at(t, level, (uint32_t)((s + n - 1) / 2), (uint32_t)((q + n - 1) / 2), first_slice + other);
}

ct_texel_ref ct_cube_texel(const ct_texture *t, const ct_texture_level *level, uint32_t first_slice, uint32_t face, int64_t x, int64_t y) {
  int64_t n = level->width, inside_x = clamped(x, n), inside_y = clamped(y, n);
  const unsigned char *here = ct_texel_at(t, level, (uint32_t)inside_x, (uint32_t)inside_y, first_slice + face);
  ct_texel_ref texel = {{here}, 1};
  if (!(t->flags & CT_TEXTURE_SEAMLESS)) return texel;
  int out_x = x != inside_x, out_y = y != inside_y;
  if (out_x && out_y) texel.count = 3;
  if (out_x) texel.at[texel.count == 3 ? 1 : 0] = beyond_edge(t, level, first_slice, face, x, inside_y, 0);
  if (out_y) texel.at[texel.count == 3 ? 2 : 0] = beyond_edge(t, level, first_slice, face, inside_x, y, 1);
  return texel;
}
