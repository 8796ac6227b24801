/* A tree reduction over gangs in shared memory, with a barrier in each step: out[block] = sum of gang numbers + 1. */
#include "kernel.h"
typedef struct { uint32_t *out; } Params;
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  volatile uint32_t *cell = (volatile uint32_t *)(uintptr_t)b->shared_base;
  uint32_t gangs = (threads_of(b) + 31) / 32, lanes = lanes_of(b, gang);
  cell[gang] = gang + 1;
  for (uint32_t step = 1; step < gangs; step *= 2) {
    b->services->barrier(b, gang, 0, lanes, 0);
    if (gang % (2 * step) == 0 && gang + step < gangs) cell[gang] += cell[gang + step];
  }
  b->services->barrier(b, gang, 0, lanes, 0);
  if (gang == 0) p->out[linear_block(b)] = cell[0];
}
GANG_KERNEL(.static_shared_bytes = 4096);
