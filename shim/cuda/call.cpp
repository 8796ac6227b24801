// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The driver API keeps no last error: what a call would record, the program gets as the result alone, and in the error log.
#include "shim/cuda/call.h"

#include "shim/common/error_log.h"
#include "shim/common/error_text.h"

void cutrans::driver::Api::remember(Call &call, Error error) {
  const shim::ErrorText *text = shim::driverErrorText(error);
  shim::logFailure(call.name, error, text ? text->name : nullptr);
}

void cutrans::shim::rememberRefusal(int) {}
