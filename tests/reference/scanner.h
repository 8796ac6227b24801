// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The characters of a PTX text, without white space and comments (manual chapter 4), and constant expressions.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/reference/module.h"

namespace cutrans::reference {

struct SyntaxError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) { skip(); }
  bool atEnd() const { return at_ == text_.size(); }
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : 0; }
  uint32_t line() const { return line_; }
  // Takes the text if it comes next.
  bool take(std::string_view what);
  void expect(std::string_view what);
  // Letters, digits, _ $ %; empty if none comes next.
  std::string word();
  // The same with the characters of `more` too; stops at white space.
  std::string run(std::string_view more);
  // An opcode or a label: with points and double colons, up to a single one.
  std::string opcode();
  bool atNumber() const { return peek() >= '0' && peek() <= '9'; }
  // Integer, Single or Double.
  Operand number();
  // Integer constant expressions of section 4.6, with literals of floating point as they are.
  Operand constant();
  std::string quoted();
  // Up to and including the bracket that closes the one which comes next.
  void skipBraces();
  void skipTo(char end);
  [[noreturn]] void fail(const std::string &what) const;

 private:
  struct Value {
    uint64_t bits;
    bool isUnsigned;
  };
  void skip();
  void advance(size_t count);
  Value primary();
  Value binary(int level);
  Value ternary();

  std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
};

}  // namespace cutrans::reference
