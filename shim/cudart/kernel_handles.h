// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a `const void *func` of the runtime API means: the address of a kernel in the program, or a cudaKernel_t.
#pragma once

#include "cutrans/runtime/library.h"
#include "shim/cudart/binaries.h"
#include "shim/cudart/call.h"

namespace cutrans::cudart {

inline Result<runtime::LibraryKernel *> resolveFunction(const void *function) {
  Result<runtime::LibraryKernel *> kernel = findKernel(function);
  if (kernel.ok() || kernel.code() != Code::invalid_function) return kernel;
  if (runtime::LibraryKernel *given = runtime::LibraryKernel::find(function)) return given;
  return Code::invalid_function;
}

// The kernel in the call's context; loads its module at the first use.
inline Result<runtime::Kernel *> kernelIn(const Call &call, runtime::LibraryKernel *kernel) {
  threadState().wanted = kernel;
  return kernel->in(*call.context);
}

inline Result<runtime::Kernel *> kernelOf(const Call &call, const void *function) {
  Result<runtime::LibraryKernel *> kernel = resolveFunction(function);
  if (!kernel.ok()) return kernel.status();
  return kernelIn(call, *kernel);
}

}  // namespace cutrans::cudart
