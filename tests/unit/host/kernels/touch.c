/* Block `victim` writes to `address`. */
#include "kernel.h"
typedef struct { uint64_t address; uint64_t victim; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  if (linear_block(b) == p->victim) *(volatile uint32_t *)p->address = 1;
}
BLOCK_KERNEL(.flags = 0);
