// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Preparing a unit's memory for the blocks of a launch.
#include "unit.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "cluster.h"
#include "device.h"
#include "device_runtime.h"
#include "gangs.h"
#include "host.h"
#include "launch.h"
#include "module.h"
#include "scheduler.h"

namespace cutrans::host {

constexpr ptrdiff_t kMostWindows = 8;  // the low addresses are few on a machine with many processors

Slot::Slot(Unit &unit) : ct_native_block{}, home(unit) {}
Slot::~Slot() {
  for (const Pages &window : windows) unmapPages(window);
}

void Slot::prepare(const Launch &next, Cluster *cluster_of) {
  const ct_native_kernel &native = *next.kernel->native;
  launch = &next;
  services = &services_table;
  params = next.params;
  globals = reinterpret_cast<const void *>(next.globals);
  grid_id = next.grid_id;
  grid_workspace = next.workspace;
  child_queue = next.child_queue;
  for (int i = 0; i < 3; ++i) {
    grid[i] = next.grid[i];
    ct_native_block::block[i] = next.block[i];
    cluster[i] = next.cluster[i];
  }
  cluster_explicit = next.flags & CT_LAUNCH_CLUSTERS ? 1 : 0;
  together = cluster_of;
  shared_bytes = native.static_shared_bytes + next.dynamic_shared_bytes;
  dynamic_shared_bytes = next.dynamic_shared_bytes;
  unit = home.index % scheduler->unitCount();  // extra units count as the first
  unit_count = scheduler->unitCount();

  if (cluster_of && next.cluster_blocks > 1) {
    cluster_base = cluster_of->base();
    cluster_shift = cluster_of->shift();
  } else {
    takeWindow();
    cluster_base = shared_base;
    cluster_shift = static_cast<uint32_t>(std::bit_width(std::max<size_t>(shared_bytes, kPage) - 1));
    cluster_rank = 0;
  }

  const uint64_t width = native.gang_width, lanes = roundUp(next.threads, width);
  local = native.local_bytes ? local_buffer.atLeast(lanes * native.local_bytes) : nullptr;
  scratch = native.scratch_bytes ? scratch_buffer.atLeast(native.scratch_bytes) : nullptr;
  if (native.flags & CT_NATIVE_USES_STACK) {
    // An odd count of cache lines: stacks of neighbours do not compete for the same sets.
    stack_bytes = (roundUp(next.stack_bytes, 64) | 64);
    stack = reinterpret_cast<uintptr_t>(stack_buffer.atLeast(lanes * stack_bytes));
  }
  if ((native.local_bytes && !local) || (native.scratch_bytes && !scratch) || ((native.flags & CT_NATIVE_USES_STACK) && !stack))
    abandon(CT_ERR_OUT_OF_MEMORY, Code::host_no_memory, "no memory for the threads of a block");
}

void Slot::takeWindow() {
  // A window has exactly the pages that the block may use, so that an access beyond them faults.
  const size_t pages = std::max<size_t>(1, (shared_bytes + kPage - 1) / kPage);
  if (windows.size() < pages) windows.resize(pages);
  Pages &window = windows[pages - 1];
  if (!window.data) {
    if (std::count_if(windows.begin(), windows.end(), [](const Pages &p) { return p.data; }) >= kMostWindows) {
      for (Pages &other : windows) unmapPages(std::exchange(other, {}));
    }
    window = mapLowPages(pages * kPage);
  }
  if (!window.data) abandon(CT_ERR_OUT_OF_MEMORY, Code::host_no_low_memory, "no %zu bytes below 4 GiB for shared memory", pages * kPage);
  shared_base = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(window.data));
}

void Slot::setRank() {
  if (launch->cluster_blocks == 1) return;
  cluster_rank = block_id[0] % cluster[0] + cluster[0] * (block_id[1] % cluster[1] + cluster[1] * (block_id[2] % cluster[2]));
  if (together) shared_base = cluster_base + (cluster_rank << cluster_shift);
}

void Slot::setBlock(uint64_t linear) {
  block_id[0] = static_cast<uint32_t>(linear % grid[0]);
  const uint64_t rest = linear / grid[0];
  block_id[1] = static_cast<uint32_t>(rest % grid[1]);
  block_id[2] = static_cast<uint32_t>(rest / grid[1]);
  setRank();
}

void Slot::nextBlock() {
  if (++block_id[0] == grid[0]) {
    block_id[0] = 0;
    if (++block_id[1] == grid[1]) {
      block_id[1] = 0;
      ++block_id[2];
    }
  }
  setRank();
}

Unit::Unit(uint32_t number) : index(number) { guard.body.stack = allocateStack(kKernelStackBytes); }
Unit::~Unit() {
  slots.clear();
  releaseStack(guard.body.stack);
}

Slot &Unit::slot(size_t number) {
  while (slots.size() <= number) slots.push_back(std::make_unique<Slot>(*this));
  return *slots[number];
}

Cluster &Unit::cluster(size_t number) {
  while (clusters.size() <= number) clusters.push_back(std::make_unique<Cluster>());
  return *clusters[number];
}

void Unit::reportFault(ct_device &device, const char *what) {
  const Fault &fault = guard.fault;
  Slot *at = current;
  current = nullptr;
  for (auto &slot : slots)
    if (slot->gangs) slot->gangs->drop(stacks);
  if (!device.setFault(fault.status)) return;
  std::string text;
  if (at) {
    const uint32_t *id = at->block_id;
    text = "kernel " + at->launch->kernel->name + ", block [" + std::to_string(id[0]) + "," + std::to_string(id[1]) + "," +
           std::to_string(id[2]) + "]: " + fault.text;
  } else {
    text = std::string(what) + ": " + fault.text;
  }
  // A failed assert has said its line already.
  if (fault.code != Code::none) report(fault.code, text);
}

}  // namespace cutrans::host
