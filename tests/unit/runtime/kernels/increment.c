/* Adds 1 to every element, one for each thread. */
#include "kernel.h"
typedef struct { uint64_t *data; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  uint32_t threads = threads_of(b);
  uint64_t first = linear_block(b) * threads;
  for (uint32_t t = 0; t < threads; ++t) p->data[first + t] += 1;
}
BLOCK_KERNEL(.flags = 0);
