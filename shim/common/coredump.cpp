// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/coredump.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "cutrans/runtime/device.h"
#include "cutrans/runtime/error_log.h"
#include "cutrans/support/diagnostics.h"
#include "shim/common/version.h"

namespace cutrans::shim {

namespace {

std::string hostName() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

// %h, %p and %t in a name are the host, the process and the time.
std::string expand(const std::string &pattern) {
  std::string name;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char next = pattern[i] == '%' && i + 1 < pattern.size() ? pattern[++i] : 0;
    if (!next) name += pattern[i];
    else if (next == 'h') name += hostName();
    else if (next == 'p') name += std::to_string(getpid());
    else if (next == 't') name += std::to_string(std::time(nullptr));
    else name += next;
  }
  return name;
}

bool write(const std::string &path, const runtime::Context &context, const char *entry, Status status) {
  std::FILE *file = std::fopen(path.c_str(), "w");
  if (!file) return false;
  std::fprintf(file,
               "A fault on a device of cutrans: a text, not a core file for a debugger.\n"
               "process %d, host %s\ndevice %d: %s\ncontext %llu\nseen by %s: %s\n\nthe error log:\n",
               static_cast<int>(getpid()), hostName().c_str(), context.device().index(), context.device().info().name,
               static_cast<unsigned long long>(context.id()), entry, std::string(codeMeaning(status.code())).c_str());
  std::fputs(runtime::errorMessages(std::nullopt, 2 * runtime::kErrorLogBytes).text.c_str(), file);
  return std::fclose(file) == 0;
}

}  // namespace

std::string coredumpDefaultName(const char *prefix) {
  return std::string(prefix) + ".cuda." + hostName() + "." + std::to_string(getpid());
}

void coredumpOnFault(const char *entry) {
  runtime::Context *context = runtime::currentContext();
  if (!context) return;
  const Status status = context->check();
  if (!isDeviceFault(status.code())) return;
  std::string path;
  bool abort = false;
  {
    auto &table = runtime::shared<CoredumpTable>();
    std::lock_guard hold(table.lock);
    const CoredumpSettings &own = table.contexts[context->id()], &process = table.process;
    if (!own.on_exception.value_or(process.on_exception.value_or(false)) || !table.written.insert(context->id()).second) return;
    path = expand(own.file.value_or(process.file.value_or(coredumpDefaultName("core"))));
    abort = !(own.flags.value_or(process.flags.value_or(0)) & kCoredumpSkipAbort);
  }
  const bool written = write(path, *context, entry, status);
  report(Diag::api_coredump, written ? "the fault is described in " + path : path + " cannot be written");
  if (abort) std::abort();
}

}  // namespace cutrans::shim
