/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Gangs of one block that take turns: what they wait for, and when it is there. Plain C without calls, for any scheduler that can
 * suspend a gang: the host's, and the one that runs on OpenCL devices as bitcode. Who calls owns the block; there are no locks.
 *
 * A barrier counts whole warps, as the chip does (PTX ISA, barrier: a thread's arrival marks its warp's). A gang stands for its lanes; the
 * last gang of a block stands for the rest of the last warp too. Where all threads are expected, the barrier completes when each gang that
 * has not returned has arrived: generated code brings all lanes of a gang that have not exited with one call.
 *
 * Lanes of a warp whose gangs are less than a warp meet in exchanges (native_kernel.h): a lane waits until all lanes that its mask names
 * and that have not ended execute the same operation with the same mask (PTX ISA, shfl.sync and its kin).
 */
#ifndef CUTRANS_GANGS_H
#define CUTRANS_GANGS_H

#include <stdint.h>

#include "cutrans/native_kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CT_GANGS_WARP 32u
#define CT_GANGS_BARRIERS 16u
#define CT_GANGS_CLUSTER 16u  /* waited for: behind the block's own barriers */
#define CT_GANGS_EXCHANGE 17u

enum { CT_GANG_READY = 0, CT_GANG_WAITING = 1, CT_GANG_DONE = 2 };

typedef struct ct_gang {
  uint8_t state;
  uint8_t resting;        /* ready, but has just let others run */
  uint8_t watching;       /* has done nothing since it ran last but read shared memory */
  uint8_t reserved;
  uint32_t barrier;       /* waited for */
  uint32_t votes, threads;  /* of the barrier that it has waited for last */
  uint64_t cluster_phase; /* of the cluster's barrier, arrived at and not waited for; 0: none */
} ct_gang;

/* Between its first arrival and its completion. */
typedef struct ct_gangs_barrier {
  uint32_t in_use;
  uint32_t expected;      /* threads; 0: all of the block */
  uint32_t gangs;         /* that arrived */
  uint32_t weight;        /* threads that arrived, whole warps as the chip counts them */
  uint32_t threads, votes;
} ct_gangs_barrier;

typedef struct ct_gangs_warp {
  uint32_t live;          /* lanes whose thread has not ended */
  uint32_t waiting;       /* lanes that wait in an exchange */
  ct_native_exchange *at[CT_GANGS_WARP];  /* what a waiting lane's gang brought */
} ct_gangs_warp;

struct ct_gangs;

/* Blocks that run together. */
typedef struct ct_gangs_cluster {
  struct ct_gangs *first; /* of its blocks; the others by `next` */
  uint32_t live;          /* gangs that have not returned */
  uint32_t arrived;       /* of those, at the cluster's barrier */
  uint64_t phase;         /* of that barrier, from 1 on */
} ct_gangs_cluster;

typedef struct ct_gangs {
  uint32_t width;         /* lanes of a gang */
  uint32_t threads;       /* of the block */
  uint32_t count, live, ready;
  uint32_t moved;         /* something happened since the last look that others may have waited for */
  ct_gangs_barrier barriers[CT_GANGS_BARRIERS];
  ct_gang *gangs;         /* of the scheduler, `count` */
  ct_gangs_warp *warps;   /* of the scheduler, where gangs are less than a warp */
  ct_gangs_cluster *cluster;
  struct ct_gangs *next;  /* of the same cluster */
} ct_gangs;

static inline uint32_t ct_gangs_round_up(uint32_t value, uint32_t to) { return (value + to - 1) / to * to; }

/* The gang's lanes in its warp. */
static inline uint32_t ct_gangs_lanes(const ct_gangs *all, uint32_t gang) {
  return (all->width >= CT_GANGS_WARP ? ~0u : (1u << all->width) - 1) << (gang * all->width % CT_GANGS_WARP);
}

