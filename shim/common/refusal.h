// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Entry points that the catalogue refuses: one line for the user the first time, then only the error.
#pragma once
#include <atomic>

#include "cutrans/support/diagnostics.h"
#include "shim/common/entry.h"

namespace cutrans::shim {

struct Refusal {
  const char *entry;
  Diag diag;
  int error;  // CUresult and cudaError_t number these alike
  std::atomic<bool> told{false};
};

// Returns the row's error. `caller`: an address in the code that called the entry point; a private interface names its
// file, for only CUDA libraries of NVIDIA's call those. The library that defines `rememberRefusal` makes it the thread's last error as well.
int refuse(Refusal &refusal, const void *caller);
void rememberRefusal(int error);

// For bodies: a value of an argument that this layer does not have. One line per text.
void refuseArgument(const char *entry, Diag diag, const char *text);

}  // namespace cutrans::shim
