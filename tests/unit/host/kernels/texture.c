/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * One texture or surface instruction per block, for lane 3 of 8: the form and the handle are parameters. Block 0 writes what came out. */
#include <cutrans/texture_ops.h>

#include "kernel.h"

static void run(ct_native_block *b) {
  const struct {
    uint64_t form, handle, x;
    uint32_t *out;
  } *p = b->params;
  uint64_t handles[8];
  uint32_t words[8 * CT_TEX_MAX_INPUTS], results[8 * CT_TEX_MAX_OUTPUTS];
  handles[3] = p->handle;  /* the other lanes' words are nobody's business */
  for (uint32_t i = 0; i < CT_TEX_MAX_INPUTS; ++i) words[8 * i + 3] = i ? 0 : (uint32_t)p->x;
  b->services->texture(b, 16, (uint32_t)p->form, 8, 1u << 3, handles, words, results);
  if (b->block_id[0] == 0) p->out[0] = results[3];
}

BLOCK_KERNEL();