/* Before its blocks are started, each of which becomes one of it. */
static inline void ct_gangs_start_cluster(ct_gangs_cluster *cluster) {
  cluster->first = 0;
  cluster->live = cluster->arrived = 0;
  cluster->phase = 1;
}

/* `gangs`, `warps` and `cluster` are there. */
static inline void ct_gangs_start(ct_gangs *all, uint32_t width, uint32_t threads) {
  all->width = width;
  all->threads = threads;
  all->count = all->live = all->ready = (threads + width - 1) / width;
  all->moved = 0;
  all->next = all->cluster->first;
  all->cluster->first = all;
  all->cluster->live += all->count;
  for (uint32_t i = 0; i < CT_GANGS_BARRIERS; ++i) {
    ct_gangs_barrier none = {0, 0, 0, 0, 0, 0};
    all->barriers[i] = none;
  }
  for (uint32_t i = 0; i < all->count; ++i) {
    ct_gang fresh = {CT_GANG_READY, 0, 0, 0, 0, 0, 0, 0};
    all->gangs[i] = fresh;
  }
  if (width >= CT_GANGS_WARP) return;
  for (uint32_t first = 0, i = 0; first < threads; first += CT_GANGS_WARP, ++i) {
    const uint32_t lanes = threads - first;
    all->warps[i].live = lanes >= CT_GANGS_WARP ? ~0u : (1u << lanes) - 1;
    all->warps[i].waiting = 0;
  }
}

static inline void ct_gangs_release_one(ct_gangs *all, uint32_t gang, uint32_t barrier) {
  ct_gang *one = &all->gangs[gang];
  if (one->state != CT_GANG_WAITING || one->barrier != barrier) return;
  one->state = CT_GANG_READY;
  ++all->ready;
  all->moved = 1;
}

static inline void ct_gangs_release(ct_gangs *all, uint32_t barrier) {
  for (uint32_t i = 0; i < all->count; ++i) ct_gangs_release_one(all, i, barrier);
  all->moved = 1;
}

/* The gang is to be suspended until that barrier is released. */
static inline void ct_gangs_wait_for(ct_gangs *all, uint32_t gang, uint32_t barrier) {
  all->gangs[gang].barrier = barrier;
  all->gangs[gang].state = CT_GANG_WAITING;
  --all->ready;
}

static inline int ct_gangs_is_complete(const ct_gangs *all, uint32_t id) {
  const ct_gangs_barrier *barrier = &all->barriers[id];
  return barrier->in_use && (barrier->expected ? barrier->weight >= barrier->expected : barrier->gangs >= all->live);
}

static inline void ct_gangs_complete(ct_gangs *all, uint32_t id) {
  const ct_gangs_barrier barrier = all->barriers[id], none = {0, 0, 0, 0, 0, 0};
  for (uint32_t i = 0; i < all->count; ++i) {
    ct_gang *gang = &all->gangs[i];
    if (gang->state != CT_GANG_WAITING || gang->barrier != id) continue;
    gang->votes = barrier.votes;
    gang->threads = barrier.threads;
  }
  all->barriers[id] = none;
  ct_gangs_release(all, id);
}

/* Threads for which a gang's arrival counts. */
static inline uint32_t ct_gangs_weight(const ct_gangs *all, uint32_t gang, uint32_t threads, uint32_t expected) {
  if (expected % CT_GANGS_WARP) return threads;
  if (gang + 1 < all->count) return all->width;
  return ct_gangs_round_up(all->threads, CT_GANGS_WARP) - gang * all->width;
}

/* `threads` of a gang arrive at barrier `id` < 16, `votes` of them with true. 0: other threads expect another count. */
static inline int ct_gangs_arrive(ct_gangs *all, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes) {
  ct_gangs_barrier *barrier = &all->barriers[id];
  if (expected == all->threads || expected == ct_gangs_round_up(all->threads, CT_GANGS_WARP)) expected = 0;
  if (barrier->in_use && barrier->expected != expected) return 0;
  barrier->in_use = 1;
  barrier->expected = expected;
  ++barrier->gangs;
  barrier->weight += ct_gangs_weight(all, gang, threads, expected);
  barrier->threads += threads;
  barrier->votes += votes;
  return 1;
}

