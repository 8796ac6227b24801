// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/ptx/problems.h"

#include "compiler/ptx/scan.h"

namespace cutrans::ptx {
namespace {

std::string place(const Unit &unit, unsigned line, unsigned column) {
  std::string text = unit.name + " line " + std::to_string(line);
  if (column) text += ":" + std::to_string(column);
  return text;
}

// The statement that offset is in, from the start of its line.
std::string_view quoted(std::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  size_t begin = offset;
  while (begin > 0 && text[begin - 1] != '\n' && offset - begin < 60) --begin;
  bool cut = begin > 0 && text[begin - 1] != '\n';
  while (cut && begin < offset && text[begin] != ' ') ++begin;  // not the end of a word
  while (begin < text.size() && (text[begin] == ' ' || text[begin] == '\t')) ++begin;
  size_t end = text.find_first_of("\r\n", std::max(begin, offset));
  return text.substr(begin, (end == std::string_view::npos ? text.size() : end) - begin);
}

}  // namespace

Problem makeProblem(const Unit &unit, const ParseError &error) {
  auto [line, column] = LineCounter(unit.text).at(error.offset);
  std::string text = place(unit, line, column) + ": ";
  if (std::string_view quote = quoted(unit.text, error.offset); !quote.empty()) text += "`" + excerpt(quote) + "`: ";
  return {error.code, text + error.reason};
}

Problem makeProblem(const Unit &unit, Diag code, const Location &where, const std::string &reason) {
  return {code, place(unit, where.line, 0) + ": " + reason};
}

}  // namespace cutrans::ptx
