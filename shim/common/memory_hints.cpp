// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What programs hinted about managed memory, by allocation and page. Entries of memory that is gone are dropped when the table
// has grown. Not for hot paths: one lock.
#include "shim/common/memory_hints.h"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "cutrans/runtime/shared_state.h"

namespace cutrans::shim {

namespace {

constexpr uint64_t kPage = 4096;

// Where pages were asked to be.
struct Where {
  CUmemLocationType type = CU_MEM_LOCATION_TYPE_INVALID;
  int id = 0;
  bool operator==(const Where &) const = default;
};

struct PageHints {
  bool read_mostly = false;
  Where preferred, prefetched;
  std::set<int> accessed_by;  // devices; CU_DEVICE_CPU
};

// Hints from each offset on, up to the next; the first is at 0.
struct MemoryHints {
  runtime::Address base = 0;
  std::map<uint64_t, PageHints> pieces{{0, {}}};

  std::map<uint64_t, PageHints>::iterator split(uint64_t at) {
    auto after = pieces.upper_bound(at);
    auto piece = std::prev(after);
    return piece->first == at ? piece : pieces.emplace_hint(after, at, piece->second);
  }
};

struct HintTable {
  static constexpr const char *kSharedName = "memory hints";
  std::mutex mutex;
  std::map<uint64_t, MemoryHints> by_allocation;  // Allocation::id
  size_t swept_at = 64;

  MemoryHints &of(const runtime::Allocation &memory) {
    if (by_allocation.size() >= swept_at) {
      std::erase_if(by_allocation, [](const auto &row) {
        std::optional<runtime::Allocation> now = runtime::findAllocation(row.second.base);
        return !now || now->id != row.first;
      });
      swept_at = std::max<size_t>(64, 2 * by_allocation.size());
    }
    MemoryHints &hints = by_allocation[memory.id];
    hints.base = memory.base;
    return hints;
  }
};

Where resolved(const CUmemLocation &where) {
  switch (where.type) {
    case CU_MEM_LOCATION_TYPE_HOST:
      return {CU_MEM_LOCATION_TYPE_HOST, CU_DEVICE_CPU};
    case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT: {
      unsigned cpu = 0, node = 0;
      (void)getcpu(&cpu, &node);
      return {CU_MEM_LOCATION_TYPE_HOST_NUMA, static_cast<int>(node)};
    }
    default:
      return {where.type, where.id};
  }
}

// Changes the hints of all pages that the range touches.
template <class Change>
void change(runtime::Address address, uint64_t size, Change &&change) {
  std::optional<runtime::Allocation> memory = runtime::findAllocation(address);
  if (!memory || !memory->managed()) return;
  const uint64_t first = (address - memory->base) / kPage * kPage, end = (address - memory->base + size + kPage - 1) / kPage * kPage;
  auto &table = runtime::shared<HintTable>();
  std::lock_guard hold(table.mutex);
  MemoryHints &hints = table.of(*memory);
  auto last = hints.split(end);
  for (auto piece = hints.split(first); piece != last; ++piece) change(piece->second);
}

int deviceOf(const Where &where) {
  return where.type == CU_MEM_LOCATION_TYPE_INVALID ? CU_DEVICE_INVALID : where.type == CU_MEM_LOCATION_TYPE_DEVICE ? where.id : CU_DEVICE_CPU;
}

bool validSize(const RangeQuestion &question) {
  if (!question.answer) return false;
  if (question.attribute == CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY) return question.size != 0 && question.size % sizeof(int) == 0;
  return question.attribute >= CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY && question.attribute <= CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_ID &&
         question.size == sizeof(int);
}

// What holds for all pages.
PageHints common(const std::map<uint64_t, PageHints> &pieces, uint64_t first, uint64_t end) {
  auto piece = std::prev(pieces.upper_bound(first));
  PageHints all = piece->second;
  for (++piece; piece != pieces.end() && piece->first < end; ++piece) {
    const PageHints &hints = piece->second;
    all.read_mostly &= hints.read_mostly;
    if (all.preferred != hints.preferred) all.preferred = {};
    if (all.prefetched != hints.prefetched) all.prefetched = {};
    std::erase_if(all.accessed_by, [&](int device) { return !hints.accessed_by.contains(device); });
  }
  return all;
}

void answer(const PageHints &hints, const RangeQuestion &question) {
  if (question.attribute == CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY) {
    auto device = hints.accessed_by.begin();
    for (size_t i = 0; i < question.size / sizeof(int); ++i) {
      const int value = device == hints.accessed_by.end() ? CU_DEVICE_INVALID : *device++;
      std::memcpy(static_cast<int *>(question.answer) + i, &value, sizeof value);
    }
    return;
  }
  int value = 0;
  switch (question.attribute) {
    case CU_MEM_RANGE_ATTRIBUTE_READ_MOSTLY: value = hints.read_mostly; break;
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION: value = deviceOf(hints.preferred); break;
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_TYPE: value = hints.preferred.type; break;
    case CU_MEM_RANGE_ATTRIBUTE_PREFERRED_LOCATION_ID: value = hints.preferred.id; break;
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION: value = deviceOf(hints.prefetched); break;
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_TYPE: value = hints.prefetched.type; break;
    case CU_MEM_RANGE_ATTRIBUTE_LAST_PREFETCH_LOCATION_ID: value = hints.prefetched.id; break;
  }
  std::memcpy(question.answer, &value, sizeof value);
}

}  // namespace

void noteAdvice(runtime::Address address, uint64_t size, int advice, const CUmemLocation &where) {
  const Where place = resolved(where);
  change(address, size, [&](PageHints &hints) {
    switch (advice) {
      case CU_MEM_ADVISE_SET_READ_MOSTLY: hints.read_mostly = true; break;
      case CU_MEM_ADVISE_UNSET_READ_MOSTLY: hints.read_mostly = false; break;
      case CU_MEM_ADVISE_SET_PREFERRED_LOCATION: hints.preferred = place; break;
      case CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION: hints.preferred = {}; break;
      case CU_MEM_ADVISE_SET_ACCESSED_BY: hints.accessed_by.insert(deviceOf(place)); break;
      case CU_MEM_ADVISE_UNSET_ACCESSED_BY: hints.accessed_by.erase(deviceOf(place)); break;
    }
  });
}

void notePrefetch(runtime::Address address, uint64_t size, const CUmemLocation &where) {
  const Where place = resolved(where);
  change(address, size, [&](PageHints &hints) { hints.prefetched = place; });
}

Status answerAboutRange(runtime::Address address, uint64_t size, const RangeQuestion *questions, size_t count) {
  std::optional<runtime::Allocation> memory = runtime::findAllocation(address);
  if (!memory || !memory->managed() || size == 0 || count == 0) return Code::invalid_value;
  const uint64_t first = address - memory->base;
  if (size > memory->size - first) return Code::invalid_value;
  if (!std::all_of(questions, questions + count, validSize)) return Code::invalid_value;
  auto &table = runtime::shared<HintTable>();
  PageHints all;
  {
    std::lock_guard hold(table.mutex);
    if (auto known = table.by_allocation.find(memory->id); known != table.by_allocation.end()) all = common(known->second.pieces, first, first + size);
  }
  for (size_t i = 0; i < count; ++i) answer(all, questions[i]);
  return Code::ok;
}

}  // namespace cutrans::shim
