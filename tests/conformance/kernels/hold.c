/* Runs until *flag is not 0. */
#include "kernel.h"
typedef struct { uint64_t *flag; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  while (!__atomic_load_n(p->flag, __ATOMIC_ACQUIRE)) {
  }
}
BLOCK_KERNEL(.flags = 0);
