// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The approximate functions against long double, within the bounds of the PTX manual, on a sample of all floats; directed rounding against the
// machine's own modes, bit for bit. Each with and without AVX-512.
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "tests/passes/emit/widened_kernel.h"

namespace cutrans::test {
namespace {

constexpr uint32_t Lanes = 8, Gangs = 4, PerBlock = Lanes * Gangs;

// out[i] = name(in0[i], in1[i], in2[i]) on vectors of eight; 32 elements per block.
std::string kernelText(const std::string &name, const std::string &resultType, const std::vector<std::string> &types) {
  auto vector = [](const std::string &type) { return "<8 x " + type + ">"; };
  std::string declared, given, loads;
  for (size_t i = 0; i < types.size(); ++i) {
    std::string n = std::to_string(i);
    declared += (i ? ", " : "") + vector(types[i]);
    given += (i ? ", " : "") + vector(types[i]) + " %v" + n;
    loads += "  %a" + n + " = getelementptr i8, ptr %params, i64 " + std::to_string(8 * (i + 1)) + "\n  %p" + n + " = load ptr, ptr %a" + n +
             ", !invariant.load !0\n  %e" + n + " = getelementptr " + types[i] + ", ptr %p" + n + ", i64 %first64\n  %v" + n +
             " = load " + vector(types[i]) + ", ptr %e" + n + ", align 2\n";
  }
  std::string function = "@cutrans." + name + ".v8";
  return "declare " + vector(resultType) + " " + function + "(" + declared + ") memory(none)\n" + R"(
define void @kernel(ptr %block, i32 %gang) #0 {
  %params.at = getelementptr i8, ptr %block, i64 8
  %params = load ptr, ptr %params.at, !invariant.load !0
  %out = load ptr, ptr %params, !invariant.load !0
  %id = call i32 @cutrans.ctaid.x()
  %base = mul i32 %id, 32
  %own = mul i32 %gang, 8
  %first = add i32 %base, %own
  %first64 = zext i32 %first to i64
)" + loads + "  %r = call " + vector(resultType) + " " + function + "(" + given + ")\n  %mine = getelementptr " + resultType +
         ", ptr %out, i64 %first64\n  store " + vector(resultType) + " %r, ptr %mine, align 2\n  ret void\n}\n!0 = !{}\n";
}

bool runOn(const std::string &text, bool avx512, size_t count, std::vector<const void *> pointers) {
  Compiled compiled = compileWidened(text, avx512);
  EXPECT_EQ(compiled.error, "");
  if (compiled.bytes.empty()) return false;
  Artifact artifact(compiled.bytes);
  EXPECT_EQ(artifact.error(), "");
  if (!artifact.kernel()) return false;
  Launch launch;
  launch.grid = {uint32_t(count / PerBlock), 1, 1};
  launch.block = {PerBlock, 1, 1};
  launch.params.resize(8 * pointers.size());
  std::memcpy(launch.params.data(), pointers.data(), launch.params.size());
  return artifact.run(launch).ok;
}

std::vector<float> someFloats() {
  std::vector<float> values;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 9973) values.push_back(std::bit_cast<float>(uint32_t(bits)));
  for (float x = -8; x < 8; x += 0x1p-12f) values.push_back(x);
  for (float x : {0.f, -0.f, 1.f, -1.f, INFINITY, -INFINITY, NAN, 0x1p-149f, -0x1p-149f, 0x1p-126f, 0x1.fffffep127f})
    values.push_back(x);
  while (values.size() % PerBlock) values.push_back(1);
  return values;
}

struct Approximation {
  const char *name;
  long double (*exact)(long double);
  double relative, absolute;  // the result may be off by either
  double low, high;           // where the bound holds
};
void PrintTo(const Approximation &row, std::ostream *out) { *out << row.name; }

class Approximate : public testing::TestWithParam<std::tuple<Approximation, bool>> {};

