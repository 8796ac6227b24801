/* One denormal product and one quotient that shows the rounding, in both stages of a barrier. */
#include "kernel.h"
typedef struct { volatile float *out; } Params;
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  volatile float tiny = 0x1p-120f, half = 0x1p-20f, one = 1, three = 3;
  p->out[gang * 4 + 0] = tiny * half;
  p->out[gang * 4 + 1] = one / three;
  b->services->barrier(b, gang, 0, 32, 0);
  p->out[gang * 4 + 2] = tiny * half;
  p->out[gang * 4 + 3] = one / three;
}
GANG_KERNEL(.flags = 0);
