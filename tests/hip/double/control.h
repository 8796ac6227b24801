// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The door of the double for the tests in the same process.
#pragma once

#include <cstdint>

namespace cutrans::hip_double {

struct Control {
  // The nth call from now on (1 is the next one) of `function` - null: of any that may fail - returns `error` and does nothing. 0: none.
  void (*arm)(const char *function, uint64_t nth, int error);
  const char *(*fired)();                 // the function that failed since arm(), or null
  uint64_t (*calls)(const char *function);
  const char *(*left)();                  // what is still alive, in words; empty: nothing
  const char *(*function)(unsigned index);  // the names of all, null at the end
  uint64_t (*launches)();                 // kernels that were run
};
constexpr const char *kControlSymbol = "hip_double_control";

}  // namespace cutrans::hip_double