TEST_P(Approximate, StaysWithinItsBound) {
  auto [row, avx512] = GetParam();
  std::vector<float> in = someFloats(), out(in.size());
  ASSERT_TRUE(runOn(kernelText(std::string(row.name) + ".approx.f32", "float", {"float"}), avx512, in.size(), {out.data(), in.data()}));
  double worst = 0, worstAt = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    long double want = row.exact(in[i]);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(out[i])) << in[i] << " gave " << out[i];
      continue;
    }
    if (!(in[i] >= row.low && in[i] <= row.high)) {
      ASSERT_FALSE(std::isnan(out[i])) << in[i];
      continue;
    }
    float rounded = float(want);
    if (out[i] == rounded && std::signbit(out[i]) == std::signbit(rounded)) continue;
    ASSERT_TRUE(std::isfinite(out[i]) && std::isfinite(rounded)) << in[i] << " gave " << out[i] << " not " << rounded;
    ASSERT_FALSE(want == 0 && out[i] == 0) << in[i] << ": sign of zero";
    long double error = std::fabs(want - (long double)out[i]);
    // One unit of the subnormals is always allowed.
    if (error <= row.absolute || error <= 0x1p-149L) continue;
    double relative = double(error / std::fabs(want));
    if (relative > worst) worst = relative, worstAt = in[i];
  }
  EXPECT_LE(worst, row.relative) << "at " << worstAt;
  RecordProperty("worst", std::to_string(worst ? std::log2(worst) : -99));
}

constexpr double Inf = std::numeric_limits<double>::infinity();
constexpr double Pi = 3.14159265358979323846;
INSTANTIATE_TEST_SUITE_P(
    Functions, Approximate,
    testing::Combine(testing::Values(Approximation{"ex2", [](long double x) { return std::exp2(x); }, 0x1p-22, 0, -Inf, Inf},
                                     Approximation{"lg2", [](long double x) { return std::log2(x); }, 0x1p-22, 0x1p-22, -Inf, Inf},
                                     Approximation{"sin", [](long double x) { return std::sin(x); }, 0, 0x1.6a09p-21, -2 * Pi, 2 * Pi},
                                     Approximation{"cos", [](long double x) { return std::cos(x); }, 0, 0x1.6a09p-21, -2 * Pi, 2 * Pi},
                                     Approximation{"sin", [](long double x) { return std::sin(x); }, 0, 0x1.3p-15, -100 * Pi, 100 * Pi},
                                     Approximation{"cos", [](long double x) { return std::cos(x); }, 0, 0x1.3p-15, -100 * Pi, 100 * Pi},
                                     Approximation{"tanh", [](long double x) { return std::tanh(x); }, 0x1p-20, 0, -Inf, Inf},
                                     Approximation{"rsqrt", [](long double x) { return 1 / std::sqrt(x); }, 0x1p-22, 0, -Inf, Inf},
                                     Approximation{"rcp", [](long double x) { return 1 / x; }, 0x1p-24, 0, -Inf, Inf},
                                     Approximation{"sqrt", [](long double x) { return std::sqrt(x); }, 0x1p-24, 0, -Inf, Inf}),
                     testing::Bool()));

TEST(FtzAndSat, FollowTheManual) {
  std::vector<float> in = someFloats(), out(in.size());
  ASSERT_TRUE(runOn(kernelText("ftz.f32", "float", {"float"}), true, in.size(), {out.data(), in.data()}));
  for (size_t i = 0; i < in.size(); ++i) {
    uint32_t bits = std::bit_cast<uint32_t>(in[i]), want = bits & 0x7f800000 ? bits : bits & 0x80000000;
    ASSERT_EQ(std::bit_cast<uint32_t>(out[i]), want);
  }
  ASSERT_TRUE(runOn(kernelText("sat.f32", "float", {"float"}), true, in.size(), {out.data(), in.data()}));
  for (size_t i = 0; i < in.size(); ++i) {
    float want = in[i] > 0 ? std::fmin(in[i], 1.f) : 0.f;
    ASSERT_EQ(std::bit_cast<uint32_t>(out[i]), std::bit_cast<uint32_t>(want)) << in[i];
  }
}

// ---- directed rounding ----

template <class T>
std::vector<T> randomValues(size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values(count);
  for (T &value : values) {
    uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof value);
  }
  constexpr T special[] = {T(0), T(1), T(3), T(-1)};
  for (size_t i = 0; i < 4; ++i) values[i] = special[i];
  return values;
}

