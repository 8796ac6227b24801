// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Settings and messages of the host target.
#include "host.h"

#include <cctype>
#include <charconv>
#include <cstring>

namespace cutrans::host {

Globals globals;

bool parseBytes(const char *text, uint64_t &out) {
  uint64_t value = 0;
  const char *end = text + std::strlen(text);
  auto [rest, error] = std::from_chars(text, end, value);
  if (error != std::errc()) return false;
  unsigned shift = 0;
  if (rest != end) {
    const char *units = "KMGT", *unit = std::strchr(units, std::toupper(static_cast<unsigned char>(*rest)));
    if (!unit || rest + 1 != end) return false;
    shift = 10 * static_cast<unsigned>(unit - units + 1);
  }
  if (value > (UINT64_MAX >> shift)) return false;
  out = value << shift;
  return true;
}

static uint64_t number(const char *name, uint64_t fallback) {
  const char *text = globals.host.setting ? globals.host.setting(globals.host.ctx, name) : nullptr;
  uint64_t value = fallback;
  if (text && *text && !parseBytes(text, value))
    report(Code::host_setting, std::string(name) + "=" + text + " is not a number");
  return value;
}

void readSettings() {
  globals.settings.devices = static_cast<uint32_t>(std::min<uint64_t>(std::max<uint64_t>(number("HOST_DEVICES", 1), 1), 64));
  globals.settings.threads = static_cast<uint32_t>(std::min<uint64_t>(number("HOST_THREADS", 0), 1024));
  globals.settings.memory = number("HOST_MEMORY", 0);
  globals.settings.huge_pages = number("HOST_HUGE_PAGES", 1) != 0;
}

void logLine(ct_log_level level, const std::string &text) {
  if (globals.host.log) globals.host.log(globals.host.ctx, level, text.c_str());
}

void report(Code code, const std::string &text) {
  const std::string name = "CT" + std::to_string(static_cast<uint32_t>(code));
  if (globals.host.report) globals.host.report(globals.host.ctx, name.c_str(), text.c_str());
}

}  // namespace cutrans::host
