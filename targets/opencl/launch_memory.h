// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory that launches of one queue need: a ring of chunks for launch records and parameters, and the arena for blocks that run.
// Both belong to whoever submits to the queue, so they have no lock.
#pragma once

#include <cutrans/opencl_kernel.h>

#include <deque>
#include <vector>

#include "device.h"
#include "event_ref.h"
#include "host.h"

namespace cutrans::opencl {

// Chunks are used in turn. One is used again when what was in the queue when it was left has passed, so that a launch costs
// no allocation and no event of its own.
class LaunchRing {
 public:
  explicit LaunchRing(ct_device &device) : device_(device) {}
  ~LaunchRing();

  struct Slot {
    unsigned char *host = nullptr;  // written here; null: there is no memory
    uint64_t address = 0;           // read there. Other than `host`: a copy must come before the launch
  };
  // Multiple of 64 bytes at 64. `last`: what was submitted to the queue so far. may_wait: a submitter that is far ahead waits.
  Slot take(size_t bytes, const EventRef &last, bool may_wait);

 private:
  static constexpr size_t kChunkBytes = 64u << 10, kMostChunks = 64;
  struct Chunk {
    unsigned char *host;
    uint64_t address;
    EventRef passed;  // when it may be used again
  };
  bool open(const EventRef &last, bool may_wait);

  ct_device &device_;
  std::deque<Chunk> chunks_;  // the last one is in use, the first one was left longest ago
  size_t used_ = kChunkBytes;
};

// Memory of the device that grows; what commands of the queue still use is kept until they are done.
class GrowingMemory {
 public:
  explicit GrowingMemory(ct_device &device) : device_(device) {}
  ~GrowingMemory();
  GrowingMemory(const GrowingMemory &) = delete;
  uint64_t address() const { return address_; }
  // `last`: what was submitted to the queue so far. Contents are lost.
  ct_status atLeast(uint64_t bytes, const EventRef &last);

 private:
  ct_device &device_;
  uint64_t address_ = 0, bytes_ = 0;
  struct Old {
    uint64_t address;
    EventRef passed;
  };
  std::vector<Old> old_;
};

// Slots for running blocks: scratch, local memory, stacks.
class Arena {
 public:
  explicit Arena(ct_device &device) : device_(device), memory_(device) {}
  ~Arena();

  // Makes the slots at least that large and puts them into the record. `clear` zeroes device memory in the queue's order.
  template <class Clear>
  ct_status provide(uint64_t slot_bytes, const EventRef &last, ct_opencl_launch &out, Clear clear) {
    if (slot_bytes > slot_bytes_) {
      if (ct_status status = grow(slot_bytes, last); status != CT_OK) return status;
      if (ct_status status = clear(memory_.address() + slot_bytes_ * slots(), slots()); status != CT_OK) return status;
    }
    out.arena = memory_.address();
    out.arena_slots = memory_.address() + slot_bytes_ * slots();
    out.slot_bytes = slot_bytes_;
    out.arena_slot_count = slots();
    return CT_OK;
  }

 private:
  // Drivers may run a block on the thread that waits, beside one on each unit.
  uint32_t slots() const { return device_.found.can.units * 2 + 2; }
  ct_status grow(uint64_t slot_bytes, const EventRef &last);
  uint32_t *words() const { return reinterpret_cast<uint32_t *>(memory_.address() + slot_bytes_ * slots()); }

  ct_device &device_;
  GrowingMemory memory_;
  uint64_t slot_bytes_ = 0;
};

// Slots for the blocks of one launch in gang form (opencl_kernel.h), and what its workers share.
class GangArena {
 public:
  explicit GangArena(ct_device &device) : memory_(device) {}

  // `clear` zeroes device memory in the queue's order.
  template <class Clear>
  ct_status provide(uint64_t slot_bytes, uint32_t slots, bool workspace, const EventRef &last, ct_opencl_launch &out, Clear clear) {
    const uint64_t words = kWords + slots * sizeof(uint32_t), before = roundUp(words, 64) + (workspace ? CT_OPENCL_WORKSPACE_BYTES : 0);
    const uint64_t first = roundUp(before, CT_OPENCL_SLOT_ALIGN);
    if (slot_bytes > UINT64_MAX / 2 / slots) return CT_ERR_OUT_OF_MEMORY;
    if (ct_status status = memory_.atLeast(first + slot_bytes * slots, last); status != CT_OK) return status;
    out.shared_work = memory_.address();
    out.arena_slots = memory_.address() + kWords;
    out.arena_slot_count = slots;
    out.grid_workspace = workspace ? memory_.address() + roundUp(words, 64) : 0;
    out.arena = memory_.address() + first;
    out.slot_bytes = slot_bytes;
    return clear(memory_.address(), static_cast<uint32_t>(before / sizeof(uint32_t)));
  }

 private:
  static constexpr uint64_t kWords = 64;  // where the slots' words begin
  static_assert(sizeof(ct_opencl_work) <= kWords);
  GrowingMemory memory_;
};

}  // namespace cutrans::opencl
