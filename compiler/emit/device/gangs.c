/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Code that runs on OpenCL devices and is linked into kernels in gang form: what their gangs call, and the loop of a work-item that lets
 * the gangs of its blocks take turns (opencl_kernel.h). A gang is a coroutine that emit/opencl/split_gangs.cpp has made: it comes back at each suspension.
 */
#include <stddef.h>

#include "compiler/emit/device/running_block.h"
#include "cutrans/opencl_kernel.h"

enum {
#define CT_DIAGNOSTIC(name, number, text, remedy) code_##name = number,
#include "runtime/support/diagnostics.def"
#undef CT_DIAGNOSTIC
};

typedef ct_running_block Block;

/* Of the kernel. */
void cutrans_device_start(Block *block, uint32_t gang, void *frame);
void cutrans_device_resume(void *frame);
/* Lets the system run other threads; 0: there is no way to. */
int cutrans_device_relax(void);
/* messages.c */
void cutrans_device_trap(ct_messages *messages, uint32_t x, uint32_t y, uint32_t z, uint32_t thread, uint32_t code);

/* ---- what gangs call. 1: the caller is to be suspended ---- */

static void endGrid(const Block *b, uint32_t code) {
  cutrans_device_trap((ct_messages *)b->messages, b->block.block_id[0], b->block.block_id[1], b->block.block_id[2], 0, code);
}

static int arrive(Block *b, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes) {
  if (id < CT_GANGS_BARRIERS && ct_gangs_arrive(&b->gangs, gang, id, threads, expected, votes)) return 1;
  endGrid(b, code_host_barrier_misuse);
  return 0;
}

uint32_t cutrans_device_gang_barrier(Block *b, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected) {
  return !arrive(b, gang, id, threads, expected, 0) || ct_gangs_wait(&b->gangs, gang, id);
}

void cutrans_device_gang_arrive(Block *b, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected) {
  if (arrive(b, gang, id, threads, expected, 0) && ct_gangs_is_complete(&b->gangs, id)) ct_gangs_complete(&b->gangs, id);
}

uint32_t cutrans_device_gang_reduce(Block *b, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes) {
  return !arrive(b, gang, id, threads, expected, votes) || ct_gangs_wait(&b->gangs, gang, id);
}

void cutrans_device_gang_reduced(const Block *b, uint32_t gang, uint32_t *votes, uint32_t *threads) {
  *votes = b->gangs.gangs[gang].votes;
  *threads = b->gangs.gangs[gang].threads;
}

uint32_t cutrans_device_gang_yield(Block *b, uint32_t gang) {
  b->gangs.gangs[gang].resting = 1;
  return 1;
}

uint32_t cutrans_device_gang_wait_shared(Block *b, uint32_t gang, uint32_t turn) {
  b->gangs.gangs[gang].resting = 1;
  b->gangs.gangs[gang].watching = turn > 1; /* in the first turn it came from elsewhere */
  return 1;
}

uint32_t cutrans_device_gang_exchange(Block *b, uint32_t gang, ct_native_exchange *exchange) {
  return (uint32_t)ct_gangs_exchange(&b->gangs, gang, exchange);
}

void cutrans_device_gang_arrive_cluster(Block *b, uint32_t gang) { ct_gangs_arrive_cluster(&b->gangs, gang); }

uint32_t cutrans_device_gang_wait_cluster(Block *b, uint32_t gang) {
  if (b->gangs.gangs[gang].cluster_phase) return (uint32_t)ct_gangs_wait_cluster(&b->gangs, gang);
  endGrid(b, code_host_barrier_misuse);
  return 1;
}

void cutrans_device_gang_ended(Block *b, uint32_t gang) { b->gangs.gangs[gang].state = CT_GANG_DONE; }

/* ---- the worker ---- */

typedef struct Worker {
  const ct_opencl_launch *launch;
  uint32_t index, width, shared_bytes, local_bytes, frame_bytes;
  uint32_t flags;            /* CT_RUNNING_* */
  uint32_t each;             /* blocks of a cluster */
  uint64_t clusters;         /* of the grid */
} Worker;

#define NONE UINT32_MAX

static Block *blockOf(const Worker *w, uint32_t slot) { return (Block *)(w->launch->arena + slot * w->launch->slot_bytes); }

static ct_opencl_work *workOf(const ct_opencl_launch *launch) { return (ct_opencl_work *)launch->shared_work; }

static int isStopped(const ct_opencl_launch *launch) {
  if (launch->stop && __atomic_load_n((const int *)launch->stop, __ATOMIC_RELAXED)) return 1;
  return __atomic_load_n(&((const ct_messages *)launch->messages)->ended, __ATOMIC_RELAXED) != 0;
}

