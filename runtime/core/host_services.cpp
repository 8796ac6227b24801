// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What plug-ins may ask of the runtime: log, report, settings, the program's stdout.
#include <cstdio>

#include "cutrans/support/config.h"
#include "cutrans/support/diagnostics.h"
#include "cutrans/support/log.h"
#include "target.h"

namespace cutrans::runtime {
namespace {

LogLevel levelOf(ct_log_level level) {
  switch (level) {
    case CT_LOG_ERROR: return LogLevel::error;
    case CT_LOG_WARN: return LogLevel::warn;
    case CT_LOG_INFO: return LogLevel::info;
    case CT_LOG_DEBUG: return LogLevel::debug;
    case CT_LOG_TRACE: return LogLevel::trace;
  }
  return LogLevel::trace;
}

void log(void *, ct_log_level level, const char *text) { logText(LogCategory::target, levelOf(level), text); }
void reportLine(void *, const char *code, const char *text) { reportCode(code, text); }
const char *setting(void *, const char *name) { return settingText(name); }
// Through stdio, so that device output and the program's own printf keep their order.
void output(void *, const char *bytes, size_t size) { std::fwrite(bytes, 1, size, stdout); }

constexpr ct_host kHost = {sizeof(ct_host), CT_TARGET_ABI_MINOR, nullptr, log, reportLine, setting, output};

}  // namespace

const ct_host &hostServices() { return kHost; }

}  // namespace cutrans::runtime
