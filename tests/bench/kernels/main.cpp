// Runs each kernel on the device and as plain C++, interleaved, and prints the ratio of their best times. Run it with
// one worker (CUTRANS_HOST_THREADS=1), so that one core meets one core. Results of both sides are compared as well.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "kernels.h"

namespace {

template <class T>
T *array(size_t n, std::function<T(size_t)> value) {
  T *p = static_cast<T *>(shared_memory(n * sizeof(T)));
  for (size_t i = 0; i < n; ++i) p[i] = value(i);
  return p;
}
float *floats(size_t n) {
  return array<float>(n, [](size_t i) { return float((i * 2654435761u >> 16) % 1000) * 0.001f + 0.001f; });
}

struct Case {
  const char *name, *unit;
  double work;  // units in one run
  std::function<void()> device, native;
  const void *device_result, *native_result;
  size_t count;
  bool integer;
  double tolerance;
};

double seconds(const std::function<void()> &run) {
  auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double worst(const Case &c) {
  double most = 0;
  for (size_t i = 0; i < c.count; ++i) {
    double a = c.integer ? static_cast<const int *>(c.device_result)[i] : static_cast<const float *>(c.device_result)[i];
    double b = c.integer ? static_cast<const int *>(c.native_result)[i] : static_cast<const float *>(c.native_result)[i];
    most = std::fmax(most, std::fabs(a - b) / std::fmax(1.0, std::fabs(b)));
  }
  return most;
}

}  // namespace

int main(int argc, char **argv) {
  bool json = argc > 1 && !std::strcmp(argv[1], "--json");
  const int n = 1 << 22, m = 512, side = 1024, bodies = 4096, options = 1 << 19;
  float *a = floats(n), *b = floats(n), *c1 = floats(n), *c2 = floats(n), *d1 = floats(n), *d2 = floats(n), *e1 = floats(n), *e2 = floats(n);
  int *in = array<int>(n, [](size_t i) { return int(i % 7) - 3; }), *i1 = array<int>(2 * n, [](size_t) { return 0; }), *i2 = array<int>(n, [](size_t) { return 0; }),
      *totals = array<int>(n / 128, [](size_t) { return 0; });
  auto *bytes = array<unsigned char>(n, [](size_t i) { return static_cast<unsigned char>(i * 2654435761u >> 11); });
  float *spot = floats(options), *strike = floats(options), *years = floats(options);
  const double big = n, mm = 2.0 * m * m * m;
  std::vector<Case> cases = {
      {"vector_add", "GB/s", 12 * big, [&] { device_vector_add(a, b, c1, n); }, [&] { native_vector_add(a, b, c2, n); }, c1, c2, size_t(n), false, 0},
      {"saxpy", "GB/s", 12 * big, [&] { device_saxpy(1e-3f, a, d1, n); }, [&] { native_saxpy(1e-3f, a, d2, n); }, d1, d2, size_t(n), false, 1e-6},
      {"matmul 16x16", "GFLOP/s", mm, [&] { device_matmul_16(a, b, e1, m); }, [&] { native_matmul_16(a, b, e2, m); }, e1, e2, size_t(m * m), false, 1e-4},
      {"matmul 32x32", "GFLOP/s", mm, [&] { device_matmul_32(a, b, e1, m); }, [&] { native_matmul_32(a, b, e2, m); }, e1, e2, size_t(m * m), false, 1e-4},
      {"transpose", "GB/s", 8.0 * side * side, [&] { device_transpose(a, c1, side); }, [&] { native_transpose(a, c2, side); }, c1, c2, size_t(side * side), false, 0},
      {"reduce", "GB/s", 4 * big, [&] { e1[0] = 0; device_reduce(a, e1, n); }, [&] { e2[0] = 0; native_reduce(a, e2, n); }, e1, e2, 1, false, 1e-3},
      {"scan", "GB/s", 8 * big, [&] { device_scan(in, i1, totals, n); }, [&] { native_scan(in, i2, totals, n); }, i1, i2, size_t(n), true, 0},
      {"histogram", "GB/s", big, [&] { std::memset(i1, 0, 1024); device_histogram(bytes, reinterpret_cast<unsigned *>(i1), n); },
       [&] { std::memset(i2, 0, 1024); native_histogram(bytes, reinterpret_cast<unsigned *>(i2), n); }, i1, i2, 256, true, 0},
      {"mandelbrot", "Mpixel/s", 512.0 * 384 * 1e3, [&] { device_mandelbrot(i1, 512, 384, 300); }, [&] { native_mandelbrot(i2, 512, 384, 300); }, i1, i2, 0, true, 0},
      {"nbody", "Ginteraction/s", double(bodies) * bodies, [&] { device_nbody(a, b, spot, strike, c1, d1, e1, bodies); }, [&] { native_nbody(a, b, spot, strike, c2, d2, e2, bodies); }, e1, e2, size_t(bodies), false, 1e-3},
      {"black_scholes", "Goption/s", options, [&] { device_black_scholes(c1, d1, spot, strike, years, options); }, [&] { native_black_scholes(c2, d2, spot, strike, years, options); }, c1, c2, size_t(options), false, 1e-4},
      {"stencil", "GB/s", 8 * big, [&] { device_stencil(a, c1, 2048, 2048); }, [&] { native_stencil(a, c2, 2048, 2048); }, c1, c2, size_t(n), false, 1e-5},
  };
  std::printf(json ? "[" : "| kernel | unit | device | native | device/native |\n|---|---|---|---|---|\n");
  bool first = true, right = true;
  for (Case &c : cases) {
    auto device = [&] { c.device(); wait_for_device(); };
    device();  // compiles
    c.native();
    double difference = worst(c), best_device = 1e9, best_native = 1e9;
    for (int round = 0; round < 9; ++round) {
      best_native = std::fmin(best_native, seconds(c.native));
      best_device = std::fmin(best_device, seconds(device));
    }
    right &= difference <= c.tolerance;
    double dv = c.work / best_device * 1e-9, nv = c.work / best_native * 1e-9;
    if (json)
      std::printf("%s{\"kernel\": \"%s\", \"unit\": \"%s\", \"device\": %.4g, \"native\": %.4g, \"ratio\": %.3f, \"difference\": %.3g}", first ? "" : ",\n", c.name, c.unit, dv, nv, dv / nv, difference);
    else
      std::printf("| %s | %s | %.3g | %.3g | %.2f%s |\n", c.name, c.unit, dv, nv, dv / nv, difference <= c.tolerance ? "" : " WRONG");
    std::fflush(stdout);
    first = false;
  }
  // What a launch costs: the median of many, in microseconds.
  auto median = [](auto run) {
    std::vector<double> times;
    for (int i = 0; i < 2001; ++i) {
      times.push_back(seconds(run));
      if (i % 64 == 63) wait_for_device();  // as a program does that does not run ahead for ever
    }
    std::nth_element(times.begin(), times.begin() + 1000, times.end());
    return times[1000] * 1e6;
  };
  device_empty();
  wait_for_device();
  double queue = median(device_empty), both = median([] { device_empty(); wait_for_device(); });
  if (json) std::printf(",\n{\"launch_us\": %.3f, \"launch_and_wait_us\": %.3f}]\n", queue, both);
  else std::printf("\n| empty kernel | us |\n|---|---|\n| launch | %.2f |\n| launch and wait | %.2f |\n", queue, both);
  return right ? 0 : 1;
}
