// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Forms of floating point that no sweep has: mixed precision, pairs of f32, extremes of three and with the sign of a
// product, stochastic rounding (cvt.rs), scales (ue8m0), cvt.pack, redux of f32.
#include <algorithm>
#include <bit>
#include <cmath>

#include "tests/ptx/run/instruction_row.h"

namespace cutrans::test {
namespace {

float real(uint64_t bits) { return std::bit_cast<float>(uint32_t(bits)); }
uint32_t bitsOf(float value) { return std::isnan(value) ? 0x7fffffff : std::bit_cast<uint32_t>(value); }

float half(uint64_t bits) {
  uint32_t raw = bits & 0xffff, exponent = raw >> 10 & 31, fraction = raw & 1023;
  float value = exponent == 31 ? (fraction ? NAN : INFINITY) : exponent ? std::ldexp(float(1024 + fraction), int(exponent) - 25) : std::ldexp(float(fraction), -24);
  return raw >> 15 ? -value : value;
}
float brain(uint64_t bits) { return real(bits << 16); }

// One float of a format by the manual's words on .rs: `count` random bits are added to the top ones of those cut off.
struct Format {
  unsigned bits, mantissa;
  int least;
  uint32_t most, nan, infinity;
};
uint32_t atRandom(const Format &f, float value, uint32_t random, unsigned count, bool relu) {
  if (std::isnan(value)) return f.nan;
  uint32_t sign = std::signbit(value) ? 1u << (f.bits - 1) : 0;
  if (relu && sign) return 0;
  double magnitude = std::fabs(value);
  if (std::isinf(value)) return sign | f.infinity;
  int exponent = magnitude == 0 ? f.least : std::max(std::ilogb(magnitude), f.least);
  double scaled = std::ldexp(magnitude, int(f.mantissa) - exponent), whole = std::floor(scaled);
  auto cut = uint32_t(std::floor(std::ldexp(scaled - whole, int(count))));
  uint32_t significand = uint32_t(whole) + ((cut + random) >> count);
  return sign | std::min<uint64_t>((uint64_t(exponent - f.least) << f.mantissa) + significand, f.infinity);
}
Format finite(Format f) { return f.infinity = f.most, f; }
constexpr Format Half{16, 10, -14, 0x7bff, 0x7fff, 0x7c00}, Brain{16, 7, -126, 0x7f7f, 0x7fff, 0x7f80}, E4m3{8, 3, -6, 0x7e, 0x7f, 0x7e}, E5m2{8, 2, -14, 0x7b, 0x7f, 0x7b},
    E2m3{6, 3, 0, 0x1f, 0x1f, 0x1f}, E3m2{6, 2, -2, 0x1f, 0x1f, 0x1f}, E2m1{4, 1, 0, 7, 7, 7};

Instruction randomPair(const char *words, const char *type, Format format, unsigned count) {
  bool relu = std::string(words).find("relu") != std::string::npos;
  if (std::string(words).find("satfinite") != std::string::npos) format = finite(format);
  return {std::string("cvt.rs") + words + type + ".f32 %r, %fa, %fb, %c;", 32, [=](uint64_t a, uint64_t b, uint64_t c) -> uint64_t {
    uint32_t mask = (1u << count) - 1;
    return uint64_t(atRandom(format, real(a), uint32_t(c >> 16) & mask, count, relu)) << 16 | atRandom(format, real(b), uint32_t(c) & mask, count, relu);
  }};
}

// {a, b, a, c} from the top; the bytes of the random word in order, of e2m1 the low ones of both halves first.
Instruction randomFour(const char *words, const char *type, Format format) {
  bool relu = std::string(words).find("relu") != std::string::npos, narrow = format.bits == 4;
  std::string code = std::string("cvt.rs") + words + ".satfinite" + type + ".f32 " + (narrow ? "%h1" : "%r") + ", {%fa, %fb, %fa, %fc}, %b;" + (narrow ? " cvt.u32.u16 %r, %h1;" : "");
  return {code, 32, [=](uint64_t a, uint64_t b, uint64_t c) -> uint64_t {
    float values[] = {real(c), real(a), real(b), real(a)};
    unsigned bytes[] = {0, narrow ? 2u : 1u, narrow ? 1u : 2u, 3};
    uint64_t result = 0;
    for (unsigned i = 0; i < 4; ++i) result |= uint64_t(atRandom(format, values[i], b >> (8 * bytes[i]) & 255, 8, relu)) << (narrow ? 4 : 8) * i;
    return result;
  }};
}

uint32_t scale(float value, bool up, bool satfinite) {
  if (std::isnan(value)) return 255;
  if (std::isinf(value)) return satfinite ? 254 : 255;
  double magnitude = std::fabs(value);
  int code = magnitude < std::ldexp(1.0, -126) ? 0 : std::ilogb(magnitude) + 127;
  if (up && magnitude > std::ldexp(1.0, code - 127)) ++code;
  return uint32_t(satfinite ? std::min(code, 254) : code);
}

std::vector<Instruction> conversions() {
  std::vector<Instruction> all;
  for (const char *words : {"", ".relu", ".satfinite", ".relu.satfinite"})
    all.push_back(randomPair(words, ".f16x2", Half, 13)), all.push_back(randomPair(words, ".bf16x2", Brain, 16));
  for (const char *words : {"", ".relu"}) {
    all.push_back(randomFour(words, ".e4m3x4", E4m3)), all.push_back(randomFour(words, ".e5m2x4", E5m2)), all.push_back(randomFour(words, ".e2m3x4", E2m3));
    all.push_back(randomFour(words, ".e3m2x4", E3m2)), all.push_back(randomFour(words, ".e2m1x4", E2m1));
  }
  for (bool up : {false, true})
    for (bool satfinite : {false, true}) {
      std::string code = std::string("cvt") + (up ? ".rp" : ".rz") + (satfinite ? ".satfinite" : "") + ".ue8m0x2";
      all.push_back({code + ".f32 %h1, %fa, %fb; cvt.u32.u16 %r, %h1;", 32, [=](uint64_t a, uint64_t b, uint64_t) -> uint64_t { return scale(real(a), up, satfinite) << 8 | scale(real(b), up, satfinite); }});
      all.push_back({code + ".bf16x2 %h1, %a; cvt.u32.u16 %r, %h1;", 32, [=](uint64_t a, uint64_t, uint64_t) -> uint64_t { return scale(brain(a >> 16), up, satfinite) << 8 | scale(brain(a), up, satfinite); }});
    }
  all.push_back({"cvt.rn.bf16x2.ue8m0x2 %r, %x;", 32, [](uint64_t a, uint64_t, uint64_t) -> uint64_t {
    auto one = [](uint64_t code) { return code == 255 ? 0x7fffu : bitsOf(std::ldexp(1.f, int(code) - 127)) >> 16; };
    return one(a >> 8 & 255) << 16 | one(a & 255);
  }});
  for (auto [type, bits, isSigned] : {std::tuple("u8", 8u, false), std::tuple("s8", 8u, true), std::tuple("u4", 4u, false), std::tuple("s4", 4u, true), std::tuple("u2", 2u, false), std::tuple("s2", 2u, true)})
    all.push_back({std::string("cvt.pack.sat.") + type + ".s32.b32 %r, %a, %b, %c;", 32, [=](uint64_t a, uint64_t b, uint64_t c) -> uint64_t {
      auto one = [=](uint64_t value) {
        int64_t least = isSigned ? -(1ll << (bits - 1)) : 0, most = (1ll << (isSigned ? bits - 1 : bits)) - 1;
        return uint64_t(std::clamp<int64_t>(int32_t(value), least, most)) & ((1ull << bits) - 1);
      };
      return uint32_t(c << 2 * bits) | one(a) << bits | one(b);
    }});
  return all;
}

float extreme(float x, float y, bool least, bool nan) {
  if (std::isnan(x) || std::isnan(y)) return nan || (std::isnan(x) && std::isnan(y)) ? NAN : std::isnan(x) ? y : x;
  if (x == 0 && y == 0) return std::signbit(x) == least ? x : y;
  return least ? std::min(x, y) : std::max(x, y);
}
float flush(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.f, x) : x; }

std::vector<Instruction> arithmetic() {
  std::vector<Instruction> all;
  auto store = [](std::string code) { return code + " mov.b32 %r, %f1;"; };
  for (bool least : {true, false})
    for (const char *words : {"", ".ftz", ".NaN", ".abs", ".ftz.NaN.abs"}) {
      std::string text = words;
      bool ftz = text.find("ftz") != text.npos, nan = text.find("NaN") != text.npos, abs = text.find("abs") != text.npos;
      all.push_back({store(std::string(least ? "min" : "max") + words + ".f32 %f1, %fa, %fb, %fc;"), 32, [=](uint64_t a, uint64_t b, uint64_t c) -> uint64_t {
        auto in = [=](uint64_t bits) { float v = ftz ? flush(real(bits)) : real(bits); return abs ? std::fabs(v) : v; };
        return bitsOf(extreme(extreme(in(a), in(b), least, nan), in(c), least, nan));
      }});
      if (!abs) all.push_back({store(std::string(least ? "min" : "max") + words + ".xorsign.abs.f32 %f1, %fa, %fb;"), 32, [=](uint64_t a, uint64_t b, uint64_t) -> uint64_t {
        float x = ftz ? flush(real(a)) : real(a), y = ftz ? flush(real(b)) : real(b), r = extreme(std::fabs(x), std::fabs(y), least, nan);
        return bitsOf(std::copysign(r, std::signbit(x) != std::signbit(y) ? -1.f : 1.f));
      }});
    }
  for (bool isHalf : {true, false}) {
    std::string type = isHalf ? ".f16" : ".bf16";
    auto narrow = [=](uint64_t bits) { return isHalf ? half(bits) : brain(bits); };
    all.push_back({store("add.f32" + type + " %f1, %x, %fb;"), 32, [=](uint64_t a, uint64_t b, uint64_t) -> uint64_t { return bitsOf(narrow(a) + real(b)); }});
    all.push_back({store("sub.rn.f32" + type + " %f1, %x, %fb;"), 32, [=](uint64_t a, uint64_t b, uint64_t) -> uint64_t { return bitsOf(narrow(a) - real(b)); }});
    all.push_back({store("fma.rn.f32" + type + " %f1, %x, %y, %fc;"), 32, [=](uint64_t a, uint64_t b, uint64_t c) -> uint64_t { return bitsOf(std::fma(narrow(a), narrow(b), real(c))); }});
  }
  auto pair = [&](const char *code, float (*f)(float, float, float)) {
    all.push_back({std::string(code), 64, [f](uint64_t a, uint64_t b, uint64_t c) -> uint64_t { return uint64_t(bitsOf(f(real(a >> 32), real(b >> 32), real(c >> 32)))) << 32 | bitsOf(f(real(a), real(b), real(c))); }});
  };
  // Results that are NaN become the canonical one, which PTX does not promise.
  std::string canonical = " mov.b64 {%t1, %t2}, %R; mov.b32 %f1, %t1; mov.b32 %f2, %t2; testp.notanumber.f32 %p1, %f1; testp.notanumber.f32 %p2, %f2;"
                          " selp.b32 %t1, 0x7fffffff, %t1, %p1; selp.b32 %t2, 0x7fffffff, %t2, %p2; mov.b64 %R, {%t1, %t2};";
  pair(("add.rn.f32x2 %R, %A, %B;" + canonical).c_str(), [](float x, float y, float) { return x + y; });
  pair(("sub.rn.f32x2 %R, %A, %B;" + canonical).c_str(), [](float x, float y, float) { return x - y; });
  pair(("mul.rn.ftz.f32x2 %R, %A, %B;" + canonical).c_str(), [](float x, float y, float) { return flush(flush(x) * flush(y)); });
  pair(("fma.rn.f32x2 %R, %A, %B, %C;" + canonical).c_str(), [](float x, float y, float z) { return std::fma(x, y, z); });
  for (Instruction &one : all)
    if (one.width == 32 && one.code.find(".f32.") != one.code.npos)
      one.code += " testp.notanumber.f32 %p1, %f1; selp.b32 %r, 0x7fffffff, %r, %p1;";
  return all;
}

// redux.sync over a warp of which not all lanes are members
Row reduxRow() {
  static const std::vector<uint32_t> values = [] {
    std::vector<uint32_t> v;
    for (uint32_t i = 0; i < 64; ++i) v.push_back(bitsOf(float(int(i * 37 % 41) - 20) * 0.5f));
    v[5] = 0x7fc00001, v[40] = 0x80000000, v[41] = 0;
    return v;
  }();
  Row row{"redux", "redux_f32", {1, 1, 1}, {64, 1, 1}, {}};
  row.text = ".version 9.0\n.target sm_100a\n.address_size 64\n.visible .entry redux_f32(.param .u64 in, .param .u64 out)\n{ .reg .u32 %i, %o, %m; .reg .f32 %x, %y; .reg .u64 %at, %to; .reg .pred %p, %w;\n"
             "mov.u32 %i, %tid.x; ld.param.u64 %at, [in]; mad.wide.u32 %at, %i, 4, %at; ld.global.f32 %x, [%at]; ld.param.u64 %to, [out]; mul.lo.u32 %o, %i, 32; cvt.u64.u32 %at, %o; add.u64 %to, %to, %at;\n"
             "mov.u32 %m, %laneid; setp.lt.u32 %p, %m, 24; @!%p ret; \n";
  unsigned offset = 0;
  for (const char *op : {"min", "max"})
    for (const char *words : {"", ".abs", ".NaN", ".abs.NaN"})
      row.text += std::string("redux.sync.") + op + words + ".f32 %y, %x, 0xffffff; st.global.f32 [%to+" + std::to_string(4 * offset++) + "], %y;\n";
  row.text += "ret; }\n";
  row.arguments = [](Case &c) {
    c.input(values);
    std::vector<uint32_t> out(64 * 8);
    for (unsigned i = 0; i < 64; ++i)
      for (unsigned k = 0; i % 32 < 24 && k < 8; ++k) {
        bool least = k < 4, abs = k & 1, nan = k & 2;
        float result = NAN;
        for (unsigned lane = 0; lane < 24; ++lane) {
          float value = real(values[i / 32 * 32 + lane]);
          if (abs) value = std::fabs(value);
          result = lane ? extreme(result, value, least, nan) : value;
        }
        out[i * 8 + k] = bitsOf(result);
      }
    c.output(out);
  };
  return row;
}

}  // namespace

std::vector<Row> floatRows() {
  std::vector<uint64_t> wide;
  for (uint32_t low : {0u, 0x80000000u, 0x3f800000u, 0xbf800001u, 0x3fc0ffffu, 0x477ff123u, 0x7f7fffffu, 0x7f800000u, 0xff800000u, 0x7fc12345u, 0x387fc001u, 0x33800001u, 0x00400001u, 0x43e7ffffu, 0x40490fdbu, 0xc0d12345u})
    wide.push_back(uint64_t(low * 2654435761u | 0x3f000000u) << 32 | low);
  std::vector<uint64_t> random{0, 0xffffffff, 0x12345678, 0x80007fff, 0x9e3779b97f4a7c15ull};
  return {instructionRow("conversions", triples(wide, wide, random, 400), conversions()), instructionRow("random_four", triples(wide, random, wide, 400), conversions()),
          instructionRow("float_arithmetic", triples(wide, wide, wide, 500), arithmetic()), reduxRow()};
}

}  // namespace cutrans::test
