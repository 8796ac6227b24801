/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The artifacts "opencl-c" and "spir-bitcode": the contract between compiler/emit/opencl, which writes them, and
 * targets/opencl. docs/artifacts.md says what the formats share.
 *
 * An artifact is a ct_opencl_header and, at header_bytes, the payload: OpenCL C text, or bitcode that clCreateProgramWithBinary
 * takes with "-x spir". It holds one kernel:
 *
 *     __kernel void cutrans_kernel(__global const ct_opencl_launch *launch, __local uchar *shared)
 *
 * Block form: a work-group is one work-item and runs one block; the NDRange is the grid. The device is one whose pointers are
 * plain numbers, the same for all address spaces (CPUs).
 *
 * A bad access in a kernel becomes the device's fault only where the target can leave the kernel; that takes, on x86-64, frame pointers
 * in all functions ("frame-pointer"="all") and the statement CT_OPENCL_ENTRY_ASM at the kernel's start with the clobbers rbx, r12, r13,
 * r14 and r15, so that its entry saves them (targets/opencl/faults.h). Without them the process ends.
 */
#ifndef CUTRANS_OPENCL_KERNEL_H
#define CUTRANS_OPENCL_KERNEL_H

#include <stdint.h>

#include "cutrans/messages.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CT_OPENCL_ABI 1u
#define CT_OPENCL_MAGIC 0x4c434f43u /* "COCL" */
#define CT_OPENCL_FORMAT_C "opencl-c"
#define CT_OPENCL_FORMAT_SPIR "spir-bitcode"
#define CT_OPENCL_KERNEL_NAME "cutrans_kernel"
#define CT_OPENCL_ENTRY_ASM ".byte 0x0f, 0x1f, 0x80, 0x43, 0x54, 0x4f, 0x43" /* a nop with a displacement that is a mark */
#define CT_OPENCL_ENTRY_CLOBBERS "~{rbx},~{r12},~{r13},~{r14},~{r15}"

enum { /* ct_opencl_header.flags */
  CT_OPENCL_USES_STACK = 1u << 0,      /* recursion or alloca: wants ct_opencl_launch.stack_bytes */
  CT_OPENCL_USES_MESSAGES = 1u << 1,   /* printf, assert or trap: ct_opencl_launch.messages must be there */
  CT_OPENCL_USES_HEAP = 1u << 4,       /* malloc or free: ct_opencl_launch.heap must be there */
  CT_OPENCL_USES_TIMER = 1u << 5       /* %globaltimer: ct_opencl_launch.timer_* must be there */
};

/* What a target must know of a kernel without a compiler. Field order is ABI. */
typedef struct ct_opencl_header {
  uint32_t magic, abi;
  uint32_t header_bytes;          /* where the payload begins */
  uint32_t flags;
  uint64_t payload_bytes;
  uint32_t gang_width;            /* lanes */
  uint32_t block[3];              /* the shape it was compiled for, or zeros: any */
  uint32_t max_grid[3];           /* larger grids need a generic artifact; 0: any */
  uint32_t static_shared_bytes;
  uint32_t local_bytes;           /* per thread, multiple of 16 */
  uint32_t scratch_bytes;         /* per running block */
  char build_options[128];        /* for clBuildProgram, NUL-terminated */
} ct_opencl_header;

/* One launch. The target writes it to memory that the device reads; addresses are the device's. */
typedef struct ct_opencl_launch {
  uint64_t params;                /* the parameter buffer, laid out as its PTX says */
  uint64_t globals;               /* the module's variables, or 0 */
  uint64_t grid_id;
  uint64_t child_queue;           /* ct_launch.child_queue */
  uint64_t messages;              /* a ct_messages (messages.h), or 0 */
  uint64_t arena;                 /* work memory: slots of slot_bytes for running blocks, or 0 where the kernel needs none */
  uint64_t arena_slots;           /* an array of arena_slot_count uint32, 0: free; a block takes one with an atomic exchange */
  uint64_t slot_bytes;            /* scratch, then local memory of the block's threads rounded up to whole gangs, then their stacks; each part at a multiple of 64 */
  uint64_t stack_bytes;           /* of each thread, a multiple of 16 */
  uint32_t arena_slot_count;      /* at least as many as work-groups that the device runs at a time */
  uint32_t grid[3];
  uint32_t block[3];
  uint32_t dynamic_shared_bytes;
  uint32_t unit_count;            /* %nsmid */
  uint32_t timer_rate;            /* nanoseconds that a cycle takes, times 2^24 */
  uint64_t heap;                  /* a ct_device_heap (device_heap.h), or 0 */
  uint64_t timer_cycles;          /* what the device's cycle counter (llvm.readcyclecounter) said when %globaltimer was timer_ns */
  uint64_t timer_ns;
} ct_opencl_launch;

#ifdef __cplusplus
}
#endif
#endif
