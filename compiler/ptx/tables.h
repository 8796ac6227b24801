// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Look-ups in the tables of the PTX grammar: spelling to enumerator and back, and what each instruction's row allows.
// Everything here is built at compile time or on first use, and thread safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "compiler/ptx/ast.h"

namespace cutrans::ptx {

// A set of types, one bit for each enumerator of Type.
using TypeSet = uint64_t;
constexpr TypeSet bit(Type type) { return TypeSet{1} << static_cast<unsigned>(type); }

// A set of modifier groups.
using GroupSet = uint64_t;
constexpr GroupSet bit(ModGroup group) { return GroupSet{1} << static_cast<unsigned>(group); }

inline constexpr unsigned kMaxTypeSlots = 3;

struct Grammar {
  Opcode opcode;
  std::string_view spelling;
  GroupSet groups;
  TypeSet slots[kMaxTypeSlots];
  uint8_t type_slots;       // used entries of slots
  uint8_t types_needed;     // at least so many
  bool types_repeat;        // the last slot may be used any number of times
  std::string_view shapes;  // alternatives separated by spaces; letters as in instructions.def
};

const Grammar &grammar(Opcode opcode);

// The opcode of the words before `dot_words[used]`: `base` and as many of the dotted words (without their dots) as make
// the longest known spelling. Opcode::None when there is none.
Opcode findOpcode(std::string_view base, const std::string_view *dot_words, size_t count, size_t &used);

Type findType(std::string_view word);  // None: not a type

// The modifier with that spelling whose group is in `allowed`; None where there is none.
// `known`: the word is a modifier of some instruction.
Mod findMod(std::string_view word, GroupSet allowed, bool &known);

unsigned groupLimit(ModGroup group);

// %name without the percent sign. None: no special register. `number` is that of %envreg7 or %pm1, else 0.
Special findSpecial(std::string_view name, uint8_t &number);
unsigned specialComponents(Special special);

Space spaceOf(Mod mod);  // None: the modifier is no state space

}  // namespace cutrans::ptx
