/* Writes all of its shared, local and scratch memory, then reports what it saw. */
#include "kernel.h"
typedef struct { uint64_t *out; uint8_t big[400]; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  uint8_t *shared = (uint8_t *)(uintptr_t)b->shared_base;
  uint64_t bad = 0;
  for (uint32_t i = 0; i < b->shared_bytes; ++i) shared[i] = (uint8_t)b->block_id[0];
  for (uint32_t i = 0; i < 64 * 48; ++i) b->local[i] = 7;
  for (uint32_t i = 0; i < 1000; ++i) b->scratch[i] = 9;
  for (uint32_t i = 0; i < b->shared_bytes; ++i) bad += shared[i] != (uint8_t)b->block_id[0];
  uint64_t *out = p->out + linear_block(b) * 8;
  out[0] = bad;
  out[1] = b->shared_base;
  out[2] = b->shared_bytes;
  out[3] = b->dynamic_shared_bytes;
  out[4] = (uintptr_t)b->local % 64 + (uintptr_t)b->scratch % 64;
  out[5] = p->big[399];
  out[6] = (uintptr_t)b->globals;
  out[7] = b->unit < b->unit_count;
}
BLOCK_KERNEL(.static_shared_bytes = 1000, .local_bytes = 48, .scratch_bytes = 1000);
