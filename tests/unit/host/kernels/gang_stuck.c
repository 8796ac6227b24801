/* Waits for more threads than will ever come (how 0), or with two different counts (1), or at barrier 16 (2). */
#include "kernel.h"
typedef struct { uint32_t how; } Params;
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  if (p->how == 0) b->services->barrier(b, gang, 1, 32, gang ? 128 : 128);
  if (p->how == 1) b->services->barrier(b, gang, 1, 32, gang ? 128 : 160);
  if (p->how == 2) b->services->barrier(b, gang, 16, 32, 0);
}
GANG_KERNEL(.flags = 0);
