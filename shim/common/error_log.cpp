// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/error_log.h"

#include <string>

#include "cutrans/support/diagnostics.h"
#include "shim/common/coredump.h"

namespace cutrans::shim {

namespace {
constexpr int kNotReady = 600;  // an answer, not a failure; in both APIs

// Reports of this library; those of the runtime come by themselves.
__attribute__((constructor)) void listen() { listenToReports(runtime::logError); }
}  // namespace

void logFailure(const char *entry, int error, const char *name) {
  if (error == kNotReady) return;
  std::string text(entry);
  text.append(" returns ").append(std::to_string(error));
  if (name) text.append(" (").append(name).append(")");
  runtime::logError(text);
  coredumpOnFault(entry);
}

}  // namespace cutrans::shim
