// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One entry point, called in all the ways that a program gets wrong. The list of entry points and their parameters is
// generated from the catalogue (entry_cases.inc); their C++ types say what a good and a bad argument is. Each
// library has a file (cudart_entries_test.cpp, cuda_entries_test.cpp) that includes this one with its own names.
//
// A probe runs in a child process of its own, forked before the layer is used: what crashes or hangs is named, and no
// state travels.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace entries {

enum class Needs { free, init, device, context };

struct Parameter {
  std::string type, name;
};

// `bad` marks one argument as bad in some way; all others are good.
enum class Bad { none, null, garbage, stale };
struct Entry {
  const char *name;
  Needs needs;
  bool has_error;                                   // returns the library's error type
  std::vector<Parameter> parameters;
  std::function<bool(size_t)> is_pointer, is_handle;  // of complete objects; of something that the API made
  std::function<int(size_t parameter, Bad bad)> call;  // the error
};

std::vector<Parameter> parseParameters(const char *text);

// An exception to the rules, with its reason: exceptions.def.
bool excepted(const std::string &entry, const std::string &parameter, Bad bad);
// Empty when each row of exceptions.def for the library's entries names an entry and a parameter there is.
std::string strayExceptions(const std::vector<Entry> &entries, const char *prefix);

// What goes wrong, one line each; empty when nothing does. `probe` runs in a child; say(text) adds a line, at(text)
// notes what is going on for the case that the child does not come back.
class Child {
 public:
  static std::string run(const std::function<void(Child &)> &probe);
  void say(const std::string &text);
  void at(const std::string &text);

 private:
  explicit Child(int pipe) : pipe_(pipe) {}
  int pipe_;
};

bool isArgumentError(int error);
std::string number(int error);

}  // namespace entries
