// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cstdarg>
#include <cstdio>

#include "tests/random/generator.h"

namespace cutrans::random {

void Generator::line(const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  body_ += std::string("  ") + text + "\n";
}

std::string Generator::immediate() {
  static constexpr uint32_t interesting[] = {0, 1, 2, 31, 32, 0x7fffffff, 0x80000000, 0xffffffff, 0x3f800000, 0x7f800000, 0xff800000, 0x00000001, 0x007fffff, 0x00ff00ff, 0x477fe000, 0x4f000000};
  uint32_t value = chance(2) ? interesting[pick(std::size(interesting))] : chance(2) ? pick(100) : uint32_t(random_());
  return std::to_string(int32_t(value));
}

std::string Generator::expand(const char *text, std::string &destination) {
  std::string chosen;
  for (const char *at = text; *at; ++at) {
    if (*at != '{') {
      chosen += *at;
      continue;
    }
    std::vector<std::string> choices(1);
    for (++at; *at != '}'; ++at)
      if (*at == ',') choices.emplace_back();
      else choices.back() += *at;
    chosen += choices[pick(uint32_t(choices.size()))];
  }
  std::string result, r = dest(), q = wide(), h = half(), p = predicate(), s, o, g;
  do s = dest();
  while (s == r);
  do o = predicate();
  while (o == p);
  do g = half();
  while (g == h);
  for (size_t i = 0; i < chosen.size(); ++i) {
    char c = chosen[i];
    if (c != '$') {
      result += c == 1 ? '{' : c == 2 ? '}' : c;
      continue;
    }
    switch (chosen[++i]) {
      case 'R': result += r; break;
      case 'S': result += s; break;
      case 'Q': result += q; break;
      case 'H': result += h; break;
      case 'G': result += g; break;
      case 'P': result += p; break;
      case 'O': result += o; break;
      case 'T': result += "%x0"; break;
      case 'U': result += "%x1"; break;
      case 'V': result += "%xq"; break;
      case 'r': result += reg(); break;
      case 'q': result += wide(); break;
      case 'h': result += half(); break;
      case 'p': result += predicate(); break;
      case 'i': result += immediate(); break;
      case 'b': result += std::to_string(pick(256)); break;
      case 'e': result += std::to_string(pick(70)); break;
    }
  }
  // The destination, for canonical().
  std::string pattern = text;
  destination = pattern.find("$Q") != std::string::npos ? q : pattern.find("$H") != std::string::npos ? h : r;
  return result;
}

void Generator::canonical(Nan nan, const std::string &d) {
  auto half = [&](const char *h, unsigned infinity) {
    line("and.b16 %%xh2, %s, 0x7fff; setp.gt.u16 %%xp, %%xh2, %u; selp.b16 %s, 0x7fff, %s, %%xp;", h, infinity, h, h);
  };
  switch (nan) {
    case Nan::None: return;
    case Nan::F32:
      return line("and.b32 %%x0, %s, 0x7fffffff; setp.gt.u32 %%xp, %%x0, 0x7f800000; selp.b32 %s, 0x7fffffff, %s, %%xp;", d.c_str(), d.c_str(), d.c_str());
    case Nan::F64:
      return line("and.b64 %%xq, %s, 0x7fffffffffffffff; setp.gt.u64 %%xp, %%xq, 0x7ff0000000000000; selp.b64 %s, 0x7ff8000000000000, %s, %%xp;", d.c_str(), d.c_str(), d.c_str());
    case Nan::F16: return half(d.c_str(), 0x7c00);
    case Nan::BF16: return half(d.c_str(), 0x7f80);
    case Nan::F16x2:
    case Nan::BF16x2:
      line("mov.b32 {%%xh0, %%xh1}, %s;", d.c_str());
      half("%xh0", nan == Nan::F16x2 ? 0x7c00 : 0x7f80);
      half("%xh1", nan == Nan::F16x2 ? 0x7c00 : 0x7f80);
      return line("mov.b32 %s, {%%xh0, %%xh1};", d.c_str());
  }
}

void Generator::instruction() {
  auto all = patterns();
  const Pattern &pattern = all[pick(uint32_t(all.size()))];
  std::string dest, text = expand(pattern.text, dest);
  bool several = text.find(';') != text.size() - 1;
  std::string guard = !several && chance(6) ? (chance(2) ? "@" : "@!") + predicate() + " " : "";
  line("%s%s", guard.c_str(), text.c_str());
  canonical(pattern.nan, dest);
}

// A predicate register, new or old.
std::string Generator::condition(bool uniform) {
  if (uniform) return uniformCondition();
  std::string p = temp('p');
  switch (pick(6)) {
    case 0: line("setp.lt.u32 %s, %%me, %u;", p.c_str(), pick(40)); break;
    case 1: line("and.b32 %%x0, %s, %u; setp.eq.u32 %s, %%x0, 0;", reg().c_str(), 1u << pick(3), p.c_str()); break;
    case 2: line("and.b32 %%x0, %%me, %u; setp.ne.u32 %s, %%x0, 0;", 1 + pick(7), p.c_str()); break;
    case 3: line("setp.%s.s32 %s, %s, %s;", oneOf("lt", "ge", "ne"), p.c_str(), reg().c_str(), reg().c_str()); break;
    case 4: return predicate();
    default: line("setp.%s.u32 %s, %s, %s;", oneOf("lt", "gt", "eq"), p.c_str(), reg().c_str(), immediate().c_str());
  }
  return p;
}

std::string Generator::uniformCondition() {
  std::string p = temp('p');
  line("and.b32 %%x0, %%u%u, %u; setp.%s.u32 %s, %%x0, %u;", pick(Uniforms), 1 + pick(7), oneOf("ne", "lt", "eq"), p.c_str(), pick(5));
  return p;
}

// base + some aligned offset below `bytes`, in a new register.
std::string Generator::address(const char *base, unsigned bytes, unsigned size) {
  std::string a = temp('q');
  if (chance(3)) line("add.u64 %s, %s, %u;", a.c_str(), base, pick(bytes / size) * size);
  else line("and.b32 %%x0, %s, %u; cvt.u64.u32 %s, %%x0; add.u64 %s, %s, %s;", chance(2) ? reg().c_str() : "%me", (bytes - 1) & ~(size - 1), a.c_str(), a.c_str(), base, a.c_str());
  return a;
}

}  // namespace cutrans::random
