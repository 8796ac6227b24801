// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Declarations, as they stand at module scope and in bodies: variables (manual section 5.4), function headers (5.1, 7.1)
// and performance directives (11.4). Throws ParseError.
#pragma once

#include <memory_resource>
#include <string_view>
#include <vector>

#include "compiler/ptx/ast.h"
#include "compiler/ptx/lexer.h"
#include "compiler/ptx/scan.h"

namespace cutrans::ptx {

// Bounds of this layer; docs/ptx-front-end.md lists them.
inline constexpr uint64_t kMaxVariableBytes = uint64_t{1} << 36;
inline constexpr uint64_t kMaxAlign = uint64_t{1} << 20;
inline constexpr uint64_t kMaxParamBytes = 32764;   // of one kernel (sm_70 and up)
inline constexpr size_t kMaxUnitBytes = uint64_t{1} << 30;

// Where declarations are read from and kept.
struct DeclarationContext {
  Lexer &lexer;
  LineCounter &lines;
  std::pmr::memory_resource &arena;  // spans of the AST
  uint32_t unit;

  Location locate(size_t offset) const {
    auto [line, column] = lines.at(offset);
    return {unit, line, column};
  }
};

// One declared name. `range` > 0: name<range>, a family of registers name0, name1, ...
struct Declared {
  Variable variable;
  uint64_t range = 0;
  size_t offset = 0;  // of the name
};

// After the words of linkage and the space word were taken: everything up to and with the semicolon.
// Variables without initializer only in spaces that have none.
std::vector<Declared> takeVariables(DeclarationContext &context, Space space, Linkage linkage);

// ( formal, formal, ... ), the opening parenthesis not yet taken.
std::span<const Variable> takeFormals(DeclarationContext &context, bool entry);

// What stands between the name of a function and its body: performance and other directives.
void takeFunctionDirectives(DeclarationContext &context, Function &function);

// Offsets of formals in a parameter buffer; returns its size. Sets Variable::offset.
uint64_t layOutFormals(std::span<Variable> formals);

template <class T>
std::span<const T> keep(std::pmr::memory_resource &arena, const std::vector<T> &values) {
  if (values.empty()) return {};
  T *copy = static_cast<T *>(arena.allocate(values.size() * sizeof(T), alignof(T)));
  std::uninitialized_copy(values.begin(), values.end(), copy);
  return {copy, values.size()};
}

}  // namespace cutrans::ptx
