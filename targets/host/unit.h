// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A unit is what CUDA calls a multiprocessor: the memory with which one thread at a time runs blocks. There are as many
// units as the machine has processors; whoever runs kernels, a worker or a thread that waits for a queue, takes one.
#pragma once

#include <cutrans/native_kernel.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "faults.h"
#include "fibers.h"
#include "process_memory.h"

struct ct_device;
struct ct_queue;

namespace cutrans::host {

struct Unit;
struct Launch;
struct GangState;
struct Cluster;

// Room for one block that runs. The first part is what generated code sees.
struct Slot : ct_native_block {
  Slot(Unit &unit);
  ~Slot();
  Unit &home;
  const Launch *launch = nullptr;
  std::unique_ptr<GangState> gangs;   // gang form only
  Cluster *together = nullptr;        // gang form only: the cluster that the block runs in
  Buffer local_buffer, scratch_buffer, stack_buffer;
  std::vector<Pages> windows;         // shared memory by number of pages, made when first used

  // Ready for blocks of `launch`; on a unit, inside its guard. Ends the launch with a fault when there is no memory.
  // `cluster`: where the block's shared memory is one of several windows, else null.
  void prepare(const Launch &launch, Cluster *cluster = nullptr);
  void setBlock(uint64_t linear);
  void nextBlock();

 private:
  void takeWindow();
  void setRank();
};

struct Unit {
  explicit Unit(uint32_t index);
  ~Unit();
  const uint32_t index;
  std::atomic<bool> busy{false};
  Guard guard;
  StackPool stacks;
  std::vector<std::unique_ptr<Slot>> slots;
  std::vector<std::unique_ptr<Cluster>> clusters;
  std::string text;          // printf is put together here
  ct_queue *queue = nullptr; // whose job is worked on
  uint64_t slice_end = 0;    // see mayContinue()
  Slot *current = nullptr;   // whose code runs now, null: a copy; for messages

  Slot &slot(size_t number);
  Cluster &cluster(size_t number);
  // Guarded code has ended with a fault: one line for the user, and the device is lost. `what` ran if no kernel did.
  void reportFault(ct_device &device, const char *what = "copy");
};

}  // namespace cutrans::host
