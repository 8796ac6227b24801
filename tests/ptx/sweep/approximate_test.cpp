// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The approximate instructions against the bounds and tables of special values that the PTX manual states (9.7.3.8 -
// 9.7.3.22, 9.7.4.9, 9.7.4.10), through the whole compiler: a sample of all inputs, all 2^32 of them with CUTRANS_LONG=1.
// The truth is the C library's double function, whose own error (below one unit of a double) is granted on top.
#include <bit>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "tests/ptx/sweep/small_float.h"
#include "tests/ptx/sweep/sweep.h"

namespace cutrans::test {
namespace {

constexpr double Certificate = 0x1p-50;  // relative error that the truth may have

float flush(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.f, x) : x; }

int64_t ordered(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  return bits >> 31 ? -int64_t(bits & 0x7fffffff) : int64_t(bits);
}

enum class Kind { Ulps, Relative, Log, Wave };

struct Function {
  const char *name, *op;
  double (*truth)(double);
  Kind kind;
  double bound;
  bool ftz = false;
};
void PrintTo(const Function &function, std::ostream *out) { *out << function.op; }

bool fits(const Function &f, float in, float out) {
  if (f.ftz) in = flush(in);
  double want = f.truth(in);
  if (std::isnan(want)) return std::isnan(out);
  if (std::isnan(out)) return false;
  if (f.kind == Kind::Wave && std::fabs(in) > 100 * M_PI) return std::fabs(out) <= 1;  // nothing is promised
  if (in == 0 || std::isinf(in) || std::isinf(want)) return std::bit_cast<uint32_t>(out) == std::bit_cast<uint32_t>(float(want));
  if (f.ftz && out != flush(out)) return false;
  if (f.ftz && out == 0 && std::fabs(want) < 0x1p-126) return std::signbit(out) == std::signbit(want);
  double error = std::fabs(double(out) - want) - Certificate * std::fabs(want);
  switch (f.kind) {
    case Kind::Ulps: return std::fabs(double(ordered(out) - ordered(float(want)))) <= f.bound;
    case Kind::Relative: return error <= f.bound * std::fabs(want);
    case Kind::Log: return error <= (in > 0.5f && in < 2 ? f.bound : f.bound * std::fabs(want));
    case Kind::Wave: return error <= (std::fabs(in) <= 2 * M_PI ? f.bound : std::exp2(-14.7));
  }
  return false;
}

double reciprocal(double x) { return 1 / x; }
double reciprocalRoot(double x) { return 1 / std::sqrt(x); }
const double Root = std::exp2(-22.9), WaveBound = std::exp2(-20.5);

const Function Functions[] = {
    {"ex2", "ex2.approx.f32", std::exp2, Kind::Ulps, 2},
    {"ex2_ftz", "ex2.approx.ftz.f32", std::exp2, Kind::Ulps, 2, true},
    {"lg2", "lg2.approx.f32", std::log2, Kind::Log, 0x1p-22},
    {"lg2_ftz", "lg2.approx.ftz.f32", std::log2, Kind::Log, 0x1p-22, true},
    {"sin", "sin.approx.f32", std::sin, Kind::Wave, WaveBound},
    {"sin_ftz", "sin.approx.ftz.f32", std::sin, Kind::Wave, WaveBound, true},
    {"cos", "cos.approx.f32", std::cos, Kind::Wave, WaveBound},
    {"cos_ftz", "cos.approx.ftz.f32", std::cos, Kind::Wave, WaveBound, true},
    {"tanh", "tanh.approx.f32", std::tanh, Kind::Relative, 0x1p-11},
    {"rsqrt", "rsqrt.approx.f32", reciprocalRoot, Kind::Relative, Root},
    {"rsqrt_ftz", "rsqrt.approx.ftz.f32", reciprocalRoot, Kind::Relative, Root, true},
    {"rcp", "rcp.approx.f32", reciprocal, Kind::Ulps, 1},
    {"rcp_ftz", "rcp.approx.ftz.f32", reciprocal, Kind::Ulps, 1, true},
    {"sqrt", "sqrt.approx.f32", std::sqrt, Kind::Relative, 0x1p-23},
    {"sqrt_ftz", "sqrt.approx.ftz.f32", std::sqrt, Kind::Relative, 0x1p-23, true},
};

class ApproximateSweep : public testing::TestWithParam<Function> {};

TEST_P(ApproximateSweep, KeepsItsBound) {
  const Function &f = GetParam();
  for (uint32_t width : {0u, 1u}) {
    Swept swept(std::string(f.op) + " %y, %x;", 32, 32, 1, width);
    ASSERT_EQ(swept.problem(), "");
    uint64_t stride = width == 1 ? 100003 : longSweeps() ? 1 : 1009;
    uint64_t wrong = 0;
    forPatterns<uint32_t>(1ull << 32, stride, floatEdges(), [&](const std::vector<uint32_t> &in) {
      std::vector<float> out(in.size());
      swept.run(in.size(), out.data(), in.data());
      for (size_t i = 0; i < in.size(); ++i) {
        float x = std::bit_cast<float>(in[i]);
        if (fits(f, x, out[i])) continue;
        if (++wrong <= 8)
          ADD_FAILURE() << f.op << " of " << std::hexfloat << x << " (" << x << ") gave " << out[i] << ", not " << float(f.truth(x));
      }
    });
    EXPECT_EQ(wrong, 0u) << f.op << " at width " << width;
  }
}

INSTANTIATE_TEST_SUITE_P(Ptx, ApproximateSweep, testing::ValuesIn(Functions), [](const auto &info) { return info.param.name; });

// ---- division: random and edge pairs --------------------------------------------------------------------------------

struct Division {
  const char *name, *op;
  bool full, ftz;
};
class DivisionSweep : public testing::TestWithParam<Division> {};

bool fits(const Division &d, float a, float b, float out) {
  if (d.ftz) a = flush(a), b = flush(b);
  if (!d.full && std::isfinite(b) && std::fabs(b) > 0x1p126f) {  // 9.7.3.8: a * (1/b) with 1/b flushed
    float want = a * std::copysign(0.f, b);
    return std::isnan(want) ? std::isnan(out) : std::bit_cast<uint32_t>(out) == std::bit_cast<uint32_t>(want);
  }
  float want = a / b;
  if (std::isnan(want)) return std::isnan(out);
  if (a == 0 || b == 0 || std::isinf(a) || std::isinf(b)) return std::bit_cast<uint32_t>(out) == std::bit_cast<uint32_t>(want);
  if (d.ftz && out != flush(out)) return false;
  if (d.ftz && out == 0 && std::fabs(want) <= 0x1p-126f) return std::signbit(out) == std::signbit(want);
  return std::llabs(ordered(out) - ordered(want)) <= 2;
}

TEST_P(DivisionSweep, KeepsItsBound) {
  const Division &d = GetParam();
  Swept swept(std::string(d.op) + " %y, %x, %z;", 32, 32, 2);
  ASSERT_EQ(swept.problem(), "");
  std::vector<uint32_t> edges = floatEdges(), a, b;
  for (size_t i = 0; i < edges.size(); ++i)
    for (size_t j = 0; j < 126; ++j) a.push_back(edges[i]), b.push_back(edges[j]), a.push_back(edges[j]), b.push_back(edges[i]);
  std::mt19937_64 random(7);
  uint64_t rounds = longSweeps() ? 4096 : 4, wrong = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    while (a.size() < (1 << 20) || a.size() % Swept::Quantum) {
      uint64_t bits = random();
      a.push_back(uint32_t(bits)), b.push_back(uint32_t(bits >> 32));
    }
    std::vector<float> out(a.size());
    swept.run(a.size(), out.data(), a.data(), b.data());
    for (size_t i = 0; i < a.size(); ++i) {
      float x = std::bit_cast<float>(a[i]), y = std::bit_cast<float>(b[i]);
      if (!fits(d, x, y, out[i]) && ++wrong <= 8) ADD_FAILURE() << std::hexfloat << x << " / " << y << " gave " << out[i] << ", not " << x / y;
    }
    a.clear(), b.clear();
  }
  EXPECT_EQ(wrong, 0u);
}

