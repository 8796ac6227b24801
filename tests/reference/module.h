// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the parser makes of a PTX text: functions with instructions whose names are resolved to slots and variables.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cutrans::reference {

using Bits = unsigned __int128;

// A type by its spelling: kind 'u' 's' 'b' 'f' as in .u32 .s32 .b32 .f32, 'p' predicate, 'h' bf16, 't' tf32, 'e' the
// narrow floats (name says which). count > 1: packed.
struct Type {
  char kind = 0;
  unsigned bits = 0;  // of one element
  unsigned count = 1;
  std::string name;
  unsigned width() const { return bits * count; }
  bool isFloat() const { return kind == 'f' || kind == 'h' || kind == 't' || kind == 'e'; }
  bool isSigned() const { return kind == 's'; }
  explicit operator bool() const { return kind != 0; }
};

// Of a word of an opcode without its dot; kind 0: no type.
Type typeOf(std::string_view word);

enum class Space : uint8_t { None, Register, Global, Const, Shared, Local, Param };

struct Function;

struct Reference {  // address that an initial value holds
  uint64_t offset;
  unsigned bytes;
  std::string name;
  int64_t addend;
  int64_t mask = -1, shift = 0;  // 0xFF00(name): (address & mask) >> shift
};

struct Variable {
  std::string name;
  Space space = Space::None;
  Type type;
  unsigned vector = 1;
  uint64_t bytes = 0, align = 1;
  uint64_t offset = 0;  // in the image, the block's shared memory, the frame, or the parameter buffer
  bool isExtern = false, isDynamic = false, ofKernel = false;  // ofKernel: its parameter
  std::vector<uint8_t> initial;
  std::vector<Reference> references;
  int slot = -1;  // of a parameter in a register
};

struct Operand {
  enum Kind : uint8_t { Register, Integer, Single, Double, Address, FunctionName, Special, Vector, Memory, Label, List, Sink } kind = Sink;
  int slot = -1;            // Register; of Memory: the base register, or -1
  unsigned width = 0;       // Register: bits of its type
  char component = 0;       // Register: x y z w of a vector register (slot is already that one's), or 0
  std::string selector;     // Register of a video instruction: b0..b3 h0 h1 and pairs
  bool negated = false;     // !p or -a
  uint64_t value = 0;       // Integer, Single, Double (bits); Special: index
  int64_t offset = 0;       // Memory, Address
  const Variable *variable = nullptr;  // Address, Memory
  const Function *function = nullptr;
  std::string name;         // Label, Special, FunctionName
  int target = -1;          // Label: index of the instruction
  std::vector<Operand> parts;  // Vector, List; Memory of a texture: handle and coordinates
};

struct Instruction;
struct Context;
struct Group;

// How an instruction runs: one thread for itself, or lanes of a warp that meet (schedule.cpp).
struct Handler {
  void (*alone)(Context &) = nullptr;
  void (*together)(Group &) = nullptr;
  // For `together`: index of the operand with the member mask; -1 all lanes of the warp, -2 those that are here.
  int maskOperand = -1;
};

struct Instruction {
  uint32_t line = 0;
  std::string text;                // the opcode as written
  std::vector<std::string> words;  // of the opcode
  size_t head = 1;                 // words of the mnemonic
  std::vector<Type> types;         // those words that are types, in order
  int guard = -1;
  bool guardNegated = false;
  std::vector<Operand> operands;
  const Handler *handler = nullptr;
  bool has(std::string_view word) const;
  const Type &type(size_t i = 0) const;
  // The one of these words that the opcode has, or "".
  std::string_view oneOf(std::initializer_list<std::string_view> choices) const;
};

struct Function {
  std::string name;
  bool isKernel = false, hasBody = false;
  std::vector<std::unique_ptr<Variable>> results, params, locals;  // locals: .local and .param of the body
  uint64_t frameBytes = 0;   // of params (not a kernel's), results and locals
  uint64_t paramBytes = 0;   // of a kernel
  unsigned slots = 0;        // registers
  std::vector<Instruction> code;
  std::map<std::string, std::vector<int>> tables;  // .branchtargets, as instruction indices
  uint64_t address = 0;
};

struct Module {
  std::vector<std::unique_ptr<Variable>> variables;  // of all spaces, also those of functions in .global .const .shared
  std::vector<std::unique_ptr<Function>> functions;
  uint64_t imageBytes = 0, sharedBytes = 0;
  const Function *function(std::string_view name) const;
  const Function *functionAt(uint64_t address) const;
  const Variable *variable(std::string_view name) const;
};

inline constexpr uint64_t FunctionBase = 0x7f00'0000'0000'0000, SharedWindow = 0x7100'0000'0000'0000,
                          LocalWindow = 0x7200'0000'0000'0000, ParamWindow = 0x7300'0000'0000'0000;

}  // namespace cutrans::reference
