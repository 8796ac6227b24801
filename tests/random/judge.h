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
  Starved,    // the machine did not let it end: no processor time, no memory
};

// A way to compile and run a program.
struct Way {
  int width = 0;                      // 0 the compiler's choice, 1 8 16 32 that width, -1 for any block shape
  std::string_view machine = "here";  // tests/ptx/run/machines.h
};
std::string nameOf(const Way &way);
// Every width on every machine.
const std::vector<Way> &allWays();

struct Judgement {
  Verdict verdict = Verdict::Invalid;
  std::string text;
  uint64_t digest = 0;  // of the memory that is right
};

// In this process, which may not survive it.
Judgement judgeHere(const Program &program, const std::vector<Way> &ways);
// In a child. The limit is of processor time, so that a loaded machine makes no difference; then the verdict is that it does not end.
Judgement judge(const Program &program, const std::vector<Way> &ways, unsigned seconds = 60);

// Children side by side: the callback gets each program's judgement, in any order.
class Children {
 public:
  explicit Children(unsigned jobs) : jobs_(jobs) {}
  template <class F>
  void add(uint64_t seed, const Program &program, const std::vector<Way> &ways, F &&done) {
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
    double until;  // much later, for one that sleeps
  };
  friend Judgement judge(const Program &, const std::vector<Way> &, unsigned);
  void start(uint64_t seed, const Program &program, const std::vector<Way> &ways, unsigned seconds = 60);
  Finished wait();
  unsigned jobs_;
  std::vector<Child> running_;
};

}  // namespace cutrans::random
