/* Spins until *flag is not 0; a test's way to hold a queue. */
#include "kernel.h"
typedef struct { volatile uint32_t *flag; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  while (!__atomic_load_n(p->flag, __ATOMIC_ACQUIRE)) {
  }
}
BLOCK_KERNEL(.flags = 0);
