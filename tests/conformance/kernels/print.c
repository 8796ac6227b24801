/* Prints one line. */
#include "kernel.h"
static void run(ct_native_block *b) {
  struct { int number, pad; double half; const char *text; } args = {42, 0, 0.5, "word"};
  b->services->vprintf(b, "number %d half %.2f text %s\n", &args);
}
BLOCK_KERNEL(.flags = 0);
