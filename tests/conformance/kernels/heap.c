/* Allocates, writes, reads and frees in device memory: out[0] = 1 when all was right. */
#include "kernel.h"
typedef struct { uint64_t *out; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  uint64_t a = b->services->heap_alloc(b, 100), c = b->services->heap_alloc(b, 5000);
  uint64_t good = a && c && a != c && a % 16 == 0 && c % 16 == 0;
  if (good) {
    for (int i = 0; i < 100; ++i) ((volatile uint8_t *)a)[i] = 1;
    for (int i = 0; i < 5000; ++i) ((volatile uint8_t *)c)[i] = 2;
    for (int i = 0; i < 100; ++i) good &= ((volatile uint8_t *)a)[i] == 1;
  }
  b->services->heap_free(b, a);
  b->services->heap_free(b, c);
  p->out[0] = good;
}
BLOCK_KERNEL(.flags = 0);
