// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Says once what an entry point refuses.
#include "shim/common/refusal.h"

#include <string>

namespace cutrans::shim {

int refuse(Refusal &refusal) {
  if (!refusal.told.exchange(true, std::memory_order_relaxed)) {
    const DiagnosticRow *row = findDiagnostic(refusal.diag);
    report(refusal.diag, std::string(refusal.entry) + ": " + (row ? row->meaning : "refused"));
  }
  rememberRefusal(refusal.error);
  return refusal.error;
}

void refuseArgument(const char *entry, Diag diag, const char *text) {
  report(diag, std::string(entry) + ": " + text);
}

}  // namespace cutrans::shim
