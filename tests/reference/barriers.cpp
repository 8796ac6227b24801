// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Barriers of blocks and clusters, fences (manual section 9.7.13). A warp arrives when all of its threads that have not
// exited wait at the barrier, and counts as 32 threads; without a count all warps with such threads take part.
#include <algorithm>

#include "tests/reference/machine.h"

namespace cutrans::reference {
namespace {

void wait(Context &c, size_t first, bool arriveOnly) {
  Thread &thread = c.thread;
  thread.state = State::AtBarrier;
  thread.waiting = &c.in;
  thread.counted = false;
  thread.arriveOnly = arriveOnly;
  thread.vote = false;
  thread.barrier = c.u32(first);
  if (thread.barrier > 15) undefined("barrier " + std::to_string(thread.barrier));
  bool reduces = c.in.has("red");
  thread.expected = c.count() > first + (reduces ? 2 : 1) ? c.u32(first + 1) : 0;
  if (thread.expected % 32) undefined("a count that is no multiple of the warp size");
  if (arriveOnly && !thread.expected) undefined("an arrival without a count");
  if (reduces) thread.vote = c.predicate(c.in.operands.back());
}
void sync(Context &c) { wait(c, 0, false); }
void arrive(Context &c) { wait(c, 0, true); }
void reduce(Context &c) { wait(c, 1, false); }

void clusterArrive(Context &c) {
  if (c.thread.clusterPhase) undefined("two arrivals without a wait");
  c.thread.clusterPhase = 1;  // arrived; 2: and the phase is over
}
void clusterWait(Context &c) {
  if (c.thread.clusterPhase == 2) {
    c.thread.clusterPhase = 0;
    return;
  }
  if (!c.thread.clusterPhase) undefined("barrier.cluster.wait without an arrival");
  c.thread.state = State::AtCluster;
  c.thread.waiting = &c.in;
}

void nothing(Context &) {}

}  // namespace

// One step: a warp arrives, or a barrier completes.
bool Machine::barriers(Block &block) {
  bool moved = false;
  for (Warp &warp : block.warps) {
    Thread *first = nullptr;
    bool all = true;
    for (Thread *thread : warp.lanes) {
      if (!thread || thread->state == State::Exited) continue;
      if (thread->state != State::AtBarrier || thread->counted || (first && first->barrier != thread->barrier)) {
        all = false;
        break;
      }
      if (!first) first = thread;
    }
    if (!first || !all) continue;
    Barrier &barrier = block.barriers[first->barrier];
    moved = true;
    for (Thread *thread : warp.lanes) {
      if (!thread || thread->state == State::Exited) continue;
      if (thread->expected) {
        if (barrier.expected && barrier.expected != thread->expected) throw Stop{End::Undefined, "different counts at a barrier"};
        barrier.expected = thread->expected;
      }
      thread->counted = true;
      barrier.open = true;
      barrier.trues += thread->vote;
      ++barrier.threads;
      if (thread->arriveOnly) thread->state = State::Running, thread->waiting = nullptr;
    }
    barrier.arrived += 32;
  }
  for (auto &[id, barrier] : block.barriers) {
    if (!barrier.open) continue;
    uint32_t wanted = barrier.expected;
    if (!wanted)
      for (Warp &warp : block.warps) wanted += warp.live() ? 32 : 0;
    if (barrier.arrived < wanted) continue;
    moved = true;
    for (Thread &thread : block.threads) {
      if (thread.state != State::AtBarrier || thread.barrier != id || !thread.counted) continue;
      const Instruction &in = *thread.waiting;
      thread.state = State::Running, thread.waiting = nullptr;
      if (!in.has("red")) continue;
      Context context{*this, thread, in, thread.frame()};
      if (in.has("popc")) context.write(0, typeOf("u32"), barrier.trues);
      else context.write(0, typeOf("pred"), in.has("and") ? barrier.trues == barrier.threads : barrier.trues != 0);
    }
    barrier = {};
  }
  return moved;
}

bool Machine::clusterBarriers(Cluster &cluster) {
  bool arrived = true, any = false;
  for (Block *block : cluster.blocks)
    for (Thread &thread : block->threads) {
      if (thread.state == State::Exited) continue;
      arrived = arrived && (thread.clusterPhase & 1);
      any = any || thread.state == State::AtCluster;
    }
  // Those that arrived and did not come to their wait yet go through it when they do: keep the phase until all have.
  if (!arrived || !any) return false;
  bool moved = false;
  for (Block *block : cluster.blocks)
    for (Thread &thread : block->threads)
      if (thread.state == State::AtCluster) {
        thread.state = State::Running, thread.waiting = nullptr;
        thread.clusterPhase = 0;
        moved = true;
      } else if (thread.state != State::Exited) {
        thread.clusterPhase = 2;  // may go on at once
      }
  return moved;
}

void addBarriers(Table &table) {
  table.alone({"bar.sync", "bar.cta.sync", "barrier.sync", "barrier.cta.sync"}, sync);
  table.alone({"bar.arrive", "bar.cta.arrive", "barrier.arrive", "barrier.cta.arrive"}, arrive);
  table.alone({"bar.red", "bar.cta.red", "barrier.red", "barrier.cta.red"}, reduce);
  table.alone({"barrier.cluster.arrive"}, clusterArrive);
  table.alone({"barrier.cluster.wait"}, clusterWait);
  table.alone({"membar", "fence", "fence.proxy", "membar.proxy", "fence.mbarrier_init"}, nothing);
  table.together({"bar.warp.sync"}, 0, [](Group &) {});
}

}  // namespace cutrans::reference
