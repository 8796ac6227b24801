/* Gangs exchange through shared memory across a barrier of the block, several times: out[block * gangs + gang] is the
 * number of rounds in which the next gang's value was right. */
#include "kernel.h"
enum { ROUNDS = 8 };
typedef struct { uint64_t *out; } Params;
static void run(ct_native_block *b, uint32_t gang) {
  const Params *p = b->params;
  volatile uint32_t *cell = (volatile uint32_t *)(uintptr_t)b->shared_base;
  uint32_t gangs = (threads_of(b) + 31) / 32, next = (gang + 1) % gangs, right = 0;
  for (uint32_t round = 1; round <= ROUNDS; ++round) {
    cell[gang] = round * 1000 + gang;
    b->services->barrier(b, gang, 0, lanes_of(b, gang), 0);
    right += cell[next] == round * 1000 + next;
    b->services->barrier(b, gang, 0, lanes_of(b, gang), 0);
  }
  p->out[linear_block(b) * gangs + gang] = right;
}
GANG_KERNEL(.static_shared_bytes = 4096);
