// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From an address in the program (a kernel's host stub, a variable's shadow) to its record. Reading takes no lock and
// touches no record but the one asked for, since programs look up kernels in every cudaLaunchKernel. One address may
// have several records: a template instantiated in two files is registered by both; the oldest that is left counts.
// Usable before any constructor has run. Writers hold a lock of their own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cutrans::cudart {

template <class Record>
class HostTable {
 public:
  constexpr HostTable() = default;

  Record *find(const void *host) const {
    const Slots *slots = slots_.load(std::memory_order_acquire);
    if (!slots || !host) return nullptr;
    for (size_t i = hash(host);; i++) {
      const Slot &slot = slots->at[i & slots->mask];
      const void *key = slot.key.load(std::memory_order_acquire);
      if (key == host) return slot.record;
      if (!key) return nullptr;
    }
  }

  void insert(const void *host, Record *record) {
    Slots *slots = slots_.load(std::memory_order_relaxed);
    if (!slots || (used_ + 1) * 2 > slots->mask) slots = grow(slots);
    put(*slots, host, record);
    used_++;
  }

  // `see(host, record)` for each. Under the writers' lock.
  template <class See>
  void forEach(See &&see) const {
    const Slots *slots = slots_.load(std::memory_order_relaxed);
    for (size_t i = 0; slots && i <= slots->mask; i++) {
      const void *key = slots->at[i].key.load(std::memory_order_relaxed);
      if (isLive(key)) see(key, *slots->at[i].record);
    }
  }

  void erase(const void *host, Record *record) {
    Slots *slots = slots_.load(std::memory_order_relaxed);
    for (size_t i = hash(host); slots; i++) {
      Slot &slot = slots->at[i & slots->mask];
      const void *key = slot.key.load(std::memory_order_relaxed);
      if (!key) return;
      if (key == host && slot.record == record) return slot.key.store(&erased_, std::memory_order_release);
    }
  }

 private:
  struct Slot {
    std::atomic<const void *> key{nullptr};
    Record *record = nullptr;  // written before key, and never again in this table
  };
  struct Slots {
    size_t mask;
    std::unique_ptr<Slot[]> at;
    std::unique_ptr<Slots> outgrown;  // a reader may still be in it
  };

  static size_t hash(const void *host) {
    return static_cast<size_t>((reinterpret_cast<uintptr_t>(host) >> 4) * 0x9e3779b97f4a7c15u >> 20);
  }

  static void put(Slots &slots, const void *host, Record *record) {
    for (size_t i = hash(host);; i++) {
      Slot &slot = slots.at[i & slots.mask];
      if (slot.key.load(std::memory_order_relaxed)) continue;
      slot.record = record;
      slot.key.store(host, std::memory_order_release);
      return;
    }
  }

  // Erased slots are not taken along. Records of one address keep their order because a walk in the order of probing
  // meets them in it.
  Slots *grow(Slots *old) {
    size_t live = 0;
    for (size_t i = 0; old && i <= old->mask; i++) live += isLive(old->at[i].key.load(std::memory_order_relaxed));
    size_t size = 256;
    while (size < (live + 1) * 4) size *= 2;
    auto fresh = std::make_unique<Slots>(Slots{size - 1, std::make_unique<Slot[]>(size), nullptr});
    // Starts behind a free slot, so that no run of probed slots is cut in two.
    size_t start = 0;
    while (old && old->at[start].key.load(std::memory_order_relaxed)) start++;
    for (size_t i = 0; old && i <= old->mask; i++) {
      Slot &slot = old->at[(start + i) & old->mask];
      const void *key = slot.key.load(std::memory_order_relaxed);
      if (isLive(key)) put(*fresh, key, slot.record);
    }
    used_ = live;
    fresh->outgrown.reset(old);
    slots_.store(fresh.get(), std::memory_order_release);
    return fresh.release();
  }

  bool isLive(const void *key) const { return key && key != &erased_; }

  std::atomic<Slots *> slots_{nullptr};  // never freed: programs may call until the very end of the process
  size_t used_ = 0;
  char erased_ = 0;
};

}  // namespace cutrans::cudart
