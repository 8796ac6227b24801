// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The class behind parseBody(): body_parser.cpp has statements and declarations, body_operands.cpp operands,
// body_instructions.cpp instructions and their check against the grammar's rows.
#pragma once

#include <deque>
#include <unordered_set>

#include "compiler/ptx/body_parser.h"
#include "compiler/ptx/body_scopes.h"
#include "compiler/ptx/declarations.h"
#include "compiler/ptx/tables.h"

namespace cutrans::ptx {

class BodyParser {
 public:
  BodyParser(const Unit &unit, uint32_t unit_number, const Function &function, const ResolveSymbol &outer,
             std::pmr::memory_resource &arena);
  const Body *run();  // throws ParseError

 private:
  // body_parser.cpp
  void declareFormals();
  void takeStatement();
  void takeDirective(const Token &word);
  void takeRegisters();
  void takeBodyVariables(Space space);
  void takeLoc();
  void takeLabel(const Token &name);
  bool takeLabelDirective(const Token &name);
  void takeBranchTargets(std::vector<Token> &targets);
  void openScope();
  void closeScope(size_t offset);
  void checkLabels();
  const Body *finish();

  // body_instructions.cpp
  void takeInstruction();
  void takeGuard(Instruction &instruction);
  void takeWords(Instruction &instruction);
  void takeOperands(Instruction &instruction);
  void takeCall();
  bool fits(std::string_view shape) const;

  // body_operands.cpp
  Operand takeOperand(unsigned depth = 0);
  Operand takeNamed(unsigned depth);
  Operand takePair(const Operand &destination, unsigned depth);
  Operand takeAddress(unsigned depth);
  Operand takeList(char close, OperandKind kind, unsigned depth);
  Operand takeNumberOperand();
  Operand takePredicate();
  Operand takeLabelUse(OperandKind kind);
  void takeOffset(Operand &operand, bool in_brackets);
  bool resolveSymbol(std::string_view name, SymbolRef &out);
  void noteSymbol(const SymbolRef &symbol);
  void noteCalled(const Function &function);

  [[noreturn]] void undeclared(const Token &name);
  template <class T>
  std::span<const T> keep(const std::vector<T> &values) {
    return ptx::keep(arena_, values);
  }

  const Unit &unit_;
  const Function &function_;
  const ResolveSymbol &outer_;
  std::pmr::memory_resource &arena_;
  Lexer lexer_;
  LineCounter lines_;
  DeclarationContext context_;
  BodyScopes scopes_;

  std::vector<Instruction> instructions_;
  std::vector<Label> labels_;
  std::vector<Variable> variables_;
  std::vector<std::span<const uint32_t>> branch_tables_;
  std::vector<std::span<const Function *const>> call_targets_;
  std::vector<Prototype> prototypes_;
  std::vector<LineInfo> line_infos_{LineInfo{}};
  std::vector<uint32_t> result_registers_, param_registers_;
  std::vector<const Function *> functions_, taken_;
  std::vector<const Variable *> module_variables_;
  std::unordered_set<const void *> noted_, noted_taken_;

  // A use of a label whose kind is checked when all labels are known.
  struct LabelCheck {
    LabelKind kind;
    OperandKind wanted;
    Operand *operand;  // in operands of the arena; null: an entry of a branch table
    size_t offset;
  };
  std::deque<LabelCheck> label_checks_;  // addresses of `kind` are held by scopes_

  // Scratch of the instruction being read.
  std::vector<std::string_view> words_;
  std::vector<size_t> word_offsets_;
  std::vector<Mod> mods_;
  std::vector<Type> types_;
  std::vector<Operand> operands_;
  bool callee_ = false;  // the operand being read is what a call calls
  // Label operands of it, by index in operands_: the arena copy is what gets patched.
  struct OpenLabel {
    size_t operand;
    std::string_view name;
    size_t offset;
    OperandKind wanted;
  };
  std::vector<OpenLabel> open_labels_;
};

}  // namespace cutrans::ptx