/* `rank`: in its cluster, whose first block is `first`. */
static void startBlock(const Worker *w, Block *first, uint32_t rank, uint64_t number) {
  const ct_opencl_launch *launch = w->launch;
  const uint32_t threads = launch->block[0] * launch->block[1] * launch->block[2], lanes = ct_gangs_round_up(threads, w->width);
  const uint32_t shared = w->shared_bytes + launch->dynamic_shared_bytes;
  ct_opencl_slot slot;
  ct_opencl_lay_out(&slot, sizeof(Block), sizeof(ct_gang), w->width < CT_GANGS_WARP ? sizeof(ct_gangs_warp) : 0, w->frame_bytes, w->width, w->local_bytes, lanes,
                    shared, launch->stack_bytes, w->each);
  uint8_t *memory = (uint8_t *)first + rank * slot.stride;
  Block *b = (Block *)memory;
  ct_native_block *n = &b->block;
  n->params = (const void *)launch->params;
  n->globals = (const void *)launch->globals;
  n->local = memory + slot.local;
  n->stack = (uint64_t)(memory + slot.stacks);
  n->stack_bytes = launch->stack_bytes;
  n->grid_id = launch->grid_id;
  n->grid_workspace = launch->grid_workspace;
  n->child_queue = launch->child_queue;
  for (uint32_t i = 0; i < 3; ++i) {
    n->grid[i] = launch->grid[i];
    n->block[i] = launch->block[i];
    n->cluster[i] = launch->cluster[i];
  }
  const uint32_t *size = launch->cluster, columns = launch->grid[0] / size[0], rows = launch->grid[1] / size[1];
  n->block_id[0] = (uint32_t)(number % columns) * size[0] + rank % size[0];
  n->block_id[1] = (uint32_t)(number / columns % rows) * size[1] + rank / size[0] % size[1];
  n->block_id[2] = (uint32_t)(number / columns / rows) * size[2] + rank / size[0] / size[1];
  n->shared_bytes = shared;
  n->dynamic_shared_bytes = launch->dynamic_shared_bytes;
  n->unit = launch->unit_count ? w->index % launch->unit_count : 0;
  n->unit_count = launch->unit_count;
  n->cluster_rank = rank;
  n->cluster_explicit = launch->cluster_explicit;
  n->cluster_shift = slot.shift;
  n->cluster_base = n->shared_base = CT_RUNNING_SHARED_START;
  /* Code that looks at its cluster counts from the first block's memory, other code from its own. */
  const int together = (w->flags & CT_RUNNING_CLUSTERS) && w->each > 1;
  if (together) n->shared_base += rank << slot.shift;
  b->window = (uint64_t)((together ? (uint8_t *)first : memory) + slot.shared) - CT_RUNNING_SHARED_START;
  b->messages = launch->messages;
  b->launch = (uint64_t)launch;
  b->gangs.gangs = (ct_gang *)(memory + slot.gangs);
  b->gangs.warps = (ct_gangs_warp *)(memory + slot.warps);
  b->frames = (uint64_t)(memory + slot.frames);
  b->gangs.cluster = &first->cluster;
  ct_gangs_start(&b->gangs, w->width, threads);
  for (uint32_t i = 0; i < b->gangs.count; ++i) cutrans_device_start(b, i, (void *)(b->frames + (uint64_t)i * w->frame_bytes));
}

/* A slot with a new block, or NONE: there are no more blocks, or no slots. `slot`: one that the worker has and gives back, or NONE. */
static uint32_t admit(const Worker *w, uint32_t slot) {
  const ct_opencl_launch *launch = w->launch;
  uint32_t *taken = (uint32_t *)launch->arena_slots;
  uint64_t *next = &workOf(launch)->next_block;
  if (__atomic_load_n(next, __ATOMIC_RELAXED) < w->clusters) {
    for (uint32_t i = 0; i < launch->arena_slot_count && slot == NONE; ++i)
      if (!__atomic_load_n(&taken[i], __ATOMIC_RELAXED) && !__atomic_exchange_n(&taken[i], 1u, __ATOMIC_ACQUIRE)) slot = i;
    if (slot == NONE) return NONE;
    const uint64_t number = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
    if (number < w->clusters) {
      Block *first = blockOf(w, slot);
      ct_gangs_start_cluster(&first->cluster);
      for (uint32_t rank = 0; rank < w->each; ++rank) startBlock(w, first, rank, number);
      return slot;
    }
  }
  if (slot != NONE) __atomic_store_n(&taken[slot], 0u, __ATOMIC_RELEASE);
  return NONE;
}

/* One turn for each gang of a cluster that can run. 0: nothing can ever happen again in it. */
static int takeTurns(const Worker *w, Block *first, uint32_t *moved) {
  ct_gangs_cluster *cluster = &first->cluster;
  uint32_t watching = 1, ready = 0, any = 0;
  for (ct_gangs *gangs = cluster->first; gangs; gangs = gangs->next) gangs->moved = 0;
  for (ct_gangs *gangs = cluster->first; gangs; gangs = gangs->next) {
    const uint64_t frames = ((Block *)((uint8_t *)gangs - offsetof(Block, gangs)))->frames;
    for (uint32_t g = 0; g < gangs->count && gangs->live; ++g) {
      if (gangs->gangs[g].state != CT_GANG_READY) continue;
      ct_gangs_turn(gangs, g);
      cutrans_device_resume((void *)(frames + (uint64_t)g * w->frame_bytes));
      __builtin_assume(gangs->width == w->width); /* a constant of the kernel */
      if (gangs->gangs[g].state == CT_GANG_DONE) ct_gangs_leave(gangs, g);
      watching &= gangs->gangs[g].watching;
    }
    ct_gangs_answer_who_is_here(gangs);
  }
  for (ct_gangs *gangs = cluster->first; gangs; gangs = gangs->next) {
    ready += gangs->ready;
    any |= gangs->moved;
  }
  *moved |= any;
  return !cluster->live || (ready && !(watching && !any));
}

