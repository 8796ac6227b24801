/* Gang 1 of block `victim` writes to `address` while the others wait for it. */
#include "kernel.h"
typedef struct { uint64_t address; uint64_t victim; } Params;
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  b->services->barrier(b, gang, 0, lanes_of(b, gang), 0);
  if (gang == 1 && linear_block(b) == p->victim) *(volatile uint32_t *)p->address = 1;
  b->services->barrier(b, gang, 0, lanes_of(b, gang), 0);
}
GANG_KERNEL(.flags = 0);
