// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What every body of the driver API gets: `CUresult body::cuX(Call &call, ...)`. See docs/shim.md.
#pragma once
#include <cuda.h>

#include "cutrans/runtime/device.h"
#include "cutrans/runtime/capture_rules.h"
#include "cutrans/runtime/platform.h"
#include "shim/common/entry.h"
#include "shim/common/errors.h"
#include "shim/common/handles.h"
#include "shim/common/refusal.h"
#include "shim/cuda/handles.h"

namespace cutrans::driver {

// The `needs` column of cuda.def.
enum class Needs { free, init, context };

struct Call {
  const char *name;
  bool per_thread;                      // 0 means the per-thread default stream, not the legacy one
  runtime::Context *context = nullptr;  // for `context` rows: current and healthy

  // Only in `context` rows.
  Result<runtime::Queue *> queue(CUstream stream) const { return shim::resolveQueue(*context, stream, per_thread); }
  // Resolves the stream and returns what `use(queue)`, a Status, says.
  template <class Use>
  CUresult onQueue(CUstream stream, Use &&use) const;
  // Only in `init` and `context` rows. invalid_device.
  Result<runtime::Device *> device(CUdevice ordinal) const { return runtime::Platform::loaded()->device(ordinal); }

  // A value of an argument that this layer refuses: says so once, gives the error to return.
  CUresult refuse(const char *text, Diag diag = Diag::api_argument, CUresult error = CUDA_ERROR_NOT_SUPPORTED) {
    shim::refuseArgument(name, diag, text);
    return error;
  }
};

// How bodies return what the runtime said.
constexpr CUresult error(Code code) {
  return shim::driverError(code);
}
constexpr CUresult error(Status status) {
  return shim::driverError(status.code());
}

template <class Use>
CUresult Call::onQueue(CUstream stream, Use &&use) const {
  Result<runtime::Queue *> found = queue(stream);
  return error(found.ok() ? use(**found) : found.status());
}

struct Api {
  using Error = CUresult;
  using Call = driver::Call;
  static constexpr Error exception = CUDA_ERROR_UNKNOWN;
  static constexpr Error out_of_memory = CUDA_ERROR_OUT_OF_MEMORY;
  template <Needs needs>
  static Error prepare(Call &call) {
    if constexpr (needs == Needs::free) return CUDA_SUCCESS;
    if (Code state = runtime::Platform::state(); state != Code::ok) [[unlikely]]
      return state == Code::deinitialized ? CUDA_ERROR_DEINITIALIZED : CUDA_ERROR_NOT_INITIALIZED;
    if (runtime::insideHostCall()) [[unlikely]]
      return CUDA_ERROR_NOT_PERMITTED;
    if constexpr (needs == Needs::context) {
      call.context = runtime::currentContext();
      if (!call.context) [[unlikely]]
        return CUDA_ERROR_INVALID_CONTEXT;
      if (Status status = call.context->check(); !status.ok()) [[unlikely]]
        return contextError(status);
    }
    return CUDA_SUCCESS;
  }
  static Error contextError(Status status) {
    return status.code() == Code::invalid_context ? CUDA_ERROR_CONTEXT_IS_DESTROYED : error(status);
  }
  static Error duringCapture() { return error(runtime::forbidDuringCapture()); }
  static void remember(Call &call, Error error);  // in the error log only: the driver API has no last error
};

template <Needs needs, bool remembers, bool unsafe, class R, class Body>
inline R enter(const char *name, bool per_thread, Body &&body) noexcept {
  return shim::enter<Api, needs, remembers, unsafe, R>(name, per_thread, body);
}

}  // namespace cutrans::driver
