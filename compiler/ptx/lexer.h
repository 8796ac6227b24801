// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Words of PTX text (manual section 4). One token is looked ahead at; nothing is copied; linear in the text.
// Errors are thrown as ParseError inside the front end only: each public function of ptx/ catches them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cutrans/support/diagnostics.h"

namespace cutrans::ptx {

// Offset is in the unit's text; the catcher turns it into line, column and the words of the message.
struct ParseError {
  Diag code;
  size_t offset;
  std::string reason;
};

enum class TokenKind : uint8_t {
  End,
  Identifier,  // with %, $ and _; no dots
  Dotted,      // ".word", ".a::b::c"; Token::word() is without the dot
  Number,
  String,      // with the quotes
  Punct,       // one character: Token::is(',')
};

struct Token {
  TokenKind kind = TokenKind::End;
  bool glued = false;       // nothing stands between it and the token before
  size_t offset = 0;        // in the unit's text
  std::string_view text;    // empty at the end

  bool is(char punct) const { return kind == TokenKind::Punct && text[0] == punct; }
  bool isWord(std::string_view identifier) const { return kind == TokenKind::Identifier && text == identifier; }
  bool isDotted(std::string_view word) const { return kind == TokenKind::Dotted && this->word() == word; }
  std::string_view word() const { return kind == TokenKind::Dotted ? text.substr(1) : text; }
};

class Lexer {
 public:
  // Reads text[begin, end).
  Lexer(std::string_view text, size_t begin, size_t end) : text_(text), at_(begin), end_(end) { advance(); }

  const Token &peek() const { return token_; }
  Token take() {
    Token token = token_;
    last_end_ = token.offset + token.text.size();
    advance();
    return token;
  }
  // Takes the token if it is that one.
  bool accept(char punct) {
    if (!token_.is(punct)) return false;
    take();
    return true;
  }
  // Takes that token, or throws "expected `;` ..." .
  void expect(char punct, const char *where);
  Token identifier(const char *what);

  [[noreturn]] void fail(Diag code, std::string reason) const { fail(code, token_.offset, std::move(reason)); }
  [[noreturn]] void fail(Diag code, size_t offset, std::string reason) const {
    throw ParseError{code, offset, std::move(reason)};
  }

  std::string_view text() const { return text_; }
  size_t end() const { return end_; }
  size_t lastEnd() const { return last_end_; }  // one past the last token that was taken
  // Goes on reading at `offset`, which must not lie before the token looked at.
  void jump(size_t offset) {
    at_ = offset;
    advance();
  }

 private:
  void advance();
  void skipBlank();
  size_t scanNumber(size_t at) const;

  std::string_view text_;
  size_t at_, end_;
  size_t last_end_ = 0;
  Token token_;
};

// The words of a message for a token: "`add`", "the end of the text".
std::string describe(const Token &token);
// Text shortened to one line of at most 80 characters, control characters replaced.
std::string excerpt(std::string_view text);

// A constant as the manual has it (section 4.5).
struct Constant {
  enum class Kind : uint8_t { Integer, Float32, Float64 } kind = Kind::Integer;
  bool is_unsigned = false;
  uint64_t bits = 0;
};

// Takes one number token. Throws ptx_number.
Constant takeNumber(Lexer &lexer);

// Takes a constant expression (section 4.6): C's operators on 64-bit integers, or one floating constant with signs.
// `depth` bounds nesting.
Constant takeConstant(Lexer &lexer, unsigned depth = 0);

// Whether a constant can start with the token looked at.
bool startsConstant(const Token &token);

inline constexpr unsigned kMaxNesting = 64;

}  // namespace cutrans::ptx
