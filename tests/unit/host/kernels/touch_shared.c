/* Writes one byte at an offset of the shared window. */
#include "kernel.h"
typedef struct { int64_t offset; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  *(volatile uint8_t *)((uintptr_t)b->shared_base + p->offset) = 1;
}
BLOCK_KERNEL(.static_shared_bytes = 4096);
