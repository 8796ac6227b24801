// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The log's levels and its writer. The only file that sees spdlog.
#include "cutrans/support/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdarg>
#include <cstdio>
#include <string>

#include "cutrans/support/config.h"
#include "cutrans/support/diagnostics.h"

namespace cutrans {

std::atomic<const LogLevel *> detail::log_levels{nullptr};

namespace {

constexpr int kCategories = static_cast<int>(LogCategory::count);
constexpr std::string_view kNames[] = {
#define CT_LOG_CATEGORY(name, meaning) #name,
#include "log.def"
};
constexpr std::string_view kLevels[] = {"off", "error", "warn", "info", "debug", "trace"};

struct Levels {
  LogLevel of[kCategories] = {};
  Levels();
  bool apply(std::string_view item);
};

// "queue:debug", "all:info", or "info" for all.
bool Levels::apply(std::string_view item) {
  size_t colon = item.find(':');
  std::string_view category = colon == item.npos ? "all" : item.substr(0, colon);
  std::string_view level = colon == item.npos ? item : item.substr(colon + 1);
  for (size_t l = 0; l < std::size(kLevels); ++l) {
    if (level != kLevels[l]) continue;
    bool found = false;
    for (int c = 0; c < kCategories; ++c) {
      if (category != "all" && category != kNames[c]) continue;
      of[c] = static_cast<LogLevel>(l);
      found = true;
    }
    return found;
  }
  return false;
}

Levels::Levels() {
  std::string_view rest = config().log;
  while (!rest.empty()) {
    std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    if (!item.empty() && !apply(item)) report(Diag::bad_setting, "CUTRANS_LOG: " + std::string(item) + " is no category:level");
  }
}

std::shared_ptr<spdlog::logger> makeLogger() {
  spdlog::sink_ptr sink;
  const std::string &file = config().log_file;
  try {
    if (!file.empty()) sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
  } catch (const spdlog::spdlog_ex &error) {
    report(Diag::bad_setting, std::string("CUTRANS_LOG_FILE: ") + error.what());
  }
  if (!sink) sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("cutrans", sink);
  logger->set_level(spdlog::level::trace);
  logger->set_pattern("cutrans [%H:%M:%S.%f] [%t] [%l] %v");
  logger->flush_on(spdlog::level::trace);
  return logger;
}

// Never destroyed, so that destructors of the program may still log.
spdlog::logger &logger() {
  static auto *const instance = new std::shared_ptr<spdlog::logger>(makeLogger());
  return **instance;
}

spdlog::level::level_enum levelOf(LogLevel level) {
  switch (level) {
    case LogLevel::off: return spdlog::level::off;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::trace: return spdlog::level::trace;
  }
  return spdlog::level::off;
}

}  // namespace

LogLevel detail::logLevelSlow(LogCategory category) {
  static const Levels *const levels = new Levels;
  log_levels.store(levels->of, std::memory_order_release);
  return levels->of[static_cast<int>(category)];
}

void logText(LogCategory category, LogLevel level, std::string_view text) {
  if (!logs(category, level)) return;
  logger().log(levelOf(level), "{}: {}", kNames[static_cast<int>(category)], text);
}

void logf(LogCategory category, LogLevel level, const char *format, ...) {
  if (!logs(category, level)) return;
  char line[1024];
  va_list args;
  va_start(args, format);
  std::vsnprintf(line, sizeof line, format, args);
  va_end(args);
  logText(category, level, line);
}

}  // namespace cutrans
