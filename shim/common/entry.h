// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What happens around every body, written once: the check of the state that the row asks for, the exception barrier,
// the thread's last error, the trace. A library adds its own half in an `Api`:
//   Api::Error, Api::Call               its error type, and the call object that bodies get
//   Api::prepare<needs>(call) -> Error  brings about what the row's `needs` column says
//   Api::duringCapture() -> Error       of rows that a capture forbids; one load when nobody captures
//   Api::remember(call, error)          last-error bookkeeping; called for failures only
//   Api::exception                      the error for an exception that reached the border
// Nothing here takes a lock or builds a string unless the log category `api` is on or the call fails.
#pragma once
#include <chrono>
#include <new>
#include <type_traits>

#include "cutrans/support/log.h"

#define CUTRANS_ENTRY __attribute__((visibility("default")))

namespace cutrans::shim {

// Reports an exception that reached the border; `what` may be null.
void reportException(const char *entry, const char *what);
void traceCall(const char *entry, int error, std::chrono::nanoseconds time);

template <class R, class Api, class Call, class Body>
R guarded(Call &call, Body &body) noexcept {
  try {
    return body(call);
  } catch (const std::bad_alloc &) {
    if constexpr (std::is_same_v<R, typename Api::Error>) return Api::out_of_memory;
  } catch (const std::exception &e) {
    reportException(call.name, e.what());
  } catch (...) {
    reportException(call.name, nullptr);
  }
  if constexpr (std::is_same_v<R, typename Api::Error>)
    return Api::exception;
  else
    return R();
}

template <class Api, auto needs, bool remembers, bool unsafe, class R, class Body>
inline R enter(const char *name, bool per_thread, Body &&body) noexcept {
  typename Api::Call call{name, per_thread};
  if constexpr (!std::is_same_v<R, typename Api::Error>) {
    return guarded<R, Api>(call, body);
  } else {
    const bool traced = logs(LogCategory::api, LogLevel::debug);
    std::chrono::steady_clock::time_point start;
    if (traced) [[unlikely]]
      start = std::chrono::steady_clock::now();
    auto all = [&](typename Api::Call &c) {
      R error = Api::template prepare<needs>(c);
      if constexpr (unsafe) {
        if (error == R{}) error = Api::duringCapture();
      }
      return error == R{} ? body(c) : error;
    };
    R error = guarded<R, Api>(call, all);
    if (error != R{} && remembers) [[unlikely]]
      Api::remember(call, error);
    if (traced) [[unlikely]]
      traceCall(name, static_cast<int>(error), std::chrono::steady_clock::now() - start);
    return error;
  }
}

}  // namespace cutrans::shim
