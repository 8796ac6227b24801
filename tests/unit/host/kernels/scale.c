/* data[i] = data[i] * 3 + 1 for one number in each thread. */
#include "kernel.h"
typedef struct { uint32_t *data; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  uint32_t n = threads_of(b);
  uint32_t *data = p->data + linear_block(b) * n;
  for (uint32_t i = 0; i < n; ++i) data[i] = data[i] * 3 + 1;
}
BLOCK_KERNEL(.flags = 0);
