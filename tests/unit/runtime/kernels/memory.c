/* Block by block: uses all of its shared, scratch and local memory, and reports how it found them.
 * out[block * 4]: errors, bytes of shared memory, bytes of dynamic shared memory, the module's first variable. */
#include "kernel.h"
typedef struct { uint64_t *out; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  uint8_t *shared = (uint8_t *)(uintptr_t)b->shared_base;
  uint8_t mark = (uint8_t)(linear_block(b) * 37 + 1);
  uint64_t errors = b->shared_base % CT_NATIVE_SHARED_ALIGN != 0;
  errors += (uintptr_t)b->scratch % 64 != 0;
  errors += (uintptr_t)b->local % 64 != 0;
  for (uint32_t i = 0; i < b->shared_bytes; ++i) shared[i] = mark;
  for (uint32_t i = 0; i < 512; ++i) b->scratch[i] = (uint8_t)~mark;
  for (uint32_t i = 0; i < 16 * threads_of(b); ++i) b->local[i] = (uint8_t)(mark ^ 0x55);
  for (uint32_t i = 0; i < b->shared_bytes; ++i) errors += shared[i] != mark;
  for (uint32_t i = 0; i < 512; ++i) errors += b->scratch[i] != (uint8_t)~mark;
  for (uint32_t i = 0; i < 16 * threads_of(b); ++i) errors += b->local[i] != (uint8_t)(mark ^ 0x55);
  uint64_t *out = p->out + linear_block(b) * 4;
  out[0] = errors;
  out[1] = b->shared_bytes;
  out[2] = b->dynamic_shared_bytes;
  out[3] = b->globals ? *(const uint64_t *)b->globals : 0;
}
BLOCK_KERNEL(.static_shared_bytes = 96, .scratch_bytes = 512, .local_bytes = 16);
