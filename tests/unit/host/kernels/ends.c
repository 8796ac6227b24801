/* Ends in the way that `how` says: 0 trap, 1 assert, 2 a refusal, 3 an illegal instruction, 4 division by zero, 5 stack overflow,
 * 6 a breakpoint. */
#include "kernel.h"
typedef struct { uint32_t how; } Params;
static int deeper(volatile char *above, uint32_t depth) {
  volatile char room[4096];
  room[0] = above[0];
  if (depth == 0) return 0;
  return deeper(room, depth - 1) + room[0];
}
static void run(ct_native_block *b) {
  const Params *p = b->params;
  volatile int zero = 0;
  volatile char start[1] = {1};
  switch (p->how) {
    case 0: b->services->trap(b, 5, 0);
    case 1: b->services->assert_fail(b, 33, "x == 1", "file.cu", 12, "void f(int)");
    case 2: b->services->trap(b, 5, 3106);
    case 3: __builtin_trap();
    case 4: zero = (int)(p->how * 100) / zero; return;
    case 6: __builtin_debugtrap(); return;
    case 5: zero = deeper(start, 1u << 20); return;
  }
}
BLOCK_KERNEL(.flags = 0);
