// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>
#include <bit>
#include <climits>
#include <cmath>
#include <cstdlib>

#include "tests/ptx/run/case.h"
#include "tests/ptx/run/compile_ptx.h"

namespace cutrans::test {
namespace {

std::vector<float> reals(int count, float scale = 0.25f) {
  std::vector<float> values(size_t(count), 0.f);
  for (int i = 0; i < count; ++i) values[size_t(i)] = float((i * 37) % 101 - 50) * scale;
  return values;
}

std::vector<int> mixed(int count, unsigned seed = 1) {
  std::vector<int> values(size_t(count), 0);
  for (int &value : values) value = int(seed = seed * 1664525u + 1013904223u);
  return values;
}

template <class T, class F>
auto map(const std::vector<T> &in, F f) {
  std::vector<decltype(f(0, in[0]))> out;
  for (size_t i = 0; i < in.size(); ++i) out.push_back(f(int(i), in[i]));
  return out;
}

void vadd(Case &c) {
  auto a = reals(1000), b = reals(1000, 3);
  c.input(a), c.input(b);
  c.inout(std::vector<float>(1024, 9), [&] {
    std::vector<float> sum(1024, 9);
    for (size_t i = 0; i < 1000; ++i) sum[i] = a[i] + b[i];
    return sum;
  }());
  c.scalar(1000);
}

void saxpy(Case &c) {
  auto x = reals(999), y = reals(999, 2);
  c.scalar(999), c.scalar(1.5f), c.input(x);
  c.inout(y, map(y, [&](int i, float v) { return std::fma(1.5f, x[size_t(i)], v); }));
}

void ids(Case &c) {
  std::vector<int> out;
  for (int b = 0; b < 12; ++b)
    for (int z = 0; z < 2; ++z)
      for (int y = 0; y < 5; ++y)
        for (int x = 0; x < 7; ++x) out.push_back(x + 10 * y + 100 * z + 1000 * b);
  c.output(out);
}

void integers(Case &c) {
  auto a = mixed(96), b = mixed(96, 77);
  for (size_t i = 0; i < 96; i += 5) b[i] = int(i) - 20;
  for (size_t i = 0; i < 96; i += 7) a[i] = int(i) * 3;
  b[0] = 0, b[10] = 0;
  c.input(a), c.input(b);
  c.output(map(a, [&](int i, int sx) {
    unsigned x = unsigned(sx), y = unsigned(b[size_t(i)]);
    int sy = int(y);
    unsigned r = x + y;
    r ^= x * y;
    r += sy ? unsigned(int(int64_t(sx) / sy)) : 7;
    r += y ? x % y : 9;
    r ^= unsigned((int64_t(sx) * sy) >> 17);
    r += unsigned(std::popcount(x) + 3 * std::countl_zero(y) + 5 * (x ? std::countr_zero(x) + 1 : 0));
    r ^= unsigned(sx >> (y & 31)) + (x << (x & 31));
    r += unsigned(std::min(sx, sy)) - unsigned(std::max(sx, sy)) + unsigned(std::abs(sx % 1000));
    unsigned reversed = 0, permuted = 0;
    for (int k = 0; k < 32; ++k) reversed |= (x >> k & 1) << (31 - k);
    uint64_t both = uint64_t(y) << 32 | x;
    for (int k = 0; k < 4; ++k) permuted |= unsigned(both >> 8 * (0x2541 >> 4 * k & 7) & 255) << 8 * k;
    r ^= reversed + permuted;
    r += unsigned((int64_t(sx) * sy) >> 32) + unsigned((uint64_t(x) * y) >> 32);
    return int(r);
  }));
}

void floats(Case &c) {
  auto a = reals(64, 0.37f), b = reals(64, 1.9f);
  for (float &v : b) v += 0.125f;
  c.input(a), c.input(b);
  c.output(map(a, [&](int i, float x) {
    float y = b[size_t(i)];
    float q = x / y, s = std::sqrt(std::fabs(x));
    float r = std::fma(std::fma(x, y, q) - s, x, y);
    r = std::fma(std::fmin(x, y), std::fmax(x, -y), r);
    float whole = std::floor(y) + float(int(x * 3.0f)) + std::rint(x) + std::trunc(y * 7.0f);
    double d = std::fma(double(x), double(y), 1.0 / (double(y) + 3.0));
    return r + whole + float(d);
  }));
}

void strided(Case &c) {
  auto in = reals(500);
  c.input(in);
  c.output(map(in, [&](int i, float) { return in[size_t(int64_t(i) * 7 % 500)] * 2; }));
  c.scalar(500), c.scalar(7);
}

struct Pair {
  short low;
  long long wide;
  char tail[3];
};

void structs(Case &c) {
  std::vector<Pair> in(40);
  std::memset(static_cast<void *>(in.data()), 0, in.size() * sizeof(Pair));
  for (int i = 0; i < 40; ++i) in[size_t(i)].low = short(i * 1000), in[size_t(i)].wide = i * 0x123456789ll, in[size_t(i)].tail[1] = char(i);
  Pair by;
  std::memset(static_cast<void *>(&by), 0, sizeof by);
  by.low = 7, by.wide = 0x5555555555ll, by.tail[2] = 'x';
  auto out = in;
  for (int i = 0; i < 40; ++i) {
    Pair &p = out[size_t(i)];
    p.low = short(p.low + by.low), p.wide ^= by.wide, p.tail[i % 3] = 'x';
  }
  c.input(in), c.output(out), c.scalar(by);
}

void variables(Case &c) {
  c.output(map(std::vector<int>(50), [](int i, int) { return float(i % 4 + 1) * float(i) + 5; }));
}

void localArray(Case &c) {
  auto in = numbers(32, [](int i) { return i * 5 % 23; });
  c.input(in);
  c.output(map(in, [&](int i, int v) {
    unsigned sum = 0;
    for (int k = 0; k < 8; ++k) sum = sum * 3 + unsigned(in[size_t((i + ((v + k) & 7)) & 31)]);
    return int(sum);
  }));
}

void collatz(Case &c) {
  auto in = numbers(192, [](int i) { return i * 17 + 1; });
  c.input(in);
  c.output(map(in, [](int, long long x) {
    int steps = 0;
    for (; x > 1; ++steps) x = x & 1 ? 3 * x + 1 : x / 2;
    return steps;
  }));
}

void branches(Case &c) {
  int n = 150;
  auto in = numbers(n, [](int i) { return i * 7919 % 311; });
  c.input(in);
  std::vector<int> out(192, 0);
  for (int i = 0; i < n; ++i) {
    int x = in[size_t(i)], r = 0;
    switch (x & 7) {
      case 0: r = x * 2; break;
      case 1: r = x - 5; [[fallthrough]];
      case 2: r += 100; break;
      case 5: r = n; break;
      case 6: continue;
      default: r = -x;
    }
    for (int k = 0; k < x % 13; ++k) {
      if (k == i % 5) continue;
      if (r > 5000) break;
      for (int j = k; j < 4; ++j) r += j * k + (in[size_t((i + j) % n)] & 1);
    }
    out[size_t(i)] = r;
  }
  c.output(out);
  c.scalar(n);
}

void uniformLoop(Case &c) {
  auto in = reals(100);
  c.input(in);
  c.output(map(in, [](int, float v) {
    for (int t = 0; t < 9; ++t) v = std::fma(v, 0.5f, float(t));
    return v;
  }));
  c.scalar(100), c.scalar(9);
}

void mandelbrot(Case &c) {
  int width = 48, height = 32, limit = 60;
  std::vector<int> out;
  for (int py = 0; py < height; ++py)
    for (int px = 0; px < width; ++px) {
      float cx = std::fma(float(px), 0.05f, -2.0f), cy = std::fma(float(py), 0.05f, -1.0f), x = 0, y = 0;
      int n = 0;
      for (; n < limit && std::fma(x, x, y * y) < 4.0f; ++n) {
        float t = std::fma(x, x, -(y * y)) + cx;
        y = std::fma(x + x, y, cy);
        x = t;
      }
      out.push_back(n);
    }
  c.output(out);
  c.scalar(width), c.scalar(limit);
}

void matmul(Case &c) {
  int n = 64;
  std::vector<float> a(size_t(n * n)), b(a), p(a);
  for (int i = 0; i < n * n; ++i) a[size_t(i)] = float(i * 7 % 19 - 9), b[size_t(i)] = float(i * 5 % 17 - 8);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      for (int k = 0; k < n; ++k) p[size_t(i * n + j)] += a[size_t(i * n + k)] * b[size_t(k * n + j)];
  c.input(a), c.input(b), c.output(p), c.scalar(n);
}

void reduce(Case &c) {
  int n = 3000;
  auto in = mixed(n);
  std::vector<int> out(4, 0);
  for (int i = 0; i < n; ++i) out[size_t(i / 128 % 4)] = int(unsigned(out[size_t(i / 128 % 4)]) + unsigned(in[size_t(i)]));
  c.input(in), c.output(out), c.scalar(n);
}

void transpose(Case &c) {
  int n = 48;
  auto in = mixed(n * n);
  c.input(in);
  c.output(map(in, [&](int i, int) { return in[size_t(i % n * n + i / n)]; }));
  c.scalar(n);
}

void scan(Case &c) {
  auto in = mixed(256);
  auto out = in;
  for (size_t i = 1; i < out.size(); ++i)
    if (i % 128) out[i] = int(unsigned(out[i]) + unsigned(out[i - 1]));
  c.input(in), c.output(out);
}

void earlyExit(Case &c) {
  auto in = mixed(100);
  auto out = in;
  std::reverse(out.begin(), out.end());
  out.resize(128, 0);
  c.input(in), c.output(out), c.scalar(100);
}

void uniformBranch(Case &c) {
  auto in = mixed(256);
  c.input(in);
  std::vector<int> out = in;
  for (size_t b = 0; b < 4; ++b) {
    std::vector<int> v(in.begin() + long(b * 64), in.begin() + long(b * 64 + 64)), s = v;
    if (b % 2)
      for (size_t t = 0; t < 64; ++t) v[t] = int(unsigned(s[t]) + unsigned(s[63 - t]));
    for (size_t k = 0; k < b; ++k) {
      s = v;
      for (size_t t = 0; t < 64; ++t) v[t] = int(unsigned(s[(t + 1) % 64]) + unsigned(k));
    }
    std::copy(v.begin(), v.end(), out.begin() + long(b * 64));
  }
  c.output(out);
}

void counts(Case &c) {
  auto in = numbers(96, [](int i) { return i * 3; });
  c.input(in);
  c.output(map(in, [](int, int v) { return 48 + 1000 + 0 + v; }));
}

void untilStable(Case &c) {
  auto data = numbers(64, [](int i) { return i == 20 ? 1 : i < 20 ? 50 : 100 - i; });
  auto now = data;
  int turns = 0;
  for (bool changed = true; changed; ++turns) {
    changed = false;
    auto left = now;
    for (size_t t = 1; t < 64; ++t)
      if (left[t - 1] < now[t]) now[t] = left[t - 1], changed = true;
  }
  c.inout(data, now), c.output(std::vector<int>{turns});
}

void warpSum(Case &c) {
  auto in = mixed(192);
  c.input(in);
  std::vector<int> out(6, 0);
  for (size_t i = 0; i < in.size(); ++i) out[i / 32] = int(unsigned(out[i / 32]) + unsigned(in[i]));
  c.output(out);
}

void shuffles(Case &c) {
  auto in = numbers(64, [](int i) { return i * i; });
  c.input(in);
  c.output(map(in, [&](int i, int) {
    int lane = i % 32, base = i - lane;
    auto v = [&](int l) { return in[size_t(base + l)]; };
    int a = v(i * 7 % 32), b = v(lane >= 3 ? lane - 3 : lane), x = v(lane ^ 5), d = v(lane / 8 * 8 + (i + 1) % 8);
    int e = v(lane % 16 + 2 < 16 ? lane + 2 : lane);
    return a + 3 * b + 5 * x + 7 * d + 11 * e;
  }));
}

void votes(Case &c) {
  auto in = numbers(64, [](int i) { return i * 11 % 37; });
  c.input(in);
  c.output(map(in, [&](int i, int v) {
    unsigned odd = 0, mask = 0, same = 0;
    bool any = false, all = true;
    for (int l = 0; l < 32; ++l) {
      int o = in[size_t(i / 32 * 32 + l)];
      odd |= unsigned(o & 1) << l;
      any |= o == 3, all &= o < 1000;
      if (o & 2) mask |= unsigned(o >> 2 & 1) << l;
      same += o % 4 == v % 4;
    }
    unsigned r = odd + any + 2 * all;
    if (v & 2) r ^= mask;
    return r + same;
  }));
}

void blockSum(Case &c) {
  std::vector<float> in(1000);
  for (size_t i = 0; i < in.size(); ++i) in[i] = float(i % 16);
  float out[2] = {};
  for (size_t i = 0; i < in.size(); ++i) out[i / 128 % 2] += in[i];
  c.input(in), c.output(std::vector<float>(out, out + 2)), c.scalar(1000);
}

void histogram(Case &c) {
  std::vector<uint8_t> in(5000);
  for (size_t i = 0; i < in.size(); ++i) in[i] = uint8_t(i * i / 7);
  std::vector<int> out(256, 0);
  for (uint8_t v : in) ++out[v];
  c.input(in), c.output(out), c.scalar(5000);
}

void tickets(Case &c) {
  std::vector<int> taken(256, 0);
  std::fill(taken.begin(), taken.begin() + 192, 1);
  c.inout(std::vector<int>{0}, std::vector<int>{192});
  c.inout(std::vector<int>(256, 0), taken);
}

void extremes(Case &c) {
  auto in = mixed(192);
  std::vector<int> out{INT_MIN, INT_MAX, 0, 0, -1, 0, 0}, before = out;
  unsigned long long wide = 0;
  unsigned wrapped = 0;
  for (int v : in) {
    out[0] = std::max(out[0], v), out[1] = std::min(out[1], v), out[2] ^= v, out[3] |= v, out[4] &= v | 0xff;
    wide += static_cast<unsigned long long>(v) << 20;
    wrapped = wrapped >= 9 ? 0 : wrapped + 1;
  }
  out[5] = 77, out[6] = int(wrapped);
  c.input(in), c.inout(before, out), c.output(std::vector<unsigned long long>{wide});
}

// All adds commute here: every in[i] is the same.
void bySwap(Case &c) {
  unsigned value = 1;
  for (int i = 0; i < 96; ++i) value = value * 3 + 5;
  c.input(std::vector<int>(96, 5)), c.inout(std::vector<unsigned>{1}, std::vector<unsigned>{value});
}

void floatSum(Case &c) {
  std::vector<float> in(192);
  float sum = 0;
  for (size_t i = 0; i < in.size(); ++i) sum += in[i] = float(i % 64);
  c.input(in), c.output(std::vector<float>{sum}), c.output(std::vector<double>{sum});
}

void partialBarrier(Case &c) {
  auto in = numbers(128, [](int i) { return i * i; });
  c.input(in);
  c.output(map(in, [&](int t, int) { return t < 64 ? in[size_t(63 - t)] : in[size_t(64 + 127 - t)] * 2; }));
}

void producers(Case &c) {
  auto in = numbers(128, [](int i) { return i * i; });
  std::vector<int> out(128, 0);
  for (size_t t = 0; t < 32; ++t) out[t] = 3 * (in[t + 32] + in[t + 64] + in[t + 96]);
  c.input(in), c.output(out);
}

void warpByWarp(Case &c) {
  auto in = numbers(64, [](int i) { return i * i; });
  c.input(in);
  c.output(map(in, [&](int t, int) { return t < 32 ? 2 * in[size_t(t + 32)] : -in[size_t(t - 32)]; }));
}

void meeting(Case &c) {
  auto in = numbers(64, [](int i) { return i * i; });
  c.input(in);
  c.output(map(in, [&](int t, int) { return t < 32 ? in[size_t(t + 32)] * 2 : t; }));
}

void chain(Case &c) {
  auto in = numbers(9, [](int i) { return i * i + 1; });
  auto sums = in;
  for (size_t i = 1; i < 9; ++i) sums[i] += sums[i - 1];
  c.input(in), c.output(std::vector<int>(9, 1)), c.output(sums);
}

void gridBarrier(Case &c) {
  auto in = numbers(256, [](int i) { return i * i; });
  c.input(in);
  c.output(map(in, [&](int i, int) { return in[size_t(255 - i)] * 2 + 1; }));
  c.output(std::vector<unsigned>{4, 4});
}

void blockLock(Case &c) {
  int value = 0;
  for (int i = 0; i < 7; ++i) value = value * 3 + 1;
  c.output(std::vector<int>{0}), c.output(std::vector<int>{value});
}

void threadLock(Case &c) {
  unsigned value = 0;
  for (int i = 0; i < 80; ++i) value = value * 3 + 1;
  c.output(std::vector<int>{0}), c.output(std::vector<unsigned>{value});
}

std::vector<Row> kernelRows() {
  constexpr ct_native_form Gang = CT_NATIVE_FORM_GANG;
  return {
      {"basic", "vadd", {8, 1, 1}, {128, 1, 1}, vadd},
      {"basic", "vadd", {11, 1, 1}, {100, 1, 1}, vadd, 0, false, CT_NATIVE_FORM_BLOCK, "_uneven"},
      {"basic", "saxpy", {4, 1, 1}, {256, 1, 1}, saxpy},
      {"basic", "ids", {3, 2, 2}, {7, 5, 2}, ids},
      {"basic", "integers", {1, 1, 1}, {96, 1, 1}, integers},
      {"basic", "floats", {1, 1, 1}, {64, 1, 1}, floats},
      {"basic", "strided", {2, 1, 1}, {64, 1, 1}, strided},
      {"basic", "structs", {1, 1, 1}, {40, 1, 1}, structs},
      {"basic", "variables", {1, 1, 1}, {50, 1, 1}, variables},
      {"basic", "local_array", {1, 1, 1}, {32, 1, 1}, localArray},
      {"control", "collatz", {3, 1, 1}, {64, 1, 1}, collatz},
      {"control", "branches", {3, 1, 1}, {64, 1, 1}, branches},
      {"control", "uniform_loop", {2, 1, 1}, {64, 1, 1}, uniformLoop},
      {"control", "mandelbrot", {3, 4, 1}, {16, 8, 1}, mandelbrot},
      {"shared", "matmul16", {4, 4, 1}, {16, 16, 1}, matmul},
      {"shared", "matmul32", {2, 2, 1}, {32, 32, 1}, matmul},
      {"shared", "matmul8", {8, 8, 1}, {8, 8, 1}, matmul},
      {"shared", "reduce", {4, 1, 1}, {128, 1, 1}, reduce, 512},
      {"shared", "transpose", {3, 3, 1}, {16, 16, 1}, transpose},
      {"shared", "scan", {2, 1, 1}, {128, 1, 1}, scan},
      {"shared", "early_exit", {1, 1, 1}, {128, 1, 1}, earlyExit},
      {"shared", "barrier_in_uniform_branch", {4, 1, 1}, {64, 1, 1}, uniformBranch},
      {"shared", "counts", {1, 1, 1}, {96, 1, 1}, counts},
      {"shared", "until_stable", {1, 1, 1}, {64, 1, 1}, untilStable, 0, false, Gang},
      {"warp", "warp_sum", {3, 1, 1}, {64, 1, 1}, warpSum},
      {"warp", "shuffles", {1, 1, 1}, {64, 1, 1}, shuffles},
      {"warp", "votes", {1, 1, 1}, {64, 1, 1}, votes},
      {"warp", "block_sum", {2, 1, 1}, {128, 1, 1}, blockSum},
      {"atomics", "histogram", {3, 1, 1}, {128, 1, 1}, histogram},
      {"atomics", "tickets", {3, 1, 1}, {64, 1, 1}, tickets},
      {"atomics", "extremes", {3, 1, 1}, {64, 1, 1}, extremes},
      {"atomics", "by_swap", {3, 1, 1}, {32, 1, 1}, bySwap},
      {"atomics", "float_sum", {3, 1, 1}, {64, 1, 1}, floatSum},
      {"waiting", "partial_barrier", {1, 1, 1}, {128, 1, 1}, partialBarrier, 0, false, Gang},
      {"waiting", "producers", {1, 1, 1}, {128, 1, 1}, producers, 0, false, Gang},
      {"waiting", "warp_by_warp_barriers", {1, 1, 1}, {64, 1, 1}, warpByWarp, 0, false, Gang},
      {"waiting", "meeting", {1, 1, 1}, {64, 1, 1}, meeting, 0, false, Gang},
      {"waiting", "chain", {9, 1, 1}, {32, 1, 1}, chain, 0, false, Gang},
      {"waiting", "grid_barrier", {4, 1, 1}, {64, 1, 1}, gridBarrier, 0, true, Gang},
      {"waiting", "thread_lock", {2, 1, 1}, {40, 1, 1}, threadLock, 0, true, Gang},
      {"waiting", "block_lock", {7, 1, 1}, {32, 1, 1}, blockLock, 0, true, Gang},
  };
}

}  // namespace

const std::vector<Row> &rows() {
  static const std::vector<Row> table = [] {
    std::vector<Row> all = kernelRows();
    for (auto set : {callRows, controlRows, memoryRows, matrixRows, mbarrierRows, bulkRows, tensorRows, threadRows, warpRows, videoRows, floatRows, matrixMoveRows, atomicRows})
      for (Row &row : set()) all.push_back(std::move(row));
    return all;
  }();
  return table;
}

std::string textOf(const Row &row) {
  if (!row.text.empty()) return row.text;
  return PtxModule::readFile(std::string(CUTRANS_RUN_KERNELS) + "/" + row.file + ".ptx");
}

}  // namespace cutrans::test
