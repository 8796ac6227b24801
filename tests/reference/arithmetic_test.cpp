// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The reference's rounding against this machine's arithmetic in all modes, on edges and random numbers; its integers
// against C++.
#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <random>

#include "tests/reference/program.h"

#pragma STDC FENV_ACCESS ON

namespace cutrans::reference {
namespace {

constexpr struct {
  const char *name;
  int mode;
} Modes[] = {{"rn", FE_TONEAREST}, {"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};

template <class T>
std::vector<T> samples() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {0, -T(0), 1, -1, T(1) + Limits::epsilon(), Limits::min(), Limits::denorm_min(), -Limits::denorm_min(),
                           Limits::min() - Limits::denorm_min(), Limits::max(), Limits::lowest(), Limits::infinity(),
                           -Limits::infinity(), Limits::quiet_NaN(), T(1.5), T(-2.5), T(1) / 3};
  std::mt19937_64 random(7);
  for (int i = 0; i < 23; ++i) {
    if constexpr (sizeof(T) == 4) values.push_back(std::bit_cast<float>(uint32_t(random())));
    else values.push_back(std::bit_cast<double>(uint64_t(random())));
  }
  return values;
}

template <class T>
uint64_t bits(T value) {
  if constexpr (sizeof(T) == 4) return std::bit_cast<uint32_t>(value);
  else return std::bit_cast<uint64_t>(value);
}

// Values that the compiler must not compute ahead of the rounding mode.
template <class T>
T opaque(T value) {
  volatile T hidden = value;
  return hidden;
}

template <class T, class F>
void checkBinary(const std::string &op, const std::string &type, F host) {
  auto values = samples<T>();
  std::vector<uint64_t> input;
  for (T x : values)
    for (T y : values) input.push_back(bits(x)), input.push_back(bits(y));
  for (auto [mode, rounding] : Modes) {
    size_t count = values.size() * values.size();
    std::string r = sizeof(T) == 4 ? "%f" : "%g";
    Program program("mad.lo.u32 %r1, %ctaid.x, 64, %t; mul.wide.u32 %d1, %r1, 16; add.u64 %in, %in, %d1; mul.wide.u32 %d1, %r1, 8;\n"
                    "add.u64 %out, %out, %d1; setp.ge.u32 %p1, %r1, " + std::to_string(count) + "; @%p1 exit;\nld.global." + type + " " + r +
                    "1, [%in]; ld.global." + type + " " + r + "2, [%in+8]; " + op + "." + mode + "." + type + " " + r + "3, " + r + "1, " +
                    (op == "sqrt" ? "" : r + "2" + (op == "fma" ? ", " + r + "1" : "")) + "; st.global." + type + " [%out], " + r + "3;");
    for (size_t at; (at = program.text.find(", ;")) != std::string::npos;) program.text.erase(at, 2);
    Result result = program.run(input, count, {64, 1, 1}, {uint32_t(count / 64 + 1), 1, 1});
    ASSERT_TRUE(result.ok()) << result.what;
    std::fesetround(rounding);
    size_t wrong = 0;
    for (size_t i = 0; i < count && wrong < 3; ++i) {
      T x = opaque(values[i / values.size()]), y = opaque(values[i % values.size()]), expected = opaque(host(x, y));
      uint64_t got = program.out[i];
      bool nan = std::isnan(expected);
      T gotValue;
      std::memcpy(&gotValue, &got, sizeof(T));
      if (nan ? std::isnan(gotValue) : got == bits(expected)) continue;
      ++wrong;
      ADD_FAILURE() << op << "." << mode << "." << type << " of " << x << ", " << y << " is " << gotValue << ", not " << expected;
    }
    std::fesetround(FE_TONEAREST);
  }
}

TEST(ReferenceArithmetic, SinglePrecision) {
  checkBinary<float>("add", "f32", [](float x, float y) { return x + y; });
  checkBinary<float>("mul", "f32", [](float x, float y) { return x * y; });
  checkBinary<float>("div", "f32", [](float x, float y) { return x / y; });
  checkBinary<float>("fma", "f32", [](float x, float y) { return std::fma(x, y, x); });
  checkBinary<float>("sqrt", "f32", [](float x, float) { return std::sqrt(x); });
}

TEST(ReferenceArithmetic, DoublePrecision) {
  checkBinary<double>("add", "f64", [](double x, double y) { return x + y; });
  checkBinary<double>("mul", "f64", [](double x, double y) { return x * y; });
  checkBinary<double>("div", "f64", [](double x, double y) { return x / y; });
  checkBinary<double>("fma", "f64", [](double x, double y) { return std::fma(x, y, x); });
  checkBinary<double>("sqrt", "f64", [](double x, double) { return std::sqrt(x); });
}

// Every f16, on the way to f32 and back, and from f32 between two of them to the even one.
TEST(ReferenceArithmetic, HalfPrecision) {
  for (uint32_t half = 0; half < 0x7c00; half += 97) {
    Program program("ld.global.b16 %h1, [%in]; cvt.f32.f16 %f1, %h1; st.global.f32 [%out], %f1; cvt.rn.f16.f32 %h2, %f1; st.global.b16 [%out+8], %h2;\n"
                    "add.u16 %h3, %h1, 1; cvt.f32.f16 %f2, %h3; add.f32 %f3, %f1, %f2; mul.f32 %f3, %f3, 0f3f000000; cvt.rn.f16.f32 %h4, %f3; st.global.b16 [%out+16], %h4;\n"
                    "cvt.rna.tf32.f32 %r1, %f3; st.global.b32 [%out+24], %r1;");
    ASSERT_TRUE(program.run({half}).ok());
    double exact = half < 0x400 ? std::ldexp(half, -24) : std::ldexp(1024 + (half & 1023), int(half >> 10) - 25);
    EXPECT_EQ(program.out[0], bits(float(exact)));
    EXPECT_EQ(program.out[1], half);
    if (half < 0x7bff) EXPECT_EQ(program.out[2], half % 2 ? half + 1 : half) << half;
  }
}

TEST(ReferenceArithmetic, Conversions) {
  struct {
    const char *convert;
    uint64_t in, out;
  } const rows[] = {
      {"cvt.rni.s32.f32 %r1, %f1; cvt.u64.u32 %d1, %r1;", bits(2.5f), 2},
      {"cvt.rni.s32.f32 %r1, %f1; cvt.u64.u32 %d1, %r1;", bits(-1e10f), 0x80000000},
      {"cvt.rzi.u32.f32 %r1, %f1; cvt.u64.u32 %d1, %r1;", bits(-3.f), 0},
      {"cvt.rzi.u32.f32 %r1, %f1; cvt.u64.u32 %d1, %r1;", bits(NAN), 0},
      {"cvt.rzi.s64.f32 %d1, %f1;", bits(NAN), 1ull << 63},
      {"cvt.rpi.s64.f32 %d1, %f1;", bits(1e30f), ~0ull >> 1},
      {"cvt.rn.satfinite.e4m3x2.f32 %h1, %f1, 0f3f800000; cvt.u64.u16 %d1, %h1;", bits(1000.f), 0x7e38},
      {"cvt.rn.satfinite.e5m2x2.f32 %h1, %f1, 0fbf800000; cvt.u64.u16 %d1, %h1;", bits(0.0625f), 0x2cbc},
      {"cvt.rn.bf16.f32 %h1, %f1; cvt.u64.u16 %d1, %h1;", 0x3f808000, 0x3f80},
      {"cvt.rn.bf16.f32 %h1, %f1; cvt.u64.u16 %d1, %h1;", 0x3f818000, 0x3f82},
  };
  for (const auto &row : rows) {
    Program program(std::string("ld.global.f32 %f1, [%in]; ") + row.convert + " st.global.b64 [%out], %d1;");
    Result result = program.run({row.in});
    ASSERT_TRUE(result.ok()) << result.what;
    EXPECT_EQ(program.out[0], row.out) << row.convert << " of " << row.in;
  }
}

TEST(ReferenceArithmetic, Integers) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 50; ++i) {
    uint64_t x = random() >> (random() % 64), y = random() >> (random() % 64);
    Program program(
        "ld.global.u64 %d1, [%in]; ld.global.u64 %d2, [%in+8];\n"
        "mul.hi.u64 %d3, %d1, %d2; st.global.u64 [%out], %d3; mul.hi.s64 %d3, %d1, %d2; st.global.u64 [%out+8], %d3;\n"
        "add.cc.u32 %r1, %r1, 0; cvt.u32.u64 %r1, %d1; cvt.u32.u64 %r2, %d2; mov.b64 {%r3, %r4}, %d1; mov.b64 {%r5, %r6}, %d2;\n"
        "sub.cc.u32 %r7, %r3, %r5; subc.u32 %r8, %r4, %r6; mov.b64 %d4, {%r7, %r8}; st.global.u64 [%out+16], %d4;\n"
        "mad.lo.cc.u32 %r9, %r3, %r5, %r4; madc.hi.u32 %r10, %r3, %r5, 0; mov.b64 %d5, {%r9, %r10}; st.global.u64 [%out+24], %d5;\n"
        "bfind.u64 %r11, %d1; st.global.u32 [%out+32], %r11; sad.s32 %r12, %r1, %r2, %r1; st.global.u32 [%out+40], %r12;");
    ASSERT_TRUE(program.run({x, y}).ok());
    EXPECT_EQ(program.out[0], uint64_t((static_cast<unsigned __int128>(x) * y) >> 64));
    EXPECT_EQ(program.out[1], uint64_t((__int128(int64_t(x)) * int64_t(y)) >> 64));
    EXPECT_EQ(program.out[2], x - y);
    EXPECT_EQ(program.out[3], uint64_t(uint32_t(x)) * uint32_t(y) + (x >> 32));
    EXPECT_EQ(program.out[4], x ? 63u - unsigned(std::countl_zero(x)) : 0xffffffff);
    int64_t difference = std::abs(int64_t(int32_t(x)) - int32_t(y));
    EXPECT_EQ(program.out[5], uint32_t(difference + uint32_t(x)));
  }
}

}  // namespace
}  // namespace cutrans::reference
