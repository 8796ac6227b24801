// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host.h"

namespace cutrans::hip {

const ct_host *host = nullptr;

void report(Code code, const std::string &text) {
  const std::string name = "CT" + std::to_string(static_cast<uint32_t>(code));
  host->report(host->ctx, name.c_str(), text.c_str());
}

std::string settingOr(const char *name, const char *fallback) {
  const char *text = host->setting(host->ctx, name);
  return text && *text ? text : fallback;
}

}  // namespace cutrans::hip
