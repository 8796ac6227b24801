// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one way in which C++ parts of the layer say how a call went: a small code, no text, no exceptions.
// Text for people goes out through diagnostics.h at the place where the reason is known; the shims turn the code into
// a CUDA error in one table. Rows: status.def.
#pragma once
#include <optional>
#include <string_view>
#include <utility>

namespace cutrans {

enum class Code : unsigned char {
#define CT_CODE(name, meaning) name,
#include "../../../status.def"
};

// "illegal_address", and its sentence.
std::string_view codeName(Code code);
std::string_view codeMeaning(Code code);

// Faults of a kernel: they make every later call on the device fail until it is reset.
constexpr bool isDeviceFault(Code code) { return code >= Code::illegal_address && code <= Code::device_lost; }

class [[nodiscard]] Status {
 public:
  constexpr Status() = default;
  constexpr Status(Code code) : code_(code) {}  // NOLINT: a code is a status
  constexpr bool ok() const { return code_ == Code::ok; }
  constexpr Code code() const { return code_; }
  friend constexpr bool operator==(Status a, Status b) = default;

 private:
  Code code_ = Code::ok;
};

// A value, or the code that says why there is none. `value()` only after ok().
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: a value is a result
  Result(Code code) : code_(code) {}             // NOLINT: so is a code, which must not be ok
  Result(Status status) : code_(status.code()) {}  // NOLINT
  bool ok() const { return value_.has_value(); }
  Code code() const { return ok() ? Code::ok : code_; }
  Status status() const { return code(); }
  T &value() & { return *value_; }
  const T &value() const & { return *value_; }
  T &&value() && { return std::move(*value_); }
  T &operator*() & { return *value_; }
  T &&operator*() && { return std::move(*value_); }
  const T &operator*() const & { return *value_; }
  T *operator->() { return &*value_; }
  const T *operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Code code_ = Code::internal;
};

}  // namespace cutrans
