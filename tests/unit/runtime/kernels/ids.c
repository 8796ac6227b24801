/* Each thread writes its number in the grid, plus params.add, to params.out. */
#include "kernel.h"
typedef struct { uint64_t *out; uint64_t add; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  uint32_t threads = threads_of(b);
  uint64_t first = linear_block(b) * threads;
  for (uint32_t t = 0; t < threads; ++t) p->out[first + t] = first + t + p->add;
}
BLOCK_KERNEL(.flags = 0);
