// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Who runs when: every thread has its own program counter (independent thread scheduling, manual section 3.2); lanes meet
// at instructions with a member mask; blocks start in order. A turn in which nobody moved is a deadlock.
#include <algorithm>

#include "tests/reference/machine.h"

namespace cutrans::reference {
namespace {

constexpr unsigned Quantum = 64;              // instructions of a thread before the next one's
constexpr size_t ResidentThreads = 4096;      // where blocks need not be resident together
constexpr uint32_t RoundsForConverged = 200;  // that an instruction without a mask waits for other lanes of its warp

uint32_t product(const std::array<uint32_t, 3> &shape) { return shape[0] * shape[1] * shape[2]; }

std::array<uint32_t, 3> split(uint32_t linear, const std::array<uint32_t, 3> &shape) {
  return {linear % shape[0], linear / shape[0] % shape[1], linear / shape[0] / shape[1]};
}

}  // namespace

bool Block::done() const {
  return std::all_of(threads.begin(), threads.end(), [](const Thread &t) { return t.state == State::Exited; });
}

// The cluster that begins with this number, in the order of clusters.
void Machine::start(uint32_t number) {
  std::array<uint32_t, 3> shape{}, at{};
  for (unsigned d = 0; d < 3; ++d) shape[d] = launch.grid[d] / launch.cluster[d];
  at = split(number, shape);
  clusters.push_back(std::make_unique<Cluster>());
  Cluster &cluster = *clusters.back();
  uint32_t threads = product(launch.block);
  for (uint32_t rank = 0; rank < product(launch.cluster); ++rank) {
    auto block = std::make_unique<Block>();
    block->machine = this, block->cluster = &cluster, block->rank = rank;
    block->inCluster = split(rank, launch.cluster);
    for (unsigned d = 0; d < 3; ++d) block->id[d] = at[d] * launch.cluster[d] + block->inCluster[d];
    block->index = block->id[0] + launch.grid[0] * (block->id[1] + launch.grid[1] * block->id[2]);
    block->shared.resize(module.sharedBytes + launch.dynamicShared);
    block->threads.resize(threads);
    block->warps.resize((threads + 31) / 32);
    for (uint32_t i = 0; i < threads; ++i) {
      Thread &thread = block->threads[i];
      Warp &warp = block->warps[i / 32];
      warp.block = block.get(), warp.index = i / 32, warp.lanes[i % 32] = &thread;
      thread.block = block.get(), thread.warp = &warp, thread.index = i, thread.lane = i % 32;
      thread.tid = split(i, launch.block);
      Frame frame;
      frame.function = kernel;
      frame.registers.resize(kernel->slots);
      frame.base = frame.before = thread.top;
      thread.top = (thread.top + kernel->frameBytes + 15) / 16 * 16;
      thread.local.resize(thread.top);
      thread.frames.push_back(std::move(frame));
    }
    cluster.blocks.push_back(block.get());
    resident.push_back(std::move(block));
  }
}

void Machine::run() {
  uint32_t perCluster = product(launch.cluster), total = product(launch.grid) / perCluster, next = 0;
  size_t window = launch.together ? ~size_t(0) : std::max<size_t>(1, ResidentThreads / product(launch.block));
  while (next < total || !resident.empty()) {
    while (next < total && (resident.empty() || resident.size() + perCluster <= window)) start(next++);
    bool moved = false;
    for (auto &block : resident) moved |= turn(*block);
    for (auto &cluster : clusters) moved |= clusterBarriers(*cluster);
    std::erase_if(clusters, [&](const auto &cluster) {
      if (!std::all_of(cluster->blocks.begin(), cluster->blocks.end(), [](Block *block) { return block->done(); })) return false;
      std::erase_if(resident, [&](const auto &block) { return block->cluster == cluster.get(); });
      return moved = true;
    });
    if (!moved) {
      std::string who;
      for (auto &block : resident)
        for (Thread &thread : block->threads)
          if (thread.state != State::Exited && who.size() < 300)
            who += " block " + std::to_string(block->index) + " thread " + std::to_string(thread.index) + " at line " +
                   std::to_string(thread.waiting ? thread.waiting->line : 0) + ";";
      throw Stop{End::Deadlock, "all threads wait:" + who};
    }
  }
}

bool Machine::turn(Block &block) {
  bool moved = false;
  for (Warp &warp : block.warps) {
    moved |= turn(warp);
    while (meet(warp)) moved |= turn(warp), moved = true;
  }
  while (barriers(block)) moved = true;
  return moved;
}

bool Machine::turn(Warp &warp) {
  bool moved = false;
  for (Thread *thread : warp.lanes) {
    if (!thread) continue;
    thread->yields = false;
    for (unsigned i = 0; i < Quantum && thread->state == State::Running && !thread->yields; ++i) step(*thread), moved = true;
  }
  return moved;
}

void Machine::step(Thread &thread) {
  Frame &frame = thread.frame();
  if (frame.pc >= frame.function->code.size()) undefined("control runs off the end of " + frame.function->name);
  const Instruction &in = frame.function->code[frame.pc];
  if (++result.steps > launch.stepLimit) throw Stop{End::StepLimit, "after " + std::to_string(launch.stepLimit) + " instructions"};
  result.line = in.line, result.what = in.text;
  if (in.guard >= 0 && bool(frame.registers[size_t(in.guard)] & 1) == in.guardNegated) {
    ++frame.pc;
    return;
  }
  if (!in.handler) refuse("not in the reference");
  Context context{*this, thread, in, frame};
  if (in.handler->alone) {
    ++frame.pc;
    in.handler->alone(context);
    return;
  }
  thread.state = State::Meeting;
  thread.waiting = &in;
  thread.rounds = 0;
  if (int mask = in.handler->maskOperand; mask >= 0) {
    thread.mask = context.u32(size_t(mask));
    if (!(thread.mask >> thread.lane & 1)) undefined("the thread is not in its member mask");
  } else {
    thread.mask = ~0u;
  }
}

// Runs one group that is complete; false: there is none.
bool Machine::meet(Warp &warp) {
  uint32_t live = warp.live(), running = 0;
  for (unsigned i = 0; i < 32; ++i)
    if (warp.lanes[i] && warp.lanes[i]->state == State::Running) running |= 1u << i;
  // Groups with a mask first: the others are what is here when nothing else can happen.
  for (unsigned turn = 0; turn < 64; ++turn) {
    unsigned i = turn % 32;
    Thread *first = warp.lanes[i];
    if (!first || first->state != State::Meeting) continue;
    const Instruction &in = *first->waiting;
    bool converged = in.handler->maskOperand == -2;
    if (converged != (turn >= 32)) continue;
    uint32_t wanted = first->mask & live, here = 0;
    for (unsigned k = 0; k < 32; ++k) {
      Thread *other = warp.lanes[k];
      if (!(wanted >> k & 1) || other->state != State::Meeting) continue;
      if (converged ? other->waiting == first->waiting && other->frames.size() == first->frames.size()
                    : other->waiting->text == in.text && other->mask == first->mask)
        here |= 1u << k;
    }
    if (converged) {
      if (running && ++first->rounds < RoundsForConverged) continue;
      // Those who are behind go first, so that lanes that took different ways are together again.
      auto behind = [&](const Thread &other) {
        if (other.frames.size() != first->frames.size()) return other.frames.size() > first->frames.size();
        return other.frames.back().pc < first->frames.back().pc;
      };
      bool later = false;
      for (Thread *other : warp.lanes)
        later |= other && other->state == State::Meeting && other->waiting->handler->maskOperand == -2 && behind(*other);
      if (later) continue;
    } else if (here != wanted) {
      continue;
    }
    result.line = in.line, result.what = in.text;
    Group group{*this, warp, here, {}};
    for (unsigned k = 0; k < 32; ++k)
      if (here >> k & 1) {
        Thread &thread = *warp.lanes[k];
        group.lanes[k].reset(new Context{*this, thread, *thread.waiting, thread.frame()});
      }
    in.handler->together(group);
    for (unsigned k = 0; k < 32; ++k)
      if (here >> k & 1) {
        Thread &thread = *warp.lanes[k];
        ++thread.frame().pc;
        thread.state = State::Running;
        thread.waiting = nullptr;
      }
    return true;
  }
  return false;
}

Result run(const Module &module, std::string_view kernel, const Launch &launch, Memory &memory) {
  Machine machine{module, launch, memory, nullptr, {}, {}, {}, {}, {}};
  try {
    machine.kernel = module.function(kernel);
    if (!machine.kernel || !machine.kernel->isKernel) refuse("no kernel " + std::string(kernel));
    if (machine.kernel->paramBytes > launch.params.size()) refuse("parameters of " + std::to_string(launch.params.size()) + " bytes");
    uint64_t threads = uint64_t(product(launch.block));
    if (!threads || threads > 1024) refuse("blocks of " + std::to_string(threads) + " threads");
    for (unsigned d = 0; d < 3; ++d)
      if (!launch.cluster[d] || launch.grid[d] % launch.cluster[d]) refuse("a grid that is not a multiple of the cluster");
    machine.run();
    machine.result.what.clear();
    machine.result.line = 0;
  } catch (const Stop &stop) {
    machine.result.end = stop.end;
    std::string place = machine.result.line ? "line " + std::to_string(machine.result.line) + ": " + machine.result.what + ": " : "";
    machine.result.what = place + stop.what;
  } catch (const std::exception &error) {
    machine.result.end = End::Refused;
    machine.result.what = "line " + std::to_string(machine.result.line) + ": " + machine.result.what + ": " + error.what();
  }
  return std::move(machine.result);
}

}  // namespace cutrans::reference
