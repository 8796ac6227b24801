// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Module directives, variables with initial values, function heads (manual chapters 4, 5, 11).
#include <cstring>

#include "tests/reference/parser.h"
#include "tests/reference/reference.h"

namespace cutrans::reference {
namespace {

uint64_t aligned(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

Space spaceOf(std::string_view word) {
  if (word == "global") return Space::Global;
  if (word == "const") return Space::Const;
  if (word == "shared") return Space::Shared;
  if (word == "local") return Space::Local;
  if (word == "param") return Space::Param;
  if (word == "reg") return Space::Register;
  return Space::None;
}

}  // namespace

void Parser::parseModule() {
  while (!s_.atEnd()) declaration();
  resolve();
}

void Parser::declaration() {
  bool isExtern = false;
  for (;;) {
    if (s_.take(";")) return;
    if (s_.peek() == '@') {  // @@DWARF lines of old compilers
      s_.skipTo('\n');
      return;
    }
    s_.expect(".");
    std::string word = s_.word();
    if (word == "version" || word == "target") {
      while (!s_.atEnd() && s_.peek() != '.') {
        s_.run(".");
        if (!s_.take(",")) break;
      }
      return;
    }
    if (word == "address_size") {
      if (s_.number().value != 64) s_.fail("addresses of 32 bits");
      return;
    }
    if (word == "visible" || word == "weak" || word == "common") continue;
    if (word == "extern") {
      isExtern = true;
      continue;
    }
    if (word == "file") {
      s_.number();
      s_.quoted();
      while (s_.take(",")) s_.number();
      return;
    }
    if (word == "pragma" || word == "loc") return s_.skipTo(';');
    if (word == "section") {
      s_.run(".");
      return s_.skipBraces();
    }
    if (word == "alias") {
      std::string alias = s_.word();
      s_.expect(",");
      std::string aliasee = s_.word();
      s_.expect(";");
      aliases_.push_back({alias, aliasee});
      return;
    }
    if (word == "entry" || word == "func") return function(word == "entry");
    Space space = spaceOf(word);
    if (space == Space::None) s_.fail("directive ." + word);
    variables(space, isExtern);
    return;
  }
}

Type Parser::dottedType() {
  s_.expect(".");
  std::string word = s_.word();
  Type type = typeOf(word);
  if (!type) s_.fail("type ." + word);
  return type;
}

// Attributes, vector and type, name and extents; the space has been read.
std::unique_ptr<Variable> Parser::variableHead(Space space) {
  auto variable = std::make_unique<Variable>();
  variable->space = space;
  while (!variable->type) {
    s_.expect(".");
    std::string word = s_.run("");
    if (word == "align") variable->align = s_.number().value;
    else if (word == "v2" || word == "v4" || word == "v8") variable->vector = unsigned(word[1] - '0');
    else if (word == "attribute") {
      s_.expect("(");
      s_.skipTo(')');
    } else if (word == "ptr" || spaceOf(word) != Space::None) {  // of a kernel's parameter: what it points to
    } else {
      variable->type = typeOf(word);
      if (!variable->type) s_.fail("type ." + word);
    }
    if (word == "ptr" && s_.peek() != '.') break;
  }
  // `.param .u64 .ptr .global .align 4 name`
  uint64_t align = variable->align;
  while (s_.peek() == '.') {
    s_.expect(".");
    if (s_.word() == "align") s_.number();
  }
  variable->align = align;
  variable->name = s_.word();
  uint64_t element = variable->type.bits == 1 ? 1 : variable->type.width() / 8 * variable->vector;
  variable->align = std::max(variable->align, element ? std::min<uint64_t>(element, 16) : 1);
  if (align > 1) variable->align = align;
  variable->bytes = element;
  return variable;
}

void Parser::variables(Space space, bool isExtern) {
  // One head may have several names.
  auto variable = variableHead(space);
  for (;;) {
    uint64_t element = variable->bytes, count = 1;
    bool open = false, array = false;
    while (s_.take("[")) {
      array = true;
      if (s_.peek() == ']') open = true;
      else count *= s_.constant().value;
      s_.expect("]");
    }
    variable->bytes = element * count;
    if (open) variable->bytes = 0;
    variable->isExtern = isExtern;
    variable->isDynamic = isExtern && space == Space::Shared && (open || !variable->bytes || array);
    auto next = std::make_unique<Variable>();
    next->space = space, next->type = variable->type, next->vector = variable->vector, next->align = variable->align;
    next->bytes = element;
    if (s_.take("=")) {
      initialValue(*variable);
      if (open) variable->bytes = aligned(variable->initial.size(), element);
      if (variable->initial.size() > variable->bytes) s_.fail("more values than " + variable->name + " holds");
    }
    place(std::move(variable));
    if (!s_.take(",")) break;
    variable = std::move(next);
    variable->name = s_.word();
  }
  s_.expect(";");
}

void Parser::initialValue(Variable &variable) {
  uint64_t at = 0;
  initialElement(variable, at, variable.type.width() / 8);
}

void Parser::initialElement(Variable &variable, uint64_t &at, unsigned bytes) {
  if (s_.take("{")) {
    if (!s_.take("}")) {
      do initialElement(variable, at, bytes);
      while (s_.take(","));
      s_.expect("}");
    }
    return;
  }
  auto put = [&](uint64_t value) {
    variable.initial.resize(std::max<size_t>(variable.initial.size(), at + bytes));
    std::memcpy(&variable.initial[at], &value, std::min(bytes, 8u));
    at += bytes;
  };
  // 0xFF00(name), generic(name), name, name + 4
  char c = s_.peek();
  bool name = c == '_' || c == '$' || c == '%' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  Reference reference{at, bytes, "", 0, -1, 0};
  if (!name) {
    Operand value = s_.constant();
    if (s_.take("(")) {
      reference.mask = int64_t(value.value);
      reference.shift = value.value ? __builtin_ctzll(value.value) : 0;
      reference.name = s_.word();
      bool generic = reference.name == "generic" && s_.take("(");
      if (generic) reference.name = s_.word(), s_.expect(")");
      if (s_.peek() == '+' || s_.peek() == '-') reference.addend = int64_t(s_.constant().value);
      s_.expect(")");
      variable.references.push_back(reference);
      return put(0);
    }
    if (variable.type.isFloat()) {
      double number = 0;
      float single = 0;
      if (value.kind == Operand::Single) std::memcpy(&single, &value.value, 4), number = single;
      else if (value.kind == Operand::Double) std::memcpy(&number, &value.value, 8);
      else number = double(int64_t(value.value));
      if (variable.type.bits == 64) std::memcpy(&value.value, &number, 8);
      else if (variable.type.bits == 32) {
        if (value.kind != Operand::Single) single = float(number);
        value.value = 0;
        std::memcpy(&value.value, &single, 4);
      } else if (value.kind != Operand::Integer) s_.fail("a floating value of type " + variable.type.name);
    }
    return put(value.value);
  }
  reference.name = s_.word();
  if (reference.name == "generic" && s_.take("(")) {
    reference.name = s_.word();
    if (s_.peek() == '+' || s_.peek() == '-') reference.addend = int64_t(s_.constant().value);
    s_.expect(")");
  }
  if (s_.peek() == '+' || s_.peek() == '-') reference.addend += int64_t(s_.constant().value);
  variable.references.push_back(reference);
  put(0);
}

// A home for a variable: the image, the block's shared memory, or the frame of the function that is being read.
void Parser::place(std::unique_ptr<Variable> variable) {
  const Variable *known = variable.get();
  scope_->variables[variable->name] = known;
  switch (variable->space) {
    case Space::Global:
    case Space::Const:
      module_.imageBytes = aligned(module_.imageBytes, std::max<uint64_t>(variable->align, 8));
      variable->offset = module_.imageBytes;
      module_.imageBytes += variable->bytes;
      break;
    case Space::Shared:
      if (variable->isDynamic) break;  // placed by resolve
      module_.sharedBytes = aligned(module_.sharedBytes, variable->align);
      variable->offset = module_.sharedBytes;
      module_.sharedBytes += variable->bytes;
      break;
    case Space::Local:
    case Space::Param:
      if (!function_) s_.fail("variable " + variable->name + " outside of a function");
      function_->frameBytes = aligned(function_->frameBytes, variable->align);
      variable->offset = function_->frameBytes;
      function_->frameBytes += variable->bytes;
      function_->locals.push_back(std::move(variable));
      return;
    default: s_.fail("state space of " + variable->name);
  }
  module_.variables.push_back(std::move(variable));
}

void Parser::parameters(std::vector<std::unique_ptr<Variable>> &list, Function &function) {
  s_.expect("(");
  while (!s_.take(")")) {
    s_.expect(".");
    std::string space = s_.word();
    auto variable = variableHead(spaceOf(space));
    if (variable->space != Space::Param && variable->space != Space::Register) s_.fail("parameter space ." + space);
    while (s_.take("[")) {
      if (s_.peek() != ']') variable->bytes *= s_.constant().value;
      s_.expect("]");
    }
    uint64_t &end = function.isKernel ? function.paramBytes : function.frameBytes;
    variable->ofKernel = function.isKernel;
    if (variable->space == Space::Register) {
      variable->slot = int(function.slots++);
      scope_->registers[variable->name] = {variable->slot, variable->type.width(), 1};
    } else {
      end = aligned(end, variable->align);
      variable->offset = end;
      end += variable->bytes;
      scope_->variables[variable->name] = variable.get();
    }
    list.push_back(std::move(variable));
    s_.take(",");
  }
}

void Parser::function(bool isKernel) {
  auto made = std::make_unique<Function>();
  Function &function = *made;
  function.isKernel = isKernel;
  scope_ = std::make_shared<Scope>(Scope{scope_, {}, {}, {}});
  if (s_.peek() == '.') {  // .attribute(.unified(..))
    s_.skipTo(')');
  }
  if (s_.peek() == '(') parameters(function.results, function);
  function.name = s_.word();
  if (s_.peek() == '(') parameters(function.params, function);
  while (s_.peek() != '{' && s_.peek() != ';' && !s_.atEnd()) {
    if (s_.peek() == '"') s_.quoted();
    else if (!s_.take(".") && !s_.take(",") && s_.run("").empty()) s_.fail("directive of " + function.name);
  }
  function.address = FunctionBase + module_.functions.size() * 16;
  module_.functions.push_back(std::move(made));
  if (s_.peek() == '{') body(function);
  else s_.expect(";");
  scope_ = scope_->parent;
}

// What may be named before it is declared: functions; and dynamic shared memory, which lies behind all other.
void Parser::resolve() {
  module_.sharedBytes = aligned(module_.sharedBytes, 16);
  for (auto &variable : module_.variables)
    if (variable->isDynamic) variable->offset = aligned(module_.sharedBytes, variable->align);
  // An extern declaration means the definition.
  for (auto &variable : module_.variables)
    if (variable->isExtern && !variable->isDynamic)
      if (const Variable *defined = module_.variable(variable->name); defined != variable.get())
        variable->offset = defined->offset, variable->bytes = 0;
  auto name = [&](auto &&self, Operand &operand, uint32_t line) -> void {
    for (Operand &part : operand.parts) self(self, part, line);
    if (operand.kind != Operand::FunctionName) return;
    std::string target = operand.name;
    for (auto &[alias, aliasee] : aliases_)
      if (alias == target) target = aliasee;
    operand.function = module_.function(target);
  };
  for (auto &function : module_.functions)
    for (Instruction &instruction : function->code)
      for (Operand &operand : instruction.operands) name(name, operand, instruction.line);
}

std::shared_ptr<const Module> parse(std::string_view text, std::string &problem) {
  auto module = std::make_shared<Module>();
  problem.clear();
  try {
    Parser(text, *module).parseModule();
  } catch (const SyntaxError &error) {
    problem = error.what();
    return nullptr;
  }
  return module;
}

}  // namespace cutrans::reference
