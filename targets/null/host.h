// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime's side of the line, as the other files of this target use it. Valid between init and shutdown.
#pragma once

#include <cutrans/target.h>

namespace cutrans::null {

extern const ct_host *host;

// Refuses by name: one line for people, and the status that the caller returns.
inline ct_status refuse(const char *text) {
  host->report(host->ctx, "CT3005", text);
  return CT_ERR_UNSUPPORTED;
}

}  // namespace cutrans::null
