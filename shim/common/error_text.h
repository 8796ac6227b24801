// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names and texts of CUDA's errors. Names come from the headers' enums when we build, texts from the names
// (shim/api/emit.py), but for the rows of shim/api/error_text.def.
#pragma once

namespace cutrans::shim {

struct ErrorText {
  int value;
  const char *name;
  const char *text;
};

// Null for a number that is not an error of the API.
const ErrorText *runtimeErrorText(int error);
const ErrorText *driverErrorText(int error);

}  // namespace cutrans::shim
