// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CUDA C++ Programming Guide, "Formatted Output": %[flags][width][.precision][size]type, with flags # space 0 + -,
// sizes h l ll (and those of C99), types d i u o x X p c s f e E g G a A n excluded. What is not a specifier is printed
// as it stands. No more than 32 arguments.
#include "cutrans/targets/printf_format.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace cutrans::targets {
namespace {

class Arguments {
 public:
  explicit Arguments(const void *packed) : at_(reinterpret_cast<uintptr_t>(packed)) {}
  explicit Arguments(const StoredArguments &stored)
      : at_(reinterpret_cast<uintptr_t>(stored.values)), end_(at_ + stored.value_bytes), texts_(stored.texts), texts_end_(stored.texts + stored.text_bytes) {}
  template <class T>
  T take() {
    at_ = (at_ + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    T value{};
    if (at_ <= end_ && end_ - at_ >= sizeof(T)) std::memcpy(&value, reinterpret_cast<const void *>(at_), sizeof(T));
    at_ += sizeof(T);
    ++count_;
    return value;
  }
  const char *takeText() {
    const char *pointer = take<const char *>();
    if (!texts_) return pointer;
    const char *text = texts_;
    const void *nul = std::memchr(text, 0, static_cast<size_t>(texts_end_ - text));
    if (!nul) return "";
    texts_ = static_cast<const char *>(nul) + 1;
    return text;
  }
  int32_t count() const { return count_; }

 private:
  uintptr_t at_;
  uintptr_t end_ = UINTPTR_MAX;
  const char *texts_ = nullptr, *texts_end_ = nullptr;  // null: pointers are pointers
  int32_t count_ = 0;
};

__attribute__((format(printf, 2, 3))) void appendFormatted(std::string &out, const char *format, ...) {
  char small[128];
  va_list list, again;
  va_start(list, format);
  va_copy(again, list);
  const int size = std::vsnprintf(small, sizeof small, format, list);
  va_end(list);
  if (size >= static_cast<int>(sizeof small)) {
    const size_t before = out.size();
    out.resize(before + static_cast<size_t>(size) + 1);
    std::vsnprintf(out.data() + before, static_cast<size_t>(size) + 1, format, again);
    out.resize(before + static_cast<size_t>(size));
  } else if (size > 0) {
    out.append(small, static_cast<size_t>(size));
  }
  va_end(again);
}

struct Specifier {
  std::string flags;
  int width = -1, precision = -1;  // -1: not given
  bool wide = false;               // a 64-bit integer
  bool narrow = false, narrower = false;  // h, hh
  char type = 0;

  // For the C library: the integer is always passed as 64 bits.
  std::string text(const char *length) const {
    std::string result = "%" + flags;
    if (width >= 0) result += std::to_string(width);
    if (precision >= 0) result += "." + std::to_string(precision);
    return result + length + type;
  }
};

// Reads a specifier after its '%'. Returns where it ends, null where it is none.
const char *parse(const char *at, Specifier &out, Arguments &args) {
  constexpr int kMost = 1 << 20;  // of width and precision, against formats that ask for gigabytes
  while (*at && std::strchr("#0+- ", *at)) out.flags += *at++;
  auto number = [&](int &value) {
    if (*at == '*') {
      value = args.take<int32_t>();
      ++at;
      return;
    }
    while (*at >= '0' && *at <= '9') {
      value = (value < 0 ? 0 : value) * 10 + (*at++ - '0');
      if (value > kMost) value = kMost;
    }
  };
  const bool star = *at == '*';
  number(out.width);
  if (star && out.width < 0) {
    out.flags += '-';
    out.width = out.width < -kMost ? kMost : -out.width;
  }
  if (out.width > kMost) out.width = kMost;
  if (*at == '.') {
    ++at;
    out.precision = 0;
    number(out.precision);
    if (out.precision > kMost) out.precision = kMost;
  }
  switch (*at) {
    case 'h':
      out.narrow = true;
      if (*++at == 'h') {
        out.narrower = true;
        ++at;
      }
      break;
    case 'l':
      out.wide = true;
      if (*++at == 'l') ++at;
      break;
    case 'j':
    case 'z':
    case 't':
      out.wide = true;
      ++at;
      break;
    default:
      break;
  }
  if (!*at || !std::strchr("diouxXcspfFeEgGaA", *at)) return nullptr;
  out.type = *at++;
  return at;
}

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"

void print(std::string &out, const Specifier &spec, Arguments &args) {
  switch (spec.type) {
    case 'd':
    case 'i': {
      int64_t value = spec.wide ? args.take<int64_t>() : args.take<int32_t>();
      if (spec.narrower)
        value = static_cast<int8_t>(value);
      else if (spec.narrow)
        value = static_cast<int16_t>(value);
      return appendFormatted(out, spec.text("ll").c_str(), static_cast<long long>(value));
    }
    case 'o':
    case 'u':
    case 'x':
    case 'X': {
      uint64_t value = spec.wide ? args.take<uint64_t>() : args.take<uint32_t>();
      if (spec.narrower)
        value = static_cast<uint8_t>(value);
      else if (spec.narrow)
        value = static_cast<uint16_t>(value);
      return appendFormatted(out, spec.text("ll").c_str(), static_cast<unsigned long long>(value));
    }
    case 'c':
      return appendFormatted(out, spec.text("").c_str(), args.take<int32_t>());
    case 's': {
      const char *string = args.takeText();
      if (!string) string = "(null)";
      // A bad pointer faults here, where nothing is allocated.
      (void)*static_cast<const volatile char *>(string + strnlen(string, spec.precision < 0 ? SIZE_MAX : static_cast<size_t>(spec.precision)));
      return appendFormatted(out, spec.text("").c_str(), string);
    }
    case 'p':
      return appendFormatted(out, spec.text("").c_str(), args.take<void *>());
    default:
      return appendFormatted(out, spec.text("").c_str(), args.take<double>());
  }
}

#pragma clang diagnostic pop

int32_t format(std::string &out, const char *format, Arguments args) {
  if (!format) return -1;
  for (const char *at = format; *at;) {
    if (*at != '%') {
      const size_t plain = std::strcspn(at, "%");
      out.append(at, plain);
      at += plain;
      continue;
    }
    if (at[1] == '%') {
      out += '%';
      at += 2;
      continue;
    }
    Specifier spec;
    if (const char *end = parse(at + 1, spec, args)) {
      print(out, spec, args);
      at = end;
    } else {
      out += *at++;
    }
  }
  return args.count();
}

}  // namespace

int32_t formatPrintf(std::string &out, const char *text, const void *packed) { return format(out, text, Arguments(packed)); }
int32_t formatPrintf(std::string &out, const char *text, const StoredArguments &stored) { return format(out, text, Arguments(stored)); }

}  // namespace cutrans::targets
