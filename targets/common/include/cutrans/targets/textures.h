/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * The software sampler: texture and surface instructions over ct_texture records, for targets whose kernels run where this code runs.
 * docs/textures.md says what it computes. No state, no allocation, no library but arithmetic. */
#ifndef CUTRANS_TARGETS_TEXTURES_H
#define CUTRANS_TARGETS_TEXTURES_H

#include <cutrans/texture.h>
#include <cutrans/texture_ops.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why an instruction cannot be done; the thread faults. The numbers are those of the rows of diagnostics.def. */
typedef enum ct_texture_fault {
  CT_TEXTURE_OK = 0,
  CT_TEXTURE_BAD_HANDLE = 3120, /* no live handle of this kind */
  CT_TEXTURE_BAD_SHAPE = 3121,  /* the instruction's geometry is not the texture's */
  CT_TEXTURE_OUTSIDE = 3122,    /* .trap: outside of the surface */
  CT_TEXTURE_MISALIGNED = 3123, /* a surface coordinate that is no multiple of the access's size */
  CT_TEXTURE_UNSUPPORTED = 3124 /* anisotropic filtering, reference values for other than depth textures, formats of reductions */
} ct_texture_fault;

/* One instruction for a gang: the lanes of `mask`, at most CT_TEX_MAX_LANES. Word i of lane l is in[i * lanes + l], results likewise in `out`;
 * the order of words is that of texture_ops.h. On a fault *fault_lane is the lane; lanes before it are done. */
ct_texture_fault ct_texture_run(uint32_t form, uint32_t lanes, uint32_t mask, const uint64_t *handles, const uint32_t *in,
                                uint32_t *out, uint32_t *fault_lane);

#ifdef __cplusplus
}
#endif
#endif
