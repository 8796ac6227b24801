// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Says once what an entry point refuses.
#include "shim/common/refusal.h"

#include "shim/common/error_log.h"

#include <dlfcn.h>

#include <string>

namespace cutrans::shim {

namespace {

std::string calledBy(const void *caller) {
  Dl_info file;
  if (!dladdr(caller, &file) || !file.dli_fname) return {};
  return std::string(" Called by ") + file.dli_fname +
         ", which seems to have a CUDA runtime of its own: link it with -cudart shared, or with this layer's libcudart_static.a";
}

}  // namespace

int refuse(Refusal &refusal, const void *caller) {
  if (!refusal.told.exchange(true, std::memory_order_relaxed)) {
    const DiagnosticRow *row = findDiagnostic(refusal.diag);
    report(refusal.diag, std::string(refusal.entry) + ": " + (row ? row->meaning : "refused") +
                             (refusal.diag == Diag::api_private ? calledBy(caller) : ""));
  }
  logFailure(refusal.entry, refusal.error, nullptr);
  rememberRefusal(refusal.error);
  return refusal.error;
}

void refuseArgument(const char *entry, Diag diag, const char *text) {
  report(diag, std::string(entry) + ": " + text);
}

}  // namespace cutrans::shim
