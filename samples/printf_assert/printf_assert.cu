// printf and assert on the device. The assertion that fails is meant to: the program checks what the runtime says of it.
#include <cuda_runtime.h>

#include <cassert>
#include <cstdio>

__global__ void greet(int n, double scale) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) printf("thread %d of %d: %5.2f %s %c 0x%llx\n", i, n, i * scale, i % 2 ? "odd" : "even", 'a' + i, 1ull << (8 * i));
}

__global__ void demand(const int *values, int limit) { assert(values[threadIdx.x] < limit); }

int main() {
  greet<<<2, 3>>>(5, 1.25);
  bool ok = cudaDeviceSynchronize() == cudaSuccess;
  int host[32], *device;
  for (int i = 0; i < 32; ++i) host[i] = i;
  ok &= cudaMalloc(&device, sizeof host) == cudaSuccess;
  ok &= cudaMemcpy(device, host, sizeof host, cudaMemcpyHostToDevice) == cudaSuccess;
  demand<<<1, 32>>>(device, 32);
  ok &= cudaDeviceSynchronize() == cudaSuccess;
  demand<<<1, 32>>>(device, 31);  // thread 31 fails
  cudaError_t status = cudaDeviceSynchronize();
  ok &= status == cudaErrorAssert;
  ok &= cudaDeviceSynchronize() == cudaErrorAssert;  // a device fault stays
  std::fflush(stdout);
  std::printf("printf_assert: %s (%s)\n", ok ? "PASSED" : "FAILED", cudaGetErrorName(status));
  return !ok;
}
