// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operands (manual section 6), read without knowing the instruction; its row is checked afterwards.
#include "compiler/ptx/body_parser_impl.h"

namespace cutrans::ptx {
namespace {

// .x .y .z .w or .r .g .b .a of a vector; -1: none.
int vectorComponent(std::string_view word) {
  if (word.size() != 1) return -1;
  constexpr std::string_view kNames = "xyzwrgba";
  size_t at = kNames.find(word[0]);
  return at == std::string_view::npos ? -1 : static_cast<int>(at % 4);
}

// .b0 .h1 .b3210 .h10: parts of a register in video instructions.
bool isSelector(std::string_view word) {
  if (word.size() < 2 || word.size() > 5 || (word[0] != 'b' && word[0] != 'h')) return false;
  for (char c : word.substr(1))
    if (c < '0' || c > '7') return false;
  return true;
}

}  // namespace

void BodyParser::undeclared(const Token &name) {
  lexer_.fail(Diag::ptx_undeclared, name.offset, "nothing declares " + describe(name));
}

void BodyParser::noteSymbol(const SymbolRef &symbol) {
  if (symbol.kind == SymbolKind::Function) {
    if (noted_taken_.insert(symbol.function).second) taken_.push_back(symbol.function);
  } else if (symbol.kind == SymbolKind::Variable) {
    if (noted_.insert(symbol.variable).second) module_variables_.push_back(symbol.variable);
  }
}

void BodyParser::noteCalled(const Function &function) {
  if (noted_.insert(&function).second) functions_.push_back(&function);
}

bool BodyParser::resolveSymbol(std::string_view name, SymbolRef &out) {
  out = outer_(name);
  return out.kind != SymbolKind::None;
}

Operand BodyParser::takeNumberOperand() {
  Constant constant = takeConstant(lexer_);
  Operand operand;
  operand.bits = constant.bits;
  operand.is_unsigned = constant.is_unsigned;
  operand.kind = constant.kind == Constant::Kind::Integer   ? OperandKind::Integer
                 : constant.kind == Constant::Kind::Float32 ? OperandKind::Float32
                                                            : OperandKind::Float64;
  return operand;
}

// What may follow a name: +8, -8, +-8.
void BodyParser::takeOffset(Operand &operand, bool in_brackets) {
  if (!(lexer_.peek().is('+') || lexer_.peek().is('-'))) return;
  if (!in_brackets && operand.kind != OperandKind::Symbol) return;
  if (lexer_.peek().is('+')) lexer_.take();
  size_t offset = lexer_.peek().offset;
  Constant constant = takeConstant(lexer_);
  if (constant.kind != Constant::Kind::Integer) lexer_.fail(Diag::ptx_operands, offset, "an offset is no integer");
  operand.offset = static_cast<int64_t>(constant.bits);
}

Operand BodyParser::takeNamed(unsigned depth) {
  Token name = lexer_.take();
  Operand operand;
  if (name.text == "_") {
    operand.kind = OperandKind::Sink;
  } else if (auto found = scopes_.find(name.text)) {
    if (found->kind == BodyName::Kind::Register) {
      operand.kind = OperandKind::Register;
      operand.reg = found->index;
      bool selected = lexer_.peek().kind == TokenKind::Dotted && lexer_.peek().glued;
      if (selected && found->width > 1) {
        int component = vectorComponent(lexer_.peek().word());
        if (component < 0 || component >= found->width)
          lexer_.fail(Diag::ptx_operands, "a vector register has no part " + describe(lexer_.peek()));
        lexer_.take();
        operand.reg += static_cast<uint32_t>(component);
      } else if (selected) {
        if (!isSelector(lexer_.peek().word()))
          lexer_.fail(Diag::ptx_operands, "a register has no part " + describe(lexer_.peek()));
        operand.selector = lexer_.take().word();
      } else if (found->width > 1) {
        std::vector<Operand> parts(found->width, operand);
        for (unsigned i = 0; i < found->width; ++i) parts[i].reg += i;
        operand = {};
        operand.kind = OperandKind::Vector;
        operand.elements = keep(parts);
      }
    } else {
      operand.kind = OperandKind::Symbol;
      operand.symbol.index = found->index;
      operand.symbol.kind = found->kind == BodyName::Kind::Local   ? SymbolKind::Local
                            : found->kind == BodyName::Kind::Param ? SymbolKind::Param
                                                                   : SymbolKind::Result;
    }
  } else if (name.text[0] == '%') {
    operand.special = findSpecial(name.text.substr(1), operand.component);
    if (operand.special == Special::None) undeclared(name);
    operand.kind = OperandKind::Special;
    if (specialComponents(operand.special) > 1) {
      if (lexer_.peek().kind == TokenKind::Dotted && lexer_.peek().glued) {
        int component = vectorComponent(lexer_.peek().word());
        if (component < 0) lexer_.fail(Diag::ptx_operands, "a special register has no part " + describe(lexer_.peek()));
        lexer_.take();
        operand.component = static_cast<uint8_t>(component);
      } else {
        std::vector<Operand> parts(4, operand);
        for (uint8_t i = 0; i < 4; ++i) parts[i].component = i;
        operand = {};
        operand.kind = OperandKind::Vector;
        operand.elements = keep(parts);
      }
    }
  } else if (resolveSymbol(name.text, operand.symbol)) {
    operand.kind = OperandKind::Symbol;
    if (!callee_) noteSymbol(operand.symbol);
  } else {
    undeclared(name);
  }
  return takePair(operand, depth);
}

// `|p` behind a destination, where there is one.
Operand BodyParser::takePair(const Operand &destination, unsigned depth) {
  if (!lexer_.peek().is('|')) return destination;
  lexer_.take();
  if (lexer_.peek().kind != TokenKind::Identifier || depth) lexer_.fail(Diag::ptx_operands, "expected a register after `|`");
  std::vector<Operand> parts{destination, takeNamed(1)};
  Operand operand;
  operand.kind = OperandKind::Pair;
  operand.elements = keep(parts);
  return operand;
}

Operand BodyParser::takeAddress(unsigned depth) {
  size_t open = lexer_.take().offset;
  Operand operand;
  if (lexer_.peek().kind == TokenKind::Identifier && !startsConstant(lexer_.peek())) {
    operand = takeNamed(1);
    if (operand.kind == OperandKind::Register && operand.selector.empty())
      operand.base_is_register = true;
    else if (operand.kind != OperandKind::Symbol)
      lexer_.fail(Diag::ptx_operands, open, "an address is neither register nor symbol nor number");
    takeOffset(operand, true);
  } else {
    Constant constant = takeConstant(lexer_);
    if (constant.kind != Constant::Kind::Integer) lexer_.fail(Diag::ptx_operands, open, "an address is no integer");
    operand.offset = static_cast<int64_t>(constant.bits);
  }
  operand.kind = OperandKind::Address;
  std::vector<Operand> more;
  while (lexer_.accept(',')) more.push_back(takeOperand(depth + 1));
  lexer_.expect(']', "after an address");
  operand.elements = keep(more);
  return operand;
}

Operand BodyParser::takeList(char close, OperandKind kind, unsigned depth) {
  lexer_.take();
  std::vector<Operand> elements;
  if (!lexer_.peek().is(close)) {
    do elements.push_back(takeOperand(depth + 1));
    while (lexer_.accept(','));
  }
  lexer_.expect(close, "after a list of operands");
  Operand operand;
  operand.kind = kind;
  operand.elements = keep(elements);
  return operand;
}

// A register, possibly with `!`.
Operand BodyParser::takePredicate() {
  lexer_.take();
  Operand operand = takeNamed(1);
  if (operand.kind != OperandKind::Register) lexer_.fail(Diag::ptx_operands, "`!` stands before a predicate register only");
  operand.negated = true;
  return operand;
}

Operand BodyParser::takeLabelUse(OperandKind kind) {
  Token name = lexer_.identifier("a label");
  open_labels_.push_back({operands_.size(), name.text, name.offset, kind});
  Operand operand;
  operand.kind = kind;
  return operand;
}

Operand BodyParser::takeOperand(unsigned depth) {
  if (depth > kMaxNesting) lexer_.fail(Diag::ptx_limit, "operands are nested too deeply");
  const Token &token = lexer_.peek();
  if (token.is('[')) return takeAddress(depth);
  if (token.is('{')) return takePair(takeList('}', OperandKind::Vector, depth), depth);
  if (token.is('!')) {
    Lexer ahead = lexer_;
    ahead.take();
    if (ahead.peek().kind == TokenKind::Identifier && !startsConstant(ahead.peek())) return takePredicate();
  }
  if (token.is('-')) {
    Lexer ahead = lexer_;
    ahead.take();
    if (ahead.peek().kind == TokenKind::Identifier && !startsConstant(ahead.peek())) {
      lexer_.take();
      Operand operand = takeNamed(1);
      if (operand.kind != OperandKind::Register) lexer_.fail(Diag::ptx_operands, "`-` stands before a register only");
      operand.minus = true;
      return operand;
    }
  }
  if (startsConstant(token)) return takeNumberOperand();
  if (token.kind == TokenKind::Identifier) {
    Operand operand = takeNamed(depth);
    if (operand.kind == OperandKind::Symbol) takeOffset(operand, false);
    return operand;
  }
  lexer_.fail(token.kind == TokenKind::End ? Diag::ptx_truncated : Diag::ptx_syntax,
              "expected an operand, found " + describe(token));
}

}  // namespace cutrans::ptx
