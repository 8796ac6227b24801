/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The record behind a texture or surface handle, on targets that sample in software.
 *
 * The 64-bit handle that a kernel holds is the device address of a ct_texture. The runtime builds records, the sampler
 * (targets/common/texture*.c) and whatever code a target generates read them; nothing else looks inside. A device says
 * with CT_DEVICE_TEXTURES (target.h) that its kernels take such handles. No handle is 0.
 *
 * Lifetime. The runtime owns the record and the memory that it points to. Neither moves or changes its layout, and the
 * record itself is not written, while a kernel that may hold the handle can run; a new description is a new record. The
 * record lies in memory that kernels can read (host target: any memory of the process), aligned to CT_TEXTURE_ALIGN.
 * A destroyed record's `magic` is cleared before its memory is given back, so that a stale handle is mostly noticed.
 *
 * Layout of an array. Plain rows, no tiling: texel (x, y) of slice s of a level is at
 *     level.address + s * level.slice_pitch + y * level.row_pitch + x * texel bytes,      0 <= x < width, 0 <= y < height,
 * where a slice is a depth of a 3-D level, a layer of a layered one, and for cubes face f of cube c is slice 6 c + f
 * (faces +x -x +y -y +z -z). A texel is `channels` elements of `bits` bits, in the order x y z w (r g b a), little
 * endian. Texels are aligned to their size: every address and pitch is a multiple of channels * bits / 8, except that
 * rows of one-row levels may have any pitch. Pitches may be larger than a row or slice needs. Copies into and out of arrays are
 * ordinary box copies (ct_copy). The runtime keeps one array's levels wherever it likes; several records may share them.
 *
 * Sizes. Level 0 is what the program described, or the view of it: sizes of higher levels are halved, rounded down, at least 1
 * (layers never shrink), and are written out in each level.
 *
 * Additions append fields behind the last one and grow struct_size; a reader takes fields beyond struct_size as 0.
 */
#ifndef CUTRANS_TEXTURE_H
#define CUTRANS_TEXTURE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CT_TEXTURE_MAGIC 0x58455443u /* "CTEX"; a surface handle has the same record */
#define CT_TEXTURE_ALIGN 64u
#define CT_TEXTURE_MAX_LEVELS 18u /* an edge of 131072 */

typedef enum ct_texture_kind { CT_TEXTURE_SAMPLED = 1, CT_TEXTURE_SURFACE = 2 } ct_texture_kind;

typedef enum ct_texture_shape {
  CT_SHAPE_1D = 1,
  CT_SHAPE_2D = 2,
  CT_SHAPE_3D = 3,
  CT_SHAPE_CUBE = 4,  /* 6 slices; layered: 6 * layers */
  CT_SHAPE_LINEAR = 5 /* 1-D from plain memory: read by integer coordinate only, outside reads give 0; one level */
} ct_texture_shape;

typedef enum ct_texel_format { CT_TEXEL_UNSIGNED = 0, CT_TEXEL_SIGNED = 1, CT_TEXEL_FLOAT = 2 /* 16 or 32 bits */ } ct_texel_format;

typedef enum ct_texture_address {
  CT_ADDRESS_WRAP = 0,   /* wrap and mirror need normalized coordinates; else they act as clamp (CUDA guide, "Texture Memory") */
  CT_ADDRESS_CLAMP = 1,
  CT_ADDRESS_MIRROR = 2,
  CT_ADDRESS_BORDER = 3  /* texels outside are `border` */
} ct_texture_address;

typedef enum ct_texture_filter { CT_FILTER_POINT = 0, CT_FILTER_LINEAR = 1 } ct_texture_filter;

/* Of depth textures: the reference value is left of the operator, the texel right of it. */
typedef enum ct_texture_compare {
  CT_COMPARE_NONE = 0, /* not a depth texture: an instruction with a reference value faults */
  CT_COMPARE_LESS = 1,
  CT_COMPARE_LESS_EQUAL = 2,
  CT_COMPARE_GREATER = 3,
  CT_COMPARE_GREATER_EQUAL = 4
} ct_texture_compare;

enum { /* ct_texture.flags */
  CT_TEXTURE_LAYERED = 1u << 0,     /* with CT_SHAPE_1D, _2D, _CUBE */
  CT_TEXTURE_NORMALIZED = 1u << 1,  /* float coordinates run over [0, 1) */
  CT_TEXTURE_READ_FLOAT = 1u << 2,  /* 8- and 16-bit integers are read as floats in [0, 1] or [-1, 1] */
  CT_TEXTURE_SRGB = 1u << 3,        /* x y z of 8-bit unsigned texels read as floats are converted from sRGB, w is not */
  CT_TEXTURE_SEAMLESS = 1u << 4,    /* cube: filters across edges of faces */
  CT_TEXTURE_NO_TRILINEAR_OPTIMIZATION = 1u << 5, /* a promise for speed on chips; of no effect on results here */
  CT_TEXTURE_FROM_MEMORY = 1u << 6  /* over the program's own memory, not an array: for queries of the memory layout */
};

typedef struct ct_texture_level {
  uint64_t address;
  uint64_t row_pitch;    /* bytes */
  uint64_t slice_pitch;  /* bytes; 0 where there is one slice */
  uint32_t width, height, depth; /* texels; unused dimensions are 1 */
  uint32_t reserved;
} ct_texture_level;

typedef struct ct_texture {
  uint32_t magic;           /* CT_TEXTURE_MAGIC */
  uint32_t struct_size;
  uint8_t kind;             /* ct_texture_kind */
  uint8_t shape;            /* ct_texture_shape */
  uint8_t format;           /* ct_texel_format */
  uint8_t channels;         /* 1, 2 or 4 */
  uint8_t bits;             /* of an element: 8, 16 or 32 */
  uint8_t filter;           /* ct_texture_filter, inside a level. Linear: only with float results (READ_FLOAT or FLOAT) */
  uint8_t mip_filter;       /* ct_texture_filter, between levels */
  uint8_t compare;          /* ct_texture_compare; else than NONE: one channel, FLOAT of 32 bits or READ_FLOAT of 16 */
  uint8_t address[3];       /* ct_texture_address of x, y, z; not used by cubes */
  uint8_t samples;          /* per texel; 1 (more are not modelled) */
  uint32_t flags;
  uint32_t levels;          /* 1 .. CT_TEXTURE_MAX_LEVELS */
  uint32_t layers;          /* of a layered texture, cubes of a layered cube; else 1 */
  uint32_t max_anisotropy;  /* 0 or 1: isotropic */
  uint32_t border[4];       /* bits of r g b a: floats where reads give floats, else integers as the channels have them */
  float mip_bias;
  float min_level;          /* clamps of the level of detail, relative to level[0] */
  float max_level;
  uint32_t reserved[4];
  ct_texture_level level[CT_TEXTURE_MAX_LEVELS];
} ct_texture;

#ifdef __cplusplus
}
#endif
#endif
