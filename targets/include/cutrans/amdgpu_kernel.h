/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The artifact "amdgpu-elf": the contract between compiler/emit/amdgcn, which writes it, and targets/hip, which loads it
 * (docs/amdgpu-emit.md; docs/artifacts.md says what the formats share).
 *
 * An artifact is an AMDGPU code object (ELF, HSA ABI, code object version 5), as hipModuleLoadData takes it. It holds one
 * kernel, CT_AMDGPU_KERNEL_NAME, in thread form: a work-item is a thread, a work-group a block, the grid is the launch's.
 * It has no hidden arguments and calls nothing. Its kernel arguments ("kernarg segment") are
 *
 *     offset 0             the parameter buffer, params_bytes, as its PTX lays it out
 *     launch_offset        a ct_amdgpu_launch, by value; launch_offset is params_bytes rounded up to 8
 *
 * kernarg_bytes in all; a target hands them over in one piece (HIP_LAUNCH_PARAM_BUFFER_POINTER), so that no launch needs memory
 * that outlives the call. The metadata names each of the two as one argument by value (no first one where params_bytes is 0):
 * a cooperative launch takes pointers to arguments only. Dynamic shared memory is the launch's: it lies behind the static one.
 *
 * Warps are 32 consecutive threads, whatever the wave size: a wave of 64 holds two.
 *
 * The section CT_AMDGPU_RECORD_SECTION of the file is one ct_amdgpu_kernel. With the word "embed-ir=1" in the target's
 * codegen text the section CT_AMDGPU_IR_SECTION is the kernel's SPMD IR as LLVM bitcode, as the front end leaves it
 * (docs/spmd-ir.md), for devices that are imitated on this machine; with "embed-ir=2" the section CT_AMDGPU_LOWERED_SECTION
 * is the kernel as LLVM's back end gets it: waves, address spaces and operations of the chip, for who imitates the chip itself.
 */
#ifndef CUTRANS_AMDGPU_KERNEL_H
#define CUTRANS_AMDGPU_KERNEL_H

#include <stdint.h>

#include "cutrans/messages.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CT_AMDGPU_ABI 2u
#define CT_AMDGPU_MAGIC 0x444d4143u /* "CAMD" */
#define CT_AMDGPU_FORMAT "amdgpu-elf"
#define CT_AMDGPU_KERNEL_NAME "cutrans_kernel"
#define CT_AMDGPU_RECORD_SECTION ".cutrans"
#define CT_AMDGPU_IR_SECTION ".cutrans.ir"
#define CT_AMDGPU_LOWERED_SECTION ".cutrans.lowered"

enum { /* ct_amdgpu_kernel.flags */
  CT_AMDGPU_USES_STACK = 1u << 0,      /* recursion or alloca: wants ct_amdgpu_launch.stack* */
  CT_AMDGPU_USES_MESSAGES = 1u << 1,   /* printf, assert, trap: wants ct_amdgpu_launch.messages */
  CT_AMDGPU_USES_TIMER = 1u << 2,      /* %globaltimer: wants ct_amdgpu_launch.timer_khz */
  CT_AMDGPU_USES_HEAP = 1u << 3        /* malloc and free: wants ct_amdgpu_launch.heap */
};

/* What a target must know of a kernel without a compiler. Field order is ABI. */
typedef struct ct_amdgpu_kernel {
  uint32_t magic, abi;
  uint32_t struct_size;
  uint32_t flags;
  uint32_t wave_size;             /* 32 or 64 */
  uint32_t block[3];              /* the shape it was compiled for, or zeros: any */
  uint32_t max_grid[3];           /* larger grids need a generic artifact; 0: any */
  uint32_t params_bytes;          /* of the PTX parameter buffer */
  uint32_t launch_offset;         /* of the launch record in the kernel arguments */
  uint32_t kernarg_bytes;
  uint32_t static_shared_bytes;
  uint32_t scratch_bytes;         /* private memory of each thread: locals and spills; the loader provides it */
  uint32_t vector_registers;      /* of each thread */
  uint32_t scalar_registers;      /* of each wave */
  uint32_t max_threads;           /* of a block that the registers were given out for */
  uint32_t reserved;
} ct_amdgpu_kernel;

/* One launch. All addresses are the device's. */
typedef struct ct_amdgpu_launch {
  uint64_t globals;               /* the module's variables, or 0 */
  uint64_t grid_id;
  uint64_t child_queue;           /* ct_launch.child_queue: %envreg3:%envreg4 (high:low) */
  uint64_t grid_workspace;        /* cooperative launches: zeroed memory, its address is %envreg1:%envreg2 (high:low); else 0 */
  uint64_t messages;              /* a ct_messages (messages.h) in memory that device and host read and write */
  uint64_t stacks;                /* stack_slots pieces of wave_size * stack_bytes, 64-aligned */
  uint64_t stack_slots;           /* an array of stack_slot_count uint32, 0: free; a wave takes one with an atomic exchange and gives it back */
  uint64_t stack_bytes;           /* of each thread, a multiple of 16 */
  uint64_t heap;                  /* a ct_device_heap (device_heap.h), the device's */
  uint32_t stack_slot_count;      /* at least as many as waves that the device runs at a time */
  uint32_t grid[3];               /* blocks */
  uint32_t block[3];              /* threads */
  uint32_t dynamic_shared_bytes;
  uint32_t timer_khz;             /* rate of the device's constant counter (hipDeviceAttributeWallClockRate) */
  uint32_t reserved;
} ct_amdgpu_launch;

#ifdef __cplusplus
}
#endif
#endif
