// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/runtime/error_log.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace cutrans::runtime {
namespace {

// Never destroyed: calls fail in destructors too.
struct Log {
  std::mutex lock;
  std::deque<std::string> lines;  // each with its newline
  size_t bytes = 0;
  unsigned first = 0;  // number of lines.front()
  std::vector<std::unique_ptr<ErrorListener>> listeners;
};
Log &theLog() {
  static Log *const log = new Log;
  return *log;
}

thread_local bool telling = false;

std::string lineOf(std::string_view text) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  return fmt::format("[{:02}:{:02}:{:02}.{:03}][{}][E] {}\n", local.tm_hour, local.tm_min, local.tm_sec, rest,
                     static_cast<long>(::syscall(SYS_gettid)), text.substr(0, kErrorLogBytes / 8));
}

}  // namespace

void logError(std::string_view text) {
  std::string line = lineOf(text);
  std::vector<ErrorListener> listeners;
  Log &log = theLog();
  {
    std::lock_guard hold(log.lock);
    log.bytes += line.size();
    log.lines.push_back(line);
    while (log.bytes > kErrorLogBytes) {
      log.bytes -= log.lines.front().size();
      log.lines.pop_front();
      ++log.first;
    }
    if (!telling)
      for (const auto &listener : log.listeners) listeners.push_back(*listener);
  }
  if (listeners.empty()) return;
  telling = true;
  line.pop_back();
  for (const ErrorListener &listener : listeners) {
    std::string copy = line;
    listener.tell(listener.function, listener.user, copy.data(), copy.size());
  }
  telling = false;
}

unsigned nextErrorMessage() {
  Log &log = theLog();
  std::lock_guard hold(log.lock);
  return log.first + static_cast<unsigned>(log.lines.size());
}

ErrorMessages errorMessages(std::optional<unsigned> from, size_t room) {
  constexpr std::string_view kLost = "[older messages are gone or did not fit]\n";
  Log &log = theLog();
  std::lock_guard hold(log.lock);
  ErrorMessages out;
  out.next = log.first + static_cast<unsigned>(log.lines.size());
  // Numbers wrap; one that is ahead of the log names nothing.
  const unsigned behind = out.next - from.value_or(0);
  const bool ahead = static_cast<int>(behind) < 0;
  size_t wanted = ahead ? 0 : std::min<size_t>(behind, log.lines.size());
  if (!wanted) return out;
  bool lost = behind > wanted;
  size_t begin = log.lines.size(), bytes = 0;
  auto limit = [&](bool some_lost) { return some_lost ? room - std::min(room, kLost.size()) : room; };
  size_t all = 0;
  for (size_t i = log.lines.size() - wanted; i < log.lines.size(); ++i) all += log.lines[i].size();
  lost |= all > limit(lost);
  for (; wanted && bytes + log.lines[begin - 1].size() <= limit(lost); --wanted) bytes += log.lines[--begin].size();
  if (begin == log.lines.size()) {
    out.fits = false;
    return out;
  }
  if (lost) out.text = kLost;
  for (; begin < log.lines.size(); ++begin) out.text += log.lines[begin];
  return out;
}

void *addErrorListener(const ErrorListener &listener) {
  Log &log = theLog();
  std::lock_guard hold(log.lock);
  return log.listeners.emplace_back(std::make_unique<ErrorListener>(listener)).get();
}

bool removeErrorListener(void *handle) {
  Log &log = theLog();
  std::lock_guard hold(log.lock);
  return std::erase_if(log.listeners, [&](const auto &listener) { return listener.get() == handle; }) > 0;
}

}  // namespace cutrans::runtime
