/* Waits for more threads than will ever come (how 0), or with two different counts (1), at barrier 16 (2), or for shared memory that
 * nobody changes (3), and that the first gang changes late (4). */
#include "kernel.h"
typedef struct { uint32_t how; } Params;
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  if (p->how == 0) b->services->barrier(b, gang, 1, 32, gang ? 128 : 128);
  if (p->how == 1) b->services->barrier(b, gang, 1, 32, gang ? 128 : 160);
  if (p->how == 2) b->services->barrier(b, gang, 16, 32, 0);
  volatile uint32_t *cell = (volatile uint32_t *)(uintptr_t)b->shared_base;
  if (p->how < 3) return;
  if (gang == 0) *cell = 0;
  b->services->barrier(b, gang, 1, 32, 0);
  if (p->how == 4 && gang == 0) {
    for (int i = 0; i < 100; ++i) b->services->yield(b, gang);
    *cell = 1;
  }
  for (uint32_t turn = 1; !*cell; ++turn) b->services->wait_shared(b, gang, turn);
}
GANG_KERNEL(.flags = 0);
