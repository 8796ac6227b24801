// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/ptx/scan.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace cutrans::ptx {
namespace {

using Bytes = uint8_t __attribute__((vector_size(16)));
constexpr size_t kStep = sizeof(Bytes);

// A bit for each byte of the 16 at `p` that is one of { } " /.
uint32_t interesting(const char *p) {
  Bytes v;
  std::memcpy(&v, p, sizeof v);
  auto hit = (v == '{') | (v == '}') | (v == '"') | (v == '/');
#if defined(__SSE2__)
  return static_cast<uint32_t>(__builtin_ia32_pmovmskb128((char __attribute__((vector_size(16))))hit));
#else
  uint32_t mask = 0;
  for (size_t i = 0; i < kStep; ++i) mask |= static_cast<uint32_t>(hit[i] & 1) << i;
  return mask;
#endif
}

}  // namespace

size_t findClosingBrace(std::string_view text, size_t begin, size_t end) {
  constexpr size_t npos = std::string_view::npos;
  size_t depth = 1, at = begin;
  while (at < end) {
    // Up to the next byte that matters.
    if (end - at >= kStep) {
      uint32_t mask = interesting(text.data() + at);
      if (!mask) {
        at += kStep;
        continue;
      }
      at += static_cast<size_t>(std::countr_zero(mask));
    }
    switch (text[at]) {
      case '{': ++depth; break;
      case '}':
        if (--depth == 0) return at;
        break;
      case '"':
        for (++at; at < end && text[at] != '"' && text[at] != '\n'; ++at)
          if (text[at] == '\\') ++at;
        break;
      case '/':
        if (at + 1 < end && text[at + 1] == '/') {
          const void *newline = std::memchr(text.data() + at, '\n', end - at);
          if (!newline) return npos;
          at = static_cast<size_t>(static_cast<const char *>(newline) - text.data());
        } else if (at + 1 < end && text[at + 1] == '*') {
          size_t close = text.find("*/", at + 2);
          if (close == npos || close + 2 > end) return npos;
          at = close + 1;
        }
        break;
      default: break;
    }
    ++at;
  }
  return npos;
}

LineCounter::Position LineCounter::at(size_t offset) {
  if (offset > text_.size()) offset = text_.size();
  if (offset < done_) *this = LineCounter(text_);
  while (done_ < offset) {
    const void *newline = std::memchr(text_.data() + done_, '\n', offset - done_);
    if (!newline) break;
    done_ = line_start_ = static_cast<size_t>(static_cast<const char *>(newline) - text_.data()) + 1;
    ++line_;
  }
  done_ = offset;
  return {line_, static_cast<unsigned>(offset - line_start_ + 1)};
}

}  // namespace cutrans::ptx
