// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/reference/scanner.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

namespace cutrans::reference {

void Scanner::fail(const std::string &what) const { throw SyntaxError("line " + std::to_string(line_) + ": " + what); }

void Scanner::advance(size_t count) {
  for (; count && at_ < text_.size(); --count)
    if (text_[at_++] == '\n') ++line_;
}

void Scanner::skip() {
  for (;;) {
    while (at_ < text_.size() && (std::isspace(static_cast<unsigned char>(text_[at_])) || !text_[at_])) advance(1);
    if (peek() == '/' && peek(1) == '/') {
      while (at_ < text_.size() && text_[at_] != '\n') advance(1);
    } else if (peek() == '/' && peek(1) == '*') {
      size_t end = text_.find("*/", at_ + 2);
      advance((end == text_.npos ? text_.size() : end + 2) - at_);
    } else {
      return;
    }
  }
}

bool Scanner::take(std::string_view what) {
  if (text_.substr(at_, what.size()) != what) return false;
  advance(what.size());
  skip();
  return true;
}

void Scanner::expect(std::string_view what) {
  if (!take(what)) fail("expected " + std::string(what) + " before " + std::string(text_.substr(at_, 20)));
}

std::string Scanner::run(std::string_view more) {
  size_t begin = at_;
  while (at_ < text_.size()) {
    char c = text_[at_];
    if (!std::isalnum(static_cast<unsigned char>(c)) && !std::strchr("_$%", c) && more.find(c) == more.npos) break;
    ++at_;
  }
  std::string result(text_.substr(begin, at_ - begin));
  skip();
  return result;
}

std::string Scanner::opcode() {
  size_t begin = at_;
  while (at_ < text_.size()) {
    char c = text_[at_];
    if (c == ':' && peek(1) == ':') ++at_;
    else if (!std::isalnum(static_cast<unsigned char>(c)) && !std::strchr("_$%.", c)) break;
    ++at_;
  }
  std::string result(text_.substr(begin, at_ - begin));
  skip();
  return result;
}

std::string Scanner::word() { return run(""); }

Operand Scanner::number() {
  Operand result;
  result.kind = Operand::Integer;
  if (!atNumber()) fail("expected a number before " + std::string(text_.substr(at_, 20)));
  char second = char(std::tolower(peek(1)));
  if (peek() == '0' && (second == 'f' || second == 'd')) {
    std::string digits = run("").substr(2);
    result.kind = second == 'f' ? Operand::Single : Operand::Double;
    result.value = std::strtoull(digits.c_str(), nullptr, 16);
    return result;
  }
  // A decimal floating literal has a point or an exponent.
  size_t end = at_;
  bool real = false;
  if (second != 'x' && second != 'b')
    for (; end < text_.size(); ++end) {
      char c = text_[end];
      if (c == '.' || ((c == 'e' || c == 'E') && end > at_)) real = true;
      else if ((c == '+' || c == '-') && std::strchr("eE", text_[end - 1]) && end > at_) {}
      else if (!std::isdigit(static_cast<unsigned char>(c))) break;
    }
  if (real) {
    double value = std::strtod(std::string(text_.substr(at_, end - at_)).c_str(), nullptr);
    at_ = end;
    skip();
    result.kind = Operand::Double;
    std::memcpy(&result.value, &value, 8);
    return result;
  }
  std::string digits = run("");
  if (digits.back() == 'U') digits.pop_back();
  if (digits.size() > 2 && digits[0] == '0' && std::tolower(digits[1]) == 'b')
    result.value = std::strtoull(digits.c_str() + 2, nullptr, 2);
  else
    result.value = std::strtoull(digits.c_str(), nullptr, 0);
  return result;
}

Scanner::Value Scanner::primary() {
  if (take("(")) {
    if (take(".s64")) { expect(")"); Value v = primary(); return {v.bits, false}; }
    if (take(".u64")) { expect(")"); Value v = primary(); return {v.bits, true}; }
    Value value = ternary();
    expect(")");
    return value;
  }
  if (take("-")) { Value v = primary(); return {-v.bits, v.isUnsigned}; }
  if (take("+")) return primary();
  if (take("~")) { Value v = primary(); return {~v.bits, v.isUnsigned}; }
  if (take("!")) { Value v = primary(); return {uint64_t(!v.bits), false}; }
  if (take("WARP_SZ")) return {32, false};
  Operand operand = number();
  if (operand.kind != Operand::Integer) fail("a floating-point value in an integer expression");
  return {operand.value, operand.value > INT64_MAX};
}

// Levels of binding, loosest first: || && | ^ & (== !=) (< <= > >=) (<< >>) (+ -) (* / %)
Scanner::Value Scanner::binary(int level) {
  static const std::initializer_list<std::string_view> Levels[] = {
      {"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<=", ">=", "<", ">"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}};
  if (level == 10) return primary();
  Value left = binary(level + 1);
  for (;;) {
    std::string_view op;
    for (std::string_view candidate : Levels[level]) {
      // `|` is not half of `||`, `<` not half of `<<`.
      char next = peek(candidate.size());
      if (text_.substr(at_, candidate.size()) != candidate) continue;
      if (candidate.size() == 1 && std::strchr("|&<>", candidate[0]) && next == candidate[0]) continue;
      op = candidate;
      break;
    }
    if (op.empty() || !take(op)) return left;
    Value right = binary(level + 1);
    bool u = left.isUnsigned || right.isUnsigned;
    uint64_t a = left.bits, b = right.bits;
    int64_t x = int64_t(a), y = int64_t(b);
    if ((op == "/" || op == "%") && !b) fail("division by zero");
    if (op == "||") left = {uint64_t(a || b), false};
    else if (op == "&&") left = {uint64_t(a && b), false};
    else if (op == "|") left = {a | b, u};
    else if (op == "^") left = {a ^ b, u};
    else if (op == "&") left = {a & b, u};
    else if (op == "==") left = {uint64_t(a == b), false};
    else if (op == "!=") left = {uint64_t(a != b), false};
    else if (op == "<=") left = {uint64_t(u ? a <= b : x <= y), false};
    else if (op == ">=") left = {uint64_t(u ? a >= b : x >= y), false};
    else if (op == "<") left = {uint64_t(u ? a < b : x < y), false};
    else if (op == ">") left = {uint64_t(u ? a > b : x > y), false};
    else if (op == "<<") left = {b < 64 ? a << b : 0, left.isUnsigned};
    else if (op == ">>") left = {left.isUnsigned ? (b < 64 ? a >> b : 0) : uint64_t(x >> (b < 64 ? b : 63)), left.isUnsigned};
    else if (op == "+") left = {a + b, u};
    else if (op == "-") left = {a - b, u};
    else if (op == "*") left = {a * b, u};
    else if (op == "/") left = {u || b == ~0ull ? (u ? a / b : -a) : uint64_t(x / y), u};
    else left = {u || b == ~0ull ? (u ? a % b : 0) : uint64_t(x % y), u};
  }
}

Scanner::Value Scanner::ternary() {
  Value condition = binary(0);
  if (!take("?")) return condition;
  Value yes = ternary();
  expect(":");
  Value no = ternary();
  return condition.bits ? yes : no;
}

Operand Scanner::constant() {
  bool minus = false;
  char c = peek();
  size_t ahead = 0;
  if (c == '-' || c == '+') {
    ahead = 1;
    while (peek(ahead) == ' ') ++ahead;
  }
  // A floating literal stands alone, with a sign at most.
  auto isReal = [&] {
    char first = peek(ahead), second = char(std::tolower(peek(ahead + 1)));
    if (first == '0' && (second == 'f' || second == 'd')) return true;
    if (!std::isdigit(static_cast<unsigned char>(first)) || second == 'x') return false;
    size_t i = ahead;
    while (std::isdigit(static_cast<unsigned char>(peek(i)))) ++i;
    return peek(i) == '.' || peek(i) == 'e' || peek(i) == 'E';
  };
  if (isReal()) {
    if (c == '-') minus = true;
    if (ahead) take(std::string_view(&c, 1));
    Operand result = number();
    if (minus) result.value ^= result.kind == Operand::Single ? 1ull << 31 : 1ull << 63;
    return result;
  }
  Operand result;
  result.kind = Operand::Integer;
  result.value = ternary().bits;
  return result;
}

std::string Scanner::quoted() {
  if (peek() != '"') fail("expected a string");
  size_t end = text_.find('"', at_ + 1);
  if (end == text_.npos) fail("a string without end");
  std::string result(text_.substr(at_ + 1, end - at_ - 1));
  advance(end + 1 - at_);
  skip();
  return result;
}

void Scanner::skipBraces() {
  expect("{");
  for (int depth = 1; depth && !atEnd();) {
    if (peek() == '{') ++depth;
    if (peek() == '}') --depth;
    if (peek() == '"') quoted();
    else advance(1), skip();
  }
}

void Scanner::skipTo(char end) {
  while (!atEnd() && peek() != end) {
    if (peek() == '"') quoted();
    else advance(1), skip();
  }
  if (!atEnd()) advance(1), skip();
}

}  // namespace cutrans::reference
