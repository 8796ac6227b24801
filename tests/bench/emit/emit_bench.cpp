// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Generated code next to plain C++ on one core, and the time to compile a kernel. No runtime, no target: blocks run one after
// the other on this thread. The kernels are those of tests/ptx/run.
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include <benchmark/benchmark.h>

#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/runner.h"

namespace {

using namespace cutrans::test;

PtxModule &module(const char *file) {
  static PtxModule basic(PtxModule::readFile(CUTRANS_RUN_KERNELS "/basic.ptx")), shared(PtxModule::readFile(CUTRANS_RUN_KERNELS "/shared.ptx"));
  return std::strcmp(file, "basic") ? shared : basic;
}

struct Blocks {
  Blocks(const ct_native_kernel *kernel, const void *params, std::array<uint32_t, 2> grid, std::array<uint32_t, 2> threads) : kernel(kernel) {
    static void *window = mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    static void *scratch = std::aligned_alloc(64, 1 << 20);
    block.params = params;
    block.grid[0] = grid[0], block.grid[1] = grid[1], block.grid[2] = 1;
    block.block[0] = threads[0], block.block[1] = threads[1], block.block[2] = 1;
    block.shared_base = uint32_t(reinterpret_cast<uintptr_t>(window));
    block.shared_bytes = kernel->static_shared_bytes;
    block.scratch = static_cast<uint8_t *>(scratch);
  }
  void run() {
    for (block.block_id[1] = 0; block.block_id[1] < block.grid[1]; ++block.block_id[1])
      for (block.block_id[0] = 0; block.block_id[0] < block.grid[0]; ++block.block_id[0]) kernel->entry.block(&block);
  }
  const ct_native_kernel *kernel;
  ct_native_block block{};
};

void saxpy(benchmark::State &state) {
  int n = int(state.range(0));
  std::vector<float> x(size_t(n), 1), y(size_t(n), 2);
  struct { int n; float a; float *x, *y; } params{n, 1.5f, x.data(), y.data()};
  CompileOptions options{{256, 1, 1}};
  Artifact artifact(module("basic").compile("saxpy", options).bytes);
  Blocks blocks(artifact.kernel(), &params, {uint32_t(n / 256), 1}, {256, 1});
  for (auto _ : state) blocks.run(), benchmark::ClobberMemory();
  state.SetBytesProcessed(state.iterations() * n * 12);
}

void saxpyNative(benchmark::State &state) {
  int n = int(state.range(0));
  std::vector<float> xs(size_t(n), 1), ys(size_t(n), 2);
  for (auto _ : state) {
    const float *__restrict x = xs.data();
    float *__restrict y = ys.data();
    for (int i = 0; i < n; ++i) y[i] = 1.5f * x[i] + y[i];
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * n * 12);
}

constexpr int Side = 512;

void product(benchmark::State &state) {
  uint32_t tile = uint32_t(state.range(0));
  std::vector<float> a(Side * Side, 1), b(a), c(a);
  struct { float *a, *b, *c; int n; } params{a.data(), b.data(), c.data(), Side};
  CompileOptions options{{tile, tile, 1}, uint32_t(state.range(1))};
  Artifact artifact(module("shared").compile("matmul" + std::to_string(tile), options).bytes);
  Blocks blocks(artifact.kernel(), &params, {Side / tile, Side / tile}, {tile, tile});
  for (auto _ : state) blocks.run(), benchmark::ClobberMemory();
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * Side * Side * Side, benchmark::Counter::kIsIterationInvariantRate);
}

void productNative(benchmark::State &state) {
  std::vector<float> as(Side * Side, 1), bs(as), cs(as);
  for (auto _ : state) {
    const float *__restrict a = as.data(), *__restrict b = bs.data();
    float *__restrict c = cs.data();
    std::memset(c, 0, sizeof(float) * Side * Side);
    for (int kk = 0; kk < Side; kk += 64)
      for (int i = 0; i < Side; ++i)
        for (int k = kk; k < kk + 64; ++k)
          for (int j = 0; j < Side; ++j) c[i * Side + j] += a[i * Side + k] * b[k * Side + j];
    benchmark::ClobberMemory();
  }
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * Side * Side * Side, benchmark::Counter::kIsIterationInvariantRate);
}

void compile(benchmark::State &state, const char *file, const char *kernel, std::array<uint32_t, 3> shape) {
  CompileOptions options{shape};
  for (auto _ : state) benchmark::DoNotOptimize(module(file).compile(kernel, options).bytes.size());
}

BENCHMARK(saxpy)->Arg(1 << 14)->Arg(1 << 18)->Arg(1 << 24);
BENCHMARK(saxpyNative)->Arg(1 << 14)->Arg(1 << 18)->Arg(1 << 24);
BENCHMARK(product)->Args({16, 0})->Args({32, 16})->Args({32, 32})->Unit(benchmark::kMillisecond);
BENCHMARK(productNative)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile, vadd, "basic", "vadd", {256, 1, 1})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile, matmul16, "shared", "matmul16", {16, 16, 1})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compile, scan, "shared", "scan", {128, 1, 1})->Unit(benchmark::kMillisecond);

}  // namespace
