// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Semaphores of other APIs, for both of ours, whose structures for them are laid out alike (shim/cudart/graph_types.h compares).
#pragma once
#include <cuda.h>

#include "cutrans/runtime/semaphore.h"
#include "shim/common/refusal.h"

namespace cutrans::shim {

template <class Description>
Result<runtime::Semaphore *> importSemaphore(const Description &wanted, const char *entry) {
  using Kind = runtime::Semaphore::Kind;
  const int type = static_cast<int>(wanted.type);
  if (type < CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD || type > CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_TIMELINE_SEMAPHORE_WIN32 || wanted.flags)
    return Code::invalid_value;
  const bool timeline = type == CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_TIMELINE_SEMAPHORE_FD;
  if (type != CU_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD && !timeline) {
    refuseArgument(entry, Diag::api_external, "a semaphore of Windows, Direct3D or NvSci");
    return Code::unsupported;
  }
  Result<runtime::Semaphore *> semaphore = runtime::Semaphore::import(wanted.handle.fd, timeline ? Kind::timeline : Kind::binary);
  if (semaphore.code() == Code::invalid_handle)
    refuseArgument(entry, Diag::api_external, timeline ? "a descriptor that is no timeline semaphore in a memory file" : "a descriptor that is no binary semaphore in a memory file");
  return semaphore;
}

// What is done with `count` semaphores. invalid_value: null or empty arrays, flags; invalid_handle: one is no semaphore.
Result<runtime::SignalWork> signalWork(const CUexternalSemaphore *list, const CUDA_EXTERNAL_SEMAPHORE_SIGNAL_PARAMS *params, unsigned count);
Result<runtime::AwaitWork> awaitWork(const CUexternalSemaphore *list, const CUDA_EXTERNAL_SEMAPHORE_WAIT_PARAMS *params, unsigned count);

}  // namespace cutrans::shim
