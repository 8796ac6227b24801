// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The gang scheduler and barriers.
//
// A barrier counts whole warps, as the chip does (PTX ISA, barrier: a thread's arrival marks its warp's). A gang stands
// for its lanes; the last gang of a block stands for the rest of the last warp too. Where all threads are expected,
// the barrier completes when each gang that has not returned has arrived: generated code brings all lanes of a
// gang that have not exited with one call.
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

constexpr uint32_t kWarp = 32;

void suspend(Gang &gang) {
  Unit &unit = gang.slot->home;
  switchFiber(gang.fiber, unit.guard.body);
}

void runGang(void *raw) {
  Gang &gang = *static_cast<Gang *>(raw);
  gang.slot->launch->kernel->native->entry.gang(gang.slot, gang.index);
  gang.state = Gang::State::done;
  suspend(gang);
}

void complete(Slot &slot, uint32_t id) {
  GangState &state = *slot.gangs;
  Barrier &barrier = state.barriers[id];
  for (uint32_t i = 0; i < state.count; ++i) {
    Gang &gang = state.gangs[i];
    if (gang.state != Gang::State::waiting || gang.barrier != id || !gang.out_true) continue;
    *gang.out_true = barrier.votes;
    *gang.out_threads = barrier.threads;
  }
  barrier = {};
  release(slot, id);
}

bool isComplete(const GangState &state, const Barrier &barrier) {
  return barrier.in_use && (barrier.expected ? barrier.weight >= barrier.expected : barrier.gangs >= state.live);
}

// Threads for which a gang's arrival counts.
uint32_t weightOf(const Slot &slot, uint32_t gang, uint32_t threads, uint32_t expected) {
  if (expected % kWarp) return threads;
  const uint32_t width = slot.launch->kernel->native->gang_width;
  if (gang + 1 < slot.gangs->count) return width;
  return static_cast<uint32_t>(roundUp(slot.launch->threads, kWarp)) - gang * width;
}

void arrive(Slot &slot, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes) {
  if (id >= slot.gangs->barriers.size())
    abandon(CT_ERR_LAUNCH, Code::host_barrier_misuse, "barrier %u: there are 16", id);
  GangState &state = *slot.gangs;
  Barrier &barrier = state.barriers[id];
  const uint32_t all = static_cast<uint32_t>(roundUp(slot.launch->threads, kWarp));
  if (expected == all || expected == slot.launch->threads) expected = 0;
  if (barrier.in_use && barrier.expected != expected)
    abandon(CT_ERR_LAUNCH, Code::host_barrier_misuse, "barrier %u: %u threads are expected by one thread, %u by another", id,
            barrier.expected ? barrier.expected : all, expected ? expected : all);
  barrier.in_use = true;
  barrier.expected = expected;
  ++barrier.gangs;
  barrier.weight += weightOf(slot, gang, threads, expected);
  barrier.threads += threads;
  barrier.votes += votes;
}

void wait(Slot &slot, uint32_t index, uint32_t id, uint32_t *out_true, uint32_t *out_threads) {
  GangState &state = *slot.gangs;
  Gang &gang = state.gangs[index];
  gang.barrier = id;
  gang.out_true = out_true;
  gang.out_threads = out_threads;
  gang.state = Gang::State::waiting;
  --state.ready;
  if (isComplete(state, state.barriers[id])) {
    complete(slot, id);  // the last one goes on at once
    return;
  }
  suspend(gang);
}

void startGangs(Slot &slot, const Launch &launch) {
  if (!slot.gangs) slot.gangs = std::make_unique<GangState>();
  GangState &state = *slot.gangs;
  const uint32_t width = launch.kernel->native->gang_width;
  state.count = state.live = state.ready = (launch.threads + width - 1) / width;
  if (state.gangs.size() < state.count) state.gangs.resize(state.count);
  state.barriers = {};
  state.warps.clear();
  if (width < kWarp) {
    state.warps.resize((launch.threads + kWarp - 1) / kWarp);
    for (uint32_t w = 0; w < state.warps.size(); ++w) {
      const uint32_t lanes = std::min(kWarp, launch.threads - w * kWarp);
      state.warps[w].live = lanes == kWarp ? ~0u : (1u << lanes) - 1;
    }
  }
  for (uint32_t i = 0; i < state.count; ++i) {
    Gang &gang = state.gangs[i];
    gang.slot = &slot;
    gang.index = i;
    gang.state = Gang::State::ready;
    gang.fiber.context = nullptr;
    gang.cluster_phase = 0;
  }
  slot.together->live += state.count;
}

// One turn of a gang.
void resume(Unit &unit, Gang &gang) {
  GangState &state = *gang.slot->gangs;
  if (!gang.fiber.context) {
    if (!gang.fiber.stack.base) gang.fiber.stack = unit.stacks.take();
    if (!gang.fiber.stack.base) abandon(CT_ERR_OUT_OF_MEMORY, Code::host_no_memory, "no memory for the stacks of a block");
    prepareFiber(gang.fiber, runGang, &gang);
  }
  gang.resting = gang.watching = false;
  unit.current = gang.slot;
  unit.guard.running = &gang.fiber;
  state.current = &gang.index;
  switchFiber(unit.guard.body, gang.fiber);
  unit.guard.running = &unit.guard.body;
  state.current = nullptr;
  if (gang.state != Gang::State::done) return;
  unit.stacks.give(gang.fiber.stack);
  gang.fiber.stack = {};
  --state.live;
  --state.ready;
  state.moved = true;
  leaveWarp(*gang.slot, gang.index);
  gang.slot->together->leave(gang);
  // Its absence may be what the others wait for.
  for (uint32_t id = 0; id < state.barriers.size(); ++id)
    if (state.live && isComplete(state, state.barriers[id])) complete(*gang.slot, id);
}