/* Before a worker takes more than its share of the blocks, the others get so many rounds to take theirs. A round in which the system was asked to
 * run others counts for many. */
#define PATIENCE 4096u
#define RELAXED 64u
/* A worker that has only waited for so long - a tenth of a second, more or less - goes. */
#define LONG_CYCLES 300000000ull

/* At the end of a list of blocks: those that others have left. Returns how many. */
static uint32_t adopt(const Worker *w, uint32_t *link) {
  ct_opencl_work *work = workOf(w->launch);
  uint32_t count = 0;
  if (!__atomic_load_n(&work->orphans, __ATOMIC_RELAXED)) return 0;
  *link = __atomic_exchange_n(&work->orphans, 0u, __ATOMIC_ACQUIRE) - 1;
  for (uint32_t slot = *link; slot != NONE; slot = blockOf(w, slot)->next) ++count;
  return count;
}

/* The list becomes that of those who stay. */
static void leave(const Worker *w, uint32_t first) {
  ct_opencl_work *work = workOf(w->launch);
  uint32_t last = first, before = __atomic_load_n(&work->orphans, __ATOMIC_RELAXED);
  while (blockOf(w, last)->next != NONE) last = blockOf(w, last)->next;
  do blockOf(w, last)->next = before - 1;
  while (!__atomic_compare_exchange_n(&work->orphans, &before, first + 1, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* Whether the worker may return: it is not the last one, or nobody has left anything. */
static int mayGo(const Worker *w) {
  ct_opencl_work *work = workOf(w->launch);
  if (__atomic_add_fetch(&work->gone, 1, __ATOMIC_ACQ_REL) < w->launch->workers || !__atomic_load_n(&work->orphans, __ATOMIC_RELAXED)) return 1;
  __atomic_fetch_sub(&work->gone, 1, __ATOMIC_RELAXED);
  return 0;
}

void cutrans_device_run_gangs(const ct_opencl_launch *launch, uint32_t index, uint32_t width, uint32_t shared_bytes, uint32_t local_bytes, uint32_t frame_bytes,
                              uint32_t flags) {
  const uint32_t each = launch->cluster[0] * launch->cluster[1] * launch->cluster[2], waits = flags & CT_RUNNING_WAITS;
  const uint64_t clusters = (uint64_t)launch->grid[0] * launch->grid[1] * launch->grid[2] / each;
  const Worker worker = {launch, index, width, shared_bytes, local_bytes, frame_bytes, flags, each, clusters};
  const Worker *w = &worker;
  const uint32_t share = (launch->arena_slot_count + launch->workers - 1) / launch->workers;
  uint32_t first = NONE, *link = &first, held = 0, moved = 0, idle = 0;
  uint64_t since = 0;
  if (isStopped(launch)) return;
  /* Round after round over the list of blocks, the oldest first. There is one place where blocks are taken, because drivers copy it to each. */
  for (;;) {
    const uint32_t slot = *link;
    uint32_t fresh;
    if (slot != NONE) {
      Block *b = blockOf(w, slot);
      if (!takeTurns(w, b, &moved)) {
        if (!isStopped(launch)) endGrid(b, code_host_barrier_deadlock);
        return;
      }
      if (isStopped(launch)) return;
      if (b->cluster.live) {
        link = &b->next;
        continue;
      }
      *link = b->next;
      --held;
    } else {
      link = &first;
      if (held) {
        idle = moved ? 0 : idle + 1;
        moved = 0;
        if (idle == 1) since = __builtin_readcyclecounter();
        if (idle > RELAXED && cutrans_device_relax()) idle += RELAXED;
        /* One more where all that is here waits for something outside. */
        if (!idle || !waits || (held >= share && idle < PATIENCE)) continue;
        if (idle >= PATIENCE && __builtin_readcyclecounter() - since > LONG_CYCLES && __atomic_load_n(&workOf(launch)->gone, __ATOMIC_RELAXED) + 1 < launch->workers) {
          leave(w, first);
          first = NONE;
          held = 0;
          if (mayGo(w)) return;
        }
        while (*link != NONE) link = &blockOf(w, *link)->next;
      }
      if ((fresh = adopt(w, link))) {
        held += fresh;
        link = &first;
        idle = 0;
        continue;
      }
    }
    fresh = admit(w, slot);
    if (fresh == NONE) {
      if (!held && mayGo(w)) return;
      if (slot == NONE) link = &first;
      continue;
    }
    Block *b = blockOf(w, fresh);
    b->next = *link;
    *link = fresh;
    link = slot == NONE ? &first : &b->next;
    ++held;
    idle = 0;
  }
}
