// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scripted programs for the fault tests. A script is a function of calls, each in STEP, whose clean-up is said where the
// thing is made. Two kinds of program: one that stops at its first error and cleans up, and one that tries again, once.
#pragma once
#include <functional>
#include <list>
#include <string>
#include <utility>
#include <vector>

namespace cutrans::faults {

class Steps {
 public:
  enum class Kind { stops, tries_again };
  // `sticky`: the code of an error that no call gets over.
  Steps(Kind kind, int sticky) : kind_(kind), sticky_(sticky) {}

  // False where the script ends.
  template <class Call>
  bool run(const char *text, Call &&call) {
    int code = static_cast<int>(call());
    if (code == 0) return true;
    note(text, code);
    if (kind_ == Kind::stops || code == sticky_) return false;
    code = static_cast<int>(call());
    if (code == 0) return true;
    wrong_.push_back(std::string(text) + " fails again: " + std::to_string(code));
    return false;
  }

  // Runs at the end, the last one first. A release that failed is tried again in both kinds of program: it has to succeed then.
  template <class Call>
  void later(const char *text, Call call) {
    later_.emplace_back([this, text, call = std::move(call)] {
      int code = static_cast<int>(call());
      if (code == 0) return;
      note(text, code);
      if (code == sticky_) return;
      if ((code = static_cast<int>(call())) != 0) wrong_.push_back(std::string(text) + " fails again: " + std::to_string(code));
    });
  }

  // What must hold where every step before it succeeded.
  void expect(bool holds, const char *text) {
    if (!holds) wrong_.push_back(std::string("not true: ") + text);
  }

  // Host memory of the program. It stays until the device has been reset: after a fault nobody knows what still writes to it.
  std::vector<unsigned char> &bytes(size_t size, unsigned char value = 0) { return buffers_.emplace_back(size, value); }

  void finish() {
    for (; !later_.empty(); later_.pop_back()) later_.back()();
  }

  int error() const { return error_; }                    // the first one, 0: none
  const std::string &where() const { return where_; }
  const std::vector<std::string> &wrong() const { return wrong_; }

 private:
  void note(const char *text, int code) {
    if (error_ == 0) error_ = code, where_ = text;
    if (code != error_) wrong_.push_back(std::string(text) + ": " + std::to_string(code) + " after " + std::to_string(error_) + " in " + where_);
  }
  Kind kind_;
  int sticky_;
  int error_ = 0;
  std::string where_;
  std::vector<std::string> wrong_;
  std::list<std::vector<unsigned char>> buffers_;
  std::vector<std::function<void()>> later_;
};

#define STEP(call)                                               \
  do {                                                           \
    if (!steps.run(#call, [&] { return call; })) return;         \
  } while (0)
#define LATER(call) steps.later(#call, [=] { return call; })

struct Script {
  const char *name;
  void (*run)(Steps &steps);
  unsigned needs;  // of the target
  static constexpr unsigned kLaunches = 1, kTextures = 2, kManaged = 4;
};

const std::vector<Script> &runtimeScripts();
const std::vector<Script> &graphScripts();
const std::vector<Script> &driverScripts();

}  // namespace cutrans::faults
