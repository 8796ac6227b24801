// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table behind cuGetProcAddress: (name, version, mode) to an entry point. Generated, sorted by name, mode, version.
#pragma once
#include <span>
#include <string_view>

namespace cutrans::shim {

struct LookupRow {
  std::string_view name;
  int version;      // the first CUDA version that has this signature, 12050 for 12.5
  bool per_thread;  // the variant for the per-thread default stream
  int (*entry)();
};

std::span<const LookupRow> lookupRows();

enum class LookupOutcome { found, unknown_name, version_too_low };
struct Lookup {
  LookupOutcome outcome;
  void *entry;
};

// The newest entry point not newer than `version`. With `per_thread` the per-thread variant where there is one.
Lookup lookUp(std::string_view name, int version, bool per_thread);

}  // namespace cutrans::shim
