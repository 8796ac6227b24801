// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The gang scheduler, and the services in which gangs are suspended.
#include "gangs.h"

#include <algorithm>
#include <bit>
#include <thread>

#include "cluster.h"
#include "faults.h"
#include "host.h"
#include "module.h"
#include "queue.h"
#include "scheduler.h"
#include "unit.h"

namespace cutrans::host {
namespace {

void runGang(void *raw) {
  Gang &gang = *static_cast<Gang *>(raw);
  gang.slot->launch->kernel->native->entry.gang(gang.slot, gang.index);
  gang.slot->gangs->states[gang.index].state = CT_GANG_DONE;
  suspend(gang);
}

void arrive(Slot &slot, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes) {
  if (id >= CT_GANGS_BARRIERS)
    abandon(CT_ERR_LAUNCH, Code::host_barrier_misuse, "barrier %u: there are 16", id);
  GangState &state = *slot.gangs;
  if (ct_gangs_arrive(&state, gang, id, threads, expected, votes)) return;
  const uint32_t all = ct_gangs_round_up(state.threads, CT_GANGS_WARP), before = state.barriers[id].expected;
  if (expected == state.threads) expected = all;
  abandon(CT_ERR_LAUNCH, Code::host_barrier_misuse, "barrier %u: %u threads are expected by one thread, %u by another", id, before ? before : all,
          expected ? expected : all);
}

void startGangs(Slot &slot, const Launch &launch) {
  if (!slot.gangs) slot.gangs = std::make_unique<GangState>();
  GangState &state = *slot.gangs;
  const uint32_t width = launch.kernel->native->gang_width, count = (launch.threads + width - 1) / width;
  if (state.fibers.size() < count) {
    state.fibers.resize(count);
    state.states.resize(count);
  }
  if (width < CT_GANGS_WARP) state.meetings.resize((launch.threads + CT_GANGS_WARP - 1) / CT_GANGS_WARP);
  state.gangs = state.states.data();
  state.warps = state.meetings.data();
  state.cluster = slot.together;
  ct_gangs_start(&state, width, launch.threads);
  for (uint32_t i = 0; i < count; ++i) {
    Gang &gang = state.fibers[i];
    gang.slot = &slot;
    gang.index = i;
    gang.fiber.context = nullptr;
  }
}

// One turn of a gang.
void resume(Unit &unit, Gang &gang) {
  GangState &state = *gang.slot->gangs;
  if (!gang.fiber.context) {
    if (!gang.fiber.stack.base) gang.fiber.stack = unit.stacks.take();
    if (!gang.fiber.stack.base) abandon(CT_ERR_OUT_OF_MEMORY, Code::host_no_memory, "no memory for the stacks of a block");
    prepareFiber(gang.fiber, runGang, &gang);
  }
  ct_gangs_turn(&state, gang.index);
  unit.current = gang.slot;
  unit.guard.running = &gang.fiber;
  state.current = &gang.index;
  switchFiber(unit.guard.body, gang.fiber);
  unit.guard.running = &unit.guard.body;
  state.current = nullptr;
  if (state.states[gang.index].state != CT_GANG_DONE) return;
  unit.stacks.give(gang.fiber.stack);
  gang.fiber.stack = {};
  ct_gangs_leave(&state, gang.index);
}

[[noreturn]] void reportDeadlock(const Cluster &cluster) {
  if (cluster.arrived)
    abandon(CT_ERR_LAUNCH, Code::host_barrier_deadlock, "the barrier of the cluster can never complete: not all of its threads get there");
  auto stuck = [](const Slot *slot) { return slot->gangs->live > 0; };
  Slot &slot = **std::find_if(cluster.slots.begin(), cluster.slots.end(), stuck);
  slot.home.current = &slot;
  const GangState &state = *slot.gangs;
  for (uint32_t w = 0; state.width < CT_GANGS_WARP && w * CT_GANGS_WARP < state.threads; ++w)
    if (const ct_gangs_warp &warp = state.warps[w]; warp.waiting) {
      const uint32_t lane = static_cast<uint32_t>(std::countr_zero(warp.waiting));
      abandon(CT_ERR_LAUNCH, Code::host_barrier_deadlock,
              "thread %u waits in a warp operation for lanes that never get there: it names 0x%08x, and 0x%08x have come of 0x%08x that have not ended",
              w * CT_GANGS_WARP + lane, warp.at[lane]->members[lane], warp.waiting, warp.live);
    }
  for (uint32_t id = 0; id < CT_GANGS_BARRIERS; ++id) {
    const ct_gangs_barrier &barrier = state.barriers[id];
    if (!barrier.in_use) continue;
    abandon(CT_ERR_LAUNCH, Code::host_barrier_deadlock, "barrier %u can never complete: %u threads have arrived of %u%s", id,
            barrier.threads, barrier.expected ? barrier.expected : slot.launch->threads,
            state.live < state.count ? "; others have exited" : "");
  }
  abandon(CT_ERR_LAUNCH, Code::host_barrier_deadlock, "all threads wait for shared memory, such as an mbarrier, to change, and none is left to change it");
}

}  // namespace

void GangState::drop(StackPool &stacks) {
  for (Gang &gang : fibers) {
    if (gang.fiber.stack.base) stacks.give(gang.fiber.stack);
    gang.fiber.stack = {};
  }
  count = live = ready = 0;
  current = nullptr;
}

Gang &gangOf(ct_native_block *block, uint32_t gang) {
  Slot &slot = *static_cast<Slot *>(block);
  if (!slot.gangs || gang >= slot.gangs->count)
    abandon(CT_ERR_LAUNCH, Code::host_barrier_misuse, "a service for gangs was called by other code");
  return slot.gangs->fibers[gang];
}

void suspend(Gang &gang) {
  Unit &unit = gang.slot->home;
  switchFiber(gang.fiber, unit.guard.body);
}

void runGangs(Unit &unit, Job &job, const Launch &launch) {
  const uint32_t units = scheduler->unitCount();
  const ct_native_kernel &native = *launch.kernel->native;
  // Tickets are clusters, mostly of one block. Cluster i has the slots from i * each on.
  const uint32_t each = launch.cluster_blocks;
  const uint32_t most = job.one_by_one ? residentBlocks(native, launch.threads, launch.dynamic_shared_bytes, each) / each : 1;
  uint64_t next = 0, taken = 0;  // tickets that this unit has and has not started
  uint32_t resident = 0;         // clusters [0, resident) run
  uint32_t idle_rounds = 0;
  bool leaving = false;

  auto admit = [&](uint32_t number) {
    if (!taken) {
      if (leaving || !(taken = job.take(next, units))) return false;
    }
    Cluster &cluster = unit.cluster(number);
    cluster.start(unit, launch, next++, number * each);
    for (Slot *slot : cluster.slots) startGangs(*slot, launch);
    if (--taken == 0 && !job.one_by_one) leaving = !mayContinue(unit, job);
    return true;
  };

  if (!admit(0)) return;
  resident = 1;
  while (resident) {
    bool moved = false;
    for (uint32_t i = 0; i < resident; ++i) {
      Cluster &cluster = unit.cluster(i);
      uint32_t ready = 0;
      bool watching = true;
      for (Slot *slot : cluster.slots) slot->gangs->moved = 0;
      for (Slot *slot : cluster.slots) {
        GangState &state = *slot->gangs;
        for (uint32_t g = 0; g < state.count && state.live; ++g)
          if (state.states[g].state == CT_GANG_READY) {
            resume(unit, state.fibers[g]);
            watching &= state.states[g].watching != 0;
          }
        ct_gangs_answer_who_is_here(&state);
      }
      for (Slot *slot : cluster.slots) {
        moved |= slot->gangs->moved != 0;
        watching &= !slot->gangs->moved;
        ready += slot->gangs->ready;
      }
      if (cluster.live == 0) {
        if (admit(i)) continue;
        // The last one takes this one's place.
        if (--resident > i) {
          std::swap(unit.clusters[i], unit.clusters[resident]);
          for (uint32_t k = 0; k < each; ++k) std::swap(unit.slots[i * each + k], unit.slots[resident * each + k]);
        }
        --i;
      } else if (ready == 0 || watching) {
        reportDeadlock(cluster);
      }
    }
    if (job.failed.load(std::memory_order_relaxed)) {
      for (auto &slot : unit.slots)
        if (slot->gangs) slot->gangs->drop(unit.stacks);
      break;
    }
    idle_rounds = moved ? 0 : idle_rounds + 1;
    if (idle_rounds == 0) continue;
    // All that is here waits for something outside: another block, another unit, the host.
    if (job.one_by_one && resident < most && admit(resident)) {
      ++resident;
      idle_rounds = 0;
    } else if (idle_rounds > 64) {
      std::this_thread::yield();
    } else {
      cpuRelax();
    }
  }
  unit.current = nullptr;
}

void gangBarrier(ct_native_block *block, uint32_t index, uint32_t id, uint32_t threads, uint32_t expected) {
  Gang &gang = gangOf(block, index);
  arrive(*gang.slot, index, id, threads, expected, 0);
  if (ct_gangs_wait(gang.slot->gangs.get(), index, id)) suspend(gang);
}

void gangBarrierArrive(ct_native_block *block, uint32_t index, uint32_t id, uint32_t threads, uint32_t expected) {
  Slot &slot = *gangOf(block, index).slot;
  arrive(slot, index, id, threads, expected, 0);
  if (ct_gangs_is_complete(slot.gangs.get(), id)) ct_gangs_complete(slot.gangs.get(), id);
}

void gangBarrierReduce(ct_native_block *block, uint32_t index, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes,
                       uint32_t *out_true, uint32_t *out_threads) {
  Gang &gang = gangOf(block, index);
  arrive(*gang.slot, index, id, threads, expected, votes);
  if (ct_gangs_wait(gang.slot->gangs.get(), index, id)) suspend(gang);
  *out_true = gang.slot->gangs->states[index].votes;
  *out_threads = gang.slot->gangs->states[index].threads;
}

void gangYield(ct_native_block *block, uint32_t gang) {
  Gang &self = gangOf(block, gang);
  self.slot->gangs->states[gang].resting = 1;
  suspend(self);
}

// Only gangs of the cluster write its shared memory. When each that can run has watched for a whole round, the next round is the same.
void gangWaitShared(ct_native_block *block, uint32_t gang, uint32_t turn) {
  Gang &self = gangOf(block, gang);
  ct_gang &state = self.slot->gangs->states[gang];
  state.resting = 1;
  state.watching = turn > 1;  // in the first turn it came from elsewhere
  suspend(self);
}

void warpExchange(ct_native_block *block, uint32_t gang, ct_native_exchange *exchange) {
  Gang &self = gangOf(block, gang);
  if (ct_gangs_exchange(self.slot->gangs.get(), gang, exchange)) suspend(self);
}

}  // namespace cutrans::host
