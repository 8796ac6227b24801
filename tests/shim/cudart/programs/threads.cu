// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Many threads use the device at once, each with its own stream, last error and launches. Built with legacy and with
// per-thread default streams, and with BY_SYMBOL.
#include <thread>
#include <vector>

#include "check.h"

__global__ void add(int *data, int n, int value) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) data[i] += value;
}

void work(int id) {
  constexpr int n = 10000;
  int *data;
  std::vector<int> host(n);
  CHECK(cudaGetLastError() == cudaSuccess);
  CUDA(cudaMalloc(&data, n * sizeof(int)));
  CUDA(cudaMemset(data, 0, n * sizeof(int)));
  for (int i = 0; i < 50; i++) {
#ifdef BY_SYMBOL
    int count = n;
    void *arguments[] = {&data, &count, &id};
    CUDA(cudaLaunchKernel(add, (n + 127) / 128, 128, arguments, 0, nullptr));
#else
    add<<<(n + 127) / 128, 128>>>(data, n, id);
#endif
  }
  CUDA(cudaMemcpy(host.data(), data, n * sizeof(int), cudaMemcpyDeviceToHost));
  for (int value : host) CHECK(value == 50 * id);
  CHECK(cudaSetDevice(1000 + id) == cudaErrorInvalidDevice);
  CHECK(cudaGetLastError() == cudaErrorInvalidDevice);
  CUDA(cudaFree(data));
}

int main() {
  std::vector<std::thread> threads;
  for (int id = 1; id <= 6; id++) threads.emplace_back(work, id);
  for (std::thread &thread : threads) thread.join();
  CHECK(cudaGetLastError() == cudaSuccess);
  return passed();
}
