/* Does nothing. */
#include "kernel.h"
static void run(ct_native_block *b) { (void)b; }
BLOCK_KERNEL(.flags = 0);
