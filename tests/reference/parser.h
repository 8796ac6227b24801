// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parser's state. parse_module.cpp: directives of a module; parse_body.cpp: bodies of functions.
#pragma once

#include <memory>
#include <unordered_map>

#include "tests/reference/scanner.h"

namespace cutrans::reference {

struct RegisterName {
  int slot;
  unsigned bits, components;
};

struct Scope {
  std::shared_ptr<Scope> parent;
  std::unordered_map<std::string, RegisterName> registers;
  std::unordered_map<std::string, const Variable *> variables;
  std::unordered_map<std::string, int> labels;
  template <class Map>
  static auto find(const Scope *scope, Map Scope::*map, const std::string &name) {
    for (; scope; scope = scope->parent.get())
      if (auto it = (scope->*map).find(name); it != (scope->*map).end()) return &it->second;
    return static_cast<decltype(&(scope->*map).find(name)->second)>(nullptr);
  }
};

class Parser {
 public:
  Parser(std::string_view text, Module &module) : s_(text), module_(module), scope_(std::make_shared<Scope>()) {}
  void parseModule();

 private:
  // parse_module.cpp
  void declaration();
  std::unique_ptr<Variable> variableHead(Space space);
  void variables(Space space, bool isExtern);
  void initialValue(Variable &variable);
  void initialElement(Variable &variable, uint64_t &at, unsigned bytes);
  void place(std::unique_ptr<Variable> variable);
  void function(bool isKernel);
  void parameters(std::vector<std::unique_ptr<Variable>> &list, Function &function);
  Type dottedType();
  void resolve();

  // parse_body.cpp
  void body(Function &function);
  void statement(Function &function);
  void registers(Function &function);
  void table(Function &function, const std::string &label);
  void instruction(Function &function, std::string opcode);
  Operand operand(const Instruction &instruction);
  Operand memoryOperand(const Instruction &instruction);
  Operand named(std::string name, const Instruction &instruction);
  void resolveLabels(Function &function);

  struct Fixup {
    size_t instruction, operand;
    std::shared_ptr<Scope> scope;
  };
  struct TableFixup {
    std::string table;
    std::vector<std::string> labels;
    std::shared_ptr<Scope> scope;
  };
  Scanner s_;
  Module &module_;
  std::shared_ptr<Scope> scope_;
  Function *function_ = nullptr;
  std::vector<Fixup> fixups_;
  std::vector<TableFixup> tableFixups_;
  std::vector<std::pair<std::string, std::string>> aliases_;
};

// table.cpp: null where no words of the opcode's beginning are known.
const Handler *handlerOf(const std::vector<std::string> &words, size_t &head);

}  // namespace cutrans::reference
