/* All blocks of the grid meet `rounds` times at a counter in the launch's workspace; each checks what the others wrote. */
#include "kernel.h"
typedef struct { uint32_t *cells; uint32_t *errors; uint32_t rounds; } Params;
static void meet(ct_native_block *b, uint32_t gang, uint32_t goal) {
  uint32_t *counter = (uint32_t *)(b->grid_workspace + 4);
  b->services->barrier(b, gang, 0, 32, 0);
  if (gang == 0) {
    __atomic_fetch_add(counter, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < goal) b->services->yield(b, gang);
  }
  b->services->barrier(b, gang, 0, 32, 0);
}
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  uint32_t blocks = b->grid[0], goal = 0;
  for (uint32_t r = 1; r <= p->rounds; ++r) {
    if (gang == 0) p->cells[b->block_id[0]] = r;
    meet(b, gang, goal += blocks);
    if (gang == 1)
      for (uint32_t i = 0; i < blocks; ++i)
        if (p->cells[i] != r) __atomic_fetch_add(p->errors, 1, __ATOMIC_RELAXED);
    meet(b, gang, goal += blocks);
  }
}
GANG_KERNEL(.flags = CT_NATIVE_WAITS_ON_GRID);
