/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What kernels on OpenCL devices keep of a running block: known to the code that is linked into them (gangs.c) and to the passes
 * that write the rest, to nobody else.
 */
#ifndef CUTRANS_RUNNING_BLOCK_H
#define CUTRANS_RUNNING_BLOCK_H

#include "cutrans/gangs.h"
#include "cutrans/native_kernel.h"

#define CT_RUNNING_SHARED_START (1u << 30)  /* the 32-bit address at which the block's shared memory begins */

/* What the kernel's code does. */
#define CT_RUNNING_WAITS 1u     /* blocks may wait for others of the grid */
#define CT_RUNNING_CLUSTERS 2u  /* blocks look at the shared memory of their cluster */

typedef struct ct_running_block {
  ct_native_block block;          /* what widened code sees */
  uint64_t window;                /* where shared addresses count from, generic */
  uint64_t messages;              /* ct_messages */
  uint64_t launch;                /* ct_opencl_launch */
  /* Gang form only. */
  ct_gangs gangs;
  uint64_t frames;
  /* Of the first block of a slot. */
  ct_gangs_cluster cluster;
  uint32_t next;                  /* slot of the worker's next blocks */
} ct_running_block;

#endif
