// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The .def tables of the PTX grammar as data. Mistakes in a row's columns fail to compile: they are parsed by constexpr
// functions that throw.
#include "compiler/ptx/tables.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>
#include <vector>

namespace cutrans::ptx {
namespace {

struct TypeRow {
  std::string_view spelling;
  unsigned bits;
  TypeClass cls;
};
constexpr TypeRow kTypes[] = {
    {"", 0, TypeClass::None},
#define CT_PTX_TYPE(name, spelling, bits, cls) {spelling, bits, TypeClass::cls},
#include "compiler/ptx/types.def"
};
static_assert(std::size(kTypes) <= 64, "TypeSet is too narrow");

constexpr std::string_view kOpcodes[] = {
    "",
#define CT_PTX_INSTRUCTION(name, spelling, ...) spelling,
#include "compiler/ptx/instructions.def"
};

struct ModRow {
  std::string_view spelling;
  ModGroup group;
};
constexpr ModRow kMods[] = {
    {"", ModGroup::None},
#define CT_PTX_MODIFIER(name, spelling, group) {spelling, ModGroup::group},
#include "compiler/ptx/modifiers.def"
};

constexpr uint8_t kGroupLimits[] = {
#define CT_PTX_MODIFIER_GROUP(name, limit) limit,
#include "compiler/ptx/modifiers.def"
};
static_assert(std::size(kGroupLimits) <= 64, "GroupSet is too narrow");

struct SpecialRow {
  std::string_view spelling;
  Type type;
  uint8_t components;
};
constexpr SpecialRow kSpecials[] = {
    {"", Type::None, 0},
#define CT_PTX_SPECIAL(name, spelling, type, components) {spelling, Type::type, components},
#include "compiler/ptx/special_registers.def"
};

constexpr std::string_view kSpaces[] = {"", "reg", "sreg", "const", "global", "local", "param", "shared", "tex"};

struct TypeSets {
  TypeSet narrow = 0, sub_byte = 0, matrix = 0, opaque = 0, all = 0;
};
constexpr TypeSets kSets = [] {
  TypeSets sets;
  for (unsigned i = 1; i < std::size(kTypes); ++i) {
    const TypeRow &row = kTypes[i];
    TypeSet one = TypeSet{1} << i;
    bool narrow = row.spelling.starts_with('e') || row.spelling.starts_with("ue");
    sets.all |= one;
    if (narrow) sets.narrow |= one;
    if (row.cls == TypeClass::Opaque) sets.opaque |= one;
    if (row.bits < 8 && !narrow && row.cls != TypeClass::Predicate) sets.sub_byte |= one;
    if (row.spelling.ends_with("x16") || row.spelling.find("x16_") != std::string_view::npos) sets.matrix |= one;
  }
  return sets;
}();

// The letters of the types column.
constexpr TypeSet typeLetter(char letter) {
  switch (letter) {
    case 'p': return bit(Type::Pred);
    case 'y': return bit(Type::U8) | bit(Type::S8) | bit(Type::B8);
    case 'u': return bit(Type::U16) | bit(Type::U32) | bit(Type::U64);
    case 's': return bit(Type::S16) | bit(Type::S32) | bit(Type::S64);
    case 'b': return bit(Type::B16) | bit(Type::B32) | bit(Type::B64);
    case 'q': return bit(Type::B128);
    case 'h': return bit(Type::F16) | bit(Type::BF16);
    case 'H': return bit(Type::F16X2) | bit(Type::BF16X2);
    case 'f': return bit(Type::F32);
    case 'd': return bit(Type::F64);
    case 'F': return bit(Type::F32X2);
    case 't': return bit(Type::TF32);
    case 'x': return bit(Type::U16X2) | bit(Type::S16X2);
    case 'X': return bit(Type::U8X4) | bit(Type::S8X4);
    case 'n': return kSets.narrow;
    case 'i': return kSets.sub_byte;
    case 'm': return kSets.matrix;
    case 'o': return kSets.opaque;
    case 'A': return kSets.all;
    default: throw "unknown letter in the types column";
  }
}

constexpr Grammar row(Opcode opcode, std::string_view spelling, GroupSet groups, std::string_view types,
                      std::string_view shapes) {
  Grammar g{opcode, spelling, groups, {}, 0, 0, false, shapes};
  bool optional = false;
  for (size_t i = 0; i < types.size();) {
    if (g.type_slots == kMaxTypeSlots) throw "too many type slots";
    if (types[i] == '?') {
      optional = true;
      ++i;
    } else if (types[i] == '*') {
      optional = g.types_repeat = true;
      ++i;
    }
    TypeSet set = 0;
    for (; i < types.size() && types[i] != ','; ++i) set |= typeLetter(types[i]);
    if (!set) throw "empty type slot";
    g.slots[g.type_slots++] = set;
    if (!optional) g.types_needed = g.type_slots;
    if (i < types.size()) ++i;
  }
  for (char c : shapes)
    if (std::string_view("dDqQrRvpmlicxt? ").find(c) == std::string_view::npos) throw "unknown operand letter";
  return g;
}

namespace groups {
#define CT_PTX_MODIFIER_GROUP(name, limit) constexpr GroupSet name = bit(ModGroup::name);
#include "compiler/ptx/modifiers.def"
constexpr Grammar kRows[] = {
    {},
#define CT_PTX_INSTRUCTION(name, spelling, groups, types, shapes) row(Opcode::name, spelling, groups, types, shapes),
#include "compiler/ptx/instructions.def"
};
}  // namespace groups

struct Alias {
  Opcode opcode;
  std::string_view spelling;
};
constexpr Alias kAliases[] = {
#define CT_PTX_INSTRUCTION(...)
#define CT_PTX_INSTRUCTION_ALIAS(name, spelling) {Opcode::name, spelling},
#include "compiler/ptx/instructions.def"
};

// Look-ups by spelling: fixed contents from the tables above, so a plain hash map is safe.
template <class Value>
using ByName = std::unordered_map<std::string_view, Value>;

const ByName<Opcode> &opcodesByName() {
  static const ByName<Opcode> map = [] {
    ByName<Opcode> m;
    for (size_t i = 1; i < std::size(kOpcodes); ++i) m.emplace(kOpcodes[i], static_cast<Opcode>(i));
    for (const Alias &alias : kAliases) m.emplace(alias.spelling, alias.opcode);
    // "cp" alone is no instruction but the start of some: None says "look further".
    for (const auto &[name, opcode] : std::vector<std::pair<std::string_view, Opcode>>(m.begin(), m.end()))
      for (size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1))
        m.emplace(name.substr(0, dot), Opcode::None);
    return m;
  }();
  return map;
}

const ByName<Type> &typesByName() {
  static const ByName<Type> map = [] {
    ByName<Type> m;
    for (size_t i = 1; i < std::size(kTypes); ++i) m.emplace(kTypes[i].spelling, static_cast<Type>(i));
    return m;
  }();
  return map;
}

const std::unordered_multimap<std::string_view, Mod> &modsByName() {
  static const std::unordered_multimap<std::string_view, Mod> map = [] {
    std::unordered_multimap<std::string_view, Mod> m;
    for (size_t i = 1; i < std::size(kMods); ++i) m.emplace(kMods[i].spelling, static_cast<Mod>(i));
    return m;
  }();
  return map;
}

const ByName<Special> &specialsByName() {
  static const ByName<Special> map = [] {
    ByName<Special> m;
    for (size_t i = 1; i < std::size(kSpecials); ++i) m.emplace(kSpecials[i].spelling, static_cast<Special>(i));
    return m;
  }();
  return map;
}

// m64nNkK of wgmma: one modifier for all N and K.
bool isWgmmaShape(std::string_view word) {
  if (!word.starts_with("m64n")) return false;
  size_t k = word.find('k', 4);
  auto digits = [](std::string_view s) {
    return !s.empty() && s.size() <= 3 && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return k != std::string_view::npos && digits(word.substr(4, k - 4)) && digits(word.substr(k + 1));
}

// %pm3, %pm3_64, %envreg31: a family with a number. False: not of this family.
bool numbered(std::string_view name, std::string_view prefix, std::string_view suffix, unsigned limit, uint8_t &number) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() <= prefix.size() + suffix.size()) return false;
  std::string_view digits = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  unsigned value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value >= limit) return false;
  if (digits.size() > 1 && digits[0] == '0') return false;
  number = static_cast<uint8_t>(value);
  return true;
}

}  // namespace

