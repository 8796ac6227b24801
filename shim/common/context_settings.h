// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a program sets on a context and may ask for again: limits (only that of the stack changes what kernels can do), cache preferences, and
// to which devices it has opened access. Gone with the context (or its reset). Not for hot paths: one lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/shared_state.h"

namespace cutrans::shim {

struct ContextSettings {
  uint64_t context_id = 0;
  std::map<int, uint64_t> limits;   // by CUlimit and cudaLimit, which have the same numbers; absent: the default
  int cache_preference = 0;         // CUfunc_cache and cudaFuncCache
  int uses = 1;                     // cuCtxAttach adds one, cuCtxDetach takes one away
  std::set<int> peers;              // indices of devices
};

// One for both APIs.
struct ContextSettingsTable {
  static constexpr const char *kSharedName = "context settings";
  std::mutex mutex;
  std::map<unsigned, ContextSettings> by_slot;  // slots are used again: the id in a row tells whose it is
};
// Runs `use(settings)` with those of the context, under the lock.
template <class Use>
auto withSettings(const runtime::Context &context, Use &&use) {
  auto &table = runtime::shared<ContextSettingsTable>();
  std::lock_guard lock(table.mutex);
  ContextSettings &settings = table.by_slot[context.slot()];
  if (settings.context_id != context.id()) {
    settings = {};
    settings.context_id = context.id();
  }
  return use(settings);
}

// The default of a limit, and whether it can be set. Null: the layer has no such limit, or the number is none.
struct LimitRow {
  int number;
  uint64_t initial;
  uint64_t largest;
};
inline constexpr int kStackLimit = 0;
inline const LimitRow *findLimit(int number) {
  static constexpr LimitRow kRows[] = {
      {kStackLimit, runtime::Context::kStackLimit, 512 << 10},  // stack of a thread, for recursion and alloca
      {1, 1 << 20, uint64_t{1} << 40},    // printf buffer; output is never dropped
      {2, 8 << 20, uint64_t{1} << 40},    // heap of device-side malloc
      {5, 64, 128},                       // granularity of cache fetches: a hint
      {6, 0, 0},                          // persisting cache lines: none
  };
  for (const LimitRow &row : kRows)
    if (row.number == number) return &row;
  return nullptr;
}

// A wish beyond what there is gets what there is, as the driver does.
inline void setLimit(runtime::Context &context, const LimitRow &row, uint64_t value) {
  value = std::min(value, row.largest);
  withSettings(context, [&](ContextSettings &s) { s.limits[row.number] = value; });
  if (row.number == kStackLimit) context.setStackLimit(value);
}
inline uint64_t getLimit(const runtime::Context &context, const LimitRow &row) {
  return withSettings(context, [&](ContextSettings &s) {
    auto set = s.limits.find(row.number);
    return set == s.limits.end() ? row.initial : set->second;
  });
}

}  // namespace cutrans::shim
