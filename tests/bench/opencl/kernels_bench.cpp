// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of tests/ptx/run through our compiler on an OpenCL device, against the same kernels written in OpenCL C by hand as people write
// them, one work-item for each thread. In turns, the best of each; results are compared.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>

#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/opencl_runner.h"

namespace {

using namespace cutrans::test;

constexpr const char *Text = R"(
__kernel void saxpy(int n, float a, __global const float *x, __global float *y) {
  int i = get_global_id(0);
  if (i < n) y[i] = a * x[i] + y[i];
}
__kernel void matmul16(__global const float *A, __global const float *B, __global float *C, int n) {
  __local float a[16][16], b[16][16];
  int tx = get_local_id(0), ty = get_local_id(1), x = get_global_id(0), y = get_global_id(1);
  float sum = 0;
  for (int k = 0; k < n; k += 16) {
    a[ty][tx] = A[y * n + k + tx];
    b[ty][tx] = B[(k + ty) * n + x];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < 16; ++i) sum += a[ty][i] * b[i][tx];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  C[y * n + x] = sum;
}
__kernel void reduce(__global const int *in, __global int *out, int n, __local int *s) {
  int t = get_local_id(0), v = 0;
  for (int i = get_global_id(0); i < n; i += get_global_size(0)) v += in[i];
  s[t] = v;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int o = get_local_size(0) / 2; o > 0; o >>= 1) {
    if (t < o) s[t] += s[t + o];
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  if (t == 0) out[get_group_id(0)] = s[0];
}
)";

struct Arguments {
  std::vector<uint8_t> params;
  std::vector<std::string> each;
  template <class T>
  void add(T value) {
    params.resize((params.size() + sizeof(T) - 1) / sizeof(T) * sizeof(T) + sizeof(T));
    std::memcpy(params.data() + params.size() - sizeof(T), &value, sizeof(T));
    each.emplace_back(reinterpret_cast<const char *>(&value), sizeof(T));
    if constexpr (std::is_pointer_v<T>) each.back() += '*';
  }
};

void compare(const char *format, const char *file, const char *kernel, Launch launch, const Arguments &arguments, size_t shared, std::vector<float> &result, double work,
             const char *unit) {
  PtxModule module(PtxModule::readFile(std::string(CUTRANS_RUN_KERNELS "/") + file + ".ptx"));
  CompileOptions options;
  options.block = launch.block;
  options.format = format;
  options.codegen = openclCodegen();
  PtxArtifact artifact = module.compile(kernel, options);
  if (artifact.bytes.empty()) return void(std::printf("%s: %s\n", kernel, artifact.diagnostics.c_str()));
  OpenclArtifact ours(artifact.bytes, options.format == CT_OPENCL_FORMAT_SPIR);
  launch.params = arguments.params;
  launch.dynamicShared = uint32_t(shared);
  std::string error = ours.error();
  auto byHand = error.empty() ? openclSource(Text, kernel, launch, arguments.each, shared, error) : nullptr;
  if (!error.empty()) return void(std::printf("%s: %s\n", kernel, error.c_str()));
  auto compiled = ours.timed(launch);
  const std::vector<float> before = result;
  const double first = compiled();
  std::vector<float> other = result;
  result = before;
  byHand();
  float worst = 0;
  for (size_t i = 0; i < result.size(); ++i) worst = std::max(worst, std::abs(result[i] - other[i]) / std::max(1.0f, std::abs(result[i])));
  double best[2] = {1e9, 1e9};
  for (int turn = 0; turn < 60; ++turn) {
    best[0] = std::min(best[0], compiled());
    best[1] = std::min(best[1], byHand());
  }
  std::printf("%-10s %-13s %8.2f %s  by hand %8.2f %s  time of ours / by hand %.3f  build %.1f ms, first launch %.1f ms  difference %g\n", kernel, format, work / best[0] / 1e6, unit,
              work / best[1] / 1e6, unit, best[0] / best[1], ours.buildMilliseconds(), first, double(worst));
}

}  // namespace

int main() {
  if (!openclMissing().empty()) return std::printf("%s\n", openclMissing().c_str()), 0;
  for (const char *format : {CT_OPENCL_FORMAT_SPIR, CT_OPENCL_FORMAT_C}) {
    {
      const int n = 1 << 24;
      std::vector<float> x(n, 1.5f), y(n, 2.0f);
      Arguments a;
      a.add(n), a.add(3.0f), a.add(x.data()), a.add(y.data());
      compare(format, "basic", "saxpy", {.grid = {n / 256, 1, 1}, .block = {256, 1, 1}, .params = {}}, a, 0, y, 12.0 * n, "GB/s");
    }
    {
      const int n = 512;
      std::vector<float> A(n * n), B(n * n), C(n * n);
      for (int i = 0; i < n * n; ++i) A[size_t(i)] = float(i % 7), B[size_t(i)] = float(i % 5);
      Arguments a;
      a.add(A.data()), a.add(B.data()), a.add(C.data()), a.add(n);
      compare(format, "shared", "matmul16", {.grid = {n / 16, n / 16, 1}, .block = {16, 16, 1}, .params = {}}, a, 0, C, 2.0 * n * n * n, "GFLOP/s");
    }
    {
      const int n = 1 << 24, blocks = 1024;
      std::vector<int> in(n);
      std::iota(in.begin(), in.end(), 0);
      std::vector<float> out(blocks);  // words, whatever they hold
      Arguments a;
      a.add(in.data()), a.add(out.data()), a.add(n);
      compare(format, "shared", "reduce", {.grid = {blocks, 1, 1}, .block = {256, 1, 1}, .params = {}}, a, 1024, out, 4.0 * n, "GB/s");
    }
  }
}