std::string_view to_string(Type type) { return kTypes[static_cast<size_t>(type)].spelling; }
std::string_view to_string(Opcode opcode) { return kOpcodes[static_cast<size_t>(opcode)]; }
std::string_view to_string(Mod mod) { return kMods[static_cast<size_t>(mod)].spelling; }
std::string_view to_string(Special special) { return kSpecials[static_cast<size_t>(special)].spelling; }
std::string_view to_string(Space space) { return kSpaces[static_cast<size_t>(space)]; }
unsigned bits(Type type) { return kTypes[static_cast<size_t>(type)].bits; }
TypeClass type_class(Type type) { return kTypes[static_cast<size_t>(type)].cls; }
ModGroup group(Mod mod) { return kMods[static_cast<size_t>(mod)].group; }
Type special_type(Special special) { return kSpecials[static_cast<size_t>(special)].type; }

const Grammar &grammar(Opcode opcode) { return groups::kRows[static_cast<size_t>(opcode)]; }

unsigned groupLimit(ModGroup group) { return kGroupLimits[static_cast<size_t>(group)]; }

Opcode findOpcode(std::string_view base, const std::string_view *dot_words, size_t count, size_t &used) {
  used = 0;
  const auto &map = opcodesByName();
  auto found = map.find(base);
  if (found == map.end()) return Opcode::None;
  Opcode best = found->second;
  char spelling[64];
  size_t length = base.size();
  if (length >= sizeof spelling) return Opcode::None;
  base.copy(spelling, length);
  for (size_t i = 0; i < count; ++i) {
    if (length + 1 + dot_words[i].size() > sizeof spelling) break;
    spelling[length++] = '.';
    length += dot_words[i].copy(spelling + length, dot_words[i].size());
    found = map.find(std::string_view(spelling, length));
    if (found == map.end()) break;
    if (found->second != Opcode::None) {
      best = found->second;
      used = i + 1;
    }
  }
  return best;
}

