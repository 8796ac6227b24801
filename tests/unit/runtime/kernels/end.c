/* Ends badly. how: 0 writes to `address`, 1 trap, 2 assert. */
#include "kernel.h"
typedef struct { uint64_t how; volatile uint32_t *address; } Params;
static void run(ct_native_block *b) {
  const Params *p = b->params;
  if (p->how == 0) *p->address = 1;
  if (p->how == 1) b->services->trap(b, 0, 0);
  if (p->how == 2) b->services->assert_fail(b, 3, "left == right", "conformance.cu", 7, "kernel");
}
BLOCK_KERNEL(.flags = 0);
