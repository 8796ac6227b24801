// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types by their spelling (manual sections 5.2.1 to 5.2.5), and look-ups in what was parsed.
#include <algorithm>
#include <cctype>
#include <cstring>
#include <stdexcept>

#include "tests/reference/module.h"
#include "tests/reference/reference.h"

namespace cutrans::reference {

Type typeOf(std::string_view word) {
  Type type;
  type.name = word;
  if (word == "pred") { type.kind = 'p', type.bits = 1; return type; }
  if (word == "texref" || word == "samplerref" || word == "surfref") { type.kind = 'b', type.bits = 64; return type; }
  struct Prefix {
    const char *text;
    char kind;
    unsigned bits;
  };
  static const Prefix Named[] = {{"bf16", 'h', 16}, {"tf32", 't', 32}, {"e4m3", 'e', 8}, {"e5m2", 'e', 8}, {"e2m3", 'e', 6},
                                 {"e3m2", 'e', 6}, {"e2m1", 'e', 4}, {"ue8m0", 'e', 8}, {"ue4m3", 'e', 8}};
  std::string_view rest;
  for (const Prefix &prefix : Named)
    if (word.starts_with(prefix.text)) {
      type.kind = prefix.kind, type.bits = prefix.bits;
      rest = word.substr(std::strlen(prefix.text));
      type.name = prefix.text;
    }
  if (!type.kind) {
    if (word.size() < 2 || !std::strchr("usbf", word[0]) || !std::isdigit(static_cast<unsigned char>(word[1]))) return {};
    size_t i = 1;
    unsigned bits = 0;
    while (i < word.size() && std::isdigit(static_cast<unsigned char>(word[i]))) bits = bits * 10 + unsigned(word[i++] - '0');
    static const unsigned Sizes[] = {1, 2, 4, 8, 16, 32, 64, 128};
    if (std::find(std::begin(Sizes), std::end(Sizes), bits) == std::end(Sizes)) return {};
    type.kind = word[0], type.bits = bits;
    type.name = word.substr(0, i);
    rest = word.substr(i);
  }
  if (rest.empty()) return type;
  if (rest == "x2") type.count = 2;
  else if (rest == "x4") type.count = 4;
  else if (rest == "x16") type.count = 16;
  else return {};
  return type;
}

bool Instruction::has(std::string_view word) const { return std::find(words.begin() + 1, words.end(), word) != words.end(); }

const Type &Instruction::type(size_t i) const {
  if (i >= types.size()) throw std::runtime_error("type missing");
  return types[i];
}

std::string_view Instruction::oneOf(std::initializer_list<std::string_view> choices) const {
  for (std::string_view choice : choices)
    if (has(choice)) return choice;
  return "";
}

const Function *Module::function(std::string_view name) const {
  const Function *found = nullptr;
  for (const auto &function : functions)
    if (function->name == name && (!found || function->hasBody)) found = function.get();
  return found;
}

const Function *Module::functionAt(uint64_t address) const {
  for (const auto &function : functions)
    if (function->address == address) return function.get();
  return nullptr;
}

const Variable *Module::variable(std::string_view name) const {
  const Variable *found = nullptr;
  for (const auto &variable : variables)
    if (variable->name == name && (!found || !variable->isExtern)) found = variable.get();
  return found;
}

const char *name(End end) {
  static const char *const Names[] = {"completed", "trapped", "fault", "undefined", "refused", "deadlock", "step limit"};
  return Names[int(end)];
}

}  // namespace cutrans::reference
