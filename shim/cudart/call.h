// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What every body of the runtime API gets: `cudaError_t body::cudaX(Call &call, ...)`. See docs/shim.md.
#pragma once
#include <driver_types.h>

#include "cutrans/runtime/capture_rules.h"
#include "cutrans/runtime/library.h"
#include "cutrans/runtime/platform.h"
#include "shim/common/entry.h"
#include "shim/common/errors.h"
#include "shim/common/handles.h"
#include "shim/common/refusal.h"

namespace cutrans::cudart {

// The `needs` column of cudart.def.
enum class Needs { free, init, device };

// Plain data: it needs no construction, so that it costs one access and works before and after everything else does.
struct ThreadState {
  cudaError_t last_error = cudaSuccess;
  // The kernel that a module may have to be loaded for: the message names it when the program carries no PTX.
  const runtime::LibraryKernel *wanted = nullptr;
};
ThreadState &threadState();

struct Call {
  const char *name;
  bool per_thread;  // 0 means the per-thread default stream, not the legacy one
  runtime::Context *context = nullptr;  // for `device` rows: current, active and healthy

  // Only in `device` rows.
  Result<runtime::Queue *> queue(cudaStream_t stream) const {
    return shim::resolveQueue(*context, stream, per_thread);
  }
  runtime::Device &device() const { return context->device(); }
  // Resolves the stream and returns what `use(queue)`, a Status, says.
  template <class Use>
  cudaError_t onQueue(cudaStream_t stream, Use &&use) const;

  // A value of an argument that this layer refuses: says so once, gives the error to return.
  cudaError_t refuse(const char *text, Diag diag = Diag::api_argument, cudaError_t error = cudaErrorNotSupported) {
    shim::refuseArgument(name, diag, text);
    return error;
  }
};

// How bodies return what the runtime said.
constexpr cudaError_t error(Code code) { return shim::runtimeError(code); }
constexpr cudaError_t error(Status status) { return shim::runtimeError(status.code()); }

template <class Use>
cudaError_t Call::onQueue(cudaStream_t stream, Use &&use) const {
  Result<runtime::Queue *> found = queue(stream);
  return error(found.ok() ? use(**found) : found.status());
}

struct Api {
  using Error = cudaError_t;
  using Call = cudart::Call;
  static constexpr Error exception = cudaErrorUnknown;
  static constexpr Error out_of_memory = cudaErrorMemoryAllocation;
  template <Needs needs>
  static Error prepare(Call &call) {
    if constexpr (needs != Needs::free) {
      if (runtime::insideHostCall()) [[unlikely]]
        return cudaErrorNotPermitted;
    }
    if constexpr (needs == Needs::init) return error(runtime::Platform::get().status());
    if constexpr (needs == Needs::device) {
      Result<runtime::Context *> context = runtime::ensureContext();
      if (!context.ok()) [[unlikely]]
        return error(context.status());
      call.context = *context;
    }
    return cudaSuccess;
  }
  static Error duringCapture() { return error(runtime::forbidDuringCapture()); }
  static void remember(Call &call, Error error);
};

template <Needs needs, bool remembers, bool unsafe, class R, class Body>
inline R enter(const char *name, bool per_thread, Body &&body) noexcept {
  return shim::enter<Api, needs, remembers, unsafe, R>(name, per_thread, body);
}

}  // namespace cutrans::cudart
