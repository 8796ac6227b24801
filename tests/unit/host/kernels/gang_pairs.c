/* Producers (even gangs) fill a cell and arrive, consumers (odd gangs) wait: one partial barrier for each pair.
 * The last gang leaves at once. Then a vote of all that are left. */
#include "kernel.h"
typedef struct { uint32_t *out; } Params;
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  volatile uint32_t *cell = (volatile uint32_t *)(uintptr_t)b->shared_base;
  uint32_t gangs = threads_of(b) / 32, pair = gang / 2 + 1, yes = 0, of = 0;
  if (gang + 1 == gangs) return;
  if (gang % 2) {
    b->services->barrier(b, gang, pair, 32, 64);
    p->out[gang] = cell[gang - 1];
  } else if (gang + 2 < gangs) {
    for (int i = 0; i < 5; ++i) b->services->yield(b, gang);
    cell[gang] = 100 + gang;
    b->services->barrier_arrive(b, gang, pair, 32, 64);
  }
  b->services->barrier_reduce(b, gang, 0, 32, 0, gang, &yes, &of);
  p->out[gang + 32] = yes;
  p->out[gang + 64] = of;
}
GANG_KERNEL(.static_shared_bytes = 4096);
