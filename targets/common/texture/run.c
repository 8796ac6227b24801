/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * One instruction for a gang: checks each handle once, then does lane after lane. Queries are answered here. */
#include "sampler.h"

static const ct_texture *record_of(uint64_t handle) {
  if (handle == 0 || handle % CT_TEXTURE_ALIGN != 0) return 0;
  const ct_texture *t = (const ct_texture *)(uintptr_t)handle;
  return t->magic == CT_TEXTURE_MAGIC ? t : 0;
}

static int has_shape(const ct_texture *t, uint32_t form) {
  int layered = (t->flags & CT_TEXTURE_LAYERED) != 0;
  int surface = form >> CT_TEX_OP_SHIFT != CT_TEX_SAMPLE;
  switch (form & CT_TEX_GEOMETRY_MASK) {
    case CT_TEX_1D: return (t->shape == CT_SHAPE_1D && !layered) || (t->shape == CT_SHAPE_LINEAR && !surface && (form & CT_TEX_INTEGER));
    case CT_TEX_2D:
    case CT_TEX_2DMS: return t->shape == CT_SHAPE_2D && !layered;
    case CT_TEX_3D: return t->shape == CT_SHAPE_3D;
    case CT_TEX_A1D: return t->shape == CT_SHAPE_1D && layered;
    case CT_TEX_A2D: return (t->shape == CT_SHAPE_2D && layered) || (t->shape == CT_SHAPE_CUBE && surface); /* a face is a layer */
    case CT_TEX_A2DMS: return t->shape == CT_SHAPE_2D && layered;
    case CT_TEX_CUBE: return t->shape == CT_SHAPE_CUBE && !layered;
    case CT_TEX_ACUBE: return t->shape == CT_SHAPE_CUBE && layered;
    default: return 0;
  }
}

static ct_texture_fault check(const ct_texture *t, uint32_t form) {
  uint32_t op = form >> CT_TEX_OP_SHIFT;
  if (op == CT_TEX_QUERY) return t->kind == ((form & CT_QUERY_SURFACE) ? CT_TEXTURE_SURFACE : CT_TEXTURE_SAMPLED) ? CT_TEXTURE_OK : CT_TEXTURE_BAD_HANDLE;
  if (t->kind != (op == CT_TEX_SAMPLE ? CT_TEXTURE_SAMPLED : CT_TEXTURE_SURFACE)) return CT_TEXTURE_BAD_HANDLE;
  if (!has_shape(t, form)) return CT_TEXTURE_BAD_SHAPE;
  if (t->samples > 1) return CT_TEXTURE_UNSUPPORTED;
  if (op != CT_TEX_SAMPLE) return CT_TEXTURE_OK;
  if ((form & CT_TEX_COMPARE) && t->compare == CT_COMPARE_NONE) return CT_TEXTURE_UNSUPPORTED;
  if ((form & CT_TEX_GRAD) && t->max_anisotropy > 1) return CT_TEXTURE_UNSUPPORTED;
  return CT_TEXTURE_OK;
}

/* The numbers of PTX's (and OpenCL's) enumerations; CUDA's clamp is clamp_to_edge. */
static uint32_t address_mode(const ct_texture *t, uint32_t axis) {
  switch (t->address[axis]) {
    case CT_ADDRESS_WRAP: return 0;
    case CT_ADDRESS_MIRROR: return 1;
    case CT_ADDRESS_BORDER: return 4;
    default: return 3;
  }
}

static uint32_t channel_type(const ct_texture *t) {
  uint32_t step = t->bits == 8 ? 0 : t->bits == 16 ? 1 : 2;
  int is_signed = t->format == CT_TEXEL_SIGNED;
  if (t->format == CT_TEXEL_FLOAT) return t->bits == 16 ? 0x10DD : 0x10DE;
  if (ct_reads_float(t)) return (is_signed ? 0x10D0 : 0x10D2) + step;
  return (is_signed ? 0x10D7 : 0x10DA) + step;
}

