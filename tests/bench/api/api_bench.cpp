// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the hot entry points of the runtime API cost. Goals (docs/performance.md): pool malloc and free together 0.3 us,
// event record 0.2 us, a copy of 4 KiB 1.5 times a memcpy plus 0.5 us. The cases with /threads:n use a stream each.
#include <benchmark/benchmark.h>
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

void check(cudaError_t error) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s\n", cudaGetErrorString(error));
  std::exit(1);
}

const void *nothing() {
  static cudaKernel_t const kernel = [] {
    static const char *const kPtx = ".version 8.0\n.target sm_75\n.address_size 64\n.visible .entry nothing() { ret; }\n";
    cudaLibrary_t library = nullptr;
    cudaKernel_t found = nullptr;
    check(cudaLibraryLoadData(&library, kPtx, nullptr, nullptr, 0, nullptr, nullptr, 0));
    check(cudaLibraryGetKernel(&found, library, "nothing"));
    return found;
  }();
  return kernel;
}

// A stream of the benchmark's thread.
struct Stream {
  Stream() { check(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking)); }
  ~Stream() {
    check(cudaStreamSynchronize(handle));
    check(cudaStreamDestroy(handle));
  }
  cudaStream_t handle = nullptr;
};

void Launch(benchmark::State &state) {
  Stream stream;
  const void *kernel = nothing();
  int queued = 0;
  for (auto _ : state) {
    check(cudaLaunchKernel(kernel, 1, 32, nullptr, 0, stream.handle));
    // So that not more and more work waits: its memory would be what is measured.
    if (++queued % 1024 == 0) {
      state.PauseTiming();
      check(cudaStreamSynchronize(stream.handle));
      state.ResumeTiming();
    }
  }
}
BENCHMARK(Launch);

void LaunchAndWait(benchmark::State &state) {
  Stream stream;
  const void *kernel = nothing();
  for (auto _ : state) {
    check(cudaLaunchKernel(kernel, 1, 32, nullptr, 0, stream.handle));
    check(cudaStreamSynchronize(stream.handle));
  }
}
BENCHMARK(LaunchAndWait)->ThreadRange(1, 8)->UseRealTime();

void PlainMemcpy(benchmark::State &state) {
  std::vector<char> from(static_cast<size_t>(state.range(0)), 1), to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(PlainMemcpy)->Arg(4)->Arg(4 << 10)->Arg(1 << 20);

void Memcpy(benchmark::State &state) {
  std::vector<char> from(static_cast<size_t>(state.range(0)), 1);
  void *to = nullptr;
  check(cudaMalloc(&to, from.size()));
  for (auto _ : state) check(cudaMemcpy(to, from.data(), from.size(), cudaMemcpyHostToDevice));
  check(cudaFree(to));
}
BENCHMARK(Memcpy)->Arg(4)->Arg(4 << 10)->Arg(1 << 20);

void MemcpyAsyncOnStreams(benchmark::State &state) {
  Stream stream;
  std::vector<char> from(4 << 10, 1);
  void *to = nullptr;
  check(cudaMalloc(&to, from.size()));
  for (auto _ : state) check(cudaMemcpyAsync(to, from.data(), from.size(), cudaMemcpyHostToDevice, stream.handle));
  check(cudaStreamSynchronize(stream.handle));
  check(cudaFree(to));
}
BENCHMARK(MemcpyAsyncOnStreams)->ThreadRange(1, 8)->UseRealTime();

void MallocFree(benchmark::State &state) {
  void *memory = nullptr;
  for (auto _ : state) {
    check(cudaMalloc(&memory, static_cast<size_t>(state.range(0))));
    check(cudaFree(memory));
  }
}
BENCHMARK(MallocFree)->Arg(1 << 10)->Arg(1 << 20);

void PoolMallocFree(benchmark::State &state) {
  Stream stream;
  void *memory = nullptr;
  for (auto _ : state) {
    check(cudaMallocAsync(&memory, 1 << 16, stream.handle));
    check(cudaFreeAsync(memory, stream.handle));
  }
}
BENCHMARK(PoolMallocFree)->ThreadRange(1, 8)->UseRealTime();

void EventRecord(benchmark::State &state) {
  Stream stream;
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  for (auto _ : state) check(cudaEventRecord(event, stream.handle));
  check(cudaEventDestroy(event));
}
BENCHMARK(EventRecord)->ThreadRange(1, 8)->UseRealTime();

void TimedEventRecord(benchmark::State &state) {
  Stream stream;
  cudaEvent_t event = nullptr;
  check(cudaEventCreate(&event));
  for (auto _ : state) check(cudaEventRecord(event, stream.handle));
  check(cudaEventDestroy(event));
}
BENCHMARK(TimedEventRecord);

void StreamCreate(benchmark::State &state) {
  for (auto _ : state) Stream stream;
}
BENCHMARK(StreamCreate);

void PointerAttributes(benchmark::State &state) {
  void *memory = nullptr;
  check(cudaMalloc(&memory, 1 << 10));
  cudaPointerAttributes attributes;
  for (auto _ : state) check(cudaPointerGetAttributes(&attributes, memory));
  check(cudaFree(memory));
}
BENCHMARK(PointerAttributes)->ThreadRange(1, 8)->UseRealTime();

}  // namespace
