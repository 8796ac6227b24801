// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime's services as the other files of this target use them. Valid between init and shutdown.
#pragma once

#include <cutrans/target.h>
#include <cutrans/targets/codes.h>

#include <string>

namespace cutrans::hip {

using targets::Code;

extern const ct_host *host;

void report(Code code, const std::string &text);
inline ct_status refuse(Code code, const std::string &text) {
  report(code, text);
  return CT_ERR_UNSUPPORTED;
}

std::string settingOr(const char *name, const char *fallback);  // also where it is empty

}  // namespace cutrans::hip