static uint32_t answer(const ct_texture *t, uint32_t form, uint32_t at) {
  const ct_texture_level *level = &t->level[at < t->levels ? at : t->levels - 1];
  switch (form & CT_QUERY_MASK) {
    case CT_QUERY_WIDTH: return level->width;
    case CT_QUERY_HEIGHT: return level->height;
    case CT_QUERY_DEPTH: return level->depth;
    case CT_QUERY_CHANNEL_TYPE: return channel_type(t);
    case CT_QUERY_CHANNEL_ORDER: return t->channels == 1 ? 0x10B0 : t->channels == 2 ? 0x10B2 : 0x10B5;
    case CT_QUERY_NORMALIZED: return (t->flags & CT_TEXTURE_NORMALIZED) != 0;
    case CT_QUERY_FILTER: return t->filter;
    case CT_QUERY_ADDRESS_0: return address_mode(t, 0);
    case CT_QUERY_ADDRESS_1: return address_mode(t, 1);
    case CT_QUERY_ADDRESS_2: return address_mode(t, 2);
    case CT_QUERY_LAYERS: return t->layers;
    case CT_QUERY_LEVELS: return t->levels;
    case CT_QUERY_SAMPLES: return t->samples ? t->samples : 1;
    case CT_QUERY_MEMORY_LAYOUT: return (t->flags & CT_TEXTURE_FROM_MEMORY) != 0;
    default: return 0;
  }
}

/* `op` is the form's; a device's code has a copy of this for each. */
static inline __attribute__((always_inline)) ct_texture_fault run_gang(uint32_t op, uint32_t form, uint32_t lanes, uint32_t mask, const uint64_t *handles,
                                                                       const uint32_t *in, uint32_t *out, uint32_t *fault_lane) {
  uint32_t outputs = ct_tex_outputs(op << CT_TEX_OP_SHIFT);
  int only_asks = op == CT_TEX_QUERY && (form & CT_QUERY_MASK) == CT_QUERY_KIND;
  uint64_t known = 0;
  const ct_texture *t = 0;
  if (op == CT_TEX_SAMPLE && mask) {
    uint32_t first = (uint32_t)__builtin_ctz(mask);
    uint64_t differ = 0;
    for (uint32_t lane = first + 1; lane < lanes; ++lane) differ |= mask >> lane & 1 ? handles[lane] ^ handles[first] : 0;
    t = differ ? 0 : record_of(handles[first]);
    if (t && check(t, form) == CT_TEXTURE_OK && ct_texture_plain(t, form, lanes, mask, in, out)) return CT_TEXTURE_OK;
    t = 0;
  }
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    if (!(mask >> lane & 1)) continue;
    ct_texture_fault fault = CT_TEXTURE_OK;
    if (!t || handles[lane] != known) {
      known = handles[lane];
      t = record_of(known);
      if (!only_asks) fault = t ? check(t, form) : CT_TEXTURE_BAD_HANDLE;
    }
    uint32_t result[CT_TEX_MAX_OUTPUTS] = {0, 0, 0, 0};
    if (fault == CT_TEXTURE_OK) {
      if (only_asks) result[0] = t ? t->kind : 0;
      else if (op == CT_TEX_SAMPLE) ct_texture_sample(t, form, in + lane, lanes, result);
      else if (op == CT_TEX_QUERY) result[0] = answer(t, form, in[lane]);
      else fault = ct_surface_access(t, form, in + lane, lanes, op == CT_TEX_LOAD ? result : 0);
    }
    if (fault != CT_TEXTURE_OK) {
      *fault_lane = lane;
      return fault;
    }
    for (uint32_t i = 0; i < outputs; ++i) out[i * lanes + lane] = result[i];
  }
  return CT_TEXTURE_OK;
}

ct_texture_fault ct_texture_run(uint32_t form, uint32_t lanes, uint32_t mask, const uint64_t *handles, const uint32_t *in,
                                uint32_t *out, uint32_t *fault_lane) {
  return run_gang(form >> CT_TEX_OP_SHIFT, form, lanes, mask, handles, in, out, fault_lane);
}
