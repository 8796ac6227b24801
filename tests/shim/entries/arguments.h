// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Good and bad arguments, made from a parameter's C++ type. The test of a library specialises `Good` for the handles that
// it can make; every other pointer to an incomplete type is a handle of which only bad values are tried.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <tuple>
#include <type_traits>
#include <utility>

#include "probe.h"

namespace entries {

template <class T>
concept Complete = requires { sizeof(T); };

template <class T>
constexpr bool isHandle() {
  if constexpr (std::is_pointer_v<T>)
    return !std::is_void_v<std::remove_pointer_t<T>> && !std::is_function_v<std::remove_pointer_t<T>> && !Complete<std::remove_pointer_t<T>>;
  else
    return false;
}

// Handles: a live one, and one that is not alive any more; null: there is none to be had.
template <class T>
struct Good {
  static T live() { return {}; }
  static T stale() { return {}; }
};

// Memory that every pointer may point to: both the host and the device may use it.
void *scratch();
// Device memory, for parameters whose type is a device address.
uint64_t deviceMemory();

template <class T>
T garbage() {
  return reinterpret_cast<T>(uintptr_t{0xdeadbeef0});
}

template <class T>
T good(const Parameter &parameter) {
  if constexpr (isHandle<T>()) {
    return Good<T>::live();
  } else if constexpr (std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>) {
    return nullptr;
  } else if constexpr (std::is_pointer_v<T>) {
    return static_cast<T>(const_cast<void *>(static_cast<const void *>(scratch())));
  } else if constexpr (std::is_same_v<T, unsigned long long>) {
    return parameter.type == "CUdeviceptr" ? deviceMemory() : 0;
  } else if constexpr (std::is_same_v<T, size_t>) {
    return 4;
  } else if constexpr (std::is_same_v<T, unsigned> || std::is_same_v<T, int>) {
    return parameter.name.starts_with("num") || parameter.name.starts_with("count") ? 1 : 0;
  } else {
    return T{};
  }
}

template <class T>
T argument(const Parameter &parameter, Bad bad) {
  switch (bad) {
    case Bad::none: return good<T>(parameter);
    case Bad::null: break;
    case Bad::garbage:
      if constexpr (isHandle<T>()) return garbage<T>();
      break;
    case Bad::stale:
      if constexpr (isHandle<T>()) return Good<T>::stale();
      break;
  }
  if constexpr (std::is_pointer_v<T>) return nullptr;
  return T{};
}

template <class Function, Function *function, class Error>
struct Bind;
template <class R, class... A, R (*function)(A...), class Error>
struct Bind<R(A...), function, Error> {
  template <size_t... i>
  static Entry make(const char *name, Needs needs, const char *parameters, std::index_sequence<i...>) {
    Entry entry{name, needs, std::is_same_v<R, Error>, parseParameters(parameters), {}, {}, {}};
    entry.is_pointer = [](size_t which) {
      bool out = false;
      ((i == which && (out = std::is_pointer_v<A> && !isHandle<A>() && !std::is_function_v<std::remove_pointer_t<A>>)), ...);
      return out;
    };
    entry.is_handle = [](size_t which) {
      bool out = false;
      ((i == which && (out = isHandle<A>())), ...);
      return out;
    };
    entry.call = [parameters = entry.parameters](size_t which, Bad bad) {
      // In braces: evaluated in order.
      std::tuple<A...> arguments{argument<A>(parameters[i], i == which ? bad : Bad::none)...};
      if constexpr (std::is_same_v<R, Error>) {
        return static_cast<int>(std::apply(function, arguments));
      } else {
        (void)std::apply(function, arguments);
        return 0;
      }
    };
    return entry;
  }
  static Entry make(const char *name, Needs needs, const char *parameters) {
    return make(name, needs, parameters, std::index_sequence_for<A...>());
  }
};

}  // namespace entries
