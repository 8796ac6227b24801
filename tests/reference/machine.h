// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The state of a launch, and what a handler of an instruction sees of it.
#pragma once

#include <bit>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/reference/module.h"
#include "tests/reference/reference.h"

namespace cutrans::reference {

// Thrown by handlers; schedule.cpp adds the place.
struct Stop {
  End end;
  std::string what;
};

[[noreturn]] inline void refuse(std::string what) { throw Stop{End::Refused, std::move(what)}; }
[[noreturn]] inline void undefined(std::string what) { throw Stop{End::Undefined, std::move(what)}; }
[[noreturn]] inline void fault(std::string what) { throw Stop{End::Fault, std::move(what)}; }

struct Block;
struct Warp;
struct Cluster;
struct Machine;

struct Frame {
  const Function *function = nullptr;
  size_t pc = 0;
  std::vector<Bits> registers;
  uint64_t base = 0;                    // of the frame's variables in local memory
  uint64_t before = 0;                  // top of the stack when it was made
  const Instruction *call = nullptr;    // in the frame below
};

enum class State : uint8_t { Running, Meeting, AtBarrier, AtCluster, Exited };

struct Thread {
  Block *block = nullptr;
  Warp *warp = nullptr;
  unsigned index = 0, lane = 0;
  std::array<uint32_t, 3> tid{};
  State state = State::Running;
  bool carry = false;    // CC.CF
  bool yields = false;   // lets others run before its next instruction
  std::vector<Frame> frames;
  std::vector<uint8_t> local;
  uint64_t top = 16;     // of the stack in local memory; 0 stays free
  // While it waits: for whom, at what.
  const Instruction *waiting = nullptr;
  uint32_t mask = 0, rounds = 0;
  uint32_t barrier = 0, expected = 0;
  bool vote = false, counted = false, arriveOnly = false;
  uint64_t clusterPhase = 0;
  Frame &frame() { return frames.back(); }
};

struct Warp {
  Block *block = nullptr;
  unsigned index = 0;
  std::array<Thread *, 32> lanes{};
  uint32_t live() const {
    uint32_t mask = 0;
    for (unsigned i = 0; i < 32; ++i)
      if (lanes[i] && lanes[i]->state != State::Exited) mask |= 1u << i;
    return mask;
  }
};

struct Barrier {
  uint32_t arrived = 0, expected = 0, trues = 0, threads = 0;
  bool open = false;
};

struct Mbarrier {
  uint32_t expected = 0, pending = 0;
  int64_t transactions = 0;
  uint64_t phase = 0;
};

struct Cluster {
  std::vector<Block *> blocks;
};

struct Block {
  Machine *machine = nullptr;
  Cluster *cluster = nullptr;
  uint32_t index = 0;  // in the grid, linear
  std::array<uint32_t, 3> id{}, inCluster{};
  uint32_t rank = 0;
  std::vector<uint8_t> shared;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::map<uint32_t, Barrier> barriers;
  bool done() const;
};

struct Machine {
  const Module &module;
  const Launch &launch;
  Memory &memory;
  const Function *kernel = nullptr;
  Result result;
  std::vector<std::unique_ptr<Cluster>> clusters;
  std::vector<std::unique_ptr<Block>> resident;
  std::map<uint64_t, std::vector<uint8_t>> heap;  // of device malloc
  std::map<const uint8_t *, Mbarrier> mbarriers;

  void run();
  void start(uint32_t index);
  bool turn(Block &block);
  bool turn(Warp &warp);
  void step(Thread &thread);
  bool meet(Warp &warp);
  bool barriers(Block &block);
  bool clusterBarriers(Cluster &cluster);
  Block *resideAt(uint32_t index);
};

inline Bits maskOf(unsigned bits) { return bits >= 128 ? ~Bits(0) : (Bits(1) << bits) - 1; }
inline __int128 signExtend(Bits value, unsigned bits) {
  return bits >= 128 ? __int128(value) : __int128(value << (128 - bits)) >> (128 - bits);
}
inline Bits bitsOf(float value) { return std::bit_cast<uint32_t>(value); }
inline Bits bitsOf(double value) { return std::bit_cast<uint64_t>(value); }

// One thread at one instruction.
struct Context {
  Machine &machine;
  Thread &thread;
  const Instruction &in;
  Frame &frame;

  const Operand &operand(size_t i) const {
    if (i >= in.operands.size()) refuse("operand " + std::to_string(i) + " is missing");
    return in.operands[i];
  }
  size_t count() const { return in.operands.size(); }
  // The value as the type has it: its low bits, immediates converted. Operands of predicates may be negated.
  Bits read(const Operand &operand, const Type &type) const;
  Bits read(size_t i, const Type &type) const { return read(operand(i), type); }
  Bits read(size_t i) const { return read(i, in.type()); }
  bool predicate(const Operand &operand) const;
  // With the extension that a wider destination asks for.
  void write(const Operand &operand, const Type &type, Bits value) const;
  void write(size_t i, const Type &type, Bits value) const { write(operand(i), type, value); }
  void write(Bits value) const { write(0, in.type(), value); }
  uint32_t u32(size_t i) const { return uint32_t(read(i, typeOf("u32"))); }

  // Memory. `address` is in `space`; Space::None: generic. The result stays good until another access.
  uint64_t addressOf(const Operand &memory) const;
  uint8_t *at(Space space, uint64_t address, uint64_t bytes, bool write, uint64_t align) const;
  Space space() const;  // that the opcode names
  uint64_t toGeneric(Space space, uint64_t address) const;
  Bits load(uint8_t *from, unsigned bytes) const;
  void store(uint8_t *to, unsigned bytes, Bits value) const;
};

// Lanes that meet at an instruction.
struct Group {
  Machine &machine;
  Warp &warp;
  uint32_t members;
  std::array<std::unique_ptr<Context>, 32> lanes;
  const Instruction &in() const {
    for (const auto &lane : lanes)
      if (lane) return lane->in;
    refuse("empty group");
  }
  template <class F>
  void each(F f) const {
    for (unsigned i = 0; i < 32; ++i)
      if (lanes[i]) f(i, *lanes[i]);
  }
};

Bits specialRegister(const Context &context, const std::string &name);
void callFunction(Context &context);

// table.cpp: families register their instructions.
struct Table {
  std::map<std::string, Handler, std::less<>> rows;
  void alone(std::initializer_list<const char *> names, void (*handler)(Context &)) {
    for (const char *name : names) rows[name] = {handler, nullptr, -1};
  }
  void together(std::initializer_list<const char *> names, int maskOperand, void (*handler)(Group &)) {
    for (const char *name : names) rows[name] = {nullptr, handler, maskOperand};
  }
};
void addInteger(Table &);
void addBits(Table &);
void addVideo(Table &);
void addFloating(Table &);
void addCompare(Table &);
void addConvert(Table &);
void addMemory(Table &);
void addAtomic(Table &);
void addControl(Table &);
void addBarriers(Table &);
void addWarp(Table &);
void addMatrix(Table &);
void addAsync(Table &);

}  // namespace cutrans::reference
