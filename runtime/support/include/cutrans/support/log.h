// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The log: CUTRANS_LOG=category:level,... Off by default, and then one load and a compare per call site.
// spdlog does the writing; it is created at the first line and its headers stay in log.cpp.
#pragma once
#include <atomic>
#include <string_view>

namespace cutrans {

enum class LogCategory : unsigned char {
#define CT_LOG_CATEGORY(name, meaning) name,
#include "../../../log.def"
  count
};

enum class LogLevel : unsigned char { off, error, warn, info, debug, trace };

namespace detail {
LogLevel logLevelSlow(LogCategory category);
extern std::atomic<const LogLevel *> log_levels;  // one per category, null until the settings were read
}  // namespace detail

// Guard for call sites whose arguments cost something.
inline bool logs(LogCategory category, LogLevel level) {
  const LogLevel *levels = detail::log_levels.load(std::memory_order_acquire);
  LogLevel most = levels ? levels[static_cast<int>(category)] : detail::logLevelSlow(category);
  return level <= most;
}

// One line, no newline needed. printf's format; nothing is formatted when the level is off.
__attribute__((format(printf, 3, 4))) void logf(LogCategory category, LogLevel level, const char *format, ...);
void logText(LogCategory category, LogLevel level, std::string_view text);

}  // namespace cutrans
