// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions: the guard, the dotted words, the operands, each checked against the row in instructions.def.
#include "compiler/ptx/body_parser_impl.h"

namespace cutrans::ptx {
namespace {

bool isValue(const Operand &o) {
  switch (o.kind) {
    case OperandKind::Register: return !o.negated && !o.minus;
    case OperandKind::Integer:
    case OperandKind::Float32:
    case OperandKind::Float64:
    case OperandKind::Symbol:
    case OperandKind::Special: return true;
    default: return false;
  }
}

bool isVector(const Operand &o) {
  if (o.kind != OperandKind::Vector) return false;
  for (const Operand &element : o.elements)
    if (!isValue(element) && element.kind != OperandKind::Sink) return false;
  return true;
}

bool isDestination(const Operand &o) {
  return (o.kind == OperandKind::Register && !o.negated && !o.minus) || o.kind == OperandKind::Sink;
}

bool isDestinationVector(const Operand &o) {
  if (o.kind != OperandKind::Vector) return false;
  for (const Operand &element : o.elements)
    if (!isDestination(element)) return false;
  return true;
}

bool isOfLetter(const Operand &o, char letter) {
  switch (letter) {
    case 'd': return isDestination(o);
    case 'D': return isDestination(o) || isDestinationVector(o);
    case 'q':
      return isDestination(o) ||
             (o.kind == OperandKind::Pair && isDestination(o.elements[0]) && isDestination(o.elements[1]));
    case 'Q':
      return isOfLetter(o, 'D') || (o.kind == OperandKind::Pair && isDestinationVector(o.elements[0]) && isDestination(o.elements[1]));
    case 'r': return isValue(o);
    case 'v': return isValue(o) || (o.kind == OperandKind::Register && !o.negated);
    case 'R': return isValue(o) || isVector(o);
    case 'p': return (o.kind == OperandKind::Register && !o.minus) || o.kind == OperandKind::Integer;
    case 'm': return o.kind == OperandKind::Address;
    case 'i': return o.kind == OperandKind::Integer;
    case 'l': return o.kind == OperandKind::Label;
    case 't': return o.kind == OperandKind::Table || o.kind == OperandKind::Prototype;
    default: return true;
  }
}

// "3", "2 to 4", "2 or 3"
std::string countText(std::string_view shapes) {
  std::string text;
  while (true) {
    size_t space = shapes.find(' ');
    std::string_view shape = shapes.substr(0, space);
    size_t optional = shape.find('?');
    size_t most = shape.size() - (optional != std::string_view::npos);
    if (!text.empty()) text += " or ";
    text += optional == std::string_view::npos ? std::to_string(most)
                                               : std::to_string(optional) + " to " + std::to_string(most);
    if (space == std::string_view::npos) return text;
    shapes.remove_prefix(space + 1);
  }
}

}  // namespace

void BodyParser::takeGuard(Instruction &instruction) {
  lexer_.take();
  instruction.guarded = true;
  instruction.guard_negated = lexer_.accept('!');
  Token name = lexer_.identifier("a predicate register");
  auto found = scopes_.find(name.text);
  if (!found) undeclared(name);
  if (found->kind != BodyName::Kind::Register || scopes_.registers()[found->index].type != Type::Pred)
    lexer_.fail(Diag::ptx_operands, name.offset, "the guard " + describe(name) + " is no predicate register");
  instruction.guard = found->index;
}

// The opcode with all its dotted words.
void BodyParser::takeWords(Instruction &instruction) {
  Token base = lexer_.identifier("an instruction");
  words_.clear();
  word_offsets_.clear();
  while (lexer_.peek().kind == TokenKind::Dotted) {
    word_offsets_.push_back(lexer_.peek().offset);
    words_.push_back(lexer_.take().word());
  }
  size_t used = 0;
  instruction.opcode = findOpcode(base.text, words_.data(), words_.size(), used);
  if (instruction.opcode == Opcode::None)
    lexer_.fail(Diag::ptx_unknown_instruction, base.offset, "unknown instruction " + describe(base));
  const Grammar &row = grammar(instruction.opcode);

  mods_.clear();
  types_.clear();
  uint8_t uses[64] = {};
  for (size_t i = used; i < words_.size(); ++i) {
    std::string_view word = words_[i];
    auto fail = [&](Diag code, const char *reason) {
      lexer_.fail(code, word_offsets_[i], std::string(row.spelling) + " " + reason + " `." + excerpt(word) + "`");
    };
    if (Type type = findType(word); type != Type::None) {
      size_t slot = types_.size();
      if (row.types_repeat && slot >= row.type_slots) slot = row.type_slots - 1u;
      if (slot >= row.type_slots) fail(Diag::ptx_type, "has no place for the type");
      if (!(row.slots[slot] & bit(type))) fail(Diag::ptx_type, "cannot have the type");
      types_.push_back(type);
      continue;
    }
    bool known = false;
    Mod mod = findMod(word, row.groups, known);
    if (mod == Mod::None) fail(Diag::ptx_modifier, known ? "does not take the modifier" : "has the unknown modifier");
    auto mod_group = static_cast<size_t>(group(mod));
    if (++uses[mod_group] > groupLimit(group(mod))) fail(Diag::ptx_modifier, "has one modifier of this kind too many:");
    if (group(mod) == ModGroup::Vector)
      instruction.vector = mod == Mod::V2 ? 2 : mod == Mod::V4 ? 4 : 8;
    if (instruction.space == Space::None) instruction.space = spaceOf(mod);
    mods_.push_back(mod);
  }
  if (types_.size() < row.types_needed)
    lexer_.fail(Diag::ptx_type, base.offset, std::string(row.spelling) + " needs a type");
  instruction.modifiers = keep(mods_);
  instruction.types = keep(types_);
}

// call {(result)}, callee {, (arguments)} {, prototype};
void BodyParser::takeCall() {
  auto list = [&] {
    if (lexer_.peek().is('(')) return takeList(')', OperandKind::List, 0);
    Operand empty;
    empty.kind = OperandKind::List;
    return empty;
  };
  bool results = lexer_.peek().is('(');
  operands_.push_back(list());
  if (results) lexer_.expect(',', "after the results of a call");
  size_t callee_offset = lexer_.peek().offset;
  callee_ = true;
  Operand callee = takeOperand();
  callee_ = false;
  bool direct = callee.kind == OperandKind::Symbol && callee.symbol.kind == SymbolKind::Function && !callee.offset;
  if (!direct && callee.kind != OperandKind::Register)
    lexer_.fail(Diag::ptx_operands, callee_offset, "what is called is no function");
  operands_.push_back(callee);
  bool more = lexer_.accept(',');
  bool arguments = more && lexer_.peek().is('(');
  operands_.push_back(list());  // empty where no parenthesis follows
  if (arguments) more = lexer_.accept(',');
  if (more) operands_.push_back(takeLabelUse(OperandKind::Prototype));
  if (!direct && operands_.size() != 4)
    lexer_.fail(Diag::ptx_operands, callee_offset, "an indirect call needs .calltargets or .callprototype");
  if (!direct) return;
  const Function &f = *callee.symbol.function;
  noteCalled(f);
  auto count = [&](const Operand &given, std::span<const Variable> formals, const char *what) {
    if (given.elements.size() != formals.size())
      lexer_.fail(Diag::ptx_operands, callee_offset,
                  "`" + excerpt(f.name) + "` has " + std::to_string(formals.size()) + " " + what + ", the call " +
                      std::to_string(given.elements.size()));
  };
  count(operands_[0], f.results, "results");
  count(operands_[2], f.params, "parameters");
  if (f.entry) lexer_.fail(Diag::ptx_operands, callee_offset, "a kernel cannot be called");
}

bool BodyParser::fits(std::string_view shape) const {
  size_t at = 0;
  bool optional = false;
  for (char letter : shape) {
    if (letter == '?') {
      optional = true;
      continue;
    }
    if (at == operands_.size()) return optional;
    if (!isOfLetter(operands_[at], letter)) return false;
    ++at;
  }
  return at == operands_.size();
}

void BodyParser::takeOperands(Instruction &instruction) {
  operands_.clear();
  open_labels_.clear();
  const Grammar &row = grammar(instruction.opcode);
  size_t offset = lexer_.peek().offset;
  if (instruction.opcode == Opcode::Call) {
    takeCall();
  } else if (!lexer_.peek().is(';')) {
    do {
      bool label = instruction.opcode == Opcode::Bra;
      bool table = instruction.opcode == Opcode::BrxIdx && operands_.size() == 1;
      operands_.push_back(label   ? takeLabelUse(OperandKind::Label)
                          : table ? takeLabelUse(OperandKind::Table)
                                  : takeOperand());
    } while (lexer_.accept(','));
  }
  lexer_.expect(';', "after an instruction");
  std::string_view shapes = row.shapes;
  while (true) {
    size_t space = shapes.find(' ');
    if (fits(shapes.substr(0, space))) break;
    if (space == std::string_view::npos)
      lexer_.fail(Diag::ptx_operands, offset,
                  std::string(row.spelling) + " takes " + countText(row.shapes) + " operands, or other kinds than these " +
                      std::to_string(operands_.size()));
    shapes.remove_prefix(space + 1);
  }
  instruction.operands = keep(operands_);
  for (const OpenLabel &open : open_labels_) {
    auto *operand = const_cast<Operand *>(&instruction.operands[open.operand]);  // of our own arena, not yet published
    LabelCheck &check = label_checks_.emplace_back(LabelCheck{LabelKind::Instruction, open.wanted, operand, open.offset});
    scopes_.useLabel(open.name, open.offset, &operand->reg, &check.kind);
  }
}

void BodyParser::takeInstruction() {
  Instruction instruction;
  size_t begin = lexer_.peek().offset;
  instruction.location = context_.locate(begin);
  instruction.line_info = static_cast<uint32_t>(line_infos_.size() - 1);
  if (lexer_.peek().is('@')) takeGuard(instruction);
  takeWords(instruction);
  takeOperands(instruction);
  size_t end = lexer_.lastEnd() - 1;  // the semicolon
  while (end > begin && (unit_.text[end - 1] == ' ' || unit_.text[end - 1] == '\t')) --end;
  instruction.text = unit_.text.substr(begin, end - begin);
  instructions_.push_back(instruction);
}

}  // namespace cutrans::ptx