Type findType(std::string_view word) {
  const auto &map = typesByName();
  auto found = map.find(word);
  return found == map.end() ? Type::None : found->second;
}

Mod findMod(std::string_view word, GroupSet allowed, bool &known) {
  auto [first, last] = modsByName().equal_range(isWgmmaShape(word) ? "m64n*k*" : word);
  known = first != last;
  for (; first != last; ++first)
    if (allowed & bit(group(first->second))) return first->second;
  return Mod::None;
}

Special findSpecial(std::string_view name, uint8_t &number) {
  number = 0;
  if (numbered(name, "envreg", "", 32, number)) return Special::Envreg;
  if (numbered(name, "pm", "_64", 8, number)) return Special::Pm64;
  if (numbered(name, "pm", "", 8, number)) return Special::Pm;
  if (numbered(name, "reserved_smem_offset_", "", 2, number)) return Special::ReservedSmemOffset;
  const auto &map = specialsByName();
  auto found = map.find(name);
  if (found == map.end()) return Special::None;
  switch (found->second) {
    case Special::Envreg:
    case Special::Pm:
    case Special::Pm64:
    case Special::ReservedSmemOffset: return Special::None;  // only with a number
    default: return found->second;
  }
}

unsigned specialComponents(Special special) { return kSpecials[static_cast<size_t>(special)].components; }

Space spaceOf(Mod mod) {
  switch (mod) {
    case Mod::Const: return Space::Const;
    case Mod::Global: return Space::Global;
    case Mod::Local: return Space::Local;
    case Mod::Param:
    case Mod::ParamEntry:
    case Mod::ParamFunc: return Space::Param;
    case Mod::Shared:
    case Mod::SharedCta:
    case Mod::SharedCluster: return Space::Shared;
    default: return Space::None;
  }
}

}  // namespace cutrans::ptx