/* Behind the gang's own arrival. 1: it is to be suspended; 0: it was the last one, and goes on at once. */
static inline int ct_gangs_wait(ct_gangs *all, uint32_t gang, uint32_t id) {
  ct_gangs_wait_for(all, gang, id);
  if (!ct_gangs_is_complete(all, id)) return 1;
  ct_gangs_complete(all, id);
  return 0;
}

/* ---- lanes of one warp ---- */

/* Waiting lanes that wait for the same as `lane`. */
static inline uint32_t ct_gangs_group(const ct_gangs_warp *warp, uint32_t lane) {
  const ct_native_exchange *own = warp->at[lane];
  uint32_t group = 0;
  for (uint32_t lanes = warp->waiting; lanes; lanes &= lanes - 1) {
    const uint32_t other = (uint32_t)__builtin_ctz(lanes);
    const ct_native_exchange *theirs = warp->at[other];
    if (theirs->operation == own->operation && ((own->operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE) || theirs->members[other] == own->members[lane]))
      group |= 1u << other;
  }
  return group;
}

static inline void ct_gangs_meet(ct_gangs *all, uint32_t index, uint32_t group) {
  ct_gangs_warp *warp = &all->warps[index];
  for (uint32_t lanes = group; lanes; lanes &= lanes - 1) {
    const uint32_t lane = (uint32_t)__builtin_ctz(lanes);
    ct_native_exchange *exchange = warp->at[lane];
    exchange->present[lane] = (exchange->operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE) ? group : group & exchange->members[lane];
    for (uint32_t others = group; others; others &= others - 1) {
      const uint32_t other = (uint32_t)__builtin_ctz(others);
      exchange->values[other] = warp->at[other]->values[other];
    }
  }
  warp->waiting &= ~group;
  for (uint32_t first = 0; first < CT_GANGS_WARP; first += all->width) {
    const uint32_t gang = (index * CT_GANGS_WARP + first) / all->width, lanes = ct_gangs_lanes(all, gang);
    if ((lanes & group) && !(lanes & warp->waiting)) ct_gangs_release_one(all, gang, CT_GANGS_EXCHANGE);
  }
}

/* Completes those meetings of `lanes` for which nobody is missing. */
static inline void ct_gangs_meet_if_full(ct_gangs *all, uint32_t index, uint32_t lanes) {
  ct_gangs_warp *warp = &all->warps[index];
  for (lanes &= warp->waiting; lanes;) {
    const uint32_t lane = (uint32_t)__builtin_ctz(lanes), group = ct_gangs_group(warp, lane);
    const ct_native_exchange *exchange = warp->at[lane];
    const uint32_t wanted = (exchange->operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE) ? warp->live : exchange->members[lane] & warp->live;
    lanes &= ~group;
    if (!(wanted & ~group)) ct_gangs_meet(all, index, group);
  }
}

/* 1: the gang is to be suspended until its lanes have met the others. */
static inline int ct_gangs_exchange(ct_gangs *all, uint32_t gang, ct_native_exchange *exchange) {
  const uint32_t index = gang * all->width / CT_GANGS_WARP;
  ct_gangs_warp *warp = &all->warps[index];
  for (uint32_t lanes = exchange->lanes; lanes; lanes &= lanes - 1) warp->at[__builtin_ctz(lanes)] = exchange;
  warp->waiting |= exchange->lanes;
  /* Those who have ended in this gang may be what others waited for. */
  const uint32_t fewer = warp->live & exchange->exited;
  warp->live &= ~exchange->exited;
  ct_gangs_meet_if_full(all, index, fewer ? warp->waiting : exchange->lanes);
  if (!(exchange->lanes & warp->waiting)) return 0;
  ct_gangs_wait_for(all, gang, CT_GANGS_EXCHANGE);
  return 1;
}

