/* Each block waits for the one before it: out[i] = out[i - 1] + 1. */
#include "kernel.h"
typedef struct { uint32_t *out; } Params;
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  uint64_t i = linear_block(b);
  uint32_t before = 0;
  if (i)
    while (!(before = __atomic_load_n(&p->out[i - 1], __ATOMIC_ACQUIRE))) b->services->yield(b, gang);
  __atomic_store_n(&p->out[i], before + 1, __ATOMIC_RELEASE);
}
GANG_KERNEL(.flags = CT_NATIVE_WAITS_ON_GRID);
