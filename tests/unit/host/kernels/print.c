/* Each block prints three lines. */
#include "kernel.h"
static void run(ct_native_block *b) {
  for (int i = 0; i < 3; ++i) {
    struct { int block, line; double half; const char *text; } args = {(int)b->block_id[0], i, 0.5 * i, "end"};
    b->services->vprintf(b, "block %d line %d %.1f %s\n", &args);
  }
}
BLOCK_KERNEL(.flags = 0);