[[noreturn]] void reportDeadlock(const Cluster &cluster) {
  if (cluster.arrived)
    abandon(CT_ERR_LAUNCH, Code::host_barrier_deadlock, "the barrier of the cluster can never complete: not all of its threads get there");
  auto stuck = [](const Slot *slot) { return slot->gangs->live > 0; };
  Slot &slot = **std::find_if(cluster.slots.begin(), cluster.slots.end(), stuck);
  slot.home.current = &slot;
  const GangState &state = *slot.gangs;
  for (size_t w = 0; w < state.warps.size(); ++w)
    if (const Warp &warp = state.warps[w]; warp.waiting) {
      const uint32_t lane = static_cast<uint32_t>(std::countr_zero(warp.waiting));
      abandon(CT_ERR_LAUNCH, Code::host_barrier_deadlock,
              "thread %zu waits in a warp operation for lanes that never get there: it names 0x%08x, and 0x%08x have come of 0x%08x that have not ended",
              w * kWarp + lane, warp.at[lane]->members[lane], warp.waiting, warp.live);
    }
  for (uint32_t id = 0; id < state.barriers.size(); ++id) {
    const Barrier &barrier = state.barriers[id];
    if (!barrier.in_use) continue;
    abandon(CT_ERR_LAUNCH, Code::host_barrier_deadlock, "barrier %u can never complete: %u threads have arrived of %u%s", id,
            barrier.threads, barrier.expected ? barrier.expected : slot.launch->threads,
            state.live < state.count ? "; others have exited" : "");
  }
  abandon(CT_ERR_LAUNCH, Code::host_barrier_deadlock, "all threads wait for shared memory, such as an mbarrier, to change, and none is left to change it");
}

}  // namespace

void GangState::drop(StackPool &stacks) {
  for (Gang &gang : gangs) {
    if (gang.fiber.stack.base) stacks.give(gang.fiber.stack);
    gang.fiber.stack = {};
    gang.state = Gang::State::done;
  }
  count = live = ready = 0;
  current = nullptr;
}

Gang &gangOf(ct_native_block *block, uint32_t gang) {
  Slot &slot = *static_cast<Slot *>(block);
  if (!slot.gangs || gang >= slot.gangs->count)
    abandon(CT_ERR_LAUNCH, Code::host_barrier_misuse, "a service for gangs was called by other code");
  return slot.gangs->gangs[gang];
}

void waitFor(Gang &gang, uint32_t barrier) {
  gang.barrier = barrier;
  gang.out_true = nullptr;
  gang.state = Gang::State::waiting;
  --gang.slot->gangs->ready;
  suspend(gang);
}

void release(Slot &slot, uint32_t barrier) {
  GangState &state = *slot.gangs;
  for (uint32_t i = 0; i < state.count; ++i) releaseGang(state.gangs[i], barrier);
  state.moved = true;
}

void releaseGang(Gang &gang, uint32_t barrier) {
  if (gang.state != Gang::State::waiting || gang.barrier != barrier) return;
  gang.state = Gang::State::ready;
  ++gang.slot->gangs->ready;
  gang.slot->gangs->moved = true;
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
      for (Slot *slot : cluster.slots) slot->gangs->moved = false;
      for (Slot *slot : cluster.slots) {
        GangState &state = *slot->gangs;
        for (uint32_t g = 0; g < state.count && state.live; ++g)
          if (state.gangs[g].state == Gang::State::ready) {
            resume(unit, state.gangs[g]);
            watching &= state.gangs[g].watching;
          }
        answerWhoIsHere(*slot);
      }
      for (Slot *slot : cluster.slots) {
        moved |= slot->gangs->moved;
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

void gangBarrier(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected) {
  Slot &slot = *gangOf(block, gang).slot;
  arrive(slot, gang, id, threads, expected, 0);
  wait(slot, gang, id, nullptr, nullptr);
}

void gangBarrierArrive(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected) {
  Slot &slot = *gangOf(block, gang).slot;
  arrive(slot, gang, id, threads, expected, 0);
  if (isComplete(*slot.gangs, slot.gangs->barriers[id])) complete(slot, id);
}

void gangBarrierReduce(ct_native_block *block, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes,
                       uint32_t *out_true, uint32_t *out_threads) {
  Slot &slot = *gangOf(block, gang).slot;
  arrive(slot, gang, id, threads, expected, votes);
  wait(slot, gang, id, out_true, out_threads);
}

void gangYield(ct_native_block *block, uint32_t gang) {
  Gang &self = gangOf(block, gang);
  self.resting = true;
  suspend(self);
}

// Only gangs of the cluster write its shared memory. When each that can run has watched for a whole round, the next round is the same.
void gangWaitShared(ct_native_block *block, uint32_t gang, uint32_t turn) {
  Gang &self = gangOf(block, gang);
  self.resting = true;
  self.watching = turn > 1;  // in the first turn it came from elsewhere
  suspend(self);
}

}  // namespace cutrans::host