/* All gangs of the block have had a turn: lanes that ask who is here get their answer where nobody can join them any more. */
static inline void ct_gangs_answer_who_is_here(ct_gangs *all) {
  if (all->width >= CT_GANGS_WARP) return;
  for (uint32_t index = 0; index * CT_GANGS_WARP < all->threads; ++index) {
    ct_gangs_warp *warp = &all->warps[index];
    uint32_t asking = 0, may_join = 0;
    for (uint32_t lanes = warp->waiting; lanes; lanes &= lanes - 1) {
      const uint32_t lane = (uint32_t)__builtin_ctz(lanes);
      if (warp->at[lane]->operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE) asking |= 1u << lane;
    }
    if (!asking) continue;
    for (uint32_t first = 0; first < CT_GANGS_WARP; first += all->width) {
      const uint32_t gang = (index * CT_GANGS_WARP + first) / all->width;
      if (gang < all->count && all->gangs[gang].state == CT_GANG_READY && !all->gangs[gang].resting) may_join = 1;
    }
    if (may_join) continue;
    while (asking) {
      const uint32_t group = ct_gangs_group(warp, (uint32_t)__builtin_ctz(asking));
      ct_gangs_meet(all, index, group);
      asking &= ~group;
    }
  }
}

/* ---- the cluster's barrier, of all its threads that have not ended ---- */

static inline void ct_gangs_complete_cluster(ct_gangs_cluster *cluster) {
  if (!cluster->live || cluster->arrived != cluster->live) return;
  cluster->arrived = 0;
  ++cluster->phase;
  for (ct_gangs *block = cluster->first; block; block = block->next) ct_gangs_release(block, CT_GANGS_CLUSTER);
}

static inline void ct_gangs_arrive_cluster(ct_gangs *all, uint32_t gang) {
  ct_gangs_cluster *cluster = all->cluster;
  if (all->gangs[gang].cluster_phase == cluster->phase) return; /* other lanes of the gang came before */
  all->gangs[gang].cluster_phase = cluster->phase;
  ++cluster->arrived;
  ct_gangs_complete_cluster(cluster);
}

/* 1: the gang, which has arrived, is to be suspended. */
static inline int ct_gangs_wait_cluster(ct_gangs *all, uint32_t gang) {
  const int open = all->gangs[gang].cluster_phase == all->cluster->phase;
  all->gangs[gang].cluster_phase = 0;
  if (open) ct_gangs_wait_for(all, gang, CT_GANGS_CLUSTER);
  return open;
}

/* ---- turns ---- */

/* Before each turn of a gang. */
static inline void ct_gangs_turn(ct_gangs *all, uint32_t gang) { all->gangs[gang].resting = all->gangs[gang].watching = 0; }

/* A ready gang has returned. Its absence may be what the others wait for. */
static inline void ct_gangs_leave(ct_gangs *all, uint32_t gang) {
  all->gangs[gang].state = CT_GANG_DONE;
  --all->live;
  --all->ready;
  all->moved = 1;
  if (all->width < CT_GANGS_WARP) {
    const uint32_t index = gang * all->width / CT_GANGS_WARP;
    all->warps[index].live &= ~ct_gangs_lanes(all, gang);
    ct_gangs_meet_if_full(all, index, all->warps[index].waiting);
  }
#pragma clang loop unroll(disable)
  for (uint32_t id = 0; id < CT_GANGS_BARRIERS; ++id)
    if (all->live && ct_gangs_is_complete(all, id)) ct_gangs_complete(all, id);
  --all->cluster->live;
  if (all->gangs[gang].cluster_phase == all->cluster->phase) --all->cluster->arrived;
  ct_gangs_complete_cluster(all->cluster);
}

#ifdef __cplusplus
}
#endif
#endif
