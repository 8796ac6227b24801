/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The "native-so" artifact: the contract between compiler/emit/native, which writes kernels as shared
 * libraries, and any target that runs them on this CPU (targets/host).
 *
 * An artifact exports one symbol, `cutrans_kernel`, a ct_native_kernel. It imports nothing: all that
 * generated code needs from outside comes through ct_native_block.services. Field order is ABI: generated code
 * addresses these structures by offset (compiler/emit/native takes the offsets from this header).
 *
 * Shared memory lies in the low 4 GiB of the address space (MAP_32BIT), page zero and the top page never mapped, so that a
 * 32-bit shared address, its zero extension and the generic address are one number, and address
 * arithmetic that wraps can only fault where the chip would fault too.
 */
#ifndef CUTRANS_NATIVE_KERNEL_H
#define CUTRANS_NATIVE_KERNEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CT_NATIVE_ABI 1u
#define CT_NATIVE_KERNEL_SYMBOL "cutrans_kernel"
#define CT_NATIVE_FORMAT "native-so"
#define CT_NATIVE_SHARED_ALIGN 4096u

#define CT_NATIVE_TRAP_LINE_SHIFT 13u
#define CT_NATIVE_TRAP_LINES (1u << 19)

typedef struct ct_native_block ct_native_block;

/* Lanes of one warp that meet, for kernels whose gangs are less than a warp. Arrays are indexed by the lane's place in its warp.
 * Lanes meet that bring the same operation and the same members, wherever they come from. */
#define CT_NATIVE_EXCHANGE_WHO_IS_HERE 0x80000000u /* operation, this bit: waits for nobody that can get on elsewhere; members are ignored */
typedef struct ct_native_exchange {
  uint32_t lanes;               /* in: of the calling gang, which take part */
  uint32_t exited;              /* in: of the calling gang, which have ended */
  uint32_t operation;           /* in */
  uint32_t reserved;
  uint32_t members[32];         /* in: those of the gang's lanes; whom each waits for, unless they have ended */
  uint64_t values[32];          /* in: those of the gang's lanes; out: those of all lanes that took part */
  uint32_t present[32];         /* out: for each of the gang's lanes, who took part with it */
} ct_native_exchange;

/* Calls from generated code into the target. `block` is the running block. Those marked (ends) do not
 * return: the target unwinds its worker without running destructors of generated code. */
typedef struct ct_native_services {
  uint32_t struct_size;
  uint32_t reserved;
  /* One thread's printf. fmt and args are generic addresses; args is the packed buffer of CUDA's vprintf
   * (each value aligned to its size). Returns the count of arguments, or -1. */
  int32_t (*vprintf)(ct_native_block *block, const char *fmt, const void *args);
  /* (ends) device assert; thread is the linear thread id in the block. */
  void (*assert_fail)(ct_native_block *block, uint32_t thread, const char *message, const char *file, uint32_t line,
                      const char *function);
  /* (ends) `trap` (0), or a refusal found at run time: the low CT_NATIVE_TRAP_LINE_SHIFT bits are a row of
   * runtime/support/diagnostics.def, the others the line of the PTX text, 0: unknown. */
  void (*trap)(ct_native_block *block, uint32_t thread, uint32_t code);
  uint64_t (*heap_alloc)(ct_native_block *block, uint64_t size);   /* device malloc; 0 when the heap is full */
  void (*heap_free)(ct_native_block *block, uint64_t address);
  uint64_t (*clock)(void);          /* %clock64 */
  uint64_t (*global_timer)(void);   /* %globaltimer, ns */
  void (*nanosleep)(ct_native_block *block, uint32_t ns);
  /* ---- gang form only; the caller's gang is suspended until the condition holds ---- */
  /* Barrier `id` of the block. `threads` live threads arrive with this call; expected = 0 means all threads of the block that
   * have not exited. */
  void (*barrier)(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected);
  void (*barrier_arrive)(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected);
  /* Barrier with a reduction over the arriving threads: `votes` of them hold true. Writes the number of true
   * votes and the number of threads that took part. */
  void (*barrier_reduce)(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected,
                         uint32_t votes, uint32_t *out_true, uint32_t *out_threads);
  /* Lets other gangs and blocks run; called on the back edge of loops that may wait for them. */
  void (*yield)(ct_native_block *block, uint32_t gang);
  /* ---- both forms ---- */
  /* One texture or surface instruction for a gang (texture_ops.h): the lanes of `mask`, thread is lane 0's linear id. Word i of lane l
   * is in[i * lanes + l], results likewise in `out`. May end the kernel with a fault. */
  void (*texture)(ct_native_block *block, uint32_t thread, uint32_t form, uint32_t lanes, uint32_t mask,
                  const uint64_t *handles, const uint32_t *in, uint32_t *out);
  /* ---- gang form only ---- */
  /* Barrier of all threads of the cluster that have not exited. A gang arrives, and later waits for all to have arrived. */
  void (*cluster_arrive)(ct_native_block *block, uint32_t gang);
  void (*cluster_wait)(ct_native_block *block, uint32_t gang);
  void (*warp_exchange)(ct_native_block *block, uint32_t gang, ct_native_exchange *exchange);
  /* Like yield, on the back edge of a loop that does nothing but read shared memory until it changes. `turn`: which time in a
   * row, from 1 on. Where all gangs that are left of the cluster do no more than that, nothing can change. */
  void (*wait_shared)(ct_native_block *block, uint32_t gang, uint32_t turn);
  /* ---- bulk and tensor copies: transactions.h has the numbers, targets/common the code. Done when the call returns. ---- */
  void (*bulk_copy)(ct_native_block *block, void *to, const void *from, uint64_t bytes, uint32_t mask);
  void (*bulk_reduce)(ct_native_block *block, void *to, const void *from, uint64_t bytes, uint32_t operation);
  uint32_t (*tensor_copy)(ct_native_block *block, const void *map, void *shared, const int32_t *where, uint32_t what);
} ct_native_services;

