// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An ordered map under a lock that is split in stripes: a reader takes the stripe of its thread, which nobody else
// touches while no allocation is made, and a writer takes all of them. So lookups, which every copy does twice, share
// no cache line between threads, and the structure below stays a plain one.
#include "memory_map.h"

#include <array>
#include <atomic>
#include <map>
#include <mutex>

#include "pool_pieces.h"

namespace cutrans::runtime {
namespace {

constexpr size_t kStripes = 16;

struct alignas(64) Stripe {
  std::mutex lock;
};

struct Map {
  std::array<Stripe, kStripes> stripes;
  std::map<Address, Allocation> by_address;  // an allocation with two addresses is in twice
};

// Never destroyed: the program's destructors still free.
Map &map() {
  static Map *const instance = new Map;
  return *instance;
}

std::mutex &myStripe(Map &m) {
  static constinit std::atomic<unsigned> next{0};
  constinit thread_local unsigned mine = ~0u;
  if (mine == ~0u) mine = next.fetch_add(1, std::memory_order_relaxed) % kStripes;
  return m.stripes[mine].lock;
}

class WriteLock {
 public:
  explicit WriteLock(Map &m) : map_(m) {
    for (Stripe &stripe : map_.stripes) stripe.lock.lock();
  }
  ~WriteLock() {
    for (Stripe &stripe : map_.stripes) stripe.lock.unlock();
  }

 private:
  Map &map_;
};

bool overlaps(const Map &m, Address base, uint64_t size) {
  auto after = m.by_address.lower_bound(base);
  if (after != m.by_address.end() && after->first - base < size) return true;
  if (after == m.by_address.begin()) return false;
  auto before = std::prev(after);
  return base - before->first < before->second.size;
}

bool hasAlias(const Allocation &a) { return a.device && a.device != a.base; }

void erase(Map &m, const Allocation &a) {
  m.by_address.erase(a.base);
  if (hasAlias(a)) m.by_address.erase(a.device);
}

}  // namespace

uint64_t nextAllocationId() {
  static constinit std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

std::optional<Allocation> findAllocation(Address address) {
  Map &m = map();
  std::lock_guard hold(myStripe(m));
  auto after = m.by_address.upper_bound(address);
  if (after == m.by_address.begin()) return std::nullopt;
  auto &[base, allocation] = *std::prev(after);
  if (address - base >= allocation.size) return std::nullopt;
  if (!allocation.piece) return allocation;
  // What a pool keeps is nobody's.
  const uint64_t live = allocation.piece->live.load(std::memory_order_acquire);
  if (address - base >= live) return std::nullopt;
  Allocation shown = allocation;
  shown.size = live;
  shown.id = allocation.piece->id.load(std::memory_order_relaxed);
  return shown;
}

bool insertAllocation(const Allocation &allocation) {
  Map &m = map();
  WriteLock hold(m);
  if (overlaps(m, allocation.base, allocation.size)) return false;
  if (hasAlias(allocation)) {
    if (overlaps(m, allocation.device, allocation.size)) return false;
    m.by_address.emplace(allocation.device, allocation);
  }
  m.by_address.emplace(allocation.base, allocation);
  return true;
}

std::optional<Allocation> takeAllocation(Address base, bool (*fits)(const Allocation &)) {
  Map &m = map();
  WriteLock hold(m);
  auto found = m.by_address.find(base);
  if (found == m.by_address.end() || !fits(found->second)) return std::nullopt;
  Allocation taken = found->second;
  erase(m, taken);
  return taken;
}

void setAllocationRights(Address base, uint64_t readers, uint64_t writers) {
  Map &m = map();
  WriteLock hold(m);
  auto found = m.by_address.find(base);
  if (found == m.by_address.end()) return;
  found->second.readers = readers;
  found->second.writers = writers;
}

std::vector<Allocation> takeAllocationsOf(uint64_t context_id) {
  Map &m = map();
  WriteLock hold(m);
  std::vector<Allocation> taken;
  for (const auto &[base, allocation] : m.by_address)
    if (allocation.context_id == context_id && base == allocation.base) taken.push_back(allocation);
  for (const Allocation &allocation : taken) erase(m, allocation);
  return taken;
}

}  // namespace cutrans::runtime
