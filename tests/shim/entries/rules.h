// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rules that every entry point keeps, whatever it does. Each returns what goes wrong, one line each.
#pragma once
#include "probe.h"

namespace entries {

// What a library's test brings.
struct Library {
  void (*start)();                                        // what a program does before it calls anything else
  void (*in_host_function)(void (*fn)(void *), void *user);  // runs fn in a host function of a stream, and waits
};

// Null pointers, and handles that are null, were never made, or are gone: an error that says so.
std::string wrongArguments(const Entry &entry, const Library &library);
// A thread that has not called anything before: as on the first thread, or no context.
std::string freshThread(const Entry &entry, const Library &library);
// In a host function: not permitted.
std::string insideHostFunction(const Entry &entry, const Library &library);
// In the child of a fork: not initialised.
std::string afterFork(const Entry &entry, const Library &library);

constexpr int kNotInitialised = 3, kInvalidContext = 201, kContextIsDestroyed = 709, kNotPermitted = 800, kNotSupported = 801;

}  // namespace entries
