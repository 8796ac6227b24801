// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all files of the OpenCL target share: the runtime's services and the settings. Filled once by init() and constant
// from then on.
#pragma once

#include <cutrans/target.h>
#include <cutrans/targets/codes.h>

#include <cstdint>
#include <string>

#include "pages.h"

namespace cutrans::opencl {

using targets::Code;
using targets::meaningOf;

extern ct_host host;

void logLine(ct_log_level level, const std::string &text);
void report(Code code, const std::string &text);
// Refuses by name: one line for people, and the status that the caller returns.
inline ct_status refuse(Code code, const std::string &text) {
  report(code, text);
  return CT_ERR_UNSUPPORTED;
}
// The value of a setting, "" where it has none.
std::string setting(const char *name);

using process::roundUp;

}  // namespace cutrans::opencl
