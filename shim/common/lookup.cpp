// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The search in the generated table.
#include "shim/common/lookup.h"

#include <algorithm>

namespace cutrans::shim {

Lookup lookUp(std::string_view name, int version, bool per_thread) {
  auto rows = std::ranges::equal_range(lookupRows(), name, {}, &LookupRow::name);
  if (rows.empty()) return {LookupOutcome::unknown_name, nullptr};
  const LookupRow *best = nullptr;
  for (const LookupRow &row : rows) {
    if (row.version > version || (row.per_thread && !per_thread)) continue;
    if (!best || row.per_thread > best->per_thread ||
        (row.per_thread == best->per_thread && row.version > best->version))
      best = &row;
  }
  if (!best) return {LookupOutcome::version_too_low, nullptr};
  return {LookupOutcome::found, reinterpret_cast<void *>(best->entry)};
}

}  // namespace cutrans::shim
