// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The last messages about failed calls of this process, for programs that ask for them or want to be told. Bounded: the oldest go first.
// Thread safe. Only failing calls come here.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "cutrans/runtime/export.h"

namespace cutrans::runtime {

// One text, without a newline. Listeners are called before it returns, on this thread, without a lock; what fails inside a listener is
// kept but not told again.
CUTRANS_API void logError(std::string_view text);

// The number of the next message.
CUTRANS_API unsigned nextErrorMessage();

inline constexpr size_t kErrorLogBytes = 25600;

// The messages from number `from` on, else all that are kept, one a line, each with its time and thread. At most `room` characters: where they do not fit, or
// some are gone, a line at the head says so and the newest are kept. Empty where there are none; `fits` false where not even one fits.
struct ErrorMessages {
  std::string text;
  bool fits = true;
  unsigned next = 0;  // the number of the next message after these
};
CUTRANS_API ErrorMessages errorMessages(std::optional<unsigned> from, size_t room);

// `tell` calls the program's function, whose type is its caller's business, with a copy of the line that it may change.
struct ErrorListener {
  void (*tell)(void (*function)(), void *user, char *line, size_t length);
  void (*function)();
  void *user;
};
CUTRANS_API void *addErrorListener(const ErrorListener &listener);  // a handle, never null
// False for what is no listener. A call that is under way on another thread may still end later.
CUTRANS_API bool removeErrorListener(void *handle);

}  // namespace cutrans::runtime
