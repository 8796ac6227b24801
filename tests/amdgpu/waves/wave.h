// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inside of the machine: a block, and a wave of it.
#pragma once

#include <bit>
#include <cstring>

#include "tests/amdgpu/waves/machine.h"

namespace cutrans::waves {

// Windows of the generic address space, as the chips have them: the upper half of an address says which.
constexpr uint64_t kSharedWindow = 0xfff1ull << 32, kPrivateWindow = 0xfff2ull << 32;

struct Stop {
  std::string why;
};

struct BlockState {
  uint32_t id[3];
  std::vector<uint8_t> shared;
};

class Wave {
 public:
  Wave(Program &program, const Launch &launch, BlockState &block, uint32_t firstThread);

  enum class State { Ready, Barrier, Ended };
  State state = State::Ready;
  // Until the wave comes to a barrier, sleeps or ends, or for so many steps. Throws Stop.
  void run(unsigned steps);

 private:
  // Ways that parted. The topmost one is carried out until it comes to `stop`, where the one below goes on.
  struct Way {
    uint64_t lanes;
    uint32_t block, step, stop;
  };

  template <class F>
  void eachLane(F f) {
    for (uint64_t rest = lanes_; rest; rest &= rest - 1) f(unsigned(std::countr_zero(rest)));
  }
  uint64_t &at(uint32_t word, unsigned lane) { return registers_[size_t{word} * program_.wave + lane]; }
  uint64_t get(const Operand &operand, unsigned lane, uint32_t word = 0) {
    return operand.constant ? program_.constants[operand.at + word] : at(operand.at + word, lane);
  }
  void gather(const Operand &operand, unsigned lane, uint64_t *to) {
    for (uint32_t i = 0; i < operand.shape->words; ++i) to[i] = get(operand, lane, i);
  }
  void terminate(const Step &step);
  void take(const Edge &edge, uint64_t lanes);
  void branch(const Step &step);
  void end(uint64_t lanes);

  // evaluate.cpp. False: some other rule.
  bool arithmetic(const Step &step);
  template <class T>
  bool integers(const Step &step);
  template <class T>
  bool reals(const Step &step);
  bool convert(const Step &step);
  bool shuffleWords(const Step &step);
  void byConstants(const Step &step);  // LLVM's own constant folding, lane by lane

  // memory.cpp
  bool access(const Step &step);
  bool copyBytes(const Step &step);
  uint8_t *memory(unsigned space, uint64_t address, uint64_t bytes, unsigned lane);
  static uint64_t castAddress(uint64_t address, unsigned from, unsigned to);
  void load(const Step &step);
  void store(const Step &step);
  void update(const Step &step);
  void exchange(const Step &step);

  // chip.cpp
  bool chipOperation(const Step &step);
  bool lanesOperation(const Step &step);
  void assembly(const Step &step);

  Program &program_;
  const Launch &launch_;
  BlockState &block_;
  uint32_t first_;
  std::vector<uint64_t> registers_, scratch_;
  std::vector<uint8_t> private_;
  std::vector<Way> ways_;
  uint64_t lanes_ = 0;  // of the way that goes on
  bool yields_ = false;
};

}  // namespace cutrans::waves
