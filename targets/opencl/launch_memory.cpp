// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "launch_memory.h"

#include <cstdlib>

#include "event.h"
#include "faults.h"
#include "host.h"

namespace cutrans::opencl {

LaunchRing::~LaunchRing() {
  for (const Chunk &chunk : chunks_) {
    if (reinterpret_cast<uint64_t>(chunk.host) != chunk.address) std::free(chunk.host);
    device_.memory->give(chunk.address);
  }
}

bool LaunchRing::open(const EventRef &last, bool may_wait) {
  if (!chunks_.empty()) {
    chunks_.back().passed = last;
    if (may_wait && chunks_.size() >= kMostChunks) waitFor(device_, chunks_.front().passed);
    if (chunks_.size() > 1 && chunks_.front().passed.done()) {
      Chunk again = std::move(chunks_.front());
      chunks_.pop_front();
      again.passed = {};
      chunks_.push_back(std::move(again));
      used_ = 0;
      return true;
    }
  }
  Chunk fresh{};
  const bool shared = device_.memory->sharesHostMemory();
  if (device_.memory->take(shared ? CT_MEMORY_HOST : CT_MEMORY_DEVICE, kChunkBytes, 256, fresh.address) != CT_OK) return false;
  fresh.host = shared ? reinterpret_cast<unsigned char *>(fresh.address) : static_cast<unsigned char *>(std::aligned_alloc(64, kChunkBytes));
  if (!fresh.host) {
    device_.memory->give(fresh.address);
    return false;
  }
  chunks_.push_back(std::move(fresh));
  used_ = 0;
  return true;
}

LaunchRing::Slot LaunchRing::take(size_t bytes, const EventRef &last, bool may_wait) {
  bytes = roundUp(bytes, 64);
  if (bytes > kChunkBytes) return {};
  if (used_ + bytes > kChunkBytes && !open(last, may_wait)) return {};
  const Slot slot{chunks_.back().host + used_, chunks_.back().address + used_};
  used_ += bytes;
  return slot;
}

GrowingMemory::~GrowingMemory() {
  if (address_) device_.memory->give(address_);
  for (const Old &old : old_) device_.memory->give(old.address);
}

ct_status GrowingMemory::atLeast(uint64_t bytes, const EventRef &last) {
  if (bytes <= bytes_) return CT_OK;
  std::erase_if(old_, [&](const Old &old) {
    if (!old.passed.done()) return false;
    device_.memory->give(old.address);
    return true;
  });
  bytes = roundUp(bytes, 4096);
  if (bytes > device_.found.can.memory_bytes) return CT_ERR_OUT_OF_MEMORY;
  uint64_t address = 0;
  if (ct_status status = device_.memory->take(CT_MEMORY_DEVICE, bytes, 256, address); status != CT_OK) return status;
  if (address_) old_.push_back({address_, last});
  address_ = address;
  bytes_ = bytes;
  return CT_OK;
}

Arena::~Arena() {
  if (memory_.address()) forgetSlots(words());
}

ct_status Arena::grow(uint64_t slot_bytes, const EventRef &last) {
  slot_bytes = roundUp(slot_bytes, 4096);
  if (slot_bytes > device_.found.can.memory_bytes / slots()) return CT_ERR_OUT_OF_MEMORY;
  uint32_t *before = memory_.address() ? words() : nullptr;
  if (ct_status status = memory_.atLeast(slot_bytes * slots() + slots() * 4, last); status != CT_OK) return status;
  if (before) forgetSlots(before);
  slot_bytes_ = slot_bytes;
  if (device_.found.can.cpu) watchSlots(words(), slots());
  return CT_OK;
}

}  // namespace cutrans::opencl
