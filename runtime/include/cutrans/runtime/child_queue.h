/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The child queue: where the threads of a grid write down the launches, copies and fills that they ask for (dynamic
 * parallelism). docs/device-launch.md says how it is used.
 *
 * Plain C, because both sides include it: the device library (shim/device), which writes it on the device, and the
 * runtime, which lays it out before the grid starts and reads it when the grid has ended. One block of device memory:
 * this header, then at the offsets it names the kernels, the errors of each thread, the slots and the arena. Offsets
 * are in bytes from the header. Its address is %envreg3:%envreg4 (high:low).
 */
#ifndef CUTRANS_CHILD_QUEUE_H
#define CUTRANS_CHILD_QUEUE_H

#include <stdint.h>

/* What a launch is checked against; one for each kernel of the module, by ascending address. */
typedef struct ct_child_kernel {
  uint64_t address;                /* in device code (ctc_kernel.address); no address of memory */
  uint32_t index;                  /* in the module */
  uint32_t params_size;
  uint32_t max_threads;            /* of a block: the device's limit or the kernel's own */
  uint32_t required_block[3];      /* .reqntid, or zeros */
  uint32_t max_dynamic_shared;     /* bytes */
} ct_child_kernel;

enum ct_child_kind { CT_CHILD_LAUNCH = 0, CT_CHILD_COPY = 1, CT_CHILD_FILL = 2 };
enum { CT_CHILD_TAIL = 1u << 0 /* after all else of this grid has ended */ };

/* 16-aligned in the arena; a launch's parameters follow it at once. */
typedef struct ct_child_record {
  uint32_t kind;                   /* ct_child_kind */
  uint32_t flags;
  union {
    struct {
      uint64_t kernel;             /* index in the module */
      uint32_t grid[3], block[3];
      uint64_t dynamic_shared;     /* bytes */
    } launch;
    struct {
      uint64_t dst, src, width, height, depth; /* bytes, rows, slices */
      uint64_t dst_pitch, dst_slice, src_pitch, src_slice;
    } copy;
    struct {
      uint64_t dst, width, height, pitch;      /* bytes; width in bytes */
      uint32_t value, reserved;
    } fill;
  } u;
} ct_child_record;

typedef struct ct_child_queue {
  uint64_t bytes;                  /* of the whole block */
  uint64_t kernels, errors, slots, arena;  /* offsets */
  uint64_t arena_bytes;
  uint32_t kernel_count;
  uint32_t max_records;            /* slots: one uint64_t each, the offset of a record in the order they were asked for */
  uint32_t max_grid[3], max_block[3];
  uint32_t device;                 /* its number */
  uint32_t reserved;
  /* Atomic, shared by all threads of the grid. Both counts may run beyond their limits: those requests were refused. */
  uint64_t arena_used;
  uint64_t next_handle;            /* streams and events are numbers from CT_CHILD_FIRST_HANDLE on */
  uint32_t record_count;
  uint32_t reserved_2;
} ct_child_queue;

#define CT_CHILD_FIRST_HANDLE 256u

#endif
