// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The index of one unit: its directives, variables and functions with their headers; bodies are only found, not read.
// Made when a module is loaded, so a library with thousands of kernels costs one fast pass over its text.
#pragma once

#include <deque>
#include <memory_resource>

#include "compiler/ptx/ast.h"
#include "compiler/ptx/names.h"
#include "compiler/ptx/problems.h"

namespace cutrans::ptx {

struct AliasDirective {
  std::string_view name, aliasee;
  Location location;
};

// Addresses of functions and variables are stable. A name is declared once here: prototypes are merged with what they
// announce.
struct UnitIndex {
  std::deque<Function> functions;
  std::deque<Variable> variables;
  std::vector<AliasDirective> aliases;
  NameMap<Function *> functions_by_name;
  NameMap<Variable *> variables_by_name;
};

// unit.text and unit.name are set; fills the rest of `unit`. `number` is its index in the module. False: see `problems`.
bool indexUnit(Unit &unit, uint32_t number, std::pmr::memory_resource &arena, UnitIndex &index, Problems &problems);

}  // namespace cutrans::ptx
