/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Code that runs on devices: the sampler of targets/common/texture as it is, in one piece, so that every function but the one below
 * is this file's own.
 */
#include "targets/common/texture/texel.c"

#include "targets/common/texture/cube.c"
#include "targets/common/texture/filter.c"
#include "targets/common/texture/plain.c"
#include "targets/common/texture/run.c"
#include "targets/common/texture/surface.c"

/* ct_texture_run for one sort of instruction each, so that a kernel gets no code of the others; out[0] is the lane of a fault. Too large to
 * be inlined for each instruction. */
#define RUN(name, op)                                                                                                                                       \
  __attribute__((noinline)) uint32_t cutrans_device_##name(uint32_t form, uint32_t lanes, uint32_t mask, const uint64_t *handles, const uint32_t *in, uint32_t *out) { \
    return run_gang(op, form, lanes, mask, handles, in, out, out);                                                                                        \
  }
RUN(tex_sample, CT_TEX_SAMPLE)
RUN(tex_query, CT_TEX_QUERY)
RUN(surf_load, CT_TEX_LOAD)
RUN(surf_store, CT_TEX_STORE)
