// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Words of PTX text. Any byte sequence is legal input: what is no PTX token becomes a Punct of one byte, which no rule
// of the grammar takes.
#include "compiler/ptx/lexer.h"

#include <array>
#include <bit>
#include <charconv>

namespace cutrans::ptx {
namespace {

enum : uint8_t { kStart = 1, kFollow = 2, kDigit = 4, kBlank = 8 };

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 32] = kStart | kFollow;
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = kFollow | kDigit;
  classes['_'] = classes['$'] = kStart | kFollow;
  classes['%'] = kStart;
  for (unsigned char c : {' ', '\t', '\n', '\r', '\f', '\v'}) classes[c] = kBlank;
  return classes;
}();

bool is(char c, uint8_t cls) { return kClasses[static_cast<unsigned char>(c)] & cls; }
bool isHex(char c) { return is(c, kDigit) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

void Lexer::skipBlank() {
  while (at_ < end_) {
    if (is(text_[at_], kBlank)) {
      ++at_;
    } else if (text_[at_] == '/' && at_ + 1 < end_ && text_[at_ + 1] == '/') {
      size_t newline = text_.find('\n', at_);
      at_ = newline == std::string_view::npos || newline > end_ ? end_ : newline;
    } else if (text_[at_] == '/' && at_ + 1 < end_ && text_[at_ + 1] == '*') {
      size_t close = text_.find("*/", at_ + 2);
      if (close == std::string_view::npos || close + 2 > end_)
        fail(Diag::ptx_truncated, at_, "a comment is never closed");
      at_ = close + 2;
    } else {
      return;
    }
  }
}

// One past the number that starts at `at`.
size_t Lexer::scanNumber(size_t at) const {
  auto letter = [&](size_t i) { return i < end_ ? static_cast<char>(text_[i] | 32) : '\0'; };
  char second = letter(at + 1);
  bool coded = text_[at] == '0' && (second == 'x' || second == 'f' || second == 'd' || second == 'b');
  if (coded) {
    at += 2;
    while (at < end_ && isHex(text_[at])) ++at;
    if (letter(at) == 'u') ++at;
    return at;
  }
  while (at < end_ && is(text_[at], kDigit)) ++at;
  bool fraction = at + 1 < end_ && text_[at] == '.' && !is(text_[at + 1], kStart);
  if (fraction) {
    ++at;
    while (at < end_ && is(text_[at], kDigit)) ++at;
  }
  if (letter(at) == 'e') {
    size_t digits = at + 1;
    if (digits < end_ && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
    if (digits < end_ && is(text_[digits], kDigit)) {
      at = digits;
      while (at < end_ && is(text_[at], kDigit)) ++at;
    }
  }
  if (letter(at) == 'u') ++at;
  return at;
}

void Lexer::advance() {
  size_t before = at_;
  skipBlank();
  token_.glued = before == at_;
  token_.offset = at_;
  if (at_ >= end_) {
    token_.kind = TokenKind::End;
    token_.text = {};
    return;
  }
  size_t begin = at_;
  char c = text_[at_];
  if (is(c, kStart)) {
    token_.kind = TokenKind::Identifier;
    do ++at_;
    while (at_ < end_ && is(text_[at_], kFollow));
  } else if (is(c, kDigit)) {
    token_.kind = TokenKind::Number;
    at_ = scanNumber(at_);
  } else if (c == '.' && at_ + 1 < end_ && is(text_[at_ + 1], kFollow)) {
    token_.kind = TokenKind::Dotted;
    for (++at_; at_ < end_; ++at_) {
      if (is(text_[at_], kFollow)) continue;
      if (text_[at_] == ':' && at_ + 2 < end_ && text_[at_ + 1] == ':' && is(text_[at_ + 2], kFollow)) {
        at_ += 2;
        continue;
      }
      break;
    }
  } else if (c == '"') {
    token_.kind = TokenKind::String;
    for (++at_; at_ < end_ && text_[at_] != '"' && text_[at_] != '\n'; ++at_)
      if (text_[at_] == '\\' && at_ + 1 < end_) ++at_;
    if (at_ >= end_ || text_[at_] != '"') fail(Diag::ptx_truncated, begin, "a string is never closed");
    ++at_;
  } else {
    token_.kind = TokenKind::Punct;
    ++at_;
  }
  token_.text = text_.substr(begin, at_ - begin);
}

void Lexer::expect(char punct, const char *where) {
  if (accept(punct)) return;
  fail(token_.kind == TokenKind::End ? Diag::ptx_truncated : Diag::ptx_syntax,
       std::string("expected `") + punct + "` " + where + ", found " + describe(token_));
}

Token Lexer::identifier(const char *what) {
  if (token_.kind != TokenKind::Identifier)
    fail(token_.kind == TokenKind::End ? Diag::ptx_truncated : Diag::ptx_syntax,
         std::string("expected ") + what + ", found " + describe(token_));
  return take();
}

std::string excerpt(std::string_view text) {
  constexpr size_t kMost = 80;
  bool cut = text.size() > kMost;
  std::string line(text.substr(0, kMost));
  for (char &c : line)
    if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) c = c == '\n' || c == '\t' ? ' ' : '?';
  return cut ? line + "..." : line;
}

std::string describe(const Token &token) {
  return token.kind == TokenKind::End ? "the end of the text" : "`" + excerpt(token.text) + "`";
}

Constant takeNumber(Lexer &lexer) {
  Token token = lexer.peek();
  if (token.kind != TokenKind::Number) lexer.fail(Diag::ptx_syntax, "expected a number, found " + describe(token));
  std::string_view text = token.text;
  Constant constant;
  char second = text.size() > 1 ? static_cast<char>(text[1] | 32) : '\0';
  auto fail = [&](const char *reason) { lexer.fail(Diag::ptx_number, "`" + excerpt(text) + "` " + reason); };
  auto parse = [&](std::string_view digits, int base) {
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), constant.bits, base);
    if (error == std::errc::result_out_of_range) fail("does not fit 64 bits");
    if (error != std::errc() || end != digits.data() + digits.size()) fail("is no number");
  };
  if (text[0] == '0' && (second == 'f' || second == 'd')) {
    bool single = second == 'f';
    if (text.size() != (single ? 10u : 18u)) fail(single ? "needs 8 hexadecimal digits" : "needs 16 hexadecimal digits");
    parse(text.substr(2), 16);
    constant.kind = single ? Constant::Kind::Float32 : Constant::Kind::Float64;
  } else if (text.find_first_of(".eE") != std::string_view::npos && second != 'x') {
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) fail("does not fit .f64");
    if (error != std::errc() || end != text.data() + text.size()) fail("is no number");
    constant.kind = Constant::Kind::Float64;
    constant.bits = std::bit_cast<uint64_t>(value);
  } else {
    std::string_view digits = text;
    if ((digits.back() | 32) == 'u') {
      constant.is_unsigned = true;
      digits.remove_suffix(1);
    }
    if (second == 'x')
      parse(digits.substr(2), 16);
    else if (second == 'b')
      parse(digits.substr(2), 2);
    else if (digits.size() > 1 && digits[0] == '0')
      parse(digits.substr(1), 8);
    else
      parse(digits, 10);
    if (constant.bits > static_cast<uint64_t>(INT64_MAX)) constant.is_unsigned = true;
  }
  lexer.take();
  return constant;
}

}  // namespace cutrans::ptx
