// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A value, or why there is none. Unlike cutrans::Result this carries the text along: the readers here also serve
// `cutrans doctor` and the fuzzers, where nothing may be printed; a shim prints the text with the place that it knows.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "cutrans/support/diagnostics.h"

namespace cutrans::fatbin {

struct Error {
  Diag diag;
  std::string text;  // what is wrong where, without code and newline
};

template <class T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: a value is a result
  Expected(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: so is an error
  bool ok() const { return state_.index() == 0; }
  T &operator*() { return std::get<0>(state_); }
  const T &operator*() const { return std::get<0>(state_); }
  T *operator->() { return &std::get<0>(state_); }
  const T *operator->() const { return &std::get<0>(state_); }
  const Error &error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace cutrans::fatbin