/* One block of a launch. The target fills it; generated code only reads it. */
struct ct_native_block {
  const ct_native_services *services;
  const void *params;             /* the kernel's parameter buffer, laid out as its PTX says */
  const void *globals;            /* the module's variables */
  uint8_t *scratch;               /* scratch_bytes, 64-aligned, undefined contents; one per running block */
  uint8_t *local;                 /* local_bytes for each thread of the block, rounded up to whole gangs, 64-aligned */
  uint64_t grid_id;
  uint64_t grid_workspace;        /* cooperative launches: zeroed memory, its address is %envreg1:%envreg2 (high:low) */
  uint32_t grid[3];
  uint32_t block[3];
  uint32_t block_id[3];
  uint32_t shared_base;           /* low-4-GiB address, CT_NATIVE_SHARED_ALIGN aligned: static then dynamic shared memory */
  uint32_t shared_bytes;          /* static + dynamic */
  uint32_t dynamic_shared_bytes;
  uint32_t unit;                  /* %smid: index of the worker */
  uint32_t unit_count;            /* %nsmid */
  uint64_t child_queue;           /* ct_launch.child_queue: %envreg3:%envreg4 (high:low) */
  uint64_t stack;                 /* CT_NATIVE_USES_STACK: stack_bytes for each thread, thread after thread, 64-aligned */
  uint64_t stack_bytes;           /* a multiple of 16 */
  /* The shared windows of a cluster's blocks lie side by side: that of the block with rank r begins at
   * cluster_base + (r << cluster_shift). A launch without clusters has clusters of one block. */
  uint32_t cluster[3];            /* blocks */
  uint32_t cluster_rank;          /* of this block */
  uint32_t cluster_base;
  uint32_t cluster_shift;
  uint32_t cluster_explicit;      /* 1: the launch, or the kernel, asked for clusters */
  /* Owned by the target; generated code never looks beyond this line. */
};

typedef enum ct_native_form {
  CT_NATIVE_FORM_BLOCK = 0,  /* entry.block runs a whole block, barriers included */
  CT_NATIVE_FORM_GANG = 1    /* entry.gang runs one gang; all gangs of a block, and of its cluster, are resumable and take turns */
} ct_native_form;

enum {
  CT_NATIVE_WAITS_ON_GRID = 1u << 0, /* has loops that may wait for other blocks: blocks start in order, earlier ones first */
  CT_NATIVE_USES_STACK = 1u << 1 /* recursion or alloca: wants ct_native_block.stack */
};

typedef struct ct_native_kernel {
  uint32_t abi;                   /* CT_NATIVE_ABI */
  uint32_t struct_size;
  uint32_t form;                  /* ct_native_form */
  uint32_t flags;
  uint32_t gang_width;            /* lanes */
  uint32_t block[3];              /* the shape it was compiled for, or zeros: any */
  uint32_t max_grid[3];           /* larger grids need a generic artifact; 0: any */
  uint32_t static_shared_bytes;
  uint32_t local_bytes;           /* per thread, multiple of 16 */
  uint32_t scratch_bytes;         /* per running block */
  union {
    void (*block)(ct_native_block *block);
    void (*gang)(ct_native_block *block, uint32_t gang);
  } entry;
  const char *name;
} ct_native_kernel;

#ifdef __cplusplus
}
#endif
#endif
