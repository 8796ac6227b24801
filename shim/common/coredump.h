// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a program wants to be kept of a fault on the device: set by the driver API for the process or a context, carried out by whichever API sees the
// fault first. There is no GPU whose memory could be dumped; what is written is a text that says what happened, and the process then ends as
// it would with a GPU, unless it has asked not to.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/shared_state.h"

namespace cutrans::shim {

inline constexpr unsigned kCoredumpSkipAbort = 1 << 4;  // CU_COREDUMP_SKIP_ABORT
inline constexpr size_t kCoredumpName = 1024;           // a file's name with its NUL

// Absent: what holds for the process, else the default.
struct CoredumpSettings {
  std::optional<bool> on_exception;
  std::optional<unsigned> flags;  // CUCoredumpGenerationFlags
  std::optional<std::string> file, pipe;
};

// One for both APIs.
struct CoredumpTable {
  static constexpr const char *kSharedName = "coredump settings";
  std::mutex lock;
  CoredumpSettings process;
  std::map<uint64_t, CoredumpSettings> contexts;  // by Context::id()
  std::set<uint64_t> written;                     // the contexts whose fault has been written
};

// Runs `use(own, process)` under the lock: the settings of the context, or twice those of the process where it is null.
template <class Use>
auto withCoredump(const runtime::Context *context, Use &&use) {
  auto &table = runtime::shared<CoredumpTable>();
  std::lock_guard hold(table.lock);
  return use(context ? table.contexts[context->id()] : table.process, table.process);
}

// "core.cuda.HOST.PID", and the like for pipes.
std::string coredumpDefaultName(const char *prefix);

// After a call has failed: writes the dump where the current context has a fault and wants one. May end the process.
void coredumpOnFault(const char *entry);

}  // namespace cutrans::shim