INSTANTIATE_TEST_SUITE_P(Ptx, DivisionSweep,
                         testing::Values(Division{"approx", "div.approx.f32", false, false}, Division{"approx_ftz", "div.approx.ftz.f32", false, true},
                                         Division{"full", "div.full.f32", true, false}, Division{"full_ftz", "div.full.ftz.f32", true, true}),
                         [](const auto &info) { return info.param.name; });

// ---- f16 and bf16: all inputs ---------------------------------------------------------------------------------------

struct Narrow {
  const char *name, *op;
  const SmallFormat &format;
  double (*truth)(double);
  double relative, absolute;
  bool ftz = false;
};
class NarrowApproximateSweep : public testing::TestWithParam<Narrow> {};

TEST_P(NarrowApproximateSweep, KeepsItsBound) {
  const Narrow &n = GetParam();
  for (bool packed : {false, true}) {
    std::string op = std::string(n.op) + (packed ? "x2" : "");
    Swept swept(op + " %y, %x;", packed ? 32 : 16, packed ? 32 : 16);
    ASSERT_EQ(swept.problem(), "") << op;
    auto check = [&](uint16_t code, uint16_t result) {
      double x = decode(n.format, code), out = decode(n.format, result), least = std::ldexp(1, n.format.least);
      if (n.ftz && std::fabs(x) < least) x = std::copysign(0, x);
      double want = n.truth(x);
      unsigned nearest = encode(n.format, want, Round::Nearest);
      bool flushed = n.ftz && std::fabs(want) < least;
      bool good = std::isnan(want)   ? std::isnan(out)
                  : x == 0 || std::isinf(x) ? result == nearest
                  : flushed          ? (out == 0 || std::fabs(out) == least) && std::signbit(out) == std::signbit(want)
                  : result == nearest || std::fabs(out - want) <= n.relative * std::fabs(want) + n.absolute;
      EXPECT_TRUE(good) << op << " of " << x << " gave " << out << ", not " << want;
    };
    if (packed) {
      std::vector<uint32_t> in, out(65536);
      for (uint32_t i = 0; i < 65536; ++i) in.push_back(i | (i * 40503u + 77u) << 16);
      swept.run(in.size(), out.data(), in.data());
      for (size_t i = 0; i < in.size() && !HasFailure(); ++i) check(uint16_t(in[i]), uint16_t(out[i])), check(uint16_t(in[i] >> 16), uint16_t(out[i] >> 16));
    } else {
      std::vector<uint16_t> in, out(65536);
      for (uint32_t i = 0; i < 65536; ++i) in.push_back(uint16_t(i));
      swept.run(in.size(), out.data(), in.data());
      for (size_t i = 0; i < in.size() && !HasFailure(); ++i) check(in[i], out[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ptx, NarrowApproximateSweep,
                         testing::Values(Narrow{"tanh_f16", "tanh.approx.f16", F16, std::tanh, 0, std::exp2(-10.987)},
                                         Narrow{"tanh_bf16", "tanh.approx.bf16", BF16, std::tanh, 0, 0x1p-8},
                                         Narrow{"ex2_f16", "ex2.approx.f16", F16, std::exp2, std::exp2(-9.9), 0},
                                         Narrow{"ex2_bf16", "ex2.approx.ftz.bf16", BF16, std::exp2, 0x1p-7, 0, true}),
                         [](const auto &info) { return info.param.name; });

// ---- f64 ------------------------------------------------------------------------------------------------------------

struct Wide {
  const char *name, *op;
  bool root, upper;  // upper: only the upper words of source and result count, subnormals are flushed
};
class WideApproximateSweep : public testing::TestWithParam<Wide> {};

TEST_P(WideApproximateSweep, KeepsItsBound) {
  const Wide &w = GetParam();
  Swept swept(std::string(w.op) + " %y, %x;", 64, 64);
  ASSERT_EQ(swept.problem(), "");
  std::vector<uint64_t> in = doubleEdges();
  std::mt19937_64 random(11);
  uint64_t rounds = longSweeps() ? 1024 : 4;
  int wrong = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    while (in.size() < (1 << 20) || in.size() % Swept::Quantum) in.push_back(random() & ~(round & 1 ? 0xffffffffull : 0ull));
    std::vector<uint64_t> out(in.size());
    swept.run(in.size(), out.data(), in.data());
    for (size_t i = 0; i < in.size(); ++i) {
      uint64_t source = w.upper ? in[i] & ~0xffffffffull : in[i];
      double x = std::bit_cast<double>(source), got = std::bit_cast<double>(out[i]);
      if (w.upper && std::fabs(x) < 0x1p-1022) x = std::copysign(0, x);
      long double exact = w.root ? 1 / std::sqrt((long double)(x)) : 1 / (long double)(x);
      bool good;
      if (std::isnan(exact)) good = w.upper && std::isnan(std::bit_cast<double>(in[i])) ? out[i] == 0x7fffffff00000000 : std::isnan(got);
      else if (x == 0 || std::isinf(x)) good = out[i] == std::bit_cast<uint64_t>(double(exact));
      else if (w.upper && std::fabs(exact) < 0x1p-1022L) good = got == 0 && std::signbit(got) == std::signbit(exact);
      // The manual gives no bound: the 20 bits of the upper word, or all but the last of a double.
      else good = (!w.upper || !(out[i] & 0xffffffff)) && std::fabs(got - exact) <= std::fabs(exact) * (w.upper ? 0x1p-20L : 0x1p-52L) + (w.upper ? 0 : 0x1p-1074L);
      if (!good && ++wrong <= 8) ADD_FAILURE() << w.op << " of " << std::hexfloat << std::bit_cast<double>(in[i]) << " gave " << got << " (" << std::hex << out[i] << "), not " << double(exact);
    }
    in.clear();
  }
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Ptx, WideApproximateSweep,
                         testing::Values(Wide{"rsqrt", "rsqrt.approx.f64", true, false}, Wide{"rsqrt_ftz", "rsqrt.approx.ftz.f64", true, true},
                                         Wide{"rcp_ftz", "rcp.approx.ftz.f64", false, true}),
                         [](const auto &info) { return info.param.name; });

}  // namespace
}  // namespace cutrans::test
