// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The names of a body: registers, families of registers, variables and labels, in nested scopes. Declaring and looking
// up are constant time whatever the depth: leaving a scope undoes its declarations.
#pragma once

#include <optional>

#include "compiler/ptx/ast.h"
#include "compiler/ptx/names.h"

namespace cutrans::ptx {

// What a label stands for.
enum class LabelKind : uint8_t { Instruction, Table, CallTargets, Prototype };

struct BodyName {
  enum class Kind : uint8_t { Register, Local, Param, Result } kind = Kind::Register;
  uint32_t index = 0;   // Register: first of `width` registers; else in Body.variables, Function.params, .results
  uint8_t width = 1;    // of a vector register
};

class BodyScopes {
 public:
  BodyScopes() { enter(); }

  void enter();
  void leave();  // labels must have been settled
  size_t depth() const { return scopes_.size(); }

  // False: the name is taken in this scope.
  bool declare(std::string_view name, BodyName what);
  bool declareFamily(std::string_view prefix, uint64_t count, Type type, uint8_t width);
  // A register outside any family; returns its index.
  uint32_t addRegister(std::string_view name, Type type);

  std::optional<BodyName> find(std::string_view name);

  bool declareLabel(std::string_view name, LabelKind kind, uint32_t index);
  // A use of a label that may come later. `slot` gets its index, `kind` what it stands for, when the scope is settled.
  void useLabel(std::string_view name, size_t offset, uint32_t *slot, LabelKind *kind);
  // Settles the uses of the innermost scope; those that it does not declare move outwards. At the outermost, returns the
  // first one that nothing declares.
  struct LabelUse {
    std::string_view name;
    size_t offset;
    uint32_t *slot;
    LabelKind *kind;
  };
  std::optional<LabelUse> settleLabels();

  std::vector<Register> &registers() { return registers_; }

 private:
  struct Family {
    uint64_t count;
    Type type;
    uint8_t width;
    uint32_t depth;
  };
  struct Entry {
    BodyName name;
    uint32_t depth;
  };
  struct LabelEntry {
    LabelKind kind;
    uint32_t index;
  };
  struct Scope {
    std::vector<std::pair<std::string_view, std::optional<Entry>>> names;      // to restore
    std::vector<std::pair<std::string_view, std::optional<uint32_t>>> families;
    NameMap<LabelEntry> labels;
    std::vector<LabelUse> uses;
  };

  std::vector<Scope> scopes_;
  NameMap<Entry> names_;
  NameMap<uint32_t> families_by_prefix_;          // index in families_
  std::vector<Family> families_;
  std::unordered_map<uint64_t, uint32_t> members_;  // family << 32 | number -> register
  std::vector<Register> registers_;
};

}  // namespace cutrans::ptx
