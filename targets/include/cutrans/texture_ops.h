/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What a texture or surface instruction asks for: one constant word, the form, that the compiler writes and the sampler
 * reads, and a fixed order of 32-bit inputs and outputs. Plain C, so that every target and every copy of the sampler
 * agrees with compiler/ir/intrinsics.def (cutrans.tex.*, cutrans.surf.*).
 *
 *   op        inputs, 32-bit words                                                    outputs
 *   SAMPLE    x y z layer, offset, compare, then level or dPdx.xyz dPdy.xyz            4
 *   QUERY     level                                                                    1
 *   LOAD      x y z layer                                                              4: the bytes, lowest first
 *   STORE     x y z layer, 4 words of data (reductions use the first one or two)       0
 *
 * Coordinates are bits of floats, or integers. `offset` is three signed bytes, x lowest. `layer` is the array index, z the sample of
 * multi-sampled forms.
 */
#ifndef CUTRANS_TEXTURE_OPS_H
#define CUTRANS_TEXTURE_OPS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CT_TEX_MAX_INPUTS 12u
#define CT_TEX_MAX_OUTPUTS 4u
#define CT_TEX_MAX_LANES 32u

enum ct_texture_form {
  /* bits 28-31 of the form */
  CT_TEX_OP_SHIFT = 28,
  CT_TEX_SAMPLE = 0,
  CT_TEX_QUERY = 1,
  CT_TEX_LOAD = 2,
  CT_TEX_STORE = 3,

  /* bits 0-3: PTX's geometry */
  CT_TEX_GEOMETRY_MASK = 15,
  CT_TEX_1D = 1,
  CT_TEX_2D = 2,
  CT_TEX_3D = 3,
  CT_TEX_A1D = 4,
  CT_TEX_A2D = 5,
  CT_TEX_CUBE = 6,
  CT_TEX_ACUBE = 7,
  CT_TEX_2DMS = 8,
  CT_TEX_A2DMS = 9,

  /* SAMPLE */
  CT_TEX_INTEGER = 1 << 4, /* coordinates and level are s32: one texel, unfiltered */
  CT_TEX_LEVEL = 1 << 5,   /* input 6 is the level of detail */
  CT_TEX_GRAD = 1 << 6,    /* inputs 6-11 are the derivatives */
  CT_TEX_GATHER = 1 << 7,  /* one component of the four texels around the point */
  CT_TEX_COMPONENT_SHIFT = 8,
  CT_TEX_COMPARE = 1 << 10,
  CT_TEX_OFFSET = 1 << 11,

  /* QUERY: bits 0-4; the values are those of PTX (manual, "Texture instructions: txq" and 5.3) */
  CT_QUERY_MASK = 31,
  CT_QUERY_KIND = 0, /* ct_texture_kind, 0: not a handle */
  CT_QUERY_WIDTH,
  CT_QUERY_HEIGHT,
  CT_QUERY_DEPTH,
  CT_QUERY_CHANNEL_TYPE,
  CT_QUERY_CHANNEL_ORDER,
  CT_QUERY_NORMALIZED,
  CT_QUERY_FORCE_UNNORMALIZED,
  CT_QUERY_FILTER,
  CT_QUERY_ADDRESS_0,
  CT_QUERY_ADDRESS_1,
  CT_QUERY_ADDRESS_2,
  CT_QUERY_LAYERS,
  CT_QUERY_LEVELS,
  CT_QUERY_SAMPLES,
  CT_QUERY_MEMORY_LAYOUT,
  CT_QUERY_SURFACE = 1 << 5, /* suq: the handle is a surface's */

  /* LOAD, STORE; x counts bytes, or texels of formatted accesses */
  CT_SURF_FORMATTED = 1 << 4,
  CT_SURF_OUTSIDE_SHIFT = 5, /* 2 bits */
  CT_SURF_TRAP = 0,
  CT_SURF_CLAMP = 1,
  CT_SURF_ZERO = 2,
  CT_SURF_BYTES_SHIFT = 8, /* 5 bits: size of the access, 1 to 16 */
  CT_SURF_REDUCE_SHIFT = 16, /* 3 bits, STORE only */
  CT_SURF_NO_REDUCE = 0,
  CT_SURF_ADD = 1,
  CT_SURF_MIN = 2,
  CT_SURF_MAX = 3,
  CT_SURF_AND = 4,
  CT_SURF_OR = 5,
  CT_SURF_SIGNED = 1 << 19
};

/* Words that an instruction of this form reads and writes. */
static inline uint32_t ct_tex_inputs(uint32_t form) {
  switch (form >> CT_TEX_OP_SHIFT) {
    case CT_TEX_SAMPLE:
      return form & CT_TEX_GRAD ? 12 : form & CT_TEX_LEVEL ? 7 : form & (CT_TEX_COMPARE | CT_TEX_OFFSET) ? 6 : 4;
    case CT_TEX_QUERY: return 1;
    case CT_TEX_LOAD: return 4;
    default: return 8;
  }
}

static inline uint32_t ct_tex_outputs(uint32_t form) {
  switch (form >> CT_TEX_OP_SHIFT) {
    case CT_TEX_QUERY: return 1;
    case CT_TEX_STORE: return 0;
    default: return 4;
  }
}

#ifdef __cplusplus
}
#endif
#endif
