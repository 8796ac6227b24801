// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LLVM calls its fatal error handler and then ends the process; the handler may leave by longjmp only. LLVM is built
// without exceptions, and its crash recovery takes over the process's signals, which belong to the program and the target.
#include "compiler/emit/contained.h"

#include <csetjmp>
#include <cstring>
#include <mutex>

#include <llvm/Support/ErrorHandling.h>

namespace cutrans::emit {
namespace {

struct Way {
  std::jmp_buf out;
  char words[256];
};
thread_local Way *way_out = nullptr;

// On a thread that is not inside contained() LLVM's own handling follows: the process ends.
void giveUp(void *, const char *reason, bool) {
  Way *way = way_out;
  if (!way) return;
  std::strncpy(way->words, reason ? reason : "no reason", sizeof way->words - 1);
  std::longjmp(way->out, 1);
}

// No object with a destructor lives in this frame, so that longjmp may end in it.
bool ran(const std::function<void()> &work, Way &way) {
  if (setjmp(way.out)) return false;
  work();
  return true;
}

}  // namespace

std::string contained(const std::function<void()> &work) {
  static std::once_flag once;
  std::call_once(once, [] { llvm::install_fatal_error_handler(giveUp); });
  Way way{};
  way_out = &way;
  bool finished = ran(work, way);
  way_out = nullptr;
  if (finished) return {};
  way.words[std::strcspn(way.words, "\n")] = 0;
  return way.words[0] ? way.words : "no reason given";
}

}  // namespace cutrans::emit
