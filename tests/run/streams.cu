// Orders between streams: the legacy default stream, non-blocking and per-thread streams, events, host functions.
#include <atomic>
#include <chrono>
#include <thread>

#include "check.h"

__global__ void slow_set(int *p, int value, int spins) {
  int x = 1;
  for (int i = 0; i < spins; ++i) x = x * 1664525 + 1013904223;
  *p = x == 0 ? -1 : value;
}
__global__ void copy_add(int *to, const int *from, int add) { *to = *from + add; }

int main() {
  const int spins = 3000000;
  Mirror<int> d(16, 0);
  cudaStream_t a, b, free_stream;
  CUDA(cudaStreamCreate(&a));
  CUDA(cudaStreamCreate(&b));
  CUDA(cudaStreamCreateWithFlags(&free_stream, cudaStreamNonBlocking));
  // Legacy: after a's work, before b's.
  slow_set<<<1, 1, 0, a>>>(d.device, 5, spins);
  copy_add<<<1, 1>>>(d.device + 1, d.device, 1);
  copy_add<<<1, 1, 0, b>>>(d.device + 2, d.device + 1, 1);
  CUDA(cudaStreamSynchronize(b));
  d.down();
  EXPECT(d[0] == 5 && d[1] == 6 && d[2] == 7);
  // Events order streams that would not wait for each other.
  cudaEvent_t done;
  CUDA(cudaEventCreateWithFlags(&done, cudaEventDisableTiming));
  slow_set<<<1, 1, 0, a>>>(d.device + 3, 9, spins);
  CUDA(cudaEventRecord(done, a));
  CUDA(cudaStreamWaitEvent(free_stream, done, 0));
  copy_add<<<1, 1, 0, free_stream>>>(d.device + 4, d.device + 3, 1);
  CUDA(cudaStreamSynchronize(free_stream));
  d.down();
  EXPECT(d[4] == 10);
  // Host functions run in order.
  static std::atomic<int> seen{0};
  slow_set<<<1, 1, 0, a>>>(d.device + 5, 1, spins);
  CUDA(cudaLaunchHostFunc(a, [](void *p) { seen = *static_cast<int *>(p) + 1; }, &d.host[0]));
  CUDA(cudaStreamSynchronize(a));
  EXPECT(seen == 6);
  CUDA(cudaStreamAddCallback(b, [](cudaStream_t, cudaError_t status, void *) { seen = status == cudaSuccess ? 77 : -1; }, nullptr, 0));
  CUDA(cudaStreamSynchronize(b));
  EXPECT(seen == 77);
  // Queries, and the elapsed time of real work.
  cudaEvent_t start, stop;
  CUDA(cudaEventCreate(&start));
  CUDA(cudaEventCreate(&stop));
  CUDA(cudaEventRecord(start, a));
  slow_set<<<1, 1, 0, a>>>(d.device, 1, spins * 3);
  CUDA(cudaEventRecord(stop, a));
  cudaError_t query = cudaEventQuery(stop);
  EXPECT(query == cudaSuccess || query == cudaErrorNotReady);
  query = cudaStreamQuery(a);
  EXPECT(query == cudaSuccess || query == cudaErrorNotReady);
  cudaGetLastError();
  CUDA(cudaEventSynchronize(stop));
  float ms = -1;
  CUDA(cudaEventElapsedTime(&ms, start, stop));
  EXPECT(ms > 0);
  EXPECT(cudaStreamQuery(a) == cudaSuccess);
  // Many threads, a stream each.
  std::vector<std::thread> threads;
  std::vector<int> results(8, 0);
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      int *p = nullptr, value = 0;
      cudaStream_t s;
      cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
      cudaMalloc(&p, sizeof(int));
      cudaMemsetAsync(p, 0, sizeof(int), s);
      for (int k = 0; k < 50; ++k) copy_add<<<1, 1, 0, s>>>(p, p, t + 1);
      cudaMemcpyAsync(&value, p, sizeof value, cudaMemcpyDeviceToHost, s);
      cudaStreamSynchronize(s);
      results[t] = value;
      cudaFree(p);
      cudaStreamDestroy(s);
    });
  for (auto &t : threads) t.join();
  for (int t = 0; t < 8; ++t) EXPECT(results[t] == 50 * (t + 1));
  // Destroying a stream with work in flight lets the work finish.
  slow_set<<<1, 1, 0, b>>>(d.device + 6, 33, spins);
  CUDA(cudaStreamDestroy(b));
  CUDA(cudaDeviceSynchronize());
  d.down();
  EXPECT(d[6] == 33);
  CUDA(cudaStreamDestroy(a));
  CUDA(cudaStreamDestroy(free_stream));
  return finish("streams");
}
