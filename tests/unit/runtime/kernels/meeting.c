/* All blocks of a cooperative grid meet at a counter in the workspace; each then checks that all others had arrived. */
#include "kernel.h"
typedef struct { uint64_t *arrived, *errors; } Params;
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  uint32_t *counter = (uint32_t *)b->grid_workspace, blocks = b->grid[0];
  if (gang == 0) {
    p->arrived[b->block_id[0]] = 1;
    __atomic_fetch_add(counter, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < blocks) b->services->yield(b, gang);
    for (uint32_t i = 0; i < blocks; ++i)
      if (!p->arrived[i]) __atomic_fetch_add(p->errors, 1, __ATOMIC_RELAXED);
  }
  b->services->barrier(b, gang, 0, lanes_of(b, gang), 0);
}
GANG_KERNEL(.flags = CT_NATIVE_WAITS_ON_GRID);
