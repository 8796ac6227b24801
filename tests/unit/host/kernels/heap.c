/* Allocates, fills and frees; out[block] = 1 when all went well. `twice`: frees once too often. */
#include "kernel.h"
typedef struct { uint32_t *out; uint64_t twice; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  uint64_t at[20];
  uint32_t good = 1;
  for (int i = 0; i < 20; ++i) {
    at[i] = b->services->heap_alloc(b, (uint64_t)(i * 37 + 1));
    good &= at[i] != 0 && at[i] % 16 == 0;
    for (int k = 0; k < i * 37 + 1; ++k) ((uint8_t *)at[i])[k] = (uint8_t)i;
  }
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < i * 37 + 1; ++k) good &= ((uint8_t *)at[i])[k] == (uint8_t)i;
    b->services->heap_free(b, at[i]);
  }
  if (p->twice) b->services->heap_free(b, at[3]);
  p->out[linear_block(b)] = good;
}
BLOCK_KERNEL(.flags = 0);
