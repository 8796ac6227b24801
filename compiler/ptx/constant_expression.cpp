// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constant expressions (manual section 4.6): C's operators and precedences on 64-bit integers; an operation is unsigned
// where one operand is. Wraps like the hardware; what C leaves undefined is defined here or an error.
#include "compiler/ptx/lexer.h"

namespace cutrans::ptx {
namespace {

using Kind = Constant::Kind;

constexpr uint64_t kWarpSize = 32;

struct Operator {
  char text[3];
  int precedence;
};
constexpr Operator kOperators[] = {{"||", 1}, {"&&", 2}, {"|", 3},  {"^", 4},  {"&", 5}, {"==", 6}, {"!=", 6},
                                   {"<=", 7}, {">=", 7}, {"<<", 8}, {">>", 8}, {"<", 7}, {">", 7},  {"+", 9},
                                   {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10}};

// The operator that starts at the token looked at; nothing is taken. Two-character ones come first in the text.
const Operator *peekOperator(const Lexer &lexer) {
  const Token &token = lexer.peek();
  // `%` starts identifiers for the lexer; alone it is the remainder.
  if (token.kind != TokenKind::Punct && !token.isWord("%")) return nullptr;
  std::string_view rest = lexer.text().substr(token.offset, std::min<size_t>(2, lexer.end() - token.offset));
  for (const Operator &op : kOperators)
    if (op.text[1] && rest == op.text) return &op;
  for (const Operator &op : kOperators)
    if (!op.text[1] && rest[0] == op.text[0]) return &op;
  return nullptr;
}

class Expression {
 public:
  explicit Expression(Lexer &lexer) : lexer_(lexer) {}

  Constant ternary(unsigned depth) {
    Constant condition = binary(0, depth);
    if (!lexer_.peek().is('?')) return condition;
    integer(condition);
    lexer_.take();
    Constant yes = ternary(deeper(depth));
    lexer_.expect(':', "in `? :`");
    Constant no = ternary(deeper(depth));
    return condition.bits ? yes : no;
  }

 private:
  unsigned deeper(unsigned depth) const {
    if (depth >= kMaxNesting) lexer_.fail(Diag::ptx_limit, "an expression is nested too deeply");
    return depth + 1;
  }
  void integer(const Constant &c) const {
    if (c.kind != Kind::Integer) lexer_.fail(Diag::ptx_number, "an operator on a floating-point constant");
  }

  Constant binary(int least, unsigned depth) {
    Constant left = unary(depth);
    while (const Operator *op = peekOperator(lexer_)) {
      if (op->precedence <= least) break;
      integer(left);
      lexer_.take();
      if (op->text[1]) lexer_.take();
      Constant right = binary(op->precedence, deeper(depth));
      integer(right);
      left = apply(*op, left, right);
    }
    return left;
  }

  Constant unary(unsigned depth) {
    const Token &token = lexer_.peek();
    if (token.is('-') || token.is('+') || token.is('!') || token.is('~')) {
      char op = lexer_.take().text[0];
      Constant value = unary(deeper(depth));
      if (op == '-' && value.kind == Kind::Float64) value.bits ^= uint64_t{1} << 63;
      else if (op == '-' && value.kind == Kind::Float32) value.bits ^= uint64_t{1} << 31;
      else if (op != '+') integer(value);
      if (value.kind != Kind::Integer) return value;
      if (op == '-') value.bits = 0 - value.bits;
      if (op == '~') value.bits = ~value.bits;
      if (op == '!') value = {Kind::Integer, false, value.bits == 0};
      return value;
    }
    if (token.is('(')) {
      lexer_.take();
      if (lexer_.peek().isDotted("s64") || lexer_.peek().isDotted("u64")) {
        bool to_unsigned = lexer_.take().word() == "u64";
        lexer_.expect(')', "after a cast");
        Constant value = unary(deeper(depth));
        integer(value);
        value.is_unsigned = to_unsigned;
        return value;
      }
      Constant value = ternary(deeper(depth));
      lexer_.expect(')', "in an expression");
      return value;
    }
    if (token.isWord("WARP_SZ")) {
      lexer_.take();
      return {Kind::Integer, false, kWarpSize};
    }
    return takeNumber(lexer_);
  }

  Constant apply(const Operator &op, const Constant &a, const Constant &b) const {
    bool is_unsigned = a.is_unsigned || b.is_unsigned;
    uint64_t x = a.bits, y = b.bits;
    auto sx = static_cast<int64_t>(x), sy = static_cast<int64_t>(y);
    auto number = [&](uint64_t value) { return Constant{Kind::Integer, is_unsigned, value}; };
    auto truth = [](bool value) { return Constant{Kind::Integer, false, value}; };
    switch (op.text[0]) {
      case '+': return number(x + y);
      case '-': return number(x - y);
      case '*': return number(x * y);
      case '/':
      case '%': {
        bool divide = op.text[0] == '/';
        if (!y) lexer_.fail(Diag::ptx_number, "division by zero in a constant");
        if (is_unsigned) return number(divide ? x / y : x % y);
        if (sy == -1) return number(divide ? 0 - x : 0);
        return number(static_cast<uint64_t>(divide ? sx / sy : sx % sy));
      }
      case '^': return number(x ^ y);
      case '&': return op.text[1] ? truth(x && y) : number(x & y);
      case '|': return op.text[1] ? truth(x || y) : number(x | y);
      case '=': return truth(x == y);
      case '!': return truth(x != y);
      default: break;
    }
    bool less = is_unsigned ? x < y : sx < sy;
    if (op.text[0] == '<') {
      if (op.text[1] == '<') return {Kind::Integer, a.is_unsigned, y < 64 ? x << y : 0};
      return truth(less || (op.text[1] == '=' && x == y));
    }
    if (op.text[1] == '>') {
      if (a.is_unsigned) return {Kind::Integer, true, y < 64 ? x >> y : 0};
      return {Kind::Integer, false, static_cast<uint64_t>(sx >> (y < 63 ? y : 63))};
    }
    return truth(op.text[1] == '=' ? !less : !less && x != y);
  }

  Lexer &lexer_;
};

}  // namespace

Constant takeConstant(Lexer &lexer, unsigned depth) { return Expression(lexer).ternary(depth); }

bool startsConstant(const Token &token) {
  return token.kind == TokenKind::Number || token.is('-') || token.is('+') || token.is('(') || token.is('!') ||
         token.is('~') || token.isWord("WARP_SZ");
}

}  // namespace cutrans::ptx
