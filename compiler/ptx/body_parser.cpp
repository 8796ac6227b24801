// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Statements and declarations of a body.
#include "compiler/ptx/body_parser.h"

#include <cstring>
#include <new>

#include "compiler/ptx/body_parser_impl.h"

namespace cutrans::ptx {

BodyParser::BodyParser(const Unit &unit, uint32_t unit_number, const Function &function, const ResolveSymbol &outer,
                       std::pmr::memory_resource &arena)
    : unit_(unit),
      function_(function),
      outer_(outer),
      arena_(arena),
      lexer_(unit.text, static_cast<size_t>(function.body_text.data() - unit.text.data()),
             static_cast<size_t>(function.body_text.data() - unit.text.data()) + function.body_text.size()),
      lines_(unit.text, static_cast<size_t>(function.body_text.data() - unit.text.data()), function.body_location.line,
             function.body_location.column),
      context_{lexer_, lines_, arena, unit_number} {}

const Body *BodyParser::run() {
  declareFormals();
  while (lexer_.peek().kind != TokenKind::End) takeStatement();
  checkLabels();
  return finish();
}

void BodyParser::declareFormals() {
  auto declare = [&](std::span<const Variable> formals, BodyName::Kind kind, std::vector<uint32_t> &registers) {
    for (uint32_t i = 0; i < formals.size(); ++i) {
      const Variable &v = formals[i];
      BodyName name{kind, i, 1};
      registers.push_back(kNoIndex);
      if (v.space == Space::Reg) {
        name = {BodyName::Kind::Register, static_cast<uint32_t>(scopes_.registers().size()), v.vector};
        for (unsigned k = 0; k < v.vector; ++k) scopes_.addRegister(v.name, v.type);
        registers.back() = name.index;
      }
      if (!scopes_.declare(v.name, name) && v.name != "_")
        lexer_.fail(Diag::ptx_duplicate, static_cast<size_t>(v.name.data() - unit_.text.data()),
                    "`" + excerpt(v.name) + "` is declared twice");
    }
  };
  declare(function_.results, BodyName::Kind::Result, result_registers_);
  declare(function_.params, BodyName::Kind::Param, param_registers_);
}

void BodyParser::openScope() {
  if (scopes_.depth() > kMaxNesting) lexer_.fail(Diag::ptx_limit, "blocks are nested too deeply");
  scopes_.enter();
}

void BodyParser::closeScope(size_t offset) {
  if (scopes_.depth() == 1) lexer_.fail(Diag::ptx_syntax, offset, "a `}` without `{`");
  scopes_.settleLabels();
  scopes_.leave();
}

void BodyParser::takeStatement() {
  const Token &token = lexer_.peek();
  if (token.is(';')) {
    lexer_.take();
  } else if (token.is('{')) {
    openScope();
    lexer_.take();
  } else if (token.is('}')) {
    closeScope(lexer_.take().offset);
  } else if (token.kind == TokenKind::Dotted) {
    takeDirective(lexer_.take());
  } else if (token.kind == TokenKind::Identifier || token.is('@')) {
    if (token.kind == TokenKind::Identifier) {
      Lexer ahead = lexer_;
      Token name = ahead.take();
      if (ahead.peek().is(':')) {
        lexer_.take();
        lexer_.take();
        return takeLabel(name);
      }
    }
    takeInstruction();
  } else {
    lexer_.fail(Diag::ptx_syntax, "expected an instruction, found " + describe(token));
  }
}

void BodyParser::takeDirective(const Token &token) {
  std::string_view word = token.word();
  if (word == "reg") return takeRegisters();
  if (word == "local") return takeBodyVariables(Space::Local);
  if (word == "shared") return takeBodyVariables(Space::Shared);
  if (word == "param") return takeBodyVariables(Space::Param);
  if (word == "global" || word == "const")
    lexer_.fail(Diag::ptx_refused_body_variable, token.offset, "a ." + std::string(word) + " variable in a function");
  if (word == "loc") return takeLoc();
  if (word == "pragma") {
    while (lexer_.peek().kind == TokenKind::String || lexer_.peek().is(',')) lexer_.take();
    return lexer_.expect(';', "after a pragma");
  }
  lexer_.fail(Diag::ptx_unknown_instruction, token.offset, "unknown directive " + describe(token));
}

void BodyParser::takeRegisters() {
  for (const Declared &declared : takeVariables(context_, Space::Reg, Linkage::Internal)) {
    const Variable &v = declared.variable;
    if (v.is_array) lexer_.fail(Diag::ptx_variable, declared.offset, "registers have no arrays");
    bool fresh;
    if (declared.range) {
      fresh = scopes_.declareFamily(v.name, declared.range, v.type, v.vector);
    } else {
      auto index = static_cast<uint32_t>(scopes_.registers().size());
      fresh = scopes_.declare(v.name, {BodyName::Kind::Register, index, v.vector});
      for (unsigned i = 0; i < v.vector; ++i) scopes_.addRegister(v.name, v.type);
    }
    if (!fresh) lexer_.fail(Diag::ptx_duplicate, declared.offset, "`" + excerpt(v.name) + "` is declared twice");
  }
}

void BodyParser::takeBodyVariables(Space space) {
  for (const Declared &declared : takeVariables(context_, space, Linkage::Internal)) {
    auto index = static_cast<uint32_t>(variables_.size());
    if (!scopes_.declare(declared.variable.name, {BodyName::Kind::Local, index, 1}))
      lexer_.fail(Diag::ptx_duplicate, declared.offset, "`" + excerpt(declared.variable.name) + "` is declared twice");
    variables_.push_back(declared.variable);
  }
}

// .loc 1 12 0 {, function_name $L__info_string0 {+ n}, inlined_at 1 3 0}; no semicolon.
void BodyParser::takeLoc() {
  auto number = [&] { return static_cast<uint32_t>(takeNumber(lexer_).bits); };
  LineInfo info;
  info.file = number();
  info.line = number();
  info.column = number();
  while (lexer_.accept(',')) {
    Token word = lexer_.identifier("an attribute of .loc");
    if (word.text == "function_name") {
      lexer_.identifier("a label");
      if (lexer_.accept('+')) number();
    } else if (word.text == "inlined_at") {
      for (int i = 0; i < 3; ++i) number();
    } else {
      lexer_.fail(Diag::ptx_syntax, word.offset, "unknown attribute of .loc");
    }
  }
  line_infos_.push_back(info);
}

// A label, or N<3>: N0, N1, N2 (manual 9.7.12, .branchtargets).
void BodyParser::takeBranchTargets(std::vector<Token> &targets) {
  constexpr uint64_t kMostTargets = 1 << 16;
  Token first = lexer_.identifier("a label");
  if (!lexer_.accept('<')) return targets.push_back(first);
  uint64_t count = takeNumber(lexer_).bits;
  lexer_.expect('>', "after a count of labels");
  if (!count || targets.size() + count > kMostTargets)
    lexer_.fail(Diag::ptx_limit, first.offset, "a table of no or of more than 65536 labels");
  for (uint64_t i = 0; i < count; ++i) {
    std::string name = std::string(first.text) + std::to_string(i);
    char *kept = static_cast<char *>(arena_.allocate(name.size(), 1));
    std::memcpy(kept, name.data(), name.size());
    targets.push_back(first);
    targets.back().text = {kept, name.size()};
  }
}

// name: .branchtargets L1, L2;   .calltargets f, g;   .callprototype (ret) _ (params);
bool BodyParser::takeLabelDirective(const Token &name) {
  std::string_view word = lexer_.peek().kind == TokenKind::Dotted ? lexer_.peek().word() : "";
  LabelKind kind;
  uint32_t index;
  if (word == "branchtargets") {
    lexer_.take();
    std::vector<Token> targets;
    do takeBranchTargets(targets);
    while (lexer_.accept(','));
    auto table = keep(std::vector<uint32_t>(targets.size(), kNoIndex));
    for (size_t i = 0; i < targets.size(); ++i) {
      LabelCheck &check =
          label_checks_.emplace_back(LabelCheck{LabelKind::Instruction, OperandKind::Label, nullptr, targets[i].offset});
      scopes_.useLabel(targets[i].text, targets[i].offset, const_cast<uint32_t *>(&table[i]), &check.kind);
    }
    kind = LabelKind::Table;
    index = static_cast<uint32_t>(branch_tables_.size());
    branch_tables_.push_back(table);
  } else if (word == "calltargets") {
    lexer_.take();
    std::vector<const Function *> targets;
    do {
      Token target = lexer_.identifier("a function");
      SymbolRef symbol;
      if (!resolveSymbol(target.text, symbol) || symbol.kind != SymbolKind::Function) undeclared(target);
      noteCalled(*symbol.function);
      targets.push_back(symbol.function);
    } while (lexer_.accept(','));
    kind = LabelKind::CallTargets;
    index = static_cast<uint32_t>(call_targets_.size());
    call_targets_.push_back(keep(targets));
  } else if (word == "callprototype") {
    lexer_.take();
    Function header;
    if (lexer_.peek().is('(')) header.results = takeFormals(context_, false);
    lexer_.identifier("`_`");
    if (lexer_.peek().is('(')) header.params = takeFormals(context_, false);
    takeFunctionDirectives(context_, header);
    kind = LabelKind::Prototype;
    index = static_cast<uint32_t>(prototypes_.size());
    prototypes_.push_back({header.results, header.params, header.noreturn});
  } else {
    return false;
  }
  lexer_.expect(';', "after a list of targets");
  if (!scopes_.declareLabel(name.text, kind, index))
    lexer_.fail(Diag::ptx_duplicate, name.offset, "the label " + describe(name) + " is declared twice");
  return true;
}

void BodyParser::takeLabel(const Token &name) {
  if (takeLabelDirective(name)) return;
  auto index = static_cast<uint32_t>(labels_.size());
  if (!scopes_.declareLabel(name.text, LabelKind::Instruction, index))
    lexer_.fail(Diag::ptx_duplicate, name.offset, "the label " + describe(name) + " is declared twice");
  labels_.push_back({name.text, static_cast<uint32_t>(instructions_.size())});
}

void BodyParser::checkLabels() {
  if (scopes_.depth() != 1) lexer_.fail(Diag::ptx_truncated, "a block is never closed");
  if (auto open = scopes_.settleLabels())
    lexer_.fail(Diag::ptx_undeclared, open->offset, "no label `" + excerpt(open->name) + "`");
  for (LabelCheck &check : label_checks_) {
    LabelKind wanted = check.wanted == OperandKind::Label   ? LabelKind::Instruction
                       : check.wanted == OperandKind::Table ? LabelKind::Table
                                                            : LabelKind::Prototype;
    if (wanted == LabelKind::Prototype && check.kind == LabelKind::CallTargets) {
      check.operand->kind = OperandKind::CallTargets;
      continue;
    }
    if (check.kind != wanted) lexer_.fail(Diag::ptx_operands, check.offset, "the label is of another kind");
  }
}

const Body *BodyParser::finish() {
  void *place = arena_.allocate(sizeof(Body), alignof(Body));
  return new (place) Body{keep(instructions_),     keep(scopes_.registers()), keep(labels_),
                          keep(variables_),        keep(branch_tables_),      keep(call_targets_),
                          keep(prototypes_),       keep(line_infos_),         keep(result_registers_),
                          keep(param_registers_),  keep(functions_),          keep(taken_),
                          keep(module_variables_)};
}

const Body *parseBody(const Unit &unit, uint32_t unit_number, const Function &function, const ResolveSymbol &outer,
                      std::pmr::memory_resource &arena, Problems &problems) {
  try {
    return BodyParser(unit, unit_number, function, outer, arena).run();
  } catch (const ParseError &error) {
    Problem problem = makeProblem(unit, error);
    problem.text = "function " + excerpt(function.name) + ", " + problem.text;
    problems.push_back(std::move(problem));
    return nullptr;
  }
}

}  // namespace cutrans::ptx
