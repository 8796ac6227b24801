// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The slow half of entry.h: what is said when a call fails or is traced.
#include "shim/common/entry.h"

#include <string>

#include "cutrans/support/diagnostics.h"

namespace cutrans::shim {

void reportException(const char *entry, const char *what) {
  report(Diag::api_exception, std::string(entry) + ": " + (what ? what : "an unknown exception"));
}

void traceCall(const char *entry, int error, std::chrono::nanoseconds time) {
  logf(LogCategory::api, LogLevel::debug, "%s -> %d, %lld ns", entry, error, static_cast<long long>(time.count()));
}

}  // namespace cutrans::shim
