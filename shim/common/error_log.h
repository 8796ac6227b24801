// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The error log as both APIs hand it out: what failing calls returned, and why. The entries of the two differ in names only.
#pragma once
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "cutrans/runtime/error_log.h"
#include "cutrans/support/status.h"

namespace cutrans::shim {

// `name`: of the error; null where it is not known.
void logFailure(const char *entry, int error, const char *name);

template <class Callback, class Handle>
Code registerLogCallback(Callback callback, void *user, Handle *out) {
  if (!callback) return Code::invalid_value;
  runtime::ErrorListener listener{
      [](void (*function)(), void *data, char *line, size_t length) {
        // All messages are errors: level 0 in both APIs.
        reinterpret_cast<Callback>(function)(data, {}, line, length);
      },
      reinterpret_cast<void (*)()>(callback), user};
  void *handle = runtime::addErrorListener(listener);
  if (out) *out = static_cast<Handle>(handle);
  return Code::ok;
}

inline Code unregisterLogCallback(void *handle) {
  return runtime::removeErrorListener(handle) ? Code::ok : Code::invalid_value;
}

inline Code currentLog(unsigned *out, unsigned flags) {
  if (!out || flags) return Code::invalid_value;
  *out = runtime::nextErrorMessage();
  return Code::ok;
}

// Without an iterator: all that is kept.
inline std::optional<unsigned> logStart(const unsigned *iterator) {
  return iterator ? std::optional(*iterator) : std::nullopt;
}

inline Code dumpLogToMemory(unsigned *iterator, char *buffer, size_t *size, unsigned flags) {
  if (!buffer || !size || !*size || flags) return Code::invalid_value;
  const size_t room = *size - 1;
  const runtime::ErrorMessages messages = runtime::errorMessages(logStart(iterator), room);
  std::memcpy(buffer, messages.text.data(), messages.text.size());
  buffer[messages.text.size()] = 0;
  *size = messages.text.size();
  if (!messages.fits) return Code::invalid_value;
  if (iterator) *iterator = messages.next;
  return Code::ok;
}

inline Code dumpLogToFile(unsigned *iterator, const char *path, unsigned flags) {
  if (!path || flags) return Code::invalid_value;
  std::FILE *file = std::fopen(path, "w");
  if (!file) return Code::invalid_value;
  const runtime::ErrorMessages messages = runtime::errorMessages(logStart(iterator), 2 * runtime::kErrorLogBytes);
  const bool written = std::fwrite(messages.text.data(), 1, messages.text.size(), file) == messages.text.size();
  if (std::fclose(file) != 0 || !written) return Code::invalid_value;
  if (iterator) *iterator = messages.next;
  return Code::ok;
}

}  // namespace cutrans::shim
