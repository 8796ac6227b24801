// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a program through the whole compiler at several gang widths and through the reference, and compares the memory.
#pragma once

#include <string>
#include <vector>

#include "tests/random/program.h"

namespace cutrans::random {

enum class Verdict : int {
  Agrees,
  Differs,    // also a trap, a hang, or a crash of the compiler
  Refused,    // by the compiler, with its code
  Unjudged,   // the reference does not know something in it: widths were compared with each other
  Invalid,    // the program itself: undefined to the reference, or does not end
};

struct Judgement {
  Verdict verdict = Verdict::Invalid;
  std::string text;
  uint64_t digest = 0;  // of the memory that is right
};

// Ways to compile: 0 the compiler's choice, 1 8 16 32 that width, -1 for any block shape.
inline const std::vector<int> AllWays = {0, 1, 8, 16, 32, -1};

// In this process, which may not survive it.
Judgement judgeHere(const Program &program, const std::vector<int> &ways);
// In a child, with a limit of time.
Judgement judge(const Program &program, const std::vector<int> &ways, unsigned seconds = 60);

// Children side by side: the callback gets each program's judgement, in any order.
class Children {
 public:
  explicit Children(unsigned jobs) : jobs_(jobs) {}
  template <class F>
  void add(uint64_t seed, const Program &program, const std::vector<int> &ways, F &&done) {
    while (running_.size() >= jobs_) done(wait());
    start(seed, program, ways);
  }
  template <class F>
  void finish(F &&done) {
    while (!running_.empty()) done(wait());
  }
  struct Finished {
    uint64_t seed;
    Judgement judgement;
  };

 private:
  struct Child {
    uint64_t seed;
    int pid, pipe;
    double until;
  };
  friend Judgement judge(const Program &, const std::vector<int> &, unsigned);
  void start(uint64_t seed, const Program &program, const std::vector<int> &ways, unsigned seconds = 60);
  Finished wait();
  unsigned jobs_;
  std::vector<Child> running_;
};

}  // namespace cutrans::random
