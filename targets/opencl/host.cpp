// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host.h"

namespace cutrans::opencl {

ct_host host{};

void logLine(ct_log_level level, const std::string &text) {
  if (host.log) host.log(host.ctx, level, text.c_str());
}

void report(Code code, const std::string &text) {
  const std::string name = "CT" + std::to_string(static_cast<uint32_t>(code));
  if (host.report) host.report(host.ctx, name.c_str(), text.c_str());
}

std::string setting(const char *name) {
  const char *text = host.setting ? host.setting(host.ctx, name) : nullptr;
  return text ? text : "";
}

}  // namespace cutrans::opencl
