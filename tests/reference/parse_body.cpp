// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bodies of functions: registers and variables in scopes, labels, instructions and their operands (manual chapters 4, 6).
#include <cctype>
#include <cstring>

#include "tests/reference/parser.h"

namespace cutrans::reference {

void Parser::body(Function &function) {
  function.hasBody = true;
  function_ = &function;
  fixups_.clear(), tableFixups_.clear();
  s_.expect("{");
  auto outer = scope_;
  for (int depth = 1; depth;) {
    if (s_.atEnd()) s_.fail("end of text in " + function.name);
    if (s_.take("{")) {
      ++depth;
      scope_ = std::make_shared<Scope>(Scope{scope_, {}, {}, {}});
    } else if (s_.take("}")) {
      if (--depth) scope_ = scope_->parent;
    } else {
      statement(function);
    }
  }
  scope_ = outer;
  resolveLabels(function);
  function_ = nullptr;
}

void Parser::statement(Function &function) {
  if (s_.take(";")) return;
  if (s_.take(".")) {
    std::string word = s_.word();
    if (word == "reg") return registers(function);
    if (word == "loc") {
      uint32_t line = s_.line();
      while (s_.line() == line && !s_.atEnd() && (s_.atNumber() || s_.take(","))) {
        if (s_.atNumber()) s_.number();
        if (s_.peek() == 'f' || s_.peek() == 'i') {  // function_name x + 4, inlined_at 1 2 3
          s_.word();
          if (!s_.atNumber()) s_.word();
          if (s_.take("+")) {}
        }
      }
      return;
    }
    if (word == "pragma") return s_.skipTo(';');
    if (word == "file") {
      s_.number(), s_.quoted();
      while (s_.take(",")) s_.number();
      return;
    }
    bool isExtern = word == "extern";
    if (isExtern) s_.expect("."), word = s_.word();
    Space space = word == "local" ? Space::Local : word == "param" ? Space::Param : word == "shared" ? Space::Shared
                  : word == "global" ? Space::Global : word == "const" ? Space::Const : Space::None;
    if (space == Space::None) s_.fail("directive ." + word);
    return variables(space, isExtern);
  }
  if (s_.take("@")) {
    bool negated = s_.take("!");
    std::string name = s_.word();
    const RegisterName *guard = Scope::find(scope_.get(), &Scope::registers, name);
    if (!guard) s_.fail("guard " + name);
    instruction(function, s_.opcode());
    function.code.back().guard = guard->slot;
    function.code.back().guardNegated = negated;
    return;
  }
  std::string word = s_.opcode();
  if (word.empty()) s_.fail(std::string("unexpected ") + s_.peek());
  if (s_.peek() == ':') {
    s_.take(":");
    if (s_.peek() == '.' && s_.peek(1) == 'b') return table(function, word);
    if (s_.peek() == '.' && s_.peek(1) == 'c') return s_.skipTo(';');  // .callprototype, .calltargets
    scope_->labels[word] = int(function.code.size());
    return;
  }
  instruction(function, word);
}

void Parser::table(Function &function, const std::string &label) {
  s_.expect(".branchtargets");
  TableFixup fixup{label, {}, scope_};
  do {
    std::string first = s_.word();
    if (s_.take("<")) {
      uint64_t count = s_.number().value;
      s_.expect(">");
      for (uint64_t i = 0; i < count; ++i) fixup.labels.push_back(first + std::to_string(i));
    } else {
      fixup.labels.push_back(first);
    }
  } while (s_.take(","));
  s_.expect(";");
  tableFixups_.push_back(fixup);
}

void Parser::registers(Function &function) {
  unsigned components = 1;
  Type type;
  while (!type) {
    s_.expect(".");
    std::string word = s_.word();
    if (word == "v2" || word == "v4") components = unsigned(word[1] - '0');
    else if (!(type = typeOf(word))) s_.fail("type ." + word);
  }
  auto add = [&](const std::string &name) {
    scope_->registers[name] = {int(function.slots), type.width(), components};
    function.slots += components;
  };
  do {
    std::string name = s_.word();
    if (s_.take("<")) {
      uint64_t count = s_.number().value;
      s_.expect(">");
      for (uint64_t i = 0; i < count; ++i) add(name + std::to_string(i));
    } else {
      add(name);
    }
  } while (s_.take(","));
  s_.expect(";");
}

void Parser::instruction(Function &function, std::string opcode) {
  Instruction made;
  made.line = s_.line();
  made.text = opcode;
  for (size_t begin = 0; begin <= opcode.size();) {
    size_t end = std::min(opcode.find('.', begin), opcode.size());
    made.words.push_back(opcode.substr(begin, end - begin));
    begin = end + 1;
  }
  made.handler = handlerOf(made.words, made.head);
  for (size_t i = made.head; i < made.words.size(); ++i)
    if (Type type = typeOf(made.words[i])) made.types.push_back(type);
  while (!s_.take(";")) {
    if (s_.atEnd()) s_.fail("end of text in " + opcode);
    made.operands.push_back(operand(made));
    if (!s_.take(",") && s_.peek() != ';') s_.fail("expected , or ; in " + opcode);
  }
  function.code.push_back(std::move(made));
  Instruction &placed = function.code.back();
  for (size_t i = 0; i < placed.operands.size(); ++i)
    if (placed.operands[i].kind == Operand::Label) fixups_.push_back({function.code.size() - 1, i, scope_});
}

Operand Parser::operand(const Instruction &instruction) {
  Operand result;
  if (s_.take("{")) {
    result.kind = Operand::Vector;
    if (!s_.take("}")) {
      do result.parts.push_back(operand(instruction));
      while (s_.take(","));
      s_.expect("}");
    }
    return result;
  }
  if (s_.peek() == '[') return memoryOperand(instruction);
  if (s_.peek() == '(' && instruction.words[0] == "call") {
    s_.expect("(");
    result.kind = Operand::List;
    while (!s_.take(")")) result.parts.push_back(operand(instruction)), s_.take(",");
    return result;
  }
  char c = s_.peek(), next = s_.peek(1);
  auto starts = [](char x) { return std::isalpha(static_cast<unsigned char>(x)) || (x && std::strchr("_$%", x)); };
  bool minus = (c == '!' || c == '-') && starts(next);
  if (minus) s_.take(std::string_view(&c, 1));
  if (!minus && !starts(c)) return s_.constant();
  std::string name = s_.word();
  if (name == "WARP_SZ") {
    result.kind = Operand::Integer, result.value = 32;
    return result;
  }
  if (name == "_") result.kind = Operand::Sink;
  else result = named(name, instruction);
  result.negated = minus;
  if (s_.peek() == '|' && s_.peek(1) != '|') {
    s_.take("|");
    Operand pair;
    pair.kind = Operand::Vector;
    pair.name = "|";
    pair.parts.push_back(std::move(result));
    pair.parts.push_back(operand(instruction));
    return pair;
  }
  return result;
}

// A name: register, special register, variable with an offset, or something that is known later.
Operand Parser::named(std::string name, const Instruction &instruction) {
  Operand result;
  if (const RegisterName *known = Scope::find(scope_.get(), &Scope::registers, name)) {
    result.kind = Operand::Register;
    result.slot = known->slot, result.width = known->bits;
    result.name = name;
    if (s_.peek() == '.') {
      s_.take(".");
      std::string selector = s_.word();
      size_t component = selector.size() == 1 ? std::string_view("xyzwrgba").find(selector) : std::string_view::npos;
      if (known->components > 1 && component != std::string_view::npos) {
        result.component = selector[0];
        result.slot += int(component % 4);
      } else {
        result.selector = selector;
      }
    } else if (known->components > 1) {  // the whole vector
      Operand vector;
      vector.kind = Operand::Vector;
      for (unsigned i = 0; i < known->components; ++i) vector.parts.push_back(result), ++result.slot;
      return vector;
    }
    return result;
  }
  if (name[0] == '%') {
    if (s_.take(".")) name += "." + s_.word();
    result.kind = Operand::Special;
    result.name = name.substr(1);
    return result;
  }
  if (const Variable *const *known = Scope::find(scope_.get(), &Scope::variables, name)) {
    result.kind = Operand::Address;
    result.variable = *known;
    result.name = name;
    if (s_.peek() == '+' || s_.peek() == '-') result.offset = int64_t(s_.constant().value);
    if (s_.take("[")) {
      result.offset += int64_t(s_.constant().value * ((*known)->type.width() / 8));
      s_.expect("]");
    }
    return result;
  }
  result.kind = Operand::Label;
  result.name = name;
  return result;
}

Operand Parser::memoryOperand(const Instruction &instruction) {
  Operand result;
  s_.expect("[");
  char c = s_.peek();
  if (std::isdigit(static_cast<unsigned char>(c)) || c == '-') {
    result.kind = Operand::Memory;
    result.offset = int64_t(s_.constant().value);
  } else {
    Operand base = named(s_.word(), instruction);
    result = base;
    result.kind = Operand::Memory;
    if (base.kind == Operand::Label) {
      if (base.name.empty()) s_.fail("an address");
      s_.fail("unknown name " + base.name);
    }
    if (s_.peek() == '+' || s_.peek() == '-') {
      bool minus = s_.peek() == '-';
      if (!minus) s_.take("+");
      result.offset += int64_t(s_.constant().value);
    }
  }
  while (s_.take(",")) result.parts.push_back(operand(instruction));
  s_.expect("]");
  return result;
}

void Parser::resolveLabels(Function &function) {
  for (Fixup &fixup : fixups_) {
    Operand &operand = function.code[fixup.instruction].operands[fixup.operand];
    if (const int *target = Scope::find(fixup.scope.get(), &Scope::labels, operand.name)) operand.target = *target;
    else operand.kind = Operand::FunctionName;  // or the name of a table, which stays unresolved
  }
  for (TableFixup &fixup : tableFixups_)
    for (const std::string &label : fixup.labels) {
      const int *target = Scope::find(fixup.scope.get(), &Scope::labels, label);
      if (!target) s_.fail("label " + label);
      function.tables[fixup.table].push_back(*target);
    }
}

}  // namespace cutrans::reference
