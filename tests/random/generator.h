// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes random PTX kernels that are valid and whose memory does not depend on how threads are scheduled:
// - threads write only what is their own, or to all with operations that commute, and read others' only between barriers;
// - loops have a counter of their own, graphs of blocks a budget of steps;
// - barriers stand where all threads of the block come by, or on both ways of a branch;
// - with warp operations, the set of lanes that are here is followed by votes (`mask_`), and only lanes of it are read;
// - threads that wait for others do so where all threads come by, in an order in which one always can go on.
//
// The parts: generator.cpp the frame, generator_values.cpp instructions and operands, generator_memory.cpp loads, stores and atomics,
// generator_control.cpp what threads do each on its own, generator_together.cpp what a block does together.
#pragma once

#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/random/instructions.h"
#include "tests/random/program.h"

namespace cutrans::random {

class Generator {
 public:
  Generator(uint64_t seed, bool apart) : random_(seed), apart_(apart) {}
  Program program();

 private:
  uint32_t pick(uint32_t count) { return uint32_t(random_() % count); }
  bool chance(uint32_t of) { return pick(of) == 0; }
  template <class... T>
  auto oneOf(T... values) {
    std::common_type_t<T...> all[] = {values...};
    return all[pick(sizeof...(values))];
  }
  __attribute__((format(printf, 2, 3))) void line(const char *format, ...);
  void label(const std::string &name) { body_ += name + ":\n"; }
  std::string newLabel() { return "L" + std::to_string(labels_++); }
  std::string temp(char kind) { return std::string("%t") + kind + std::to_string(temps_[kind == 'r' ? 0 : kind == 'q' ? 1 : kind == 'h' ? 2 : 3]++); }

  std::string reg() { return chance(6) ? "%u" + std::to_string(pick(Uniforms)) : "%r" + std::to_string(pick(Words)); }
  std::string dest() { return "%r" + std::to_string(pick(Words)); }
  std::string wide() { return "%q" + std::to_string(pick(Wides)); }
  std::string half() { return "%h" + std::to_string(pick(Halves)); }
  std::string predicate() { return "%p" + std::to_string(pick(Predicates)); }
  std::string immediate();

  std::string expand(const char *text, std::string &destination);
  void canonical(Nan nan, const std::string &dest);
  void instruction();
  void instructions(unsigned count) { while (count--) instruction(); }
  std::string condition(bool uniform);
  std::string uniformCondition();
  std::string address(const char *base, unsigned bytes, unsigned size);

  void memory();
  void local();
  void sums();
  void own();
  void vectors();
  void warp();
  void shuffle();
  void call();
  void uniformStep();

  void statement(unsigned depth);
  void statements(unsigned count, unsigned depth) { while (count-- && budget_) statement(depth); }
  void branch(unsigned depth);
  void loop(unsigned depth);
  void choose(unsigned depth);
  void graph(unsigned depth);
  void leave();

  void together(unsigned depth);
  void exchange();
  void sharedSums();
  void divergentBarrier();
  void reduceBarrier();
  void chain();
  void lock();
  void lookBack();

  void prologue();
  void function(unsigned index);
  std::string declarations(bool kernel);

  static constexpr unsigned Words = 8, Wides = 4, Halves = 4, Predicates = 4, Uniforms = 3;
  std::mt19937_64 random_;
  std::string body_;
  unsigned labels_ = 0, masks_ = 0, counters_ = 0, temps_[4] = {}, budget_ = 0, functions_ = 0, loops_ = 0;
  std::vector<std::string> leave_;  // where lanes may jump on their own, innermost last
  bool inFunction_ = false, barriers_ = false, warp_ = false, exits_ = false, apart_ = false, waits_ = false;
  std::string mask_;  // with warp_: register with the lanes that are here
  Program program_;
};

}  // namespace cutrans::random
