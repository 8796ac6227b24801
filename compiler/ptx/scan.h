// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The fast part of indexing: finds the end of a { } region without looking at its words, many bytes at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace cutrans::ptx {

// text[begin] is the first byte after a `{`. Returns the offset of the matching `}` before `end`, or npos. Braces in
// strings and comments do not count. One pass, no allocation. Nesting is not bounded here: nothing recurses.
size_t findClosingBrace(std::string_view text, size_t begin, size_t end);

// Lines and columns of offsets, from 1. Cheap for ascending offsets: each byte is looked at once.
class LineCounter {
 public:
  explicit LineCounter(std::string_view text) : text_(text) {}
  // Starts at an offset whose position is known.
  LineCounter(std::string_view text, size_t offset, unsigned line, unsigned column)
      : text_(text), done_(offset), line_start_(offset + 1 - column), line_(line) {}
  struct Position {
    unsigned line, column;
  };
  Position at(size_t offset);

 private:
  std::string_view text_;
  size_t done_ = 0;        // newlines before this offset are counted
  size_t line_start_ = 0;
  unsigned line_ = 1;
};

}  // namespace cutrans::ptx