constexpr struct {
  const char *suffix;
  int mode;
} Directions[] = {{"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};

// Opaque to the optimiser, which otherwise takes the mode for nearest.
template <class R, class Operation, class... T>
__attribute__((noinline)) R inMode(int mode, Operation operation, T... values) {
  std::fesetround(mode);
  (..., [&](auto &v) { asm volatile("" : "+m"(v)); }(values));
  R result = operation(values...);
  asm volatile("" : "+m"(result));
  std::fesetround(FE_TONEAREST);
  return result;
}

template <class R, class T, size_t N, class Operation>
void checkRounding(const std::string &name, const std::string &suffix, const char *result, const char *type, Operation operation) {
  constexpr size_t Count = 4096;
  std::vector<T> in[3] = {randomValues<T>(Count, 1), randomValues<T>(Count, 2), randomValues<T>(Count, 3)};
  if constexpr (std::is_floating_point_v<T>)  // half of them of like size, so that sums round
    for (size_t i = 0; i < Count; i += 2)
      for (auto &values : in) {
        int exponent;
        values[i] = std::isfinite(values[i]) ? std::frexp(values[i], &exponent) : T(0.3);
      }
  for (auto [direction, mode] : Directions)
    for (bool avx512 : {true, false}) {
      std::vector<R> out(Count);
      std::string full = name + "." + direction + "." + suffix;
      std::vector<const void *> pointers{out.data()};
      for (size_t i = 0; i < N; ++i) pointers.push_back(in[i].data());
      ASSERT_TRUE(runOn(kernelText(full, result, std::vector<std::string>(N, type)), avx512, Count, pointers));
      for (size_t i = 0; i < Count; ++i) {
        R want;
        if constexpr (N == 1) want = inMode<R>(mode, operation, in[0][i]);
        if constexpr (N == 2) want = inMode<R>(mode, operation, in[0][i], in[1][i]);
        if constexpr (N == 3) want = inMode<R>(mode, operation, in[0][i], in[1][i], in[2][i]);
        if (std::isnan(want)) {
          ASSERT_TRUE(std::isnan(out[i])) << full;
        } else {
          ASSERT_EQ(std::memcmp(&want, &out[i], sizeof want), 0) << full << " " << +in[0][i] << ": " << out[i] << " not " << want
                                                                 << (avx512 ? "" : " without AVX-512");
        }
      }
    }
}

template <class T>
void checkArithmetic(const char *suffix, const char *type) {
  checkRounding<T, T, 2>("add", suffix, type, type, [](T a, T b) -> T { return a + b; });
  checkRounding<T, T, 2>("sub", suffix, type, type, [](T a, T b) -> T { return a - b; });
  checkRounding<T, T, 2>("mul", suffix, type, type, [](T a, T b) -> T { return a * b; });
  checkRounding<T, T, 2>("div", suffix, type, type, [](T a, T b) -> T { return a / b; });
  checkRounding<T, T, 1>("rcp", suffix, type, type, [](T a) -> T { return T(1) / a; });
  checkRounding<T, T, 1>("sqrt", suffix, type, type, [](T a) -> T { return std::sqrt(a); });
  checkRounding<T, T, 3>("fma", suffix, type, type, [](T a, T b, T c) -> T { return std::fma(a, b, c); });
}

TEST(DirectedRounding, Float) { checkArithmetic<float>("f32", "float"); }
TEST(DirectedRounding, Double) { checkArithmetic<double>("f64", "double"); }
TEST(DirectedRounding, Conversions) {
  checkRounding<float, double, 1>("cvt", "f32.f64", "float", "double", [](double a) -> float { return float(a); });
  checkRounding<float, int32_t, 1>("cvt", "f32.s32", "float", "i32", [](int32_t a) -> float { return float(a); });
  checkRounding<float, uint32_t, 1>("cvt", "f32.u32", "float", "i32", [](uint32_t a) -> float { return float(int64_t(a)); });
  checkRounding<float, int64_t, 1>("cvt", "f32.s64", "float", "i64", [](int64_t a) -> float { return float(a); });
  checkRounding<double, int64_t, 1>("cvt", "f64.s64", "double", "i64", [](int64_t a) -> double { return double(a); });
  // A long double holds every u64, so that there is one rounding.
  checkRounding<float, uint64_t, 1>("cvt", "f32.u64", "float", "i64", [](uint64_t a) -> float { return float((long double)(a)); });
  checkRounding<double, uint64_t, 1>("cvt", "f64.u64", "double", "i64", [](uint64_t a) -> double { return double((long double)(a)); });
}

}  // namespace
}  // namespace cutrans::test
