// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Formats on the stack and writes each line with one write(2).
#include "shim/preload/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <initializer_list>

namespace cutrans::preload {

namespace rows {
struct Row {
  int number;
  const char *way_round;
};
#define CT_DIAGNOSTIC(name, number, meaning, way_round) [[maybe_unused]] constexpr Row name{number, way_round};
#include "diagnostics.def"
}  // namespace rows

namespace {

constexpr size_t kLine = 1024;
char **environment = nullptr;

void write(const char *line, int size) {
  if (size <= 0) return;
  size_t length = static_cast<size_t>(size) < kLine ? static_cast<size_t>(size) : kLine - 1;
  if (::write(STDERR_FILENO, line, length) < 0) return;
}

bool isLevel(const char *text, size_t length) {
  for (const char *level : {"info", "debug", "trace"})
    if (strlen(level) == length && memcmp(text, level, length) == 0) return true;
  return false;
}

// "category:level,..." or one level for all.
bool wanted() {
  const char *p = setting("CUTRANS_LOG");
  while (p && *p) {
    const size_t length = strcspn(p, ",");
    constexpr char kCategory[] = "redirect:";
    constexpr size_t kPrefix = sizeof kCategory - 1;
    if (isLevel(p, length)) return true;
    if (length > kPrefix && memcmp(p, kCategory, kPrefix) == 0 && isLevel(p + kPrefix, length - kPrefix)) return true;
    p += length + (p[length] == ',');
  }
  return false;
}

}  // namespace

void useEnvironment(char **all) { environment = all; }

const char *setting(const char *name) {
  const size_t length = strlen(name);
  for (char **entry = getauxval(AT_SECURE) ? nullptr : environment; entry && *entry; ++entry)
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return *entry + length + 1;
  return nullptr;
}

bool logs() {
  static int state = -1;
  if (state < 0) state = wanted();
  return state != 0;
}

void log(const char *format, ...) {
  if (!logs()) return;
  char text[kLine], line[kLine];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  write(line, snprintf(line, sizeof line, "cutrans: redirect: %.*s\n", static_cast<int>(kLine - 32), text));
}

void fail(const char *format, ...) {
  char text[kLine], line[kLine];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  write(line, snprintf(line, sizeof line, "cutrans: CT%d: %.*s; %s\n", rows::redirect_failed.number,
                       static_cast<int>(kLine / 2), text, rows::redirect_failed.way_round));
}

}  // namespace cutrans::preload
