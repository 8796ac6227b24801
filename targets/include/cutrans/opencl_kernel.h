/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The artifacts "opencl-c", "spir-bitcode" and "spirv": the contract between compiler/emit/opencl and emit/spirv, which write them, and
 * targets/opencl. docs/artifacts.md says what the formats share.
 *
 * An artifact is a ct_opencl_header and, at header_bytes, the payload: OpenCL C text, or bitcode that clCreateProgramWithBinary
 * takes with "-x spir", or SPIR-V 1.3 that clCreateProgramWithIL takes. It holds one kernel:
 *
 *     __kernel void cutrans_kernel(__global const ct_opencl_launch *launch, __local uchar *shared)
 *
 * In block form and gang form a work-group is one work-item, and the device is one whose pointers are plain numbers, the same for all address
 * spaces (CPUs).
 *
 * Block form: a work-group runs one block; the NDRange is the grid.
 *
 * Gang form (CT_OPENCL_GANGS): the NDRange has `workers` work-groups in x. Each takes blocks in their order from a counter, x first, and
 * lets their gangs take turns. A running block has a slot of the arena, its shared memory too; argument 1 is not used. Where blocks wait for others
 * (CT_OPENCL_WAITS_ON_GRID), a worker all of whose blocks wait takes one more, so it never matters how many workers the device really runs at a time;
 * and one that waits for long leaves its blocks to the others, so that the device can run other commands.
 *
 * Thread form (CT_OPENCL_THREADS, the format spirv): a work-item is a thread, a sub-group a warp. The NDRange has the grid's extents, in x times the threads of a block; the
 * work-group is (threads of a block, 1, 1). sub_group_size is what the kernel demands; the number of a thread in its block is its sub-group's number times that
 * and its own in the sub-group. Pointers are numbers that hold for the generic and the global address space.
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

#define CT_OPENCL_ABI 3u
#define CT_OPENCL_MAGIC 0x4c434f43u /* "COCL" */
#define CT_OPENCL_FORMAT_C "opencl-c"
#define CT_OPENCL_FORMAT_SPIR "spir-bitcode"
#define CT_OPENCL_FORMAT_SPIRV "spirv"
#define CT_OPENCL_KERNEL_NAME "cutrans_kernel"
#define CT_OPENCL_ENTRY_ASM ".byte 0x0f, 0x1f, 0x80, 0x43, 0x54, 0x4f, 0x43" /* a nop with a displacement that is a mark */
#define CT_OPENCL_ENTRY_CLOBBERS "~{rbx},~{r12},~{r13},~{r14},~{r15}"

enum { /* ct_opencl_header.flags */
  CT_OPENCL_USES_STACK = 1u << 0,      /* recursion or alloca: wants ct_opencl_launch.stack_bytes */
  CT_OPENCL_USES_MESSAGES = 1u << 1,   /* printf, assert or trap: ct_opencl_launch.messages must be there */
  CT_OPENCL_GANGS = 1u << 2,           /* gang form */
  CT_OPENCL_WAITS_ON_GRID = 1u << 3,   /* blocks may wait for others of the grid */
  CT_OPENCL_USES_HEAP = 1u << 4,       /* malloc or free: ct_opencl_launch.heap must be there */
  CT_OPENCL_USES_TIMER = 1u << 5,      /* %globaltimer: ct_opencl_launch.timer_* must be there */
  CT_OPENCL_EMPTY_GRIDS = 1u << 6,     /* where ct_opencl_launch.grid[0] is 0 nothing else is looked at: drivers make code of a kernel when it first runs */
  CT_OPENCL_THREADS = 1u << 7          /* thread form */
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
  uint32_t block_bytes;           /* gang form: what a slot holds for its block, for each gang, and for each warp of narrower gangs */
  uint32_t gang_bytes;
  uint32_t warp_bytes;
  uint32_t frame_bytes;           /* and of a suspended gang, a multiple of its alignment, which is at most CT_OPENCL_SLOT_ALIGN */
  uint32_t sub_group_size;        /* thread form: 32; else 0 */
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
  uint64_t grid_workspace;        /* cooperative launches: CT_OPENCL_WORKSPACE_BYTES zeroed bytes, else 0 */
  uint64_t shared_work;           /* gang form: a ct_opencl_work, zeroed */
  uint64_t stop;                  /* gang form: of an int that is not 0 when a block was left by a fault, or 0 */
  uint32_t workers;               /* gang form: work-groups */
  uint32_t cluster[3];            /* blocks; all 1: no clusters */
  uint32_t cluster_explicit;      /* 1: the launch, or the kernel, asked for clusters */
  uint32_t reserved;
} ct_opencl_launch;

/* Gang form: what the workers of a launch share. */
typedef struct ct_opencl_work {
  uint64_t next_block;            /* number of the next block that nobody has taken */
  uint32_t gone;                  /* workers that have returned */
  uint32_t orphans;               /* 1 and the slot of the first block of those who returned before their blocks had ended, or 0 */
} ct_opencl_work;

#define CT_OPENCL_WORKSPACE_BYTES 4096u
#define CT_OPENCL_SLOT_ALIGN 256u

/* Gang form: the parts of a slot, by their offsets, each at a multiple of CT_OPENCL_SLOT_ALIGN. A slot holds the blocks of a cluster, mostly one, `stride`
 * apart: 1 << shift, where there are several. */
typedef struct ct_opencl_slot {
  uint64_t gangs, warps, frames, shared, local, stacks, stride, bytes;
  uint32_t shift;                 /* 31: one block */
} ct_opencl_slot;

#define CT_OPENCL_MOST_SHIFT 26u  /* addresses of shared memory have 32 bits, and are 2^30 at the start */

static inline uint64_t ct_opencl_part(uint64_t *end, uint64_t bytes) {
  const uint64_t start = *end;
  *end = (start + bytes + CT_OPENCL_SLOT_ALIGN - 1) / CT_OPENCL_SLOT_ALIGN * CT_OPENCL_SLOT_ALIGN;
  return start;
}

/* The sizes are the header's; `lanes` are the block's threads, rounded up to whole gangs. */
static inline void ct_opencl_lay_out(ct_opencl_slot *slot, uint32_t block_bytes, uint32_t gang_bytes, uint32_t warp_bytes, uint32_t frame_bytes, uint32_t gang_width,
                                     uint32_t local_bytes, uint64_t lanes, uint64_t shared_bytes, uint64_t stack_bytes,
                                     uint32_t cluster_blocks) {
  uint64_t end = 0;
  ct_opencl_part(&end, block_bytes);
  slot->gangs = ct_opencl_part(&end, lanes / gang_width * gang_bytes);
  slot->warps = ct_opencl_part(&end, (lanes + 31) / 32 * warp_bytes);
  slot->frames = ct_opencl_part(&end, lanes / gang_width * frame_bytes);
  slot->shared = ct_opencl_part(&end, shared_bytes);
  slot->local = ct_opencl_part(&end, lanes * local_bytes);
  slot->stacks = ct_opencl_part(&end, lanes * stack_bytes);
  slot->shift = 31;
  slot->stride = end;
  if (cluster_blocks > 1)
    for (slot->shift = 12, slot->stride = 1u << 12; slot->stride < end; slot->stride *= 2) ++slot->shift;
  slot->bytes = slot->stride * cluster_blocks;
}

#ifdef __cplusplus
}
#endif
#endif
